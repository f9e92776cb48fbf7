"""What the filters of tests/cases/filters.test keep, written in Polars."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import polars as pl
import pyarrow as pa

C = pl.col
AGE, NAME, MEMBER, HEIGHT, ID = C("age"), C("name"), C("member"), C("height"), C("id")
JOINED, SEEN, LOCAL = C("joined"), C("seen"), C("local")
TEAM = C("team").cast(pl.String)
ROW = pl.int_range(pl.len())
WIDE = AGE.cast(pl.Int64)
UTC = datetime.UTC


def utc(*parts: int) -> datetime.datetime:
    return datetime.datetime(*parts, tzinfo=UTC)


def date(*parts: int) -> datetime.date:
    return datetime.date(*parts)


PEOPLE = {
    "text equals": NAME == "Ann",
    "text differs, nulls fall out": NAME != "Ann",
    "text with a quote": NAME == "O'Brien",
    "text with double quotes": NAME == 'say "hi"',
    "text with a comma": NAME == "a,b",
    "empty text is not null": NAME.str.len_bytes() == 0,
    "text of another script": NAME == "李雷",
    "an emoji": NAME == "\U0001f600",
    "a line break within text": NAME.str.starts_with("line") & NAME.str.ends_with("break"),
    "text compares by bytes": NAME.cast(pl.Binary) > b"a",
    "keywords in any case": (NAME == "Ann") & MEMBER,
    "like a prefix": NAME.str.starts_with("A"),
    "like one character": NAME.str.contains("^.nn$"),
    "like an escaped percent": NAME.str.ends_with("%"),
    "like an escaped underscore": NAME.str.starts_with("under_"),
    "like an escaped backslash": NAME.str.starts_with("back\\"),
    "like has no other wildcards": NAME == "under.score",
    "not like": ~NAME.str.contains("n", literal=True),
    "casei": NAME.str.to_lowercase() == "ann",
    "casei beyond ASCII": NAME.str.to_lowercase() == "éclair",
    "casei like": NAME.str.to_lowercase().str.starts_with("a"),
    "is null": AGE.is_null(),
    "is not null": NAME.is_not_null(),
    "a null is neither equal nor different": AGE != 31,
    "in": AGE.is_in([25, 31, 1000]),
    "not in": ~AGE.is_in([25, 31]),
    "text in": NAME.is_in(["", "a,b", "O'Brien"]),
    "between": (AGE >= 18) & (AGE <= 31),
    "not between": (AGE < 18) | (AGE > 99),
    "text between": (NAME >= "A") & (NAME <= "B"),
    "a boolean column is a predicate": MEMBER,
    "not a boolean column": ~MEMBER,
    "boolean equals": MEMBER,
    "three-valued or": MEMBER.fill_null(False) | (AGE.fill_null(-1) > 30),
    "three-valued and": MEMBER.fill_null(False) & (AGE.fill_null(-1) > 30),
    "and binds tighter than or": (AGE == 0) | ((AGE == 31) & MEMBER),
    "parentheses": ((AGE == 0) | (AGE == 31)) & MEMBER,
    "not binds tighter than and": (~MEMBER) & (AGE > 20),
    "true keeps all": pl.lit(True),
    "false keeps none": pl.lit(False),
    "NaN is greater than every number": HEIGHT.is_nan() | (float("inf") == HEIGHT),
    "NaN equals itself": HEIGHT.is_not_null(),
    "NaN is not less": HEIGHT.is_not_nan() & (HEIGHT < 1.6),
    "minus zero equals zero": HEIGHT.abs() == 0,
    "minus zero literal": HEIGHT.abs() == 0,
    "a small number": HEIGHT == 1e-300,
    "integer against a fraction": AGE >= 31,
    "an integer beyond int64 is a number": AGE.is_not_null(),
    "arithmetic": AGE == 31,
    "division is of floats": AGE == 31,
    "div truncates": AGE.is_in([30, 31]),
    "div truncates toward zero": AGE.is_in([30, 31]),
    "remainder": AGE.is_in([3, 10, 17, 24, 31, 38, 45, 52, 59, 66, 73, 80, 87, 94, 101, 108, 115]),
    "remainder takes the dividend's sign": (AGE > 0) & (AGE % 7 == 3),
    "power is right-associative": AGE == 0,
    "power binds tighter than minus": AGE == 0,
    "division by zero is null": pl.lit(True),
    "div by zero is null": AGE > 50,
    "remainder by zero is null": AGE > 50,
    "operands on both sides": WIDE + 1 > ID * 10,
    "column against column": WIDE > ID,
    "literal first": AGE == 31,
    "date equals": date(2020, 2, 27) == JOINED,
    "date before": date(2020, 3, 10) > JOINED,
    "date between": (date(2020, 3, 1) <= JOINED) & (date(2020, 3, 31) >= JOINED),
    "a date takes a timestamp": (date(2020, 2, 27) == JOINED) | (date(2020, 6, 10) < JOINED),
    "timestamp with zone": utc(2026, 11, 21, 5, 30, 15, 250_000) == SEEN,
    "timestamp after": utc(2026, 11, 24) < SEEN,
    "a timestamp takes a date": utc(2026, 11, 22) > SEEN,
    "timestamp without zone column": datetime.datetime(2026, 11, 24, 12) <= LOCAL,
    "timestamp in an offset": utc(2026, 11, 21, 5, 30, 15, 250_000) == SEEN,
    "dictionary text": TEAM == "red",
    "dictionary text differs": TEAM == "blue",
    "dictionary in": TEAM == "blue",
    "row number": ROW >= 15,
    "row number in": ROW.is_in([0, 17]),
    "row number arithmetic": ROW % 6 == 0,
    "quoted name": NAME == "Ann",
    "double negation": MEMBER,
    "nested functions of nothing": AGE == 31,
}


def keep(predicate: pl.Expr) -> Callable[[Any], pl.DataFrame]:
    return lambda t: t.people.filter(predicate).select("id")


def zoned_nanoseconds(t: Any, keep: Callable[[int], bool], first: int) -> pa.Table:
    """Of the first six rows; Polars does not hold the table."""
    rows = t.arrow["types"].slice(first, 6 - first)
    counts = rows["timestamp_ns_zone"].cast(pa.int64()).to_pylist()
    return rows.select(["id"]).filter(pa.array([n is not None and keep(n) for n in counts]))


EXPECTED: dict[str, Callable[[Any], Any]] = {name: keep(p) for name, p in PEOPLE.items()} | {
    "int64 extremes": lambda t: t.extremes.filter(C("id") < 2).select("id"),
    "integers beyond 2^53 compare exactly": lambda t: t.extremes.filter(
        C("big") == 2**53 + 1
    ).select("id"),
    "uint64 beyond int64": lambda t: t.extremes.filter(C("unsigned") >= 2**63).select("id"),
    "int64 against uint64": lambda t: t.extremes.filter(C("id").is_in([0, 1, 2, 5])).select("id"),
    "decimals compare exactly": lambda t: t.extremes.filter(C("id").is_in([0, 2])).select("id"),
    "minus one leaves nothing of the least int64": lambda t: t.extremes.filter(
        C("big").is_not_null() & C("small").is_not_null()
    ).select("id"),
    "no rows to filter": lambda t: t.empty,
    "two columns that differ by case": lambda t: t.names[1:2].select("A", "a"),
    "a column named _row": lambda t: t.names[2:3].select("_row"),
    "a column named like a keyword": lambda t: t.names.filter(
        (C("and") > 100) & (C("select") < 400)
    ).select("and", "select"),
    "a quoted name with a quote": lambda t: t.names[3:4].select('quote"name'),
    "a dotted name is bare": lambda t: t.names.filter(C("dotted.name") > 200).select("dotted.name"),
    "bare names of another script": lambda t: t.names[1:3].select("naïve"),
    "a name with percent, plus and ampersand": lambda t: t.names.filter(C("a&b=c") < 300).select(
        "a&b=c"
    ),
    "across files": lambda t: t.parts.filter(
        (C("colour").cast(pl.String) == "red") | (C("x") > 2.4)
    ),
    "a colour of one file only": lambda t: (
        t.parts.with_columns(ROW.alias("_row"))
        .filter(C("colour").cast(pl.String) == "white")
        .select("id", "_row")
    ),
    "zoned nanoseconds compare": lambda t: zoned_nanoseconds(t, lambda ns: ns > 0, 0),
    "zoned nanoseconds between times and in a list": lambda t: zoned_nanoseconds(
        t, lambda ns: 0 <= ns <= 86_400 * 10**9 and ns != 86_400_000, 3
    ),
}
