"""DuckDB's results, which another query on their connection ends."""

from __future__ import annotations

import asyncio
import io

import duckdb
import httpx
import polars as pl
import pyarrow as pa
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

import bowshot
from bowshot.fastapi import ArrowResponse
from bowshot.fastapi.sources import to_stream
from bowshot.frames import DUCKDB_BATCH_ROWS, duckdb_reader, to_reader


@pytest.mark.parametrize("take", [to_reader, to_stream])
def test_a_result_that_another_query_ended_is_no_whole_table(take: object) -> None:
    assert callable(take)
    connection = duckdb.connect()
    reader = take(connection.sql("from range(5_000_000)"))
    assert reader.read_next_batch().num_rows == DUCKDB_BATCH_ROWS
    connection.execute("select 1").fetchall()
    with pytest.raises(bowshot.DataError, match=r"cursor\(\)"):
        reader.read_all()


class Interrupted:
    """A relation, on whose connection another query is run as soon as it can be read."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, rows: int, closed: bool) -> None:
        self._connection = connection
        self._relation = connection.sql(f"from range({rows})")
        self._closed = closed

    def to_arrow_reader(self, batch_rows: int) -> pa.RecordBatchReader:
        reader = self._relation.to_arrow_reader(batch_rows)
        self._connection.execute("select 1").fetchall()
        if self._closed:  # what DuckDB raises where the other query came even earlier
            raise duckdb.InvalidInputException("an unsuccessful or closed pending query result")
        return reader

    def count(self, column: str) -> duckdb.DuckDBPyRelation:
        return self._relation.count(column)


@pytest.mark.parametrize("closed", [False, True])
def test_a_result_that_ended_before_its_first_row_is_no_empty_table(closed: bool) -> None:
    with pytest.raises(bowshot.DataError, match=r"after 0 rows.*cursor\(\)"):
        duckdb_reader(Interrupted(duckdb.connect(), 5_000_000, closed))
    if not closed:
        assert duckdb_reader(Interrupted(duckdb.connect(), 0, closed)).read_all().num_rows == 0


def test_mistakes_in_a_query_are_told_as_they_are() -> None:
    relation = duckdb.connect().sql("select cast(x as int) from (values ('seven')) t(x)")
    with pytest.raises(duckdb.ConversionException, match="seven"):
        to_reader(relation)


def test_an_empty_result_of_a_connection() -> None:
    result = duckdb.connect().execute("select 1 as x where false")
    assert to_reader(result).read_all().num_rows == 0


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
