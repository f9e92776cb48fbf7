"""Answers of FastAPI and Starlette applications: tables as Arrow, Parquet, JSON or CSV, streamed.

    from bowshot.fastapi import ArrowResponse, mount

    @app.get("/data")
    def data() -> ArrowResponse:
        return ArrowResponse(frame)        # Polars, pyarrow, DuckDB, anything that speaks Arrow

    mount(app, "/bowshot", {"trades": "data/*.parquet"})     # the whole protocol

Needs Starlette, or FastAPI, which brings it.
"""

from __future__ import annotations

from bowshot.fastapi.errors import install_errors
from bowshot.fastapi.mount import BowshotApp, mount
from bowshot.fastapi.parameters import Aggregate, Page, Sample
from bowshot.fastapi.responses import (
    ArrowFileResponse,
    ArrowResponse,
    ParquetResponse,
    TableResponse,
)

__all__ = [
    "Aggregate",
    "ArrowFileResponse",
    "ArrowResponse",
    "BowshotApp",
    "Page",
    "ParquetResponse",
    "Sample",
    "TableResponse",
    "install_errors",
    "mount",
]
