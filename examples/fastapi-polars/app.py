"""A FastAPI back end over Parquet files of any size: seven routes, bounded memory.

    BOWSHOT_DATA='data/*.parquet' uvicorn app:app

The files need the columns `category` (text) and `value` (a number).
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import polars as pl
from fastapi import Depends, FastAPI, Query

import bowshot
from bowshot.fastapi import (
    ArrowResponse,
    Page,
    ParquetResponse,
    Sample,
    TableResponse,
    install_errors,
    mount,
)

DATA = os.environ.get("BOWSHOT_DATA", "data/*.parquet")


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield
    core.close()


app = FastAPI(title="Rows of any size", lifespan=lifespan)
install_errors(app)  # a wrong filter is the client's 400, with its position, not our 500

core = mount(app, "/bowshot", {"data": DATA}).core  # the whole protocol, for bowshot's own clients
data = core["data"]  # the same dataset, for the routes below


@app.get("/data/arrow_ipc")
def arrow_ipc(filter: str = "") -> ArrowResponse:
    """Rows as an Arrow stream, read from the files while they are sent."""
    return ArrowResponse((data.filter(filter) if filter else data).rows())


@app.get("/data/arrow_ipc_polars_direct")
def arrow_ipc_polars_direct(rows: Annotated[int, Query(ge=0, le=10**9)] = 100_000) -> ArrowResponse:
    """A Polars frame, handed over as it is: pyarrow is not imported, nothing is copied into a
    buffer, and what is sent is the *stream* format under the stream's media type."""
    return ArrowResponse(pl.scan_parquet(DATA).head(rows).collect())


@app.get("/data/parquet")
def parquet() -> ParquetResponse:
    """A LazyFrame as a Parquet download, batch by batch."""
    return ParquetResponse(pl.scan_parquet(DATA), download="data.parquet")


@app.get("/data/aggregated_summary")
def aggregated_summary(filter_category: str | None = None) -> ArrowResponse:
    """A row a category; texts from outside become literals, never part of the expression."""
    chosen = data
    if filter_category is not None:
        chosen = data.filter(f"category = {bowshot.literal(filter_category)}")
    measures = {
        "average_value": "mean(value)",
        "total_value": "sum(value)",
        "record_count": "count()",
    }
    return ArrowResponse(chosen.aggregate(by=["category"], measures=measures))


@app.get("/data/page")
def page(page: Annotated[Page, Depends()]) -> TableResponse:
    """`?skip=1000000&limit=100&order=-value&filter=...`: any rows, in any format of `Accept`."""
    return TableResponse(page.of(data))


@app.get("/data/sample")
def sample(sample: Annotated[Sample, Depends()]) -> TableResponse:
    """`?size=1000&seed=1`: rows drawn uniformly, the same for the same seed."""
    return TableResponse(sample.of(data))


@app.get("/data/stream")
def stream() -> ArrowResponse:
    """A LazyFrame's own query as a stream: a batch in memory at a time, the first at once."""
    return ArrowResponse(pl.scan_parquet(DATA).with_columns(double=pl.col("value") * 2))
