"""A FastAPI back end with bowshot.fastapi: a Polars LazyFrame as a response, and the core in this
process for the rest. The Parquet file is DATA in the environment."""

from __future__ import annotations

import os
from typing import Annotated

import polars as pl
from fastapi import Depends, FastAPI

from bowshot import Core
from bowshot.fastapi import ArrowResponse, Page

app = FastAPI()
core = Core({"data": os.environ["DATA"]})


@app.get("/rows")
def rows() -> ArrowResponse:
    return ArrowResponse(pl.scan_parquet(os.environ["DATA"]))


@app.get("/page")
def page(page: Annotated[Page, Depends()]) -> ArrowResponse:
    return ArrowResponse(page.of(core["data"]))


@app.get("/filtered")
def filtered(above: float, page: Annotated[Page, Depends()]) -> ArrowResponse:
    return ArrowResponse(page.of(core["data"].filter(f"value > {above}")))


@app.get("/groups")
def groups() -> ArrowResponse:
    return ArrowResponse(core["data"].aggregate("category", ["count()", "mean(value)"]))


@app.get("/constant")
async def constant() -> dict[str, int]:
    return {"count": 1}
