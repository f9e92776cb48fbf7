"""DuckDB's results, which another query on their connection ends."""

from __future__ import annotations

import asyncio
import io

import duckdb
import httpx
import polars as pl
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

import bowshot
from bowshot.fastapi import ArrowResponse
from bowshot.fastapi.sources import to_stream
from bowshot.frames import DUCKDB_BATCH_ROWS, to_reader


@pytest.mark.parametrize("take", [to_reader, to_stream])
def test_a_result_that_another_query_ended_is_no_whole_table(take: object) -> None:
    assert callable(take)
    connection = duckdb.connect()
    reader = take(connection.sql("from range(5_000_000)"))
    assert reader.read_next_batch().num_rows == DUCKDB_BATCH_ROWS
    connection.execute("select 1").fetchall()
    with pytest.raises(bowshot.DataError, match=r"cursor\(\)"):
        reader.read_all()


@pytest.mark.parametrize("rows", [0, 1, DUCKDB_BATCH_ROWS, 2 * DUCKDB_BATCH_ROWS, 300_000])
def test_whole_results(rows: int) -> None:
    connection = duckdb.connect()
    assert to_reader(connection.sql(f"from range({rows})")).read_all().num_rows == rows


def test_an_application_keeps_its_connection() -> None:
    connection = duckdb.connect()

    async def answer(_request: Request) -> ArrowResponse:
        return ArrowResponse(connection.execute("select 7 as x"))

    async def ask() -> list[httpx.Response]:
        carrier = httpx.ASGITransport(Starlette(routes=[Route("/", answer)]))
        async with httpx.AsyncClient(transport=carrier, base_url="http://application") as client:
            return [await client.get("/") for _ in range(2)]

    for answered in asyncio.run(ask()):
        assert pl.read_ipc_stream(io.BytesIO(answered.content))["x"].to_list() == [7]
