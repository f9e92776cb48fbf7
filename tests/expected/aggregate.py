"""The rows of tests/cases/aggregate.test, written in Polars."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import polars as pl

C = pl.col
AGE, HEIGHT, N, T, X = C("age"), C("height"), C("n"), C("t"), C("x")
COUNT = pl.len().cast(pl.Int64).alias("count")
EVERY = pl.lit(True)
ROW = pl.int_range(pl.len(), dtype=pl.Int64)
EPOCH = datetime.date(1970, 1, 1).toordinal()


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Dictionary columns as text: an aggregate's keys are sorted as text."""
    return frame.with_columns(pl.selectors.categorical().cast(pl.String))


def total(predicate: pl.Expr = EVERY) -> Callable[[Any], pl.DataFrame]:
    return lambda t: t.people.filter(predicate).select(COUNT)


def groups(frame: pl.DataFrame, keys: list[Any], *measures: pl.Expr) -> pl.DataFrame:
    """Grouped, in the order of the keys, nulls last."""
    keys = [C(k) if isinstance(k, str) else k for k in keys]
    names = [k.meta.output_name() for k in keys]
    grouped = frame.group_by(keys, maintain_order=True).agg(*(measures or [COUNT]))
    return grouped.sort(names, nulls_last=True, maintain_order=True)


def one(frame: pl.DataFrame, *measures: pl.Expr) -> pl.DataFrame:
    return frame.select(*measures)


def whole(column: str) -> pl.Expr:
    return C(column).cast(pl.Int64)


def total_of(column: str) -> pl.Expr:
    """SQL's sum: null when nothing was added, where Polars says zero."""
    some = C(column).count() > 0
    summed = whole(column) if column in ("age", "n", "id", "small") else C(column)
    return pl.when(some).then(summed.sum()).alias(f"sum_{column}")


def distinct(column: str) -> pl.Expr:
    values = C(column).drop_nulls().n_unique()
    return values.cast(pl.Int64).alias(f"count_distinct_{column}")


def counted(column: str) -> pl.Expr:
    return C(column).count().cast(pl.Int64).alias(f"count_{column}")


def quantile(column: str, q: float, name: str) -> pl.Expr:
    return C(column).cast(pl.Float64).quantile(q, "linear").alias(name)


def at(value: str, by: str, function: str) -> pl.Expr:
    """arg_min and arg_max: the value where `by` is least or greatest, in the first such row."""
    best = C(by).min() if function == "arg_min" else C(by).max()
    return C(value).filter(C(by) == best).first().alias(f"{function}_{value}")


