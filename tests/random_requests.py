"""Random requests, each written three times: for the server (CQL2), for DuckDB and for Polars."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

C = pl.col
# The row number's name in both oracles; no table has a column of that name.
ROW = "#row"
GROUPS_MAX = 500


@dataclass(frozen=True)
class Term:
    """One expression in the three languages. Every `sql` is closed by its own parentheses."""

    cql: str
    sql: str
    polars: pl.Expr


@dataclass(frozen=True)
class Table:
    """What may be asked of a dataset, by kind of column; `texts` has values to compare with."""

    name: str
    numbers: dict[str, Sequence[float]]  # integer columns of at most 32 bits worth of values
    floats: dict[str, Sequence[float]] = field(default_factory=dict)
    texts: dict[str, Sequence[str]] = field(default_factory=dict)
    times: dict[str, Sequence[str]] = field(default_factory=dict)
    booleans: Sequence[str] = ()
    keys: Sequence[str] = ()  # columns to group by
    others: Sequence[str] = ()  # columns that are only selected

    @property
    def columns(self) -> list[str]:
        return [*self.numbers, *self.floats, *self.texts, *self.times, *self.booleans, *self.others]

    @property
    def ordered(self) -> list[str]:
        return [*self.numbers, *self.floats, *self.texts, *self.times, *self.booleans]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def sql_name(name: str) -> str:
    """The column's name in DuckDB, where `A` and `a` would be one."""
    return f"{name} {sum(map(ord, name))}"


def in_sql(name: str) -> str:
    return quoted(sql_name(name))


def column(name: str) -> Term:
    if name == "_row":
        return Term("_row", in_sql(ROW), C(ROW))
    return Term(quoted(name), in_sql(name), C(name))


def text(value: str) -> Term:
    spelt = "'" + value.replace("'", "''") + "'"
    return Term(spelt, spelt, pl.lit(value))


def number(value: float) -> Term:
    spelt = repr(value)
    return Term(spelt, f"({spelt})", pl.lit(value))


def time(value: str) -> Term:
    moment = pl.lit(value).str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us")
    return Term(f"TIMESTAMP('{value}')", f"TIMESTAMP '{value}'", moment)


