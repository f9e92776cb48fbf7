"""The shapes values and histogram against numpy and Polars, on the flights and on small tables."""

from __future__ import annotations

import random
from typing import Any

import datasets
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import spelling
from bowshot_server import BowshotServer
from test_differential import seed

TABLES = datasets.tables()
DAY_MICROSECONDS = 86_400_000_000
# The engine sees zoned nanoseconds as microseconds, cut towards zero: core/engine/duckdb/README.md.
CUT_TO_MICROSECONDS = ["timestamp_ns_zone"]


def ask(server: BowshotServer, path: str, **parameters: Any) -> pa.Table:
    answer = server.get(f"/v1/datasets/{path}", parameters)
    assert answer.status == 200, (path, parameters, answer.body)
    with pa.ipc.open_stream(answer.body) as reader:
        return reader.read_all()


# values


def plain(value: Any) -> Any:
    """Both zeros as one."""
    return value + 0.0 if isinstance(value, float) else value


def count_values(table: pa.Table, column: str) -> dict[Any, int]:
    """Counted in plain Python."""
    counts: dict[Any, int] = {}
    for (value,) in spelling.spell_table(table.select([column])):
        counts[plain(value)] = counts.get(plain(value), 0) + 1
    return counts


def most_frequent(table: pa.Table, column: str, limit: int = 100) -> list[list[Any]]:
    """Count descending, value ascending, null last, NaN the greatest."""

    def rank(item: tuple[Any, int]) -> tuple[Any, ...]:
        value, count = item
        special = {"-Infinity": -1, "Infinity": 1, "NaN": 2}
        is_float = pa.types.is_floating(table.schema.field(column).type)
        place = special.get(value, 0) if is_float else 0
        return (-count, value is None, place, 0 if place or value is None else sortable(value))

    return [[v, n] for v, n in sorted(count_values(table, column).items(), key=rank)[:limit]]