def binned(ticks: int, name: str = "t", alias: str | None = None) -> pl.Expr:
    """A bin of so many microseconds from 1970-01-01."""
    raw = C(name).to_physical()
    return ((raw // ticks) * ticks).cast(pl.Datetime("us")).alias(alias or name)


def calendar(function: Callable[[datetime.date], datetime.date], name: str, alias: str) -> pl.Expr:
    """A calendar bin by a function of the date, in the column's type."""
    kind = pl.Date if name == "day" else pl.Datetime("us")
    days = C(name).map_elements(
        lambda v: function(datetime.date(v.year, v.month, v.day)), return_dtype=pl.Date
    )
    return days.cast(kind).alias(alias)


def monday(d: datetime.date) -> datetime.date:
    return datetime.date.fromordinal(d.toordinal() - d.weekday())


def month(d: datetime.date) -> datetime.date:
    return d.replace(day=1)


def quarter(d: datetime.date) -> datetime.date:
    return d.replace(month=(d.month - 1) // 3 * 3 + 1, day=1)


def year(d: datetime.date) -> datetime.date:
    return d.replace(month=1, day=1)


MINUTE = 60_000_000
PEOPLE_BOUNDS = [
    *(f(c).alias(f"{f.__name__}_{c}") for c in ("name", "age", "joined") for f in (pl.min, pl.max)),
    C("seen").min().alias("min_seen"),
    C("local").max().alias("max_local"),
    C("member").min().alias("min_member"),
    C("member").max().alias("max_member"),
]

COUNTS: dict[str, Callable[[Any], Any]] = {
    "count of all rows": total(),
    "count with a filter": total(AGE > 30),
    "count of nothing": total(pl.lit(False)),
    "count of zero rows": lambda t: t.empty.select(COUNT),
    "count over files": lambda t: t.parts[4:].select(COUNT),
    "count with a computed name": total(AGE == 31),
    "aggregate without anything": total(),
    "aggregate of zero rows": lambda t: t.empty.select(
        COUNT,
        pl.lit(None, pl.Float64).alias("sum_x"),
        C("name").min().alias("min_name"),
        C("x").mean().alias("mean_x"),
        counted("id"),
    ),
    "aggregate of zero rows by a key": lambda t: groups(t.empty, ["name"]),
    "count distinct": lambda t: one(
        plain(t.people), distinct("name"), distinct("age"), distinct("team")
    ),
    "count distinct by a key": lambda t: groups(t.people, ["team"], distinct("age")),
    "sum of booleans is not asked, count is": lambda t: one(
        t.people, counted("member"), distinct("member")
    ),
}

KEYS: dict[str, Callable[[Any], Any]] = {
    "by text, null is a group": lambda t: groups(t.events, ["kind"]),
    "by text with measures": lambda t: groups(
        t.events,
        ["kind"],
        *(COUNT, counted("x"), total_of("n"), X.mean().alias("mean_x")),
        *(T.min().alias("min_t"), N.max().alias("max_n")),
    ),
    "aliases": lambda t: groups(
        t.events, [C("kind").alias("k")], COUNT.alias("rows"), N.max().alias("top")
    ),
    "a quoted alias": lambda t: groups(t.events, ["kind"], N.sum().alias("the sum, of n")),
    "blanks between": lambda t: groups(t.events, ["kind"], COUNT, total_of("n")),
    "by two": lambda t: groups(t.people, ["member", "age"]),
    "by boolean": lambda t: groups(t.people, ["member"], COUNT, total_of("age")),
    "by a dictionary": lambda t: groups(
        t.people, [C("team")], COUNT, C("name").max().alias("max_name")
    ),
    "by a date": lambda t: groups(t.people, ["joined"])[:3],
    "by floats, NaN and the zeros are one group each": lambda t: groups(t.people, ["height"]),
    "by a computed column": lambda t: groups(t.people, [(AGE >= 18).alias("adult")]),
    "by with a filter": lambda t: groups(
        t.people.filter(AGE.is_not_null()), ["team"], total_of("age")
    ),
    "keys alone are counted": lambda t: groups(t.parts, ["colour"]),
    "order by a measure": lambda t: groups(t.events, ["kind"], total_of("n")).sort(
        "sum_n", descending=True, nulls_last=True, maintain_order=True
    ),
    "order by a key, descending, nulls last": lambda t: groups(t.events, ["kind"]).sort(
        "kind", descending=True, nulls_last=True
    ),
    "order with ties by the keys": lambda t: groups(t.people, ["age"]).sort(
        "count", descending=True, maintain_order=True
    ),
    "offset and limit of groups": lambda t: groups(t.people, ["age"])[2:5],
    "limit 0 of groups": lambda t: groups(t.people, ["age"])[:0],
    "offset past the groups": lambda t: groups(t.people, ["age"])[:0],
    "offset of one row": lambda t: t.people.select(COUNT)[:0],
    "by awkward names": lambda t: groups(
        t.names,
        ["A", "a", 'quote"name'],
        *(C("comma,name").sum().alias("sum_comma,name"), C("_row").max().alias("max__row")),
    )[:2],
    "by the row number": lambda t: groups(
        t.people.with_columns(ROW.alias("number")),
        [(C("number") // 6 * 6).alias("_row")],
        *(C("id").min().alias("min_id"), C("number").max().alias("max__row")),
    ),
    "groups over several files": lambda t: groups(
        t.parts.with_columns(ROW.alias("number")),
        ["colour"],
        *(C("number").min().alias("min__row"), X.max().alias("max_x")),
    ),
}

MEASURES: dict[str, Callable[[Any], Any]] = {
    "sum of integers is int64": lambda t: one(t.people, total_of("age"), total_of("id")),
    "sum of decimals": lambda t: one(
        t.extremes[:3], C("money").sum().cast(pl.Decimal(38, 2)).alias("sum_money")
    ),
    "sum of nulls is null": lambda t: one(
        t.people.filter(AGE.is_null()),
        *(
            total_of("age"),
            counted("age"),
            AGE.min().alias("min_age"),
            AGE.mean().alias("mean_age"),
        ),
        *(AGE.std().alias("stddev_age"), AGE.median().alias("median_age"), COUNT),
    ),
    "sum of int8 does not wrap": lambda t: one(
        t.extremes,
        *(total_of("small"), C("small").min().alias("min_small")),
        C("small").max().alias("max_small"),
    ),
    "min and max of everything": lambda t: one(t.people, *PEOPLE_BOUNDS),
    "max, sum and mean with NaN are NaN, min is not": lambda t: one(
        t.people.filter(HEIGHT > 1),
        *(pl.lit(float("nan")).alias(f"{f}_height") for f in ("max", "sum", "mean")),
        HEIGHT.filter(HEIGHT.is_not_nan()).min().alias("min_height"),
    ),
    "min and max of extremes": lambda t: one(
        t.extremes,
        *(C("big").min().alias("min_big"), C("big").max().alias("max_big")),
        C("unsigned").max().alias("max_unsigned"),
        *(C("money").min().alias("min_money"), C("money").max().alias("max_money")),
    ),
    "mean": lambda t: one(t.people, AGE.mean().alias("mean_age"), C("id").mean().alias("mean_id")),
    "mean of large integers": lambda t: one(
        t.extremes[:1], pl.lit(9007199254740992.5).alias("mean_big")
    ),
    "stddev and variance of the sample": lambda t: one(
        t.people, AGE.std(ddof=1).alias("stddev_age"), AGE.var(ddof=1).alias("variance_age")
    ),
    "stddev of one is null": lambda t: one(
        t.people[:1], AGE.std(ddof=1).alias("stddev_age"), AGE.var(ddof=1).alias("variance_age")
    ),
    "median and quantiles interpolate": lambda t: one(
        t.people,
        AGE.median().alias("median_age"),
        *(quantile("age", 0.25, "q1"), quantile("age", 0.9, "q9")),
        *(quantile("age", 0, "low"), quantile("age", 1, "high")),
    ),
    "arg_min and arg_max": lambda t: one(
        t.people.filter(AGE > 0), at("name", "age", "arg_min"), at("name", "age", "arg_max")
    ),
    "arg_max at ties is the first row": lambda t: one(
        t.people.filter(AGE == 31), at("id", "age", "arg_max"), at("id", "age", "arg_min")
    ),
    "arg_max of a null": lambda t: one(
        t.people.filter(C("id") <= 3), at("age", "id", "arg_max"), at("id", "age", "arg_min")
    ),
    "arg_max by a key": lambda t: groups(
        t.events, ["kind"], at("t", "n", "arg_max"), at("n", "x", "arg_min")
    ),
    "a measure of a computed column": lambda t: groups(
        t.people, ["team"], (AGE / 2).max().alias("max_half")
    ),
}

BINS: dict[str, Callable[[Any], Any]] = {
    "bin of integers stays integer": lambda t: groups(
        t.people, [(AGE // 10 * 10).cast(pl.Int64).alias("age")]
    ),
    "bin of negative integers": lambda t: groups(
        t.events, [(N // 50 * 50).alias("b")], COUNT, N.min().alias("min_n")
    ),
    "bin of floats": lambda t: groups(t.events, [((X / 0.5).floor() * 0.5).alias("x")]),
    "bin of floats with NaN and infinities": lambda t: groups(t.people, [HEIGHT.floor()]),
    "time_bin by the minute": lambda t: groups(t.events, [binned(MINUTE)]),
    "time_bin by 15 minutes": lambda t: groups(t.events, [binned(15 * MINUTE)]),
    "time_bin by hours": lambda t: groups(t.events, [binned(360 * MINUTE)]),
    "time_bin by the day": lambda t: groups(t.events, [binned(1440 * MINUTE, "t", "d")]),
    "time_bin by the week, from Monday": lambda t: groups(t.events, [calendar(monday, "t", "w")]),
    "time_bin of a date by the week": lambda t: groups(t.events, [calendar(monday, "day", "w")]),
    "time_bin by the month": lambda t: groups(t.events, [calendar(month, "t", "m")]),
    "time_bin by the quarter": lambda t: groups(t.events, [calendar(quarter, "t", "q")]),
    "time_bin by the year": lambda t: groups(t.events, [calendar(year, "t", "t")]),
    "time_bin of a date": lambda t: groups(t.events, [calendar(month, "day", "day")]),
    "time_bin with a zone is in UTC": lambda t: groups(
        t.events,
        [binned(1440 * MINUTE, "zoned").dt.replace_time_zone("UTC").dt.convert_time_zone(TOKYO)],
    ),
}
TOKYO = "Asia/Tokyo"

EXPECTED = COUNTS | KEYS | MEASURES | BINS
