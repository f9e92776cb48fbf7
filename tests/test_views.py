"""Views: any window of any filter and order is what the SQL path and Polars give, before a view is
there, while it is built and after; built once, cancelled, dropped with the version, bounded.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import data
import datasets
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import spelling
from bowshot_server import BowshotServer, wait_until
from random_requests import Generator
from slow_reader import SlowReader
from test_differential import SMALL, seed
from test_windows import table_of

ROWS = 60_000
READY_SECONDS = 30
COLUMNS = ["_row", "f", "k", "t", "d", "u"]


def mixed() -> pa.Table:
    """Ties, nulls, NaN, infinities and both zeros, in 60,000 rows."""
    source = np.random.default_rng(7)
    floats = source.normal(size=ROWS).round(2)
    floats[source.random(ROWS) < 0.02] = np.nan
    floats[source.random(ROWS) < 0.01] = np.inf
    floats[source.random(ROWS) < 0.02] = -0.0
    words = np.array(["", "a", "A", "b", "zürich", "Zürich", "a,b", "'"], dtype=object)

    def holes(values: Any, share: float, kind: pa.DataType) -> pa.Array:
        return pa.array(values, kind, mask=source.random(ROWS) < share)

    return pa.table(
        {
            "f": holes(floats, 0.05, pa.float64()),
            "k": holes(source.integers(-3, 4, ROWS), 0.1, pa.int32()),
            "t": holes(words[source.integers(0, len(words), ROWS)], 0.1, pa.string()),
            "d": holes(source.integers(0, 5_000, ROWS).astype("datetime64[D]"), 0.2, pa.date32()),
            "u": pa.array(source.permutation(ROWS).astype(np.uint64)),
        }
    )


@pytest.fixture(scope="module")
def mixed_parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table in four files, one of them empty, of row groups and pages of odd lengths."""
    folder = tmp_path_factory.mktemp("mixed")
    table, begin = mixed(), 0
    for number, end in enumerate([17_001, 17_001, 17_008, ROWS]):
        part = table.slice(begin, end - begin)
        pq.write_table(
            part,
            folder / f"{number}.parquet",
            row_group_size=7_003,
            data_page_size=4_096,
            write_page_index=True,
        )
        begin = end
    return folder


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The small tables so often that views are kept of them: every row has many equals."""
    folder = tmp_path_factory.mktemp("many")
    sources = []
    for name in [*(table.name for table in SMALL), "types"]:
        small = datasets.tables()[name]
        table = pa.concat_tables([small] * (5_000 // small.num_rows + 1)).combine_chunks()
        datasets.write(table, folder / f"{name}.parquet", row_group_size=1_501)
        sources.append(f"{name}={folder / name}.parquet")
    return sources


@pytest.fixture(scope="module")
def views(mixed_parts: Path, many: list[str]) -> Iterator[BowshotServer]:
    with BowshotServer([f"mixed={mixed_parts}", *many]) as started:
        yield started


def ready(server: BowshotServer, dataset: str) -> list[dict[str, Any]]:
    """The dataset's views once none of them is being built."""
    path = f"/v1/datasets/{dataset}"

    def described() -> list[dict[str, Any]]:
        return server.get(path).json()["views"]

    wait_until(
        lambda: all(view["state"] != "building" for view in described()), READY_SECONDS, "views"
    )
    return described()


# Any window of any view.

ORDERS = ["f", "k", "t", "d", "u", "g", "b"]
FILTERS = [
    (None, None),
    ("k = 2", pl.col("k") == 2),
    ("f > 0.5", pl.col("f") > 0.5),
    ("f IS NULL OR t = 'zürich'", pl.col("f").is_null() | (pl.col("t") == "zürich")),
    ("_row > 17004 AND k <> 0", (pl.col("_row") > 17_004) & (pl.col("k") != 0)),
    ("u IN (1, 7, 100, 20000, 59999, 5, 88)", pl.col("u").is_in([1, 7, 100, 20000, 59999, 5, 88])),
    ("g < -5", pl.col("g") < -5),
    ("u > 70000", pl.col("u") > 70_000),
]
COMPUTE = "g:k * 2 - 1,b:t = 'a'"


def frame() -> pl.DataFrame:
    return (
        pl.from_arrow(mixed())  # type: ignore[union-attr]
        .with_row_index("_row")
        .with_columns(
            pl.col("_row").cast(pl.Int64),
            g=pl.col("k").cast(pl.Int64) * 2 - 1,
            b=pl.col("t") == "a",
        )
    )


