"""What is often written first, for comparison: each request reads the whole table, copies it into a
buffer, and copies the buffer into the answer.

    BOWSHOT_DATA='data/*.parquet' uvicorn naive:app
"""

from __future__ import annotations

import io
import os

import polars as pl
from fastapi import FastAPI, Response

DATA = os.environ.get("BOWSHOT_DATA", "data/*.parquet")
app = FastAPI()


@app.get("/data/arrow_ipc")
def arrow_ipc() -> Response:
    buffer = io.BytesIO()
    pl.read_parquet(DATA).write_ipc(buffer)  # the *file* format: readers need all of it first
    return Response(buffer.getvalue(), media_type="application/octet-stream")


@app.get("/data/page")
def page(skip: int = 0, limit: int = 100) -> Response:
    buffer = io.BytesIO()
    pl.read_parquet(DATA).slice(skip, limit).write_ipc(buffer)
    return Response(buffer.getvalue(), media_type="application/octet-stream")
