"""A back end as it is first written: a Polars frame, into a BytesIO, into the answer. The Parquet
file is DATA in the environment."""

from __future__ import annotations

import io
import os

import polars as pl
from fastapi import FastAPI, Response

MEDIA_TYPE = "application/vnd.apache.arrow.stream"

app = FastAPI()
table = pl.scan_parquet(os.environ["DATA"])


def answer(frame: pl.DataFrame) -> Response:
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer, compat_level=pl.CompatLevel.oldest())  # no views: any reader
    return Response(buffer.getvalue(), media_type=MEDIA_TYPE)


@app.get("/rows")
def rows() -> Response:
    return answer(table.collect())


@app.get("/page")
def page(offset: int, limit: int) -> Response:
    return answer(table.slice(offset, limit).collect())


@app.get("/filtered")
def filtered(above: float, offset: int, limit: int) -> Response:
    return answer(table.filter(pl.col("value") > above).slice(offset, limit).collect())


@app.get("/groups")
def groups() -> Response:
    return answer(
        table.group_by("category")
        .agg(pl.len().alias("count"), pl.col("value").mean())
        .sort("category", nulls_last=True)
        .collect()
    )


@app.get("/constant")
async def constant() -> dict[str, int]:
    return {"count": 1}
