"""The shape profile against numpy and Polars, within the bounds that the protocol states."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bowshot_server import BowshotServer
from test_shapes import (
    CUT_TO_MICROSECONDS,
    TABLES,
    as_float64,
    ask,
    count_values,
    histogram,
    is_binnable,
)

ROWS = 400_000
NAMES = [
    *("column", "type", "rows", "nulls", "distinct", "min", "max", "mean", "stddev"),
    *("q25", "median", "q75", "top", "histogram"),
]


def profile(server: BowshotServer, dataset: str, **asked: Any) -> dict[str, dict[str, Any]]:
    table = ask(server, f"{dataset}/profile", **asked)
    assert table.column_names == NAMES
    assert table.schema.metadata[b"bowshot.completeness"] == b"approximate"
    return {row["column"]: row for row in table.to_pylist()}


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Columns of awkward distributions, long enough to be sampled."""
    random = np.random.default_rng(20261123)
    normal = random.normal(size=ROWS)
    holes = pa.array(normal, mask=random.random(ROWS) < 0.4)
    columns = {
        "unique": pa.array(np.arange(ROWS)),
        "reversed": pa.array(np.arange(ROWS)[::-1].copy()),
        "normal": pa.array(normal),
        "skewed": pa.array(np.exp(normal * 5)),
        "mostly_zero": pa.array(np.where(random.random(ROWS) < 0.95, 0.0, normal)),
        "periodic": pa.array(np.arange(ROWS) % 7_919),
        "zipf": pa.array(np.minimum(random.zipf(1.3, ROWS), 10**9)),
        "texts": pa.array([f"k{i % 90_000}" for i in range(ROWS)]),
        "long_texts": pa.array([f"{'x' * 40}{i}" for i in range(ROWS)]),
        "holes": holes,
        "nothing": pa.array([None] * ROWS, pa.float64()),
        "one": pa.array([2.5] * ROWS),
        "strange": pa.array(
            np.where(np.arange(ROWS) % 10 == 0, np.nan, np.where(normal > 3, np.inf, normal))
        ),
        "when": pa.array(np.arange(ROWS) * 1_000_003, pa.timestamp("us")),
    }
    path = tmp_path_factory.mktemp("profile") / "wide.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=100_000)
    return path


@pytest.fixture(scope="module")
def found(wide: Path) -> Any:
    with BowshotServer([f"wide={wide}"]) as server:
        yield profile(server, "wide"), pq.read_table(wide)


def test_distinct_within_five_percent(found: Any) -> None:
    profiles, table = found
    for name in table.column_names:
        column = table[name]
        exact = len(column.drop_null().unique())
        got = profiles[name]["distinct"]
        assert abs(got - exact) <= 0.05 * exact, (name, got, exact)
        if exact <= 30_000:
            assert got == exact, name


def test_quartiles_within_one_percent_of_rank(found: Any) -> None:
    profiles, table = found
    for name in table.column_names:
        row = profiles[name]
        if table.schema.field(name).type == pa.string() or name == "when" or name == "nothing":
            assert row["q25"] is row["median"] is row["q75"] is None
            continue
        values = np.sort(table[name].drop_null().to_numpy().astype(float))  # NaN last
        for q, got in ((0.25, row["q25"]), (0.5, row["median"]), (0.75, row["q75"])):
            low = np.searchsorted(values, got, "left") / len(values)
            high = np.searchsorted(values, got, "right") / len(values)
            assert low - 0.01 <= q <= high + 0.01, (name, q, got, low, high)


def test_the_exact_part(found: Any) -> None:
    profiles, table = found
    for name in table.column_names:
        row, column = profiles[name], table[name]
        assert (row["rows"], row["nulls"]) == (ROWS, column.null_count)
        if name in ("texts", "long_texts", "when", "nothing"):
            assert row["mean"] is row["stddev"] is None
        else:
            values = column.drop_null().to_numpy().astype(float)
            assert row["mean"] == pytest.approx(values.mean(), rel=1e-9, nan_ok=True)
            with np.errstate(invalid="ignore"):
                spread = values.std(ddof=1)
            assert row["stddev"] == pytest.approx(spread, rel=1e-9, nan_ok=True)
    assert (profiles["unique"]["min"], profiles["unique"]["max"]) == ("0", "399999")
    assert (profiles["one"]["min"], profiles["one"]["q25"]) == ("2.5", 2.5)
    assert profiles["strange"]["max"] == "NaN"
    assert profiles["nothing"]["min"] is None
    assert profiles["nothing"]["distinct"] == 0
    assert profiles["when"]["min"] == "1970-01-01T00:00:00"


