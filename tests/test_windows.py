"""A window of rows without filter and order is read straight from Parquet. It must be the very
table that the SQL path gives (a filter that is TRUE takes that path): values, types, nullability.
"""

from __future__ import annotations

import random
from pathlib import Path

import data
import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import spelling
from bowshot_server import BowshotServer
from test_differential import seed

WINDOWS = 80


def table_of(server: BowshotServer, dataset: str, parameters: dict[str, object]) -> pa.Table:
    answer = server.get(f"/v1/datasets/{dataset}/rows", parameters)
    assert answer.status == 200, (parameters, answer.body[:500])
    with pa.ipc.open_stream(answer.body) as reader:
        return reader.read_all()


def check_same(direct: pa.Table, through_sql: pa.Table, parameters: object) -> None:
    assert direct.schema.equals(through_sql.schema), parameters
    assert spelling.same(spelling.spell_table(direct), spelling.spell_table(through_sql)), (
        parameters
    )


@pytest.mark.parametrize(
    "dataset", ["types", "types_parts", "people", "names", "extremes", "parts", "empty", "events"]
)
def test_small_windows(server: BowshotServer, dataset: str) -> None:
    stored = datasets.tables()[dataset]
    source = random.Random(seed())
    names = ['"' + name.replace('"', '""') + '"' for name in stored.column_names]
    for _ in range(WINDOWS):
        chosen = source.sample(names, source.randint(1, len(names)))
        if source.random() < 0.3 and '"_row"' not in chosen:
            chosen.insert(source.randrange(len(chosen)), "_row")
        parameters: dict[str, object] = {}
        if source.random() < 0.8:
            parameters["select"] = ",".join(chosen)
        if source.random() < 0.9:
            parameters["offset"] = source.randint(0, stored.num_rows + 3)
        if source.random() < 0.9:
            parameters["limit"] = source.randint(0, stored.num_rows + 3)
        direct = table_of(server, dataset, parameters)
        check_same(direct, table_of(server, dataset, {**parameters, "filter": "TRUE"}), parameters)


@pytest.mark.parametrize("dataset", ["types", "types_parts", "people", "extremes", "parts"])
def test_types_are_what_the_dataset_says(server: BowshotServer, dataset: str) -> None:
    columns = server.get(f"/v1/datasets/{dataset}").json()["columns"]
    described = [(c["name"], c["type"]) for c in columns]
    for parameters in ({}, {"filter": "TRUE"}, {"limit": 0}, {"order": "_row"}):
        schema = table_of(server, dataset, parameters).schema
        assert spelling.schema_names(schema) == described
        assert [f.nullable for f in schema] == [c["nullable"] for c in columns]


def test_flight_windows(server: BowshotServer) -> None:
    source = random.Random(seed())
    edges = [i * 272_727 + d for i in range(1, 11) for d in (-1, 0, 1)]
    for offset in [0, 2_999_990, *source.sample(edges, 6), *source.sample(range(3_000_000), 6)]:
        parameters = {"offset": offset, "limit": source.randint(1, 300)}
        direct = table_of(server, "flights", parameters)
        check_same(
            direct, table_of(server, "flights", {**parameters, "filter": "TRUE"}), parameters
        )


def test_one_order_for_all_pages(server: BowshotServer) -> None:
    """Pages of an order with many ties neither overlap nor skip."""
    pages = [
        table_of(
            server,
            "flights",
            {"select": "_row,delay", "order": "delay", "offset": 1_500_000 + i * 500, "limit": 500},
        )
        for i in range(4)
    ]
    whole = table_of(
        server,
        "flights",
        {"select": "_row,delay", "order": "delay", "offset": 1_500_000, "limit": 2_000},
    )
    assert pa.concat_tables(pages).combine_chunks().equals(whole.combine_chunks())


def test_the_end_of_a_billion_rows() -> None:
    last = 1_000_000_000 - 1
    with BowshotServer([f"big={data.make('tiny-1B')}"]) as server:
        got = table_of(server, "big", {"offset": last - 2, "limit": 10, "select": "id,_row,level"})
        assert got.column("id").to_pylist() == [last - 2, last - 1, last]
        assert got.column("_row").to_pylist() == [last - 2, last - 1, last]
        middle = table_of(server, "big", {"offset": 500_000_001, "limit": 1, "select": "id,ts"})
        assert middle.column("id").to_pylist() == [500_000_001]
        assert server.get("/v1/datasets/big/count", {"format": "json"}).json()["rows"] == [[10**9]]


def test_columns_beside_a_search_in_many_files(tmp_path: Path) -> None:
    """Zoned nanoseconds come from Parquet, beside row numbers that each file is searched for."""
    files, rows = 30, 3
    for i in range(files):
        at = pa.array(range(i * rows, (i + 1) * rows), pa.timestamp("ns", "UTC"))
        pq.write_table(pa.table({"at": at}), tmp_path / f"{i:02}.parquet")
    with BowshotServer([f"data={tmp_path}"]) as many:
        table = table_of(many, "data", {"filter": "_row >= 1"})
    assert table["at"].cast(pa.int64()).to_pylist() == list(range(1, files * rows))
