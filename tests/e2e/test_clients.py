"""Unmodified clients, as a newcomer would use them, each get the right rows."""

from __future__ import annotations

import csv
import io
import json
import urllib.request
from typing import Any
from urllib.parse import urlencode

import datasets
import duckdb
import httpx
import polars as pl
import pyarrow as pa
import pytest
import requests
from bowshot_server import BowshotServer
from outside import FOLDER, need, node, run

OFFSET = 2_999_990
WINDOW = {"offset": str(OFFSET), "limit": "10"}
LATE = {"filter": "delay > 60"}
Row = list[Any]


@pytest.fixture(scope="module")
def late() -> tuple[int, int]:
    """How many flights were more than an hour late, and how far they flew in all."""
    query = f"SELECT count(*), sum(distance)::BIGINT FROM '{datasets.FLIGHTS}' WHERE delay > 60"
    found = duckdb.sql(query).fetchone()
    assert found
    return found


@pytest.fixture(scope="module")
def last() -> list[Row]:
    """delay, distance, origin, destination of the last ten flights."""
    query = (
        f"SELECT delay, distance, origin, destination FROM '{datasets.FLIGHTS}' "
        f"WHERE file_row_number >= {OFFSET} ORDER BY file_row_number"
    ).replace(
        f"'{datasets.FLIGHTS}'", f"read_parquet('{datasets.FLIGHTS}', file_row_number = true)"
    )
    return [list(row) for row in duckdb.sql(query).fetchall()]


def url(server: BowshotServer, shape: str, parameters: dict[str, str]) -> str:
    return f"{server.url}/v1/datasets/flights/{shape}?{urlencode(parameters)}"


def from_csv(text: str) -> list[Row]:
    rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
    return [[int(r[1]), int(r[2]), r[3], r[4]] for r in rows]


def test_curl(server: BowshotServer, late: tuple[int, int], last: list[Row]) -> None:
    curl = need("curl")
    counted = run(curl, "-sS", "--fail", url(server, "count", {**LATE, "format": "json"}))
    assert json.loads(counted)["rows"] == [[late[0]]]
    spelt = f"{server.url}/v1/datasets/flights/rows"
    words = ["--data-urlencode", f"offset={OFFSET}", "-d", "limit=10", "-d", "format=csv"]
    assert from_csv(run(curl, "-sS", "--fail", "-G", spelt, *words)) == last
    body = json.dumps({"dataset": "flights", "shape": "count", "format": "csv", **LATE})
    posted = run(curl, "-sS", f"{server.url}/v1/query", "--json", body)
    assert posted.split() == ["count", str(late[0])]


def test_curl_sees_an_error_one_can_read(server: BowshotServer) -> None:
    text = run(need("curl"), "-sS", url(server, "rows", {"filter": "dlay > 60"}))
    problem = json.loads(text)
    assert problem["code"] == "unknown_column"
    assert problem["suggestions"] == ["delay"]


def test_requests(server: BowshotServer, late: tuple[int, int], last: list[Row]) -> None:
    base = f"{server.url}/v1/datasets/flights"
    with requests.Session() as session:
        counted = session.get(f"{base}/count", params={**LATE, "format": "json"}, timeout=60)
        assert counted.json()["rows"] == [[late[0]]]
        window = session.get(f"{base}/rows", params={**WINDOW, "format": "csv"}, timeout=60)
        assert from_csv(window.text) == last


def test_httpx(server: BowshotServer, late: tuple[int, int]) -> None:
    with httpx.Client(timeout=60) as client:
        counted = client.post(
            f"{server.url}/v1/query",
            json={"dataset": "flights", "shape": "count", "format": "json", **LATE},
        )
        assert counted.json()["rows"] == [[late[0]]]
        with client.stream("GET", url(server, "rows", {**LATE, "select": "distance"})) as answer:
            body = b"".join(answer.iter_bytes())
    table = pa.ipc.open_stream(body).read_all()
    assert (table.num_rows, sum(table.column("distance").to_pylist())) == late


def test_urllib_and_pyarrow_as_a_stream(server: BowshotServer, late: tuple[int, int]) -> None:
    """pyarrow reads batches straight from the socket."""
    address = url(server, "rows", {**LATE, "select": "distance"})
    rows = distance = 0
    with (
        urllib.request.urlopen(address, timeout=60) as answer,
        pa.ipc.open_stream(answer) as reader,
    ):
        for batch in reader:
            rows += batch.num_rows
            distance += sum(batch.column(0).to_pylist())
    assert (rows, distance) == late


def test_polars(server: BowshotServer, last: list[Row]) -> None:
    body = requests.get(url(server, "rows", WINDOW), timeout=60).content
    frame = pl.read_ipc_stream(io.BytesIO(body))
    names = ["delay", "distance", "origin", "destination"]
    assert [list(row) for row in frame.select(names).rows()] == last
    assert frame.schema["date"] == pl.Datetime("us")


def test_polars_reads_dictionaries(server: BowshotServer) -> None:
    body = requests.get(f"{server.url}/v1/datasets/parts/rows", timeout=60).content
    frame = pl.read_ipc_stream(io.BytesIO(body))
    expected = datasets.tables()["parts"].column("colour").cast(pa.string()).to_pylist()
    assert frame["colour"].cast(pl.String).to_list() == expected


def test_duckdb_reads_the_arrow_table(server: BowshotServer, late: tuple[int, int]) -> None:
    body = requests.get(url(server, "rows", {"select": "delay,distance"}), timeout=60).content
    flights = pa.ipc.open_stream(body).read_all()
    engine = duckdb.connect()
    engine.register("flights", flights)
    query = "SELECT count(*), sum(distance)::BIGINT FROM flights WHERE delay > 60"
    assert engine.execute(query).fetchone() == late


def test_go(server: BowshotServer, late: tuple[int, int], last: list[Row]) -> None:
    printed = run(need("go"), "run", str(FOLDER / "client.go"), server.url, GO111MODULE="off")
    result = json.loads(printed)
    assert result["count"] == late[0]
    assert [[int(r[1]), int(r[2]), r[3], r[4]] for r in result["rows"]] == last


def test_apache_arrow_in_node(
    server: BowshotServer, late: tuple[int, int], last: list[Row]
) -> None:
    result = node("arrow_in_node.mjs", server.url)
    assert result["rows"] == last
    assert (result["streamed"], result["distance"]) == late
    assert result["count"] == late[0]
