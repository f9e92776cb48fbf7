"""The rows of tests/cases/rows.test, written in Polars (and Arrow, for types Polars lacks)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

C = pl.col
ROW = pl.int_range(pl.len(), dtype=pl.Int64)
WIDE = C("age").cast(pl.Int64)
QUOTED = [
    *("A", "a", "with space", "comma,name", 'quote"name', "apos'name", "naïve", "日本", "1st"),
    *("percent%41", "plus+name", "x:y", "f(x)", "-minus", "emoji\U0001f600", "a&b=c"),
    "back\\slash",
]


def ordered(frame: pl.DataFrame, **by: bool) -> pl.DataFrame:
    """Sorted by the columns, True for descending; nulls last, ties as they were."""
    keys = [C(k).cast(pl.String) if frame[k].dtype == pl.Categorical else C(k) for k in by]
    return frame.sort(keys, descending=list(by.values()), nulls_last=True, maintain_order=True)


def truncated(dividend: pl.Expr, divisor: int) -> pl.Expr:
    """Integer division toward zero, of int64."""
    return (dividend.sign() * (dividend.abs() // divisor)).cast(pl.Int64)


EXPECTED: dict[str, Callable[[Any], Any]] = {
    "all rows and columns": lambda t: t.arrow["people"],
    "every type": lambda t: t.arrow["types"].slice(0, 6),
    "every type from several files": lambda t: t.arrow["types"].slice(3, 25),
    "select in the order asked": lambda t: t.people.select("name", "id")[:3],
    "select with blanks between": lambda t: t.people.select("name", "id")[:1],
    "select the row number": lambda t: t.people.select(ROW.alias("_row"), "id")[4:6],
    "select the column that is named _row": lambda t: t.names.select("_row", "A")[:2],
    "the row number beside a column of that name": lambda t: t.names.select(ROW.alias("_row"), "A")[
        :2
    ],
    "select every awkward name": lambda t: t.names.select(QUOTED)[:2],
    "all awkward names": lambda t: t.names[3:],
    "offset and limit": lambda t: t.people.select("id")[5:9],
    "skip is offset": lambda t: t.people.select("id")[16:],
    "offset past the end": lambda t: t.people.select("id")[:0],
    "offset far past the end": lambda t: t.people.select("id")[:0],
    "limit 0": lambda t: t.arrow["people"].slice(0, 0),
    "limit beyond the end": lambda t: t.people.select("id")[15:],
    "zero rows": lambda t: t.empty,
    "zero rows in an order": lambda t: t.empty,
    "order ascending, nulls last, ties by row": lambda t: ordered(t.people, age=False).select(
        "id", "age"
    ),
    "order descending, nulls last": lambda t: ordered(t.people, age=True).select("id", "age"),
    "order by floats, NaN the greatest": lambda t: ordered(t.people, height=False).select(
        "id", "height"
    ),
    "order by floats descending, nulls still last": lambda t: ordered(t.people, height=True).select(
        "id", "height"
    ),
    "order by text in bytes": lambda t: ordered(t.people, name=False).select("id", "name"),
    "order by two": lambda t: ordered(t.people, age=False, name=True).select("id"),
    "order by booleans": lambda t: ordered(t.people, member=True, id=True).select("id"),
    "order by a time": lambda t: ordered(t.people, seen=True).select("id")[:5],
    "order by a dictionary, by its text": lambda t: ordered(t.people, team=False, id=True).select(
        "id", "team"
    ),
    "order by the row number, descending": lambda t: t.people.select("id")[::-1][:4],
    "order by what is not selected": lambda t: ordered(t.people, height=True, id=True).select(
        "name"
    )[:6],
    "order, offset and limit": lambda t: ordered(t.people, age=True).select("id")[4:9],
    "order by a quoted name": lambda t: t.names.select("with space")[::-1][:2],
    "order by a name that begins with a minus": lambda t: t.names.select("-minus")[4:],
    "order and filter": lambda t: ordered(t.people.filter(C("age") > 25), joined=True).select(
        "id", "joined"
    ),
    "order of decimals": lambda t: ordered(t.extremes, money=True).select("id", "money"),
    "order of uint64": lambda t: ordered(t.extremes, unsigned=True).select("id", "unsigned"),
    "rows of several files": lambda t: t.parts[5:9],
    "order over several files": lambda t: ordered(t.parts, colour=False, id=True),
    "compute a column": lambda t: t.people.select("id", (WIDE * 2).alias("twice"))[:5],
    "computed columns come after all others": lambda t: t.extremes.with_columns(
        (C("small").cast(pl.Float64) / 2).alias("half"), (C("small") < 1).alias("is_small")
    )[:3],
    "a later computed column uses an earlier one": lambda t: t.people.select(
        (WIDE + 1).alias("next"), (WIDE + 2).alias("after")
    )[:3],
    "filter, order and select a computed column": lambda t: ordered(
        t.people.with_columns((C("id") % 5).alias("rest")).filter(C("rest") > 1), rest=True
    ).select("id", "rest"),
    "a computed predicate": lambda t: t.people.select("id", (C("age") >= 18).alias("is_adult")),
    "a computed copy keeps its type": lambda t: t.people.select(
        C("seen").alias("when"), C("name").alias("who")
    )[:2],
    "computed division": lambda t: t.people.select(
        (C("age") / 4).alias("share"),
        (WIDE - truncated(WIDE, 4) * 4).alias("rest"),
        truncated(WIDE, 4).alias("whole"),
    )[:8],
    "computed division by zero": lambda t: t.people.select(
        pl.lit(None, pl.Float64).alias("none"),
        pl.lit(None, pl.Int64).alias("also"),
        pl.lit(None, pl.Int64).alias("rest"),
        "id",
    )[:2].select("none", "also", "rest"),
    "computed power": lambda t: t.people.select(
        (C("age").cast(pl.Float64) ** 2).alias("square"), C("id").sqrt().alias("root")
    )[:3],
    "computed row number": lambda t: t.people.select("id", (ROW // 7).alias("page")),
    "computed text": lambda t: t.people.select(C("name").str.to_lowercase().alias("folded"))[:7],
    "a computed name that needs quotes": lambda t: t.people.select(
        (WIDE * 2).alias("my age, doubled")
    )[:2],
    "computed arithmetic of int64": lambda t: t.extremes.select(
        "small",
        (C("small").cast(pl.Int64) - 1).alias("less"),
        (-C("small").cast(pl.Int64)).alias("negative"),
    ),
    "computed arithmetic of decimals": lambda t: t.extremes.select(
        (C("money") * 2).cast(pl.Decimal(19, 2)).alias("more")
    )[:3],
    "computed arithmetic of integers and fractions": lambda t: t.extremes.select(
        (C("small").cast(pl.Float64) * 1.5 + 0.25).alias("more"),
        (0.5 - C("id").cast(pl.Float64)).alias("less"),
    ),
    "computed arithmetic of decimals and fractions": lambda t: t.extremes.select(
        (C("money") * 15 / 10).cast(pl.Decimal(20, 3)).alias("more")
    )[:3],
}
