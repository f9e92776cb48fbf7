"""Tables that reach a response in unusual ways: from the asyncio client, with dictionaries that
change on the way."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import httpx
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi import Depends, FastAPI

import bowshot
from bowshot import Server
from bowshot.fastapi import (
    Aggregate,
    ArrowFileResponse,
    ArrowResponse,
    Page,
    ParquetResponse,
    Sample,
    TableResponse,
)
from uvicorn_server import serving

# Dictionaries: one that grows, one that has other codes, one that is equal, one that shrinks.
CODED = [["a", "b", None], ["b", "c"] * 5_000, ["c", "b"] * 5_000, ["c", "b"], ["a"]]
VALUES = [value for batch in CODED for value in batch]


def coded_batches() -> list[pa.RecordBatch]:
    return [
        pa.record_batch(
            [pa.array(batch).dictionary_encode(), pa.array(range(len(batch)))], ["c", "n"]
        )
        for batch in CODED
    ]


def coded_reader() -> pa.RecordBatchReader:
    batches = coded_batches()
    return pa.RecordBatchReader.from_batches(batches[0].schema, iter(batches))


class Foreign:
    """What other libraries hand out."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return coded_reader().__arrow_c_stream__(requested_schema)


def coded_columns() -> dict[str, pa.ChunkedArray]:
    table = pa.Table.from_batches(coded_batches())
    return {name: table.column(name) for name in table.column_names}


CODED_TABLES: dict[str, Callable[[], Any]] = {
    "reader": coded_reader,
    "foreign": Foreign,
    "table": lambda: pa.Table.from_batches(coded_batches()),
    "columns": coded_columns,
}
RESPONSES = {
    "arrow": ArrowResponse,
    "file": ArrowFileResponse,
    "parquet": ParquetResponse,
    "any": TableResponse,
}


def make_app(server: Server) -> FastAPI:
    app = FastAPI()
    client = bowshot.connect_async(server.url or "")
    flights = client["flights"]
    app.state.client = client

    @app.get("/coded/{kind}/{name}")
    def coded(kind: str, name: str) -> TableResponse:
        return RESPONSES[kind](CODED_TABLES[name]())

    @app.get("/result")
    async def result() -> ArrowResponse:
        return ArrowResponse(flights.filter("delay > 300").order("delay").rows(limit=50))

    @app.get("/stream")
    async def stream() -> ArrowResponse:
        return ArrowResponse(await flights.filter("delay > 300").stream())

    @app.get("/wrong")
    async def wrong() -> ArrowResponse:
        return ArrowResponse(flights.filter("delya > 300").rows())

    @app.get("/page")
    async def page(page: Annotated[Page, Depends()]) -> TableResponse:
        return TableResponse(page.of(flights))

    @app.get("/sample")
    async def sample(sample: Annotated[Sample, Depends()]) -> TableResponse:
        return TableResponse(sample.of(flights))

    @app.get("/groups")
    async def groups(aggregate: Annotated[Aggregate, Depends()]) -> TableResponse:
        return TableResponse(aggregate.of(flights))

    return app


@pytest.fixture(scope="module")
def url(server: Server) -> Iterator[str]:
    app = make_app(server)
    with serving(app) as address:
        yield address
    asyncio.run(app.state.client.close())


def get(url: str, **headers: str) -> bytes:
    answer = httpx.get(url, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.content


def frame_of(url: str) -> pl.DataFrame:
    return pl.read_ipc_stream(io.BytesIO(get(url)))


# What the asyncio client gives.


def test_async_results_and_streams_are_sent(url: str, flights: pl.DataFrame) -> None:
    late = flights.filter(pl.col("delay") > 300)
    assert frame_of(f"{url}/result")["delay"].to_list() == sorted(late["delay"].to_list())[:50]
    assert frame_of(f"{url}/stream").height == late.height
    wrong = httpx.get(f"{url}/wrong", timeout=60)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "unknown_column")


def test_parameters_take_async_datasets(url: str, flights: pl.DataFrame) -> None:
    late = flights.filter(pl.col("delay") > 300)
    page = frame_of(f"{url}/page?filter=delay>300&order=-delay&skip=2&limit=3&select=delay")
    assert page["delay"].to_list() == sorted(late["delay"].to_list(), reverse=True)[2:5]
    sample = frame_of(f"{url}/sample?size=20&seed=3&filter=delay>300")
    assert (sample.height, sample["delay"].min() > 300) == (20, True)  # type: ignore[operator]
    groups = frame_of(f"{url}/groups?by=origin&filter=delay>300")
    assert groups["count"].sum() == late.height


def test_what_has_no_pages_samples_or_groups_says_so() -> None:
    for parameters in (Page(), Sample(), Aggregate()):
        with pytest.raises(TypeError, match=r"a dict has no .*: a Dataset, an AsyncDataset"):
            parameters.of({"x": [1]})  # type: ignore[call-overload, arg-type, unused-ignore]


# Dictionaries that change between batches.


def read_twice(kind: str, body: bytes) -> tuple[pa.Table, pl.DataFrame]:
    if kind == "parquet":
        return pq.read_table(io.BytesIO(body)), pl.read_parquet(body)
    if kind == "file":
        return pa.ipc.open_file(body).read_all(), pl.read_ipc(io.BytesIO(body))
    return pa.ipc.open_stream(body).read_all(), pl.read_ipc_stream(io.BytesIO(body))


@pytest.mark.parametrize("name", CODED_TABLES)
@pytest.mark.parametrize("kind", ["arrow", "file", "parquet"])
def test_dictionaries_that_change_come_back(url: str, kind: str, name: str) -> None:
    table, frame = read_twice(kind, get(f"{url}/coded/{kind}/{name}"))
    table.validate(full=True)
    assert table["c"].to_pylist() == frame["c"].to_list() == VALUES
    assert table["n"].to_pylist() == [n for batch in CODED for n in range(len(batch))]
    is_coded = pa.types.is_dictionary(table.schema.field("c").type)
    # A file holds one dictionary a column: of what is read once it holds the values.
    assert is_coded == (kind != "file" or name in ("table", "columns"))


@pytest.mark.parametrize("name", CODED_TABLES)
def test_a_client_that_asks_for_a_file_has_dictionaries_that_change(url: str, name: str) -> None:
    body = get(f"{url}/coded/any/{name}", accept="application/vnd.apache.arrow.file")
    table, frame = read_twice("file", body)
    assert table["c"].to_pylist() == frame["c"].to_list() == VALUES