def windows(source: random.Random, rows: int) -> list[tuple[int, int]]:
    """At the start, at the end, beyond it and anywhere, in no order; some of them twice."""
    chosen = [
        (0, 100),
        (max(0, rows - 90), 100),
        (rows, 10),
        (max(0, rows - 6_000), 50),
        (0, ROWS + 1),
    ]
    chosen += [(source.randint(0, rows + 5), source.randint(1, 300)) for _ in range(5)]
    source.shuffle(chosen)
    return chosen + chosen[:3]


@pytest.mark.parametrize("number", range(24))
def test_windows_are_what_polars_sorts(views: BowshotServer, number: int) -> None:
    source = random.Random(seed() + number)
    asked, kept = FILTERS[number % len(FILTERS)]
    keys = source.sample([*ORDERS, "_row"], source.randint(0, 3)) if number >= 4 else []
    signs = [source.random() < 0.5 for _ in keys]
    expected = frame().filter(kept) if kept is not None else frame()
    if keys:
        expected = expected.sort(
            [*keys, *(["_row"] if "_row" not in keys else [])],
            descending=[*signs, *([False] if "_row" not in keys else [])],
            nulls_last=True,
        )
    parameters: dict[str, object] = {"compute": COMPUTE}
    if asked:
        parameters["filter"] = asked
    if keys:
        items = zip(signs, keys, strict=True)
        parameters["order"] = ",".join(("-" if down else "") + key for down, key in items)
    stored = source.random() < 0.7
    columns = COLUMNS if stored else [*COLUMNS, "g", "b"]
    for offset, limit in windows(source, expected.height):
        window = {**parameters, "select": ",".join(columns), "offset": offset, "limit": limit}
        got = table_of(views, "mixed", window)
        wanted = expected.slice(offset, limit).select(columns).to_arrow()
        wanted = wanted.cast(pa.schema(got.schema).remove_metadata())
        assert spelling.same(spelling.spell_table(got), spelling.spell_table(wanted)), window
        if source.random() < 0.3:
            ready(views, "mixed")


@pytest.mark.parametrize("table", SMALL, ids=lambda table: table.name)
def test_small_tables_are_what_sql_gives(views: BowshotServer, table: Any) -> None:
    """Every type and odd names: an answer without a limit does not use views."""
    source = random.Random(seed())
    generator = Generator(table, source)
    for _ in range(12):
        parameters: dict[str, object] = {}
        if source.random() < 0.7:
            parameters["filter"] = generator.comparison().cql
        keys = source.sample(table.ordered, source.randint(0, min(3, len(table.ordered))))
        if keys:
            quoted = ['"' + key.replace('"', '""') + '"' for key in keys]
            parameters["order"] = ",".join(source.choice(["", "-"]) + key for key in quoted)
        whole = table_of(views, table.name, parameters)
        for limit_max in (50, 500, ROWS):
            offset = source.randint(0, whole.num_rows + 1)
            limit = source.randint(1, limit_max)
            got = table_of(views, table.name, {**parameters, "offset": offset, "limit": limit})
            wanted = whole.slice(offset, limit)
            assert got.schema.equals(wanted.schema)
            assert spelling.same(spelling.spell_table(got), spelling.spell_table(wanted)), (
                parameters,
                offset,
                limit,
            )
            ready(views, table.name)
        counted = views.get(
            f"/v1/datasets/{table.name}/count",
            {"format": "json", "filter": parameters.get("filter", "TRUE")},
        )
        assert counted.json()["rows"] == [[whole.num_rows]]


def test_every_type_is_ordered(views: BowshotServer) -> None:
    schema = datasets.tables()["types"].schema
    # A whole sort gives nanoseconds with a zone as microseconds; rows read by number do not.
    exact = [field.name for field in schema if "ns, tz" not in str(field.type)]
    select = ",".join(f'"{name}"' for name in exact)
    for field in schema:
        asked: dict[str, object] = {"order": f'-"{field.name}"', "select": select}
        answer = views.get("/v1/datasets/types/rows", {**asked, "limit": 1})
        if pa.types.is_nested(field.type):
            assert answer.code() == "type_mismatch"
            continue
        whole = table_of(views, "types", asked)
        for offset in (2_345, 2_345, 4_990):
            got = table_of(views, "types", {**asked, "offset": offset, "limit": 30})
            wanted = whole.slice(offset, 30)
            assert got.schema.equals(wanted.schema)
            assert spelling.same(spelling.spell_table(got), spelling.spell_table(wanted)), field


