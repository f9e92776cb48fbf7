"""Dependencies that turn a route's query parameters into a bowshot query, or into the same on a
Polars frame.

    @app.get("/data/page")
    def page(page: Annotated[Page, Depends()]) -> TableResponse:
        return TableResponse(page.of(trades))
"""

from __future__ import annotations

from typing import Any, TypeVar, overload

from bowshot import frames
from bowshot.errors import Error, Problem, RequestError
from bowshot.query import Query

R = TypeVar("R")  # a result of a Dataset, or of an AsyncDataset
S = TypeVar("S")  # a sample
T = TypeVar("T")

ROWS_MAX = 100_000  # of a page: above it, an answer is a stream


def _check_number(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        detail = f"{name} is {value}; from {low} to {high}"
        raise _bad_parameter(name, detail)


def _bad_parameter(name: str, detail: str) -> Error:
    return RequestError(Problem("bad_parameter", detail, status=400, parameter=name))


def _check_dataset(what: str, table: object) -> None:
    if not isinstance(table, Query):
        raise _wrong_table(what, table)


def _wrong_table(what: str, table: object, besides: str = "") -> TypeError:
    kind = type(table).__name__
    return TypeError(f"a {kind} has no {what}: a Dataset, an AsyncDataset{besides} has")


class Page:
    """`offset` (or `skip`), `limit`, `order`, `filter`, `select` of a page of rows. `order` and
    `select` are names between commas, as they are: none can hold a comma.

    A wrong number raises RequestError `bad_parameter`, which `install_errors` answers.
    """

    def __init__(
        self,
        offset: int | None = None,
        skip: int | None = None,
        limit: int = 100,
        order: str = "",
        filter: str = "",
        select: str = "",
    ) -> None:
        if offset is not None and skip is not None:
            raise _bad_parameter("skip", "offset and skip are two names of one parameter")
        self.offset = offset if offset is not None else skip or 0
        self.limit = limit
        _check_number("offset", self.offset, 0, 2**62)
        _check_number("limit", limit, 0, ROWS_MAX)
        self.order = [key for key in order.split(",") if key]
        self.filter = filter
        self.select = [name for name in select.split(",") if name]

    @overload
    def of(self, table: Query[R, S]) -> R: ...

    @overload
    def of(self, table: T) -> T: ...

    def of(self, table: Any) -> Any:
        """That page of a bowshot Dataset or AsyncDataset (a Result, an AsyncResult), or of a Polars
        LazyFrame or DataFrame, which takes no `filter`: CQL2 is the server's."""
        return _rows(self, table)


def _rows(page: Page, table: Any) -> Any:
    if isinstance(table, Query):
        query = table.filter(page.filter) if page.filter else table
        query = query.order(*page.order) if page.order else query
        query = query.select(*page.select) if page.select else query
        return query.rows(offset=page.offset, limit=page.limit)
    polars = frames.imported("polars")
    if polars is None or not isinstance(table, (polars.DataFrame, polars.LazyFrame)):
        raise _wrong_table("pages", table, " or a Polars frame")
    if page.filter:
        raise _bad_parameter("filter", "this table takes no filter")
    if page.order:
        names = [key.lstrip("-+") for key in page.order]
        descending = [key.startswith("-") for key in page.order]
        table = table.sort(names, descending=descending, nulls_last=True, maintain_order=True)
    return (table.select(page.select) if page.select else table).slice(page.offset, page.limit)


class Sample:
    """`size`, `seed`, `by`, `filter` of a uniform sample."""

    def __init__(
        self, size: int = 1_000, seed: int = 0, by: str | None = None, filter: str = ""
    ) -> None:
        _check_number("size", size, 0, 10_000_000)
        _check_number("seed", seed, 0, 2**64 - 1)
        self.size, self.seed, self.by, self.filter = size, seed, by, filter

    def of(self, dataset: Query[R, S]) -> S:
        """That sample of a bowshot Dataset or AsyncDataset: the same seed gives the same rows."""
        _check_dataset("samples", dataset)
        query = dataset.filter(self.filter) if self.filter else dataset
        return query.sample(self.size, seed=self.seed, by=self.by)


class Aggregate:
    """`by`, `measures`, `filter`, `order`, `limit` of a grouped answer; expressions as the protocol
    spells them: `by=symbol&measures=count(),average:mean(price)`."""

    def __init__(
        self,
        by: str = "",
        measures: str = "count()",
        filter: str = "",
        order: str = "",
        limit: int | None = None,
    ) -> None:
        if limit is not None:
            _check_number("limit", limit, 0, 10_000_000)
        self.by, self.measures, self.filter = by, measures, filter
        self.order, self.limit = order, limit

    def of(self, dataset: Query[R, S]) -> R:
        """Those groups of a bowshot Dataset or AsyncDataset."""
        _check_dataset("groups", dataset)
        parameters: dict[str, Any] = {
            "by": self.by or None,
            "measures": self.measures,
            "filter": self.filter or None,
            "order": self.order or None,
            "limit": self.limit,
        }
        return dataset.run("aggregate", **parameters)
