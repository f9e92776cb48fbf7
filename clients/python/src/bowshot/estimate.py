"""What a uniform sample says of all rows, with an error bar.

Simple random sampling without replacement; W. G. Cochran, Sampling Techniques, 3rd ed. (1977),
sections 2.4 to 2.6 (means and totals with the finite population correction), 2.12 and 2.13 (totals
and means of groups), 3.2 (counts). n rows of N were drawn, f = n / N, z is the normal quantile:

    count of a group with k rows     N k/n        z N sqrt((1-f) k/n (1-k/n) / (n-1))
    sum over a group                 N S/n        z N sqrt((1-f) s'^2 / n), s'^2 with 0 elsewhere
    mean in a group of k values      S/k          z sqrt((1-f) s^2 / k)

The normal approximation wants some tens of sampled rows a group. A group that the sample missed is
not in the answer at all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from bowshot.query import Expressions

if TYPE_CHECKING:
    import pyarrow as pa

DEFAULT_CONFIDENCE = 0.95
WEIGHT = "_weight"
_MEASURE = re.compile(r"\s*(count|sum|mean)\s*\(\s*(.*?)\s*\)\s*", re.IGNORECASE | re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"]|"")+)"')
_ALIAS = re.compile(r'\s*([A-Za-z_]\w*|"(?:[^"]|"")+")\s*:(.*)', re.DOTALL)


@dataclass(frozen=True)
class Measure:
    alias: str
    function: str  # count, sum, mean
    column: str | None  # None: count()


def read_measures(measures: Expressions) -> list[Measure]:
    """`{alias: "mean(x)"}` or `["average:mean(x)", "count()"]`."""
    if isinstance(measures, Mapping):
        return [_measure(alias, text) for alias, text in measures.items()]
    items = [measures] if isinstance(measures, str) else measures
    return [_measure(*_split_alias(item)) for item in items]


def _split_alias(item: str) -> tuple[str | None, str]:
    match = _ALIAS.fullmatch(item)
    return (_unquoted(match[1]), match[2]) if match else (None, item)


def _measure(alias: str | None, text: str) -> Measure:
    match = _MEASURE.fullmatch(text)
    if not match or (match[1].lower() != "count" and not match[2]):
        raise ValueError(
            f"{text!r} cannot be estimated from a sample: count(), count(x), sum(x), mean(x) can"
        )
    function, column = match[1].lower(), _unquoted(match[2]) if match[2] else None
    return Measure(alias or (f"{function}_{column}" if column else function), function, column)


def _unquoted(name: str) -> str:
    quoted = _QUOTED.fullmatch(name)
    return quoted[1].replace('""', '"') if quoted else name


def estimate(
    sample: pa.Table,
    population: int | None,
    keys: list[str],
    measures: list[Measure],
    confidence: float,
) -> pa.Table:
    """A row a group: the keys, then each measure and its error, float64; ordered by the keys."""
    import pyarrow as pa

    if population is None:
        raise ValueError("the server did not say what population the sample was drawn from")
    if WEIGHT in sample.column_names:
        raise ValueError("estimates are of uniform samples, this one is stratified")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is between 0 and 1, not {confidence}")
    names = {m.column for m in measures if m.column is not None}
    for name in [*keys, *names]:
        if name not in sample.column_names:
            raise ValueError(f"the sample has no column {name!r}: select it, or compute it before")
    groups = _groups(sample, keys, measures)
    drawn = _Drawn(sample.num_rows, population, NormalDist().inv_cdf((1 + confidence) / 2))
    columns: dict[str, Any] = {name: groups.column(name) for name in keys}
    rows = groups.drop_columns(keys).to_pylist() if keys else groups.to_pylist()
    for measure in measures:
        pairs = [_estimate(measure, row, drawn) for row in rows]
        columns[measure.alias] = pa.array([value for value, _ in pairs], pa.float64())
        columns[f"{measure.alias}_error"] = pa.array([error for _, error in pairs], pa.float64())
    return pa.table(columns)


def _groups(sample: pa.Table, keys: list[str], measures: list[Measure]) -> pa.Table:
    """Per group: its rows (`rows`), and per measured column values, sum and variance."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = sample.select(keys)
    wanted: list[tuple[Any, ...]] = [([], "count_all")]
    names = ["rows"]
    for name in sorted({m.column for m in measures if m.column is not None}):
        column = sample.column(name)
        internal = f"\0{name}"  # beside a key of the same name
        is_counted_only = all(m.function == "count" for m in measures if m.column == name)
        if not is_counted_only:
            column = pc.cast(column, pa.float64())
        table = table.append_column(internal, column)
        wanted.append((internal, "count"))
        names.append(f"values\0{name}")
        if not is_counted_only:
            wanted += [(internal, "sum"), (internal, "variance", pc.VarianceOptions(ddof=1))]
            names += [f"sum\0{name}", f"variance\0{name}"]
    if not keys:  # one group, whatever the sample holds
        table = table.append_column("\0all", pa.array([True] * sample.num_rows, pa.bool_()))
    groups = table.group_by(keys or ["\0all"]).aggregate(wanted)
    groups = groups.rename_columns([*(keys or ["\0all"]), *names])
    if keys:
        return groups.sort_by([(key, "ascending") for key in keys])
    if groups.num_rows == 0:
        nothing = {name: [0 if name.startswith(("rows", "values")) else None] for name in names}
        return pa.table(nothing)
    return groups.drop_columns(["\0all"])


@dataclass(frozen=True)
class _Drawn:
    rows: int
    population: int
    z: float

    @property
    def correction(self) -> float:
        return 1 - self.rows / self.population if self.population else 0.0


def _estimate(
    measure: Measure, group: Mapping[str, Any], drawn: _Drawn
) -> tuple[float | None, float | None]:
    """The value and half the width of its interval; None where the sample cannot tell."""
    n, total = drawn.rows, drawn.population
    if measure.function == "count":
        k = group["rows"] if measure.column is None else group[f"values\0{measure.column}"]
        if n == 0:
            return (0.0, 0.0) if total == 0 else (None, None)
        share = k / n
        variance = None if n < 2 else share * (1 - share) / (n - 1)
        return total * share, _error(drawn, total, variance)
    k = group[f"values\0{measure.column}"]
    if k == 0:
        return None, None
    values_sum, values_variance = (
        group[f"sum\0{measure.column}"],
        group[f"variance\0{measure.column}"],
    )
    if measure.function == "mean":
        variance = None if k < 2 else values_variance / k
        return values_sum / k, _error(drawn, 1, variance)
    if n < 2:
        return total * values_sum / n, _error(drawn, total, None)
    squares = (values_variance or 0.0) * (k - 1) + values_sum**2 / k
    variance = max(0.0, squares - values_sum**2 / n) / (n - 1) / n
    return total * values_sum / n, _error(drawn, total, variance)


def _error(drawn: _Drawn, scale: float, variance: float | None) -> float | None:
    if drawn.correction == 0:
        return 0.0  # every row was drawn
    if variance is None:
        return None
    return drawn.z * scale * math.sqrt(drawn.correction * variance)