def test_counts_are_free_and_told(views: BowshotServer) -> None:
    path, asked = "/v1/datasets/mixed", {"filter": "f < 0.125 AND k = 1"}
    matches = frame().filter((pl.col("f") < 0.125) & (pl.col("k") == 1)).height
    first = views.get(f"{path}/count", {**asked, "format": "json"})
    assert first.json()["rows"] == [[matches]]
    builds = views.metric("bowshot_view_builds_total")
    again = views.get(f"{path}/count", {**asked, "format": "json"})
    assert again.json() == first.json()
    rows = views.get(f"{path}/rows", {**asked, "offset": matches - 7, "limit": 100})
    assert rows.headers["bowshot-total-rows"] == str(matches)
    assert rows.headers["bowshot-rows"] == "7"
    assert views.metric("bowshot_view_builds_total") == builds
    described = [view for view in ready(views, "mixed") if view["rows"] == matches]
    assert [(view["kind"], view["state"]) for view in described] == [("filter", "ready")]


# Built once, cancelled, dropped, bounded.


@pytest.fixture
def flights() -> Iterator[BowshotServer]:
    with BowshotServer([f"flights={datasets.FLIGHTS}"]) as started:
        yield started


def test_first_askers_build_once(flights: BowshotServer) -> None:
    def ask(offset: int) -> bytes:
        asked = {"order": "-distance,delay", "offset": offset, "limit": 20}
        answer = flights.get("/v1/datasets/flights/rows", asked)
        assert answer.status == 200
        return answer.body

    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(ask, [1_500_000] * 8))
    assert len(set(bodies)) == 1
    assert flights.metric("bowshot_view_builds_total") == 1
    (view,) = ready(flights, "flights")
    assert (view["kind"], view["order"], view["rows"]) == ("order", "-distance,delay", 3_000_000)
    assert view["bytes"] >= 12_000_000
    assert flights.metric("bowshot_view_bytes") == view["bytes"]
    hits = flights.metric("bowshot_view_hits_total")
    assert ask(1_500_000) == bodies[0]
    assert flights.metric("bowshot_view_hits_total") == hits + 1


def test_scrolling_begins_the_build(flights: BowshotServer) -> None:
    asked = {"order": "delay", "filter": "distance > 700", "limit": 50}
    first = flights.get("/v1/datasets/flights/rows", asked)
    assert "bowshot-total-rows" not in first.headers
    (view,) = ready(flights, "flights")
    assert view["filtered"] is True
    second = flights.get("/v1/datasets/flights/rows", asked)
    assert second.headers["bowshot-total-rows"] == str(view["rows"])
    assert table_bytes(first.body).equals(table_bytes(second.body))


def table_bytes(body: bytes) -> pa.Table:
    with pa.ipc.open_stream(body) as reader:
        return reader.read_all().replace_schema_metadata(None)


def test_who_leaves_alone_ends_the_build() -> None:
    with BowshotServer([f"big={data.make('tiny-1B')}"]) as server:
        asked: dict[str, object] = {"filter": "id < 40000000", "order": "-level,-id", "limit": 10}
        asked["offset"] = 5_000_000
        readers = [SlowReader(server, "/v1/datasets/big/rows", asked) for _ in range(2)]

        def building() -> float:
            return server.metric("bowshot_view_builds_running")

        wait_until(lambda: building() == 1, 20, "it is built")
        wait_until(lambda: server.metric("bowshot_queries_running") == 2, 20, "both wait")
        readers[0].close()
        wait_until(lambda: server.metric("bowshot_queries_running") == 1, 5, "one has left")
        assert building() == 1
        readers[1].close()
        wait_until(lambda: building() == 0, 5, "nobody waits")
        wait_until(lambda: server.metric("bowshot_queries_running") == 0, 1, "nothing runs")
        assert server.metric("bowshot_view_builds_cancelled_total") >= 1
        assert server.metric("bowshot_views") == 0


def test_a_new_version_drops_the_views_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    rows = 30_000

    def write(values: np.ndarray) -> None:
        pq.write_table(pa.table({"a": values}), tmp_path / "new.parquet", row_group_size=5_000)
        os.replace(tmp_path / "new.parquet", path)

    write(np.arange(rows))
    with BowshotServer([f"x={path}"]) as server:
        asked: dict[str, object] = {"order": "-a", "offset": 14_000, "limit": 3}
        assert table_of(server, "x", asked)["a"].to_pylist() == [15_999, 15_998, 15_997]
        assert len(ready(server, "x")) == 1
        write(np.arange(rows) * 2)
        assert server.get("/v1/datasets/x").json()["views"] == []
        wait_until(lambda: server.metric("bowshot_views") == 0, 10, "the view has gone")
        assert server.metric("bowshot_view_bytes") == 0
        assert table_of(server, "x", asked)["a"].to_pylist() == [31_998, 31_996, 31_994]


