"""Small tables that are hard to serve right, and where the large ones are kept.

`build(folder)` writes every table; `tables()` gives the same rows in memory, for what is computed
independently of the server.
"""

from __future__ import annotations

import datetime
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

CACHE = Path(os.environ.get("BOWSHOT_CACHE", Path.home() / ".cache" / "bowshot"))
FLIGHTS = CACHE / "deps" / "vega-datasets-3.2.1" / "flights-3m.parquet"
UTC = datetime.timezone.utc  # noqa: UP017 (the Python package is tested with 3.10, too)
NAN, INFINITY = float("nan"), float("inf")
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


def people() -> pa.Table:
    """Text, numbers, booleans and times with nulls, empty text, NaN and infinities."""
    names = [
        *("Ann", "Zoë", None, "", "O'Brien", 'say "hi"', "a,b", "李雷", "50%", "under_score"),
        *("back\\slash", "  spaces ", "line\nbreak", "ann", "ANN", "ÉCLAIR", "😀", "Ann"),
    ]
    ages = [31, 25, None, 0, -1, 99, 31, 44, 25, None, 18, 63, 7, 31, 52, 29, 120, 31]
    heights = [
        *(1.7, 1.6, NAN, None, INFINITY, -INFINITY, -0.0, 0.0, 1.95, 1.7, None, 2.0, 1.5, NAN),
        *(1.81, 1.7, 1e-300, 1.7),
    ]
    members = [True, False, None, True, False, True, None, False, True] * 2
    days = [None if i == 4 else datetime.date(2020, 2, 20) + i * WEEK for i in range(18)]
    seen = [None if i == 7 else SEEN + i * datetime.timedelta(hours=7) for i in range(18)]
    columns = {
        "id": pa.array(range(1, 19), pa.int64()),
        "name": pa.array(names, pa.string()),
        "age": pa.array(ages, pa.int32()),
        "height": pa.array(heights, pa.float64()),
        "member": pa.array(members, pa.bool_()),
        "joined": pa.array(days, pa.date32()),
        "seen": pa.array(seen, pa.timestamp("us", "UTC")),
        "local": pa.array([s and s.replace(tzinfo=None) for s in seen], pa.timestamp("ms")),
        "team": pa.array(["red", "blue", None] * 6, pa.string()).dictionary_encode(),
    }
    return pa.table(columns)


WEEK = datetime.timedelta(days=7)
SEEN = datetime.datetime(2026, 11, 20, 22, 30, 15, 250_000, UTC)

AWKWARD_NAMES = [
    *("A", "a", "with space", "comma,name", 'quote"name', "apos'name", "naïve", "日本", "_row"),
    *("select", "and", "null", "dotted.name", "1st", "percent%41", "plus+name", "x:y", "f(x)"),
    *("-minus", "tab\tname", "emoji😀", "a&b=c", "back\\slash", "true", "c0", "t0", "count"),
]


def names() -> pa.Table:
    """Column names that break careless quoting; the value is 100 x row + the column's number."""
    rows = range(5)
    columns = {
        name: pa.array([100 * row + number for row in rows], pa.int64())
        for number, name in enumerate(AWKWARD_NAMES)
    }
    return pa.table(columns)