COMPARISONS: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def truncated(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Integer division toward zero; null by zero."""
    a, b = a.cast(pl.Int64), b.cast(pl.Int64)
    divisor = pl.when(b == 0).then(None).otherwise(b)
    return a.sign() * divisor.sign() * (a.abs() // divisor.abs())


def remainder(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    return a.cast(pl.Int64) - truncated(a, b) * b.cast(pl.Int64)


def divided(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    divisor = pl.when(b == 0).then(None).otherwise(b)
    return a.cast(pl.Float64) / divisor.cast(pl.Float64)


class Generator:
    """Terms and requests over one table. The same seed gives the same requests."""

    def __init__(self, table: Table, source: random.Random) -> None:
        self.table = table
        self.source = source

    def integer(self, depth: int) -> Term:
        """An integer expression whose values stay far from the bounds of int64."""
        pick = self.source.randrange(6) if depth else self.source.randrange(2)
        if pick == 0:
            return number(self.source.randrange(-50, 200))
        if pick <= 2:
            return column(self.source.choice([*self.table.numbers, "_row"]))
        a, b = self.integer(depth - 1), self.integer(0)
        wide = a.polars.cast(pl.Int64)
        if pick == 3:
            operator = self.source.choice("+-")
            sign = 1 if operator == "+" else -1
            sql = f"({a.sql}::BIGINT {operator} {b.sql}::BIGINT)"
            value = wide + sign * b.polars.cast(pl.Int64)
            return Term(f"({a.cql} {operator} {b.cql})", sql, value)
        if pick == 4:
            sql = f"({a.sql}::BIGINT // nullif({b.sql}::BIGINT, 0))"
            return Term(f"({a.cql} div {b.cql})", sql, truncated(a.polars, b.polars))
        sql = f"({a.sql}::BIGINT % nullif({b.sql}::BIGINT, 0))"
        return Term(f"({a.cql} % {b.cql})", sql, remainder(a.polars, b.polars))

    def comparison(self) -> Term:
        kind = self.source.choice(self._kinds())
        if kind == "integer":
            return self._compare(self.integer(2), self.integer(1))
        if kind == "division":
            a, b = self.integer(1), self.integer(0)
            sql = f"({a.sql}::DOUBLE / nullif({b.sql}::DOUBLE, 0))"
            share = Term(f"({a.cql} / {b.cql})", sql, divided(a.polars, b.polars))
            return self._compare(share, number(self.source.randrange(-20, 20) / 4))
        if kind == "between":
            name = self.source.choice([*self.table.numbers])
            low, high = sorted(self.source.choices(self.table.numbers[name], k=2))
            c = column(name)
            words = f"BETWEEN {low} AND {high}"
            return Term(f"{c.cql} {words}", f"({c.sql} {words})", c.polars.is_between(low, high))
        if kind == "in":
            name = self.source.choice([*self.table.numbers])
            values = self.source.choices(self.table.numbers[name], k=3)
            c = column(name)
            words = f"IN ({', '.join(map(str, values))})"
            return Term(f"{c.cql} {words}", f"({c.sql} {words})", c.polars.is_in(values))
        if kind == "float":
            name = self.source.choice([*self.table.floats])
            return self._compare(
                column(name), number(float(self.source.choice(self.table.floats[name])))
            )
        if kind == "time":
            name = self.source.choice([*self.table.times])
            return self._compare(column(name), time(self.source.choice(self.table.times[name])))
        if kind == "boolean":
            return column(self.source.choice(self.table.booleans))
        if kind == "null":
            c = column(self.source.choice(self.table.columns))
            return Term(f"{c.cql} IS NULL", f"({c.sql} IS NULL)", c.polars.is_null())
        return self._text()

    def _kinds(self) -> list[str]:
        kinds = ["integer", "division", "between", "in", "null"]
        kinds += ["float"] * bool(self.table.floats) + ["time"] * bool(self.table.times)
        kinds += ["boolean"] * bool(self.table.booleans) + ["text"] * bool(self.table.texts)
        return kinds

    def _compare(self, a: Term, b: Term) -> Term:
        operator = self.source.choice([*COMPARISONS])
        words = f"{a.cql} {operator} {b.cql}"
        return Term(
            words, f"({a.sql} {operator} {b.sql})", COMPARISONS[operator](a.polars, b.polars)
        )

    def _text(self) -> Term:
        name = self.source.choice([*self.table.texts])
        c, value = column(name), self.source.choice(self.table.texts[name])
        plain = c.polars.cast(pl.String)
        kind = self.source.randrange(4)
        if kind == 0:
            return self._compare(Term(c.cql, c.sql, plain), text(value))
        if kind == 1:
            t = text(value.lower())
            lower = plain.str.to_lowercase()
            return Term(
                f"CASEI({c.cql}) = {t.cql}", f"(lower({c.sql}) = {t.sql})", lower == t.polars
            )
        if kind == 2:
            values = [value, self.source.choice(self.table.texts[name])]
            words = f"IN ({', '.join(text(v).cql for v in values)})"
            return Term(f"{c.cql} {words}", f"({c.sql} {words})", plain.is_in(values))
        start = value[: self.source.randrange(1, 3)]
        escaped = start.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = text(escaped + "%")
        sql = f"({c.sql} LIKE {pattern.sql} ESCAPE '\\')"
        return Term(f"{c.cql} LIKE {pattern.cql}", sql, plain.str.starts_with(start))

    def predicate(self, depth: int = 2) -> Term:
        pick = self.source.randrange(5) if depth else 0
        if pick < 2:
            return self.comparison()
        a = self.predicate(depth - 1)
        if pick == 2:
            return Term(f"NOT ({a.cql})", f"(NOT {a.sql})", ~a.polars)
        b = self.predicate(depth - 1)
        word = "AND" if pick == 3 else "OR"
        both = a.polars & b.polars if pick == 3 else a.polars | b.polars
        return Term(f"({a.cql}) {word} ({b.cql})", f"({a.sql} {word} {b.sql})", both)


@dataclass(frozen=True)
class Question:
    """One request, as parameters for the server, as SQL, and as a function on a Polars frame."""

    shape: str
    parameters: dict[str, str]
    sql: str
    polars: Callable[[pl.DataFrame], pl.DataFrame]


def rows(generator: Generator, rows_max: int) -> Question:
    source, table = generator.source, generator.table
    select = source.sample(table.columns, source.randint(1, len(table.columns)))
    parameters = {"select": ",".join(map(quoted, select))}
    where = generator.predicate() if source.random() < 0.7 else None
    if where:
        parameters["filter"] = where.cql
    order = source.sample(table.ordered, source.choice([0, 0, 1, 2]))
    descending = [source.random() < 0.5 for _ in order]
    if order:
        signs = ["-" if is_down else "" for is_down in descending]
        parameters["order"] = ",".join(s + quoted(n) for s, n in zip(signs, order, strict=True))
    offset, limit = source.choice([0, 3, 1_000, 77_777]), source.randint(0, rows_max)
    parameters |= {"offset": str(offset), "limit": str(limit)}
    directions = ["DESC" if is_down else "ASC" for is_down in descending]
    keys = [f"{in_sql(n)} {d} NULLS LAST" for n, d in zip(order, directions, strict=True)]
    sql = (
        f"SELECT {', '.join(map(in_sql, select))} FROM t"
        f"{' WHERE ' + where.sql if where else ''}"
        f" ORDER BY {', '.join([*keys, in_sql(ROW)])} LIMIT {limit} OFFSET {offset}"
    )

    def polars(frame: pl.DataFrame) -> pl.DataFrame:
        kept = frame.filter(where.polars) if where else frame
        if order:
            kept = kept.sort(order, descending=descending, nulls_last=True, maintain_order=True)
        return kept.select(select).slice(offset, limit)

    return Question("rows", parameters, sql, polars)


def count(generator: Generator) -> Question:
    where = generator.predicate(3)
    sql = f"SELECT count(*) AS count FROM t WHERE {where.sql}"
    total = pl.len().cast(pl.Int64).alias("count")
    return Question(
        "count", {"filter": where.cql}, sql, lambda f: f.filter(where.polars).select(total)
    )


MEASURES: dict[str, tuple[str, Callable[[pl.Expr], pl.Expr]]] = {
    "count": ("count({})", lambda c: c.count().cast(pl.Int64)),
    "count_distinct": ("count(DISTINCT {})", lambda c: c.drop_nulls().n_unique().cast(pl.Int64)),
    "sum": ("sum({})", lambda c: pl.when(c.count() > 0).then(c.cast(pl.Int64).sum())),
    "mean": ("avg({})", lambda c: c.mean()),
    "min": ("min({})", lambda c: c.min()),
    "max": ("max({})", lambda c: c.max()),
    "stddev": ("stddev_samp({})", lambda c: c.std(ddof=1)),
    "variance": ("var_samp({})", lambda c: c.var(ddof=1)),
    "median": ("quantile_cont({}, 0.5)", lambda c: c.median()),
}


def aggregate(generator: Generator) -> Question:
    source, table = generator.source, generator.table
    keys = source.sample(list(table.keys), source.randint(0, min(2, len(table.keys))))
    chosen = [(source.choice([*MEASURES]), source.choice([*table.numbers])) for _ in range(3)]
    chosen = list(dict.fromkeys(chosen))
    where = generator.predicate(1) if source.random() < 0.5 else None
    names = [f"m{i}" for i in range(len(chosen))]
    asked = [f"{n}:{f}({quoted(c)})" for n, (f, c) in zip(names, chosen, strict=True)]
    parameters = {"measures": ",".join(["total:count()", *asked])}
    if keys:
        parameters["by"] = ",".join(map(quoted, keys))
    if where:
        parameters["filter"] = where.cql
    spelt = [
        f"{MEASURES[f][0].format(in_sql(c))} AS {n}"
        for n, (f, c) in zip(names, chosen, strict=True)
    ]
    fields = ", ".join([*map(in_sql, keys), "count(*) AS total", *spelt])
    sql = f"SELECT {fields} FROM t{' WHERE ' + where.sql if where else ''}"
    if keys:
        listed = ", ".join(map(in_sql, keys))
        ordered = ", ".join(f"{in_sql(k)} ASC NULLS LAST" for k in keys)
        sql += f" GROUP BY {listed} ORDER BY {ordered} LIMIT {GROUPS_MAX}"
        parameters["limit"] = str(GROUPS_MAX)

    def polars(frame: pl.DataFrame) -> pl.DataFrame:
        kept = frame.filter(where.polars) if where else frame
        made = [pl.len().cast(pl.Int64).alias("total")]
        for name, (function, of) in zip(names, chosen, strict=True):
            made.append(MEASURES[function][1](C(of)).alias(name))
        if not keys:
            return kept.select(made)
        grouped = kept.group_by(keys, maintain_order=True).agg(made)
        return grouped.sort(keys, nulls_last=True)[:GROUPS_MAX]

    return Question("aggregate", parameters, sql, polars)


def question(generator: Generator, rows_max: int) -> Question:
    pick = generator.source.randrange(5)
    if pick < 2:
        return rows(generator, rows_max)
    return count(generator) if pick == 2 else aggregate(generator)