def test_histograms_have_twenty_bins(found: Any) -> None:
    profiles, table = found
    for name in table.column_names:
        kind = table.schema.field(name).type
        if kind == pa.string() or name == "nothing":
            assert profiles[name]["histogram"] is None
        else:
            _, counts = histogram(as_float64(table[name]), 20)
            assert profiles[name]["histogram"] == counts, name


def test_the_most_frequent(found: Any) -> None:
    profiles, table = found
    for name in ("periodic", "texts", "mostly_zero", "zipf", "one"):
        frame = pl.from_arrow(table.select([name]))
        counts = (
            frame.drop_nulls().group_by(name).len().sort(["len", name], descending=[True, False])
        )
        wanted = [(v, n) for v, n in counts.head(10).iter_rows()]
        if frame[name].n_unique() > 105_000:
            assert profiles[name]["top"] is None, name
            continue
        got = [(item["value"], item["count"]) for item in profiles[name]["top"]]
        assert [n for _, n in got] == [n for _, n in wanted]
        assert [str(v) for v, _ in got] == [str(v).removesuffix(".0") for v, _ in wanted], name
    assert profiles["unique"]["top"] is None
    assert profiles["long_texts"]["top"] is None


def test_every_type(server: BowshotServer) -> None:
    for dataset in ("types", "people", "extremes", "events", "parts", "names"):
        profiles = profile(server, dataset)
        table = TABLES[dataset]
        assert [*profiles] == table.column_names
        for field in table.schema:
            if field.name not in CUT_TO_MICROSECONDS:
                check_small(table, field, profiles[field.name])


def check_small(table: pa.Table, field: pa.Field, row: dict[str, Any]) -> None:
    column = table[field.name]
    assert (row["rows"], row["nulls"]) == (table.num_rows, column.null_count), field
    if pa.types.is_nested(field.type):
        assert all(row[name] is None for name in NAMES[4:]), field
        return
    counts = count_values(table, field.name)
    counts.pop(None, None)
    assert row["distinct"] == len(counts), field
    top = sorted(counts.values(), reverse=True)[:10]
    assert [item["count"] for item in row["top"]] == top, field
    if pa.types.is_boolean(field.type) or pa.types.is_binary(field.type):
        assert row["histogram"] is None
    if is_binnable(field.type):
        values = as_float64(column)
        scale = 2.0**-64 if len(values) and np.abs(values).max() > 1e300 else 1.0
        _, bins = histogram(values * scale, 20)
        assert row["histogram"] == (bins or None), field
    is_ordered = not pa.types.is_binary(field.type)
    assert (row["min"] is not None) == (is_ordered and len(counts) > 0), field
    if pa.types.is_integer(field.type) or pa.types.is_decimal(field.type):
        values = [v for v in column.to_pylist() if v is not None]
        assert (row["min"], row["max"]) == (str(min(values)), str(max(values))), field


def test_filters_columns_and_computed_names(server: BowshotServer) -> None:
    asked = {
        "compute": "speed:distance / 2",
        "columns": "speed,origin,_row",
        "filter": "origin IN ('JFK', 'LGA')",
    }
    profiles = profile(server, "flights", **asked)
    frame = pl.read_parquet(datasets.FLIGHTS).with_row_index("_row")
    kept = frame.filter(pl.col("origin").is_in(["JFK", "LGA"]))
    assert [*profiles] == ["speed", "origin", "_row"]
    assert profiles["origin"]["distinct"] == 2
    top = [[item["value"], item["count"]] for item in profiles["origin"]["top"]]
    counts = kept.group_by("origin").len().sort("len", descending=True)
    assert top == [[origin, rows] for origin, rows in counts.iter_rows()]
    speed = kept["distance"].cast(pl.Float64) / 2
    assert profiles["speed"]["rows"] == kept.height
    assert profiles["speed"]["mean"] == pytest.approx(speed.mean())
    assert profiles["speed"]["type"] == "float64"
    assert profiles["_row"]["min"] == str(kept["_row"].min())


def test_no_rows(server: BowshotServer) -> None:
    for dataset, asked in (("empty", {}), ("people", {"filter": "FALSE"})):
        for row in profile(server, dataset, **asked).values():
            assert (row["rows"], row["nulls"], row["distinct"]) == (0, 0, 0)
            assert row["top"] == []
            for name in ("min", "max", "mean", "stddev", "q25", "median", "q75", "histogram"):
                assert row[name] is None


@pytest.mark.parametrize("media", ["json", "csv", "ndjson"])
def test_text_formats(server: BowshotServer, media: str) -> None:
    answer = server.get("/v1/datasets/people/profile", {"format": media, "columns": "name,age"})
    assert answer.status == 200
    assert b"dictionary" not in answer.body
    assert b"utf8" in answer.body
    assert math.isfinite(len(answer.body))