def typed_columns() -> dict[str, pa.Array]:
    """One column a type of the protocol's table: the least, the greatest, a null, zeros, others."""
    columns: dict[str, pa.Array] = {
        "bool": pa.array([True, False, None, True, False, True]),
        "float16": pa.array([1.5, -65504.0, None, NAN, INFINITY, -0.0], pa.float16()),
        "float32": pa.array([1.5, -3.4e38, None, NAN, -INFINITY, 1e-45], pa.float32()),
        "float64": pa.array([1.5, 1.7976931348623157e308, None, NAN, INFINITY, 5e-324]),
        "utf8": pa.array(["", "a,b", None, 'q"', "日本\n", "x" * 300]),
        "binary": pa.array([b"", b"\x00\xff", None, b"abc", b"\n", b"\x80" * 40], pa.binary()),
        "date": pa.array([0, -719_162, None, 2_932_896, -1, 20_000], pa.int32()).cast(pa.date32()),
        "time": pa.array([0, 86_399_999_999, None, 1, 43_200_000_000, 5], pa.time64("us")),
        "time_ms": pa.array([0, 86_399_999, None, 1, 43_200_000, 5], pa.time32("ms")),
        "decimal": pa.array(
            [
                Decimal(s) if s else None
                for s in ("0.00", "-99999999.99", None, "1.10", "7.05", "9")
            ],
            pa.decimal128(10, 2),
        ),
        "decimal38": pa.array(
            [None if v is None else Decimal(v) for v in (0, 10**38 - 1, None, -(10**38) + 1, 1, 2)],
            pa.decimal128(38, 0),
        ),
        "duration": pa.array([0, -1, None, INT64_MAX, 10**15, 86_400_000_000], pa.duration("us")),
        "large_utf8": pa.array(["x", "", None, "ß", "y", "z"], pa.large_string()),
        "list": pa.array([[1, None], [], None, [INT64_MIN], [5, 6, 7], [0]], pa.list_(pa.int64())),
        "texts": pa.array([["a", None], [], None, [""], ['"', ","], ["z"]], pa.list_(pa.string())),
        "struct": pa.array(
            [{"a": 1, "b": "x"}, {"a": None, "b": ""}, None, {"a": 3, "b": None}, *[{"a": 0}] * 2],
            pa.struct([("a", pa.int32()), ("b", pa.string())]),
        ),
        "nested": pa.array(
            [[{"k": 1.5}], [], None, [{"k": None}, {"k": 2.0}], [None], [{"k": 0.0}]],
            pa.list_(pa.struct([("k", pa.float64())])),
        ),
        "dictionary": pa.array(["u", "v", None, "u", "", "w"]).dictionary_encode(),
    }
    for bits in (8, 16, 32, 64):
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        kind = getattr(pa, f"int{bits}")()
        columns[f"int{bits}"] = pa.array([0, low, None, high, -1, 7], kind)
        kind = getattr(pa, f"uint{bits}")()
        columns[f"uint{bits}"] = pa.array([0, 2**bits - 1, None, high, 1, 7], kind)
    ticks = [0, -1, None, 1_700_000_000_123, 4_102_444_800_000, 86_400_000]
    for unit in ("ms", "us", "ns"):
        columns[f"timestamp_{unit}"] = pa.array(ticks, pa.int64()).cast(pa.timestamp(unit))
        zoned = pa.timestamp(unit, "America/New_York" if unit == "us" else "UTC")
        columns[f"timestamp_{unit}_zone"] = pa.array(ticks, pa.int64()).cast(zoned)
    return columns


def types() -> pa.Table:
    """Every type, 48 rows: the six rows of typed_columns() repeated."""
    table = pa.table(typed_columns())
    numbered = pa.concat_tables([table] * 8)
    return numbered.add_column(0, "id", pa.array(range(48), pa.int64())).unify_dictionaries()


def extremes() -> pa.Table:
    """What float64 cannot hold, and sums that do not fit."""
    return pa.table(
        {
            "id": pa.array(range(6), pa.int32()),
            "big": pa.array([INT64_MIN, INT64_MAX, 2**53, 2**53 + 1, None, 0], pa.int64()),
            "unsigned": pa.array([0, 2**64 - 1, 2**63, 2**53 + 1, None, 1], pa.uint64()),
            "money": pa.array(
                [Decimal("0.10"), Decimal("0.20"), Decimal("-0.30"), None, *[Decimal("1e15")] * 2],
                pa.decimal128(18, 2),
            ),
            "small": pa.array([-128, 127, 0, None, 1, -1], pa.int8()),
            "real": pa.array([1e308, 1e308, -0.0, None, 5e-324, NAN], pa.float64()),
        }
    )