def test_limits(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    values = np.random.default_rng(1).permutation(200_000)
    pq.write_table(pa.table({"a": values, "b": -values}), path)
    for flags in (["--view-bytes", "0"], ["--view-bytes", "500000"]):
        with BowshotServer([f"x={path}"], *flags) as server:
            for order, column in (("a", "a"), ("b", "b"), ("b", "b")):
                asked: dict[str, object] = {"order": order, "offset": 100_000, "limit": 2}
                got = table_of(server, "x", asked)[column].to_pylist()
                assert (
                    got == sorted((values if column == "a" else -values).tolist())[100_000:100_002]
                )
            assert server.metric("bowshot_views") == 0
    with BowshotServer([f"x={path}"], "--view-bytes", "1000000") as server:
        for order in ("a", "b", "a", "-a"):
            asked = {"order": order, "offset": 100_000, "limit": 2}
            assert table_of(server, "x", asked).num_rows == 2
            assert server.metric("bowshot_views") == 1
        assert server.metric("bowshot_view_evictions_total") == 3
        assert server.metric("bowshot_view_bytes") <= 1_000_000


def test_too_many_rows_are_refused_at_once() -> None:
    with BowshotServer([f"big={data.make('tiny-1B')}"], "--first-batch-seconds", "5") as server:
        asked = {"order": "-level,-id", "offset": 500_000_000, "limit": 10}
        answer = server.get("/v1/datasets/big/rows", asked)
        assert (answer.status, answer.code()) == (507, "out_of_memory")
        detail = answer.problem()["detail"]
        assert "50000000 rows" in detail
        assert "1000000000" in detail
        assert "first and last 5000 rows" in detail
        assert server.metric("bowshot_view_builds_total") == 0


def test_broad_filters_are_kept_as_bits(tmp_path: Path) -> None:
    path, rows = tmp_path / "x.parquet", 200_000
    values = np.random.default_rng(1).integers(0, 10, rows)
    pq.write_table(pa.table({"a": values}), path, row_group_size=50_000)
    with BowshotServer([f"x={path}"]) as server:
        schemas = server.get("/openapi.json").json()["components"]["schemas"]
        told = schemas["Dataset"]["properties"]["views"]["items"]["properties"]["kind"]["enum"]
        assert "matches" in told
        for asked, kept in (("a < 9", values < 9), ("a = 3", values == 3), ("a >= 0", values >= 0)):
            matches = np.flatnonzero(kept)
            for offset in (len(matches) // 2, len(matches) - 3, 0, 70):
                window = {"filter": asked, "select": "_row,a", "offset": offset, "limit": 5}
                got = table_of(server, "x", window)
                assert got["_row"].to_pylist() == matches[offset : offset + 5].tolist()
                assert got["a"].to_pylist() == values[matches[offset : offset + 5]].tolist()
                described = ready(server, "x")
            (view,) = [
                view
                for view in described
                if (view["kind"], view["rows"]) == ("matches", len(matches))
            ]
            assert view["state"] == "ready"
            assert rows / 8 <= view["bytes"] <= rows / 8 + 1_000
            assert "order" not in view


def test_errors_are_those_of_the_engine(views: BowshotServer) -> None:
    asked = {"compute": "h:u * 9223372036854775807", "order": "h", "offset": 20_000, "limit": 5}
    for _ in range(2):
        answer = views.get("/v1/datasets/mixed/rows", asked)
        assert (answer.status, answer.code()) == (400, "overflow")


def test_stop_lets_who_waits_for_a_build_finish() -> None:
    server = BowshotServer([f"flights={datasets.FLIGHTS}"])
    asked = {"order": "-distance,delay", "offset": 1_500_000, "limit": 20}
    with ThreadPoolExecutor(1) as pool:
        asker = pool.submit(server.get, "/v1/datasets/flights/rows", asked)
        wait_until(lambda: server.metric("bowshot_view_builds_running") == 1, 20, "it is built")
        server.terminate()
        assert asker.result().status == 200
    assert server.wait() == 0
    server.close()


def test_stop_ends_builds() -> None:
    server = BowshotServer([f"big={data.make('tiny-1B')}"])
    asked = {"filter": "id < 40000000", "order": "-level,-id", "limit": 10, "offset": 5_000_000}
    asker = threading.Thread(target=lambda: _ignore_errors(server, asked))
    asker.start()
    wait_until(lambda: server.metric("bowshot_view_builds_running") == 1, 20, "it is built")
    begun = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begun < 12
    asker.join()
    server.close()


def _ignore_errors(server: BowshotServer, asked: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # the server goes away
        server.get("/v1/datasets/big/rows", asked)