def sortable(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


@pytest.mark.parametrize("column", ["name", "age", "height", "member", "joined", "seen", "team"])
def test_values_of_people(server: BowshotServer, column: str) -> None:
    table = TABLES["people"]
    got = ask(server, "people/values", column=column)
    assert got.column_names == ["value", "count"]
    assert got.schema.field("value").type == table.schema.field(column).type
    rows = [[plain(value), count] for value, count in spelling.spell_table(got)]
    assert rows == most_frequent(table, column)


def test_values_of_every_type(server: BowshotServer) -> None:
    """Each value stands eight times, so the order is that of the values, null last."""
    table = TABLES["types"]
    for field in table.schema:
        if field.name in CUT_TO_MICROSECONDS:
            continue
        answer = server.get("/v1/datasets/types/values", {"column": field.name})
        if pa.types.is_nested(field.type):
            assert answer.code() == "type_mismatch", field
            continue
        with pa.ipc.open_stream(answer.body) as reader:
            got = reader.read_all()
        got_type = spelling.type_name(got.schema.field("value").type)
        assert got_type == spelling.type_name(field.type)
        rows = [[plain(value), count] for value, count in spelling.spell_table(got)]
        wanted = [[value, count] for value, count in count_values(table, field.name).items()]
        assert sorted(map(repr, rows)) == sorted(map(repr, wanted)), field
        counts = [count for _, count in rows]
        assert counts == sorted(counts, reverse=True)


def test_values_of_flights(server: BowshotServer) -> None:
    frame = pl.read_parquet(datasets.FLIGHTS)
    parameters = {"column": "destination", "limit": 1000, "filter": "delay > 30"}
    got = ask(server, "flights/values", **parameters)
    wanted = (
        frame.filter(pl.col("delay") > 30)
        .group_by("destination")
        .len()
        .sort(["len", "destination"], descending=[True, False])
    )
    assert got["value"].to_pylist() == wanted["destination"].to_list()
    assert got["count"].to_pylist() == wanted["len"].to_list()
    assert ask(server, "flights/values", column="origin").num_rows == 100
    assert ask(server, "flights/values", column="origin", limit=0).num_rows == 0


@pytest.mark.parametrize("prefix", ["a", "A", "O'B", "50%", "%", "_", "back\\", "ZOË", "  ", "日"])
def test_values_with_a_prefix(server: BowshotServer, prefix: str) -> None:
    got = ask(server, "people/values", column="name", prefix=prefix)
    names = [n for n in TABLES["people"]["name"].to_pylist() if n is not None]
    wanted = {n for n in names if n.lower().startswith(prefix.lower())}
    assert set(got["value"].to_pylist()) == wanted
    assert None not in got["value"].to_pylist()


# histogram


def as_float64(column: pa.ChunkedArray) -> np.ndarray:
    """Values as the protocol counts them: times as microseconds; finite ones only."""
    kind = column.type
    values = column.combine_chunks().drop_null()
    if pa.types.is_date(kind):
        numbers = values.cast(pa.int32()).to_numpy().astype(np.int64) * DAY_MICROSECONDS
    elif pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        ticks = values.view(pa.int64()).to_numpy()
        factor = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": 1}[kind.unit]
        numbers = ticks // 1_000 if kind.unit == "ns" else ticks * factor
    elif pa.types.is_time(kind):
        numbers = values.view(pa.int64()).to_numpy()
    elif pa.types.is_decimal(kind):
        numbers = np.array([float(v) for v in values.to_pylist()])
    else:
        numbers = values.to_numpy(zero_copy_only=False)
    floats = numbers.astype(np.float64)
    return floats[np.isfinite(floats)]


def histogram(
    values: np.ndarray, bins: int, low: float | None = None, high: float | None = None
) -> tuple[list[float], list[int]]:
    """Edges and counts by the protocol's words, in numpy's float64."""
    if len(values) == 0:
        return [], []
    low = values.min() if low is None else np.float64(low)
    high = values.max() if high is None else np.float64(high)
    if low > high:
        return [], []
    inside = values[(values >= low) & (values <= high)]
    if low == high:
        places = np.zeros(len(inside))
    else:
        places = np.minimum(bins - 1, np.floor((inside - low) * bins / (high - low)))
    counts = np.bincount(places.astype(np.int64), minlength=bins)
    edges = [low + np.float64(i) * (high - low) / bins for i in range(bins)]
    return [*map(float, edges), float(high)], counts.tolist()


def check_histogram(
    server: BowshotServer, dataset: str, values: np.ndarray, asked: dict[str, Any]
) -> None:
    got = ask(server, f"{dataset}/histogram", **asked)
    assert got.column_names == ["bin_start", "bin_end", "count"]
    edges, counts = histogram(values, asked.get("bins", 50), asked.get("min"), asked.get("max"))
    assert got["count"].to_pylist() == counts, asked
    assert got["bin_start"].to_pylist() == edges[:-1], asked
    assert got["bin_end"].to_pylist() == edges[1:], asked


@pytest.mark.parametrize("column", ["delay", "distance"])
def test_histograms_of_flights(server: BowshotServer, column: str) -> None:
    values = as_float64(pq.read_table(datasets.FLIGHTS, columns=[column])[column])
    source = random.Random(seed())
    check_histogram(server, "flights", values, {"column": column})
    for _ in range(8):
        bins = source.choice([1, 2, 7, 50, 333, 10_000])
        asked: dict[str, Any] = {"column": column, "bins": bins}
        low = source.choice([-20, 0.1, source.uniform(-100, 100), -5000])
        if source.random() < 0.7:
            asked["min"] = low
        if source.random() < 0.7:
            asked["max"] = low + source.choice([0, 0.3, 17, source.uniform(0, 2000)])
        check_histogram(server, "flights", values, asked)


def test_a_histogram_of_a_filtered_computed_column(server: BowshotServer) -> None:
    frame = pl.read_parquet(datasets.FLIGHTS).filter(pl.col("origin") == "JFK")
    values = frame["distance"].to_numpy() / 7
    asked = {"compute": "far:distance / 7", "column": "far", "filter": "origin = 'JFK'", "bins": 33}
    check_histogram(server, "flights", values, asked)


def test_histograms_of_every_type(server: BowshotServer) -> None:
    """Small tables of extremes, nulls, NaN and infinities; edges of times in the column's type."""
    source = random.Random(seed())
    for dataset in ("types", "extremes", "events", "people", "parts", "empty", "types_parts"):
        for field in TABLES[dataset].schema:
            if field.name in CUT_TO_MICROSECONDS:
                continue
            if is_binnable(field.type):
                bins = source.choice([1, 2, 3, 10, 100])
                check_types_histogram(server, dataset, field, bins)
            else:
                asked = {"column": field.name}
                answer = server.get(f"/v1/datasets/{dataset}/histogram", asked)
                assert answer.code() == "type_mismatch", (dataset, field)


def is_binnable(kind: pa.DataType) -> bool:
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return is_number or pa.types.is_temporal(kind)


def check_types_histogram(server: BowshotServer, dataset: str, field: pa.Field, bins: int) -> None:
    got = ask(server, f"{dataset}/histogram", column=field.name, bins=bins)
    values = as_float64(TABLES[dataset][field.name])
    # Where (max - min) * bins passes float64 the server multiplies all by a power of two.
    with np.errstate(over="ignore"):
        widest = max(np.abs(values).max(), np.ptp(values)) * bins if len(values) else 0.0
    scale = 1.0 if np.isfinite(widest) else 2.0**-64
    edges, counts = histogram(values * scale, bins)
    assert got["count"].to_pylist() == counts, (dataset, field)
    kind = got.schema.field("bin_start").type
    if not pa.types.is_temporal(field.type):
        assert kind == pa.float64()
        starts = [e / scale for e in edges[:-1]]
        assert got["bin_start"].to_pylist() == starts, (dataset, field)
        return
    assert kind == field.type
    ticks = got["bin_start"].combine_chunks()
    ticks = ticks.cast(pa.int32()) if pa.types.is_date(kind) else ticks.view(pa.int64())
    units = {"s": 1e6, "ms": 1e3, "us": 1, "ns": 1e-3}
    step = DAY_MICROSECONDS if pa.types.is_date(kind) else units[kind.unit]
    wanted = [np.floor(e / step if step >= 1 else e * 1_000) for e in edges[:-1]]
    assert np.allclose(ticks.to_numpy().astype(float), wanted, rtol=1e-15, atol=0), (dataset, field)


def test_times_as_bounds(server: BowshotServer) -> None:
    values = as_float64(pq.read_table(datasets.FLIGHTS, columns=["date"])["date"])
    low, high = np.datetime64("2001-02-01", "us"), np.datetime64("2001-02-14T12:30", "us")
    asked = {"column": "date", "bins": 24, "min": "2001-02-01", "max": "2001-02-14T12:30:00Z"}
    got = ask(server, "flights/histogram", **asked)
    edges, counts = histogram(values, 24, float(low.astype(int)), float(high.astype(int)))
    assert got["count"].to_pylist() == counts
    assert got["bin_start"].cast(pa.int64()).to_pylist() == [int(np.floor(e)) for e in edges[:-1]]
    by_json = server.query({"dataset": "flights", "shape": "histogram", **asked})
    with pa.ipc.open_stream(by_json.body) as reader:
        assert reader.read_all().equals(got)


def test_an_empty_histogram(server: BowshotServer) -> None:
    for asked in (
        {"filter": "delay > 1000000", "min": 0, "max": 1},
        {"filter": "FALSE"},
        {"min": 1_000_000},
    ):
        got = ask(server, "flights/histogram", column="delay", **asked)
        assert got.num_rows == 0
        assert got.schema.field("count").type == pa.int64()
    outside = ask(server, "flights/histogram", column="delay", min=10_000, max=20_000, bins=4)
    assert outside["count"].to_pylist() == [0, 0, 0, 0]


@pytest.mark.parametrize("media", ["json", "csv", "ndjson"])
def test_text_formats(server: BowshotServer, media: str) -> None:
    for path, asked in (("values", {"column": "origin"}), ("histogram", {"column": "delay"})):
        answer = server.get(f"/v1/datasets/flights/{path}", {**asked, "format": media})
        assert answer.status == 200
        assert b"ORD" in answer.body or b"-1116" in answer.body


def test_approximate_counts_are_close(server: BowshotServer) -> None:
    """Exact up to 1,000 values; beyond within five standard errors of 1.2 %."""
    flights = pq.read_table(datasets.FLIGHTS)
    exact = {name: len(flights[name].drop_null().unique()) for name in flights.schema.names}
    exact["_row"] = flights.num_rows
    measures = ",".join(f"{name}:approx_count_distinct({name})" for name in exact)
    (row,) = ask(server, "flights/aggregate", measures=measures).to_pylist()
    for name, count in exact.items():
        assert row[name] == count if count <= 1_000 else abs(row[name] / count - 1) < 0.06, name


def test_approximate_counts_of_groups_and_nothing(server: BowshotServer) -> None:
    asked = "approx_count_distinct(name),approx_count_distinct(age)"
    got = ask(server, "people/aggregate", by="team", measures=asked).to_pylist()
    for row in got:
        team = pl.col("team").cast(pl.String).eq_missing(pl.lit(row["team"], pl.String))
        of_team = pl.from_arrow(TABLES["people"]).filter(team)
        for column in ("name", "age"):
            want = of_team[column].drop_nulls().n_unique()
            assert row[f"approx_count_distinct_{column}"] == want, row
    none = ask(server, "people/aggregate", measures=asked, filter="FALSE")
    assert none.to_pylist() == [
        {"approx_count_distinct_name": 0, "approx_count_distinct_age": 0},
    ]