def empty() -> pa.Table:
    schema = pa.schema([("id", pa.int64()), ("name", pa.string()), ("x", pa.float64())])
    return schema.empty_table()


def parts() -> list[pa.Table]:
    """Three files of one dataset: the second without rows, dictionaries that differ."""

    def part(first: int, colours: list[str | None]) -> pa.Table:
        ids = range(first, first + len(colours))
        return pa.table(
            {
                "id": pa.array(ids, pa.int64()),
                "colour": pa.array(colours, pa.string()).dictionary_encode(),
                "x": pa.array([i / 4 for i in ids], pa.float64()),
            }
        )

    return [
        part(0, ["red", "blue", None, "red", "green", "blue", "blue"]),
        part(7, []),
        part(7, ["white", "red", None, "white", "black"]),
    ]


def events() -> pa.Table:
    """Times around the edges of calendar bins, before 1970 and in leap years, with groups."""
    texts = [
        *("1969-12-31T23:59:59.999999", "1970-01-01T00:00:00", "1970-01-04T23:59:59", None),
        *("1970-01-05T00:00:00", "2000-02-29T12:34:56.789", "2024-02-29T00:00:00", "1900-01-01"),
        *("2024-12-30T10:00:00", "2025-01-05T23:00:00", "2025-01-06T00:00:00", "2026-03-31T23:59"),
        *("2026-04-01T00:00:00", "2026-11-22T10:14:59", "2026-11-22T10:15:00", "2026-11-22T10:29"),
    ]
    times = [None if t is None else datetime.datetime.fromisoformat(t) for t in texts]
    return pa.table(
        {
            "t": pa.array(times, pa.timestamp("us")),
            "zoned": pa.array(times, pa.timestamp("us")).cast(pa.timestamp("us", "Asia/Tokyo")),
            "day": pa.array([t and t.date() for t in times], pa.date32()),
            "kind": pa.array(["a", "b", "c", None] * 4, pa.string()),
            "n": pa.array([i * i - 20 for i in range(16)], pa.int64()),
            "x": pa.array([i / 3 if i % 5 else None for i in range(16)], pa.float64()),
        }
    )


SINGLE = {
    "people": people,
    "names": names,
    "types": types,
    "extremes": extremes,
    "empty": empty,
    "events": events,
}


def tables() -> dict[str, pa.Table]:
    """The rows of every dataset, in natural order, with dictionary columns as they are stored."""
    built = {name: make() for name, make in SINGLE.items()}
    built["parts"] = pa.concat_tables(parts()).unify_dictionaries()
    built["types_parts"] = built["types"]
    return {name: as_protocol(table) for name, table in built.items()}


def as_protocol(table: pa.Table) -> pa.Table:
    """The protocol has one type for times of day, time64[us]."""
    for i, field in enumerate(table.schema):
        if pa.types.is_time32(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.time64("us")))
    return table


def write(table: pa.Table, path: Path, **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **options)


def build(folder: Path) -> list[str]:
    """Writes every dataset below the folder; returns the arguments for `bowshot serve`."""
    for name, make in SINGLE.items():
        write(make(), folder / f"{name}.parquet", row_group_size=7)
    for number, part in enumerate(parts()):
        write(part, folder / "parts" / f"{number}.parquet", row_group_size=3)
    every_type = types()
    cuts = [(0, 5, {}), (5, 20, {"write_page_index": True, "data_page_size": 64}), (25, 23, {})]
    for number, (first, count, options) in enumerate(cuts):
        path = folder / "types_parts" / "deep" / f"part-{number}.parquet"
        write(every_type.slice(first, count), path, row_group_size=6, **options)
    single = [f"{name}={folder / name}.parquet" for name in SINGLE]
    return [*single, f"parts={folder}/parts/*.parquet", f"types_parts={folder}/types_parts"]
