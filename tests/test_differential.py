"""Random requests against DuckDB and Polars, on the flights and on small adversarial tables.

Each test prints its seed; BOWSHOT_SEED=n replays it.
"""

from __future__ import annotations

import os
import random
from typing import Any

import datasets
import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import spelling
from bowshot_server import BowshotServer
from random_requests import ROW, Generator, Question, Table, question, sql_name

TOLERANCE = 1e-9
FLIGHTS = Table(
    name="flights",
    numbers={"delay": [-20, -1, 0, 1, 15, 60, 200], "distance": [0, 100, 500, 1000, 2500]},
    texts={"origin": ["ATL", "ORD", "SFO", "XXX"], "destination": ["LAX", "DFW", "JFK"]},
    times={"date": ["2001-01-01T00:00:00", "2001-02-14T12:30:00", "2001-03-31T23:59:00"]},
    keys=["origin", "destination"],
)
PEOPLE = Table(
    name="people",
    numbers={"id": [1, 5, 9, 18], "age": [-1, 0, 25, 31, 99]},
    floats={"height": [-1.0, 0.0, 1.6, 1.7, 2.0, 1e300]},
    texts={
        "name": ["Ann", "O'Brien", "a,b", "50%", "under_score", "back\\slash", "Zoë", "  spaces "],
        "team": ["red", "blue"],
    },
    booleans=["member"],
    keys=["name", "age", "member", "team"],
    others=["joined", "seen", "local"],
)
NAMES = Table(
    name="names",
    numbers={n: [7, 105, 208, 311] for n in datasets.AWKWARD_NAMES if n != "_row"},
    keys=["A", "a", 'quote"name', "日本", "comma,name"],
)
PARTS = Table(
    name="parts",
    numbers={"id": [0, 3, 6, 7, 11]},
    floats={"x": [0.25, 1.5, 2.75]},
    texts={"colour": ["red", "white", "black"]},
    keys=["colour", "id"],
)
EVENTS = Table(
    name="events",
    numbers={"n": [-20, 0, 5, 100]},
    texts={"kind": ["a", "b", "c"]},
    times={"t": ["1970-01-01T00:00:00", "2024-02-29T00:00:00", "2026-01-01T10:00:00"]},
    keys=["kind", "n"],
    others=["zoned", "day", "x"],
)
SMALL = [PEOPLE, NAMES, PARTS, EVENTS]
SMALL_QUESTIONS, FLIGHT_QUESTIONS = 120, 60


def seed() -> int:
    given = os.environ.get("BOWSHOT_SEED")
    chosen = int(given) if given else random.randrange(2**32)
    print(f"BOWSHOT_SEED={chosen}")
    return chosen


def ask(server: BowshotServer, dataset: str, asked: Question) -> pa.Table:
    answer = server.get(f"/v1/datasets/{dataset}/{asked.shape}", asked.parameters)
    assert answer.status == 200, (asked.parameters, answer.body.decode())
    with pa.ipc.open_stream(answer.body) as reader:
        return reader.read_all()


def spelled(table: pa.Table, like: pa.Schema) -> list[list[Any]]:
    """Rows in the server's types: engines differ in the width of a sum or an average."""
    columns = []
    for column, field in zip(table.columns, like, strict=True):
        if pa.types.is_dictionary(column.type):
            column = column.cast(pa.string())
        kind = pa.string() if pa.types.is_dictionary(field.type) else field.type
        columns.append(column.cast(kind, safe=False) if column.type != kind else column)
    return spelling.spell_table(pa.table(columns, names=[f"c{i}" for i in range(len(columns))]))


def check(server: BowshotServer, dataset: str, asked: Question, oracle: pa.Table, who: str) -> None:
    got = ask(server, dataset, asked)
    assert got.num_columns == oracle.num_columns
    rows, expected = spelling.spell_table(got), spelled(oracle, got.schema)
    if not spelling.same(rows, expected, TOLERANCE):
        raise AssertionError(
            f"{who} disagrees on {dataset}/{asked.shape} {asked.parameters}\n{asked.sql}\n"
            f"server {rows[:20]}\n{who} {expected[:20]}"
        )


def oracles(stored: pa.Table) -> tuple[duckdb.DuckDBPyConnection, pl.DataFrame]:
    """The rows, numbered, as a table `t` of DuckDB's own and as a Polars frame."""
    numbered = stored.append_column(ROW, pa.array(range(stored.num_rows), pa.int64()))
    frame = pl.from_arrow(numbered)
    assert isinstance(frame, pl.DataFrame)
    engine = duckdb.connect()
    renamed = numbered.rename_columns([sql_name(n) for n in numbered.column_names])
    engine.register("arrow_rows", renamed)
    # Not a view over Arrow: filters that DuckDB pushes into it lose NaN.
    engine.execute("CREATE TABLE t AS FROM arrow_rows")
    return engine, frame


@pytest.mark.parametrize("table", SMALL, ids=lambda t: t.name)
def test_small_tables(server: BowshotServer, table: Table) -> None:
    engine, frame = oracles(datasets.tables()[table.name])
    generator = Generator(table, random.Random(seed()))
    for _ in range(SMALL_QUESTIONS):
        asked = question(generator, 30)
        check(server, table.name, asked, engine.execute(asked.sql).to_arrow_table(), "DuckDB")
        check(server, table.name, asked, asked.polars(frame).to_arrow(), "Polars")


def test_flights(server: BowshotServer) -> None:
    """DuckDB on all of it; Polars, slower to sort text, on every third question."""
    engine, frame = oracles(pq.read_table(datasets.FLIGHTS))
    generator = Generator(FLIGHTS, random.Random(seed()))
    for number in range(FLIGHT_QUESTIONS):
        asked = question(generator, 2_000)
        check(server, "flights", asked, engine.execute(asked.sql).to_arrow_table(), "DuckDB")
        if number % 3 == 0:
            check(server, "flights", asked, asked.polars(frame).to_arrow(), "Polars")


def test_all_flights(server: BowshotServer) -> None:
    """Every row, in order, is what the file holds."""
    answer = server.get("/v1/datasets/flights/rows")
    with pa.ipc.open_stream(answer.body) as reader:
        got = reader.read_all()
    stored = pq.read_table(datasets.FLIGHTS).cast(got.schema)
    assert got.combine_chunks().equals(stored.combine_chunks())


def test_a_filtered_stream_is_in_order(server: BowshotServer) -> None:
    parameters = {"filter": "delay > 30 AND origin <> 'ATL'", "select": "_row,delay,origin"}
    answer = server.get("/v1/datasets/flights/rows", parameters)
    with pa.ipc.open_stream(answer.body) as reader:
        got = reader.read_all()
    frame = pl.read_parquet(datasets.FLIGHTS).with_row_index(ROW)
    expected = frame.filter((pl.col("delay") > 30) & (pl.col("origin") != "ATL"))
    assert got.column("_row").to_numpy().tolist() == expected[ROW].to_list()
    assert got.column("delay").to_numpy().tolist() == expected["delay"].to_list()
