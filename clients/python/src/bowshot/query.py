"""What is asked of a dataset, built step by step; shared by everything that asks.

A query is immutable: every step returns a new one. The first steps say which rows (`filter`,
`compute`), which columns (`select`), which order (`order`); the last one names a shape and returns
a result, which asks when it is read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from bowshot.request import Request
from bowshot.spelling import column_item, json_value, order_item, strings

if TYPE_CHECKING:
    from typing_extensions import Self

R = TypeVar("R")  # a result
S = TypeVar("S")  # a sample

Expressions = Mapping[str, str] | Iterable[str] | str


@dataclass(frozen=True)
class Rows:
    """Which rows and columns."""

    filters: tuple[str | Mapping[str, Any], ...] = ()
    compute: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    version: str | None = None


ALL_ROWS = Rows()


class Query(Generic[R, S]):
    """See the module. `R` is what a shape returns, `S` what `sample()` returns."""

    def __init__(self, name: str, rows: Rows) -> None:
        self._name = name
        self._rows = rows

    @property
    def name(self) -> str:
        """Of the dataset."""
        return self._name

    # Which rows.

    def filter(self, *conditions: str | Mapping[str, Any]) -> Self:
        """Rows for which all conditions are true, those of earlier calls too.

        A condition is CQL2 text, or CQL2 as JSON (a dict). Values from outside belong in
        `literal()`, names in `column()`.
        """
        for condition in conditions:
            if not isinstance(condition, (str, Mapping)):
                raise TypeError(f"a filter is a text or a dict, not a {type(condition).__name__}")
        return self._with(filters=self._rows.filters + conditions)

    def compute(self, expressions: Expressions = (), **named: str) -> Self:
        """Adds columns: `compute(speed="distance / air_time")`, a dict, or `"alias:expression"`."""
        added = tuple(_items(expressions, "compute")) + tuple(_items(named, "compute"))
        return self._with(compute=self._rows.compute + added)

    def select(self, *columns: str) -> Self:
        """The columns of rows and samples, by their names, in this order."""
        return self._with(select=tuple(map(column_item, _flat(columns, "select"))))

    def order(self, *keys: str) -> Self:
        """The order of rows, by names of columns; `-name` descends. The last call counts."""
        return self._with(order=tuple(map(order_item, _flat(keys, "order"))))

    def at(self, version: str) -> Self:
        """Only that version of the dataset; another one is a VersionChangedError."""
        return self._with(version=version)

    # Which shape.

    def rows(self, offset: int = 0, limit: int | None = None) -> R:
        """Rows in order, columns as selected. Without a limit: all of them."""
        return self._result(
            "rows",
            select=list(self._rows.select) or None,
            order=list(self._rows.order) or None,
            offset=offset or None,
            limit=limit,
        )

    def count(self) -> R:
        """One row, one column, `count`: how many rows; `.item()` is the number."""
        return self._result("count")

    def aggregate(
        self,
        by: Expressions = (),
        measures: Expressions = ("count()",),
        *,
        order: Iterable[str] | str = (),
        offset: int = 0,
        limit: int | None = None,
    ) -> R:
        """A row a group. `by` and `measures` are `{alias: expression}` or `[alias:]expression`:
        `aggregate(by=["symbol"], measures={"average": "mean(price)"})`; expressions spell names
        themselves. `order`, `offset`, `limit` are of the result."""
        return self._result(
            "aggregate",
            by=_items(by, "by") or None,
            measures=_items(measures, "measures"),
            order=[order_item(key) for key in strings(order, "order")] or None,
            offset=offset or None,
            limit=limit,
        )

    def profile(self, *columns: str) -> R:
        """A row a column: nulls, distinct values, bounds, quartiles, most frequent, histogram."""
        named = [column_item(name) for name in _flat(columns, "profile")]
        return self._result("profile", columns=named or list(self._rows.select) or None)

    def values(self, column: str, *, prefix: str | None = None, limit: int | None = None) -> R:
        """Distinct values, `value` and `count`, the most frequent first."""
        return self._result("values", column=column_item(column), prefix=prefix, limit=limit)

    def histogram(
        self, column: str, bins: int | None = None, *, min: Any = None, max: Any = None
    ) -> R:
        """Equal bins, `bin_start bin_end count`; bounds are numbers or times."""
        return self._result(
            "histogram",
            column=column_item(column),
            bins=bins,
            min=json_value(min),
            max=json_value(max),
        )

    def sample(self, size: int, *, seed: int = 0, by: str | None = None) -> S:
        """A uniform sample without replacement, in an order of its own; `by` a column:
        equal shares a group, with `_weight`. The same seed gives the same rows."""
        return self._sample(
            self._request(
                "sample",
                select=list(self._rows.select) or None,
                size=size,
                seed=json_value(seed),
                by=column_item(by) if by is not None else None,
            )
        )

    def run(self, shape: str, **parameters: Any) -> R:
        """A shape by its name, with parameters exactly as the protocol has them; how it is
        carried is not among them."""
        raise NotImplementedError

    # What these are made of.

    def _request(self, shape: str, **parameters: Any) -> Request:
        common: dict[str, Any] = {
            **_filter_parameters(self._rows.filters),
            "compute": list(self._rows.compute) or None,
            "version": self._rows.version,
        }
        return Request(self._name, shape).with_parameters(**common, **parameters)

    def _with(self, **changes: Any) -> Self:
        return self._derived(dataclasses.replace(self._rows, **changes))

    def _derived(self, rows: Rows) -> Self:
        raise NotImplementedError

    def _result(self, shape: str, **parameters: Any) -> R:
        raise NotImplementedError

    def _sample(self, request: Request) -> S:
        raise NotImplementedError


def _flat(names: Iterable[Any], what: str) -> list[str]:
    """`select("a", "b")` and `select(["a", "b"])` are one."""
    flat: list[str] = []
    for name in names:
        flat += strings(name, what)
    return flat


def _items(expressions: Expressions, what: str) -> list[str]:
    if isinstance(expressions, Mapping):
        return [f"{column_item(alias)}:{text}" for alias, text in expressions.items()]
    return strings(expressions, what)


def _filter_parameters(filters: tuple[str | Mapping[str, Any], ...]) -> dict[str, Any]:
    """One filter that is true where all are."""
    if not filters:
        return {}
    if all(isinstance(condition, str) for condition in filters):
        if len(filters) == 1:
            return {"filter": filters[0]}
        return {"filter": " AND ".join(f"({condition})" for condition in filters)}
    if any(isinstance(condition, str) for condition in filters):
        raise ValueError("filters of one query are all texts or all dicts")
    together = filters[0] if len(filters) == 1 else {"op": "and", "args": list(filters)}
    return {"filter": together, "filter-lang": "cql2-json"}
