"""The rows that a grid looks at: pages that come and go, of any number of rows."""

from __future__ import annotations

import tkinter as tk
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bowshot.client import Dataset
from bowshot.stop import Stop
from bowshot.tk.cell_text import cell_text, values_of
from bowshot.tk.worker import Worker

if TYPE_CHECKING:
    import pyarrow as pa

PAGE_ROWS = 200
PAGES_KEPT = 64


class Page:
    """Some neighbouring rows. Columns become Python values, and values texts, when they are seen:
    of a wide table most never are."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._columns: dict[int, list[Any]] = {}
        self._texts: dict[tuple[int, int], str] = {}
        self.rows: int = table.num_rows

    def value(self, row: int, column: int) -> Any:
        if column not in self._columns:
            self._columns[column] = values_of(self._table.column(column))
        return self._columns[column][row]

    def text(self, row: int, column: int) -> str | None:
        """None for a null."""
        value = self.value(row, column)
        if value is None:
            return None
        key = (row, column)
        if key not in self._texts:
            self._texts[key] = cell_text(value)
        return self._texts[key]


class Row:
    """A row of a page."""

    __slots__ = ("_index", "_page")

    def __init__(self, page: Page, index: int) -> None:
        self._page = page
        self._index = index

    def value(self, column: int) -> Any:
        return self._page.value(self._index, column)

    def text(self, column: int) -> str | None:
        return self._page.text(self._index, column)


Found = tuple["pa.Schema", dict[int, Page], "int | None", "str | None"]


class RowWindow:
    """Rows of a query by number. What is not there is asked for, the latest wish first; pages are
    kept, the oldest go. All are of one version: with a row of a newer one, the others go.
    Everything is Tk's thread's.

    `on_change()` is called when rows, the schema or the count have come, `on_error(error)` when the
    server refused.
    """

    def __init__(
        self,
        widget: tk.Misc,
        on_change: Callable[[], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._worker = Worker(widget)
        self._counter = Worker(widget)  # a long count must not keep the rows waiting
        self._on_change = on_change
        self._on_error = on_error
        self._query: Dataset | None = None
        self._pages: OrderedDict[int, Page] = OrderedDict()
        self._former: OrderedDict[int, Page] = OrderedDict()  # shown until the new ones are there
        self._asked: tuple[int, ...] = ()
        self._version: str | None = None
        self.schema: pa.Schema | None = None
        self.rows: int | None = None  # None: not known yet
        self.requests = 0

    @property
    def query(self) -> Dataset | None:
        return self._query

    def open(self, query: Dataset | None, *, rows: int | None = None) -> None:
        """Other rows: what is there of the former ones goes. `rows`, where the number is known to
        be the same."""
        self._former.clear()
        self._query = query
        self.rows = rows
        if query is None:
            self.schema = None
        self._ask_anew()

    def refresh(self) -> None:
        """The same rows once more, for instance after an error or of a newer version. Those that
        are there are shown until the new ones have come."""
        self._former = self._pages.copy() or self._former
        self._ask_anew()

    def is_loading(self) -> bool:
        return self._worker.is_busy() or self._counter.is_busy()

    def row(self, number: int) -> Row | None:
        """None: not here yet, see show()."""
        first = number // PAGE_ROWS
        page = self._pages.get(first) or self._former.get(first)
        index = number - first * PAGE_ROWS
        return Row(page, index) if page and index < page.rows else None

    def show(self, first: int, count: int) -> None:
        """These rows are looked at: those that are missing are asked for, nothing else is."""
        if self._query is None:
            return
        wanted = range(first // PAGE_ROWS, (first + max(1, count) - 1) // PAGE_ROWS + 1)
        for number in wanted:
            if number in self._pages:
                self._pages.move_to_end(number)
        missing = tuple(number for number in wanted if number not in self._pages)
        if missing and not set(missing) <= set(self._asked):
            self._asked = missing
            self._ask(missing)

    def _ask_anew(self) -> None:
        self._worker.cancel("rows")
        self._counter.cancel("count")
        self._pages.clear()
        self._asked = ()
        self._version = None
        self._count()

    def _count(self) -> None:
        query = self._query
        if query is not None:
            self._counter.ask(
                "count",
                lambda stop: int(query.count().item(stop=stop)),
                self._take_count,
                self._on_error,
            )

    def _ask(self, numbers: tuple[int, ...]) -> None:
        """Neighbouring pages are one request."""
        query = self._query
        assert query is not None
        first, last = numbers[0], numbers[-1]
        result = query.rows(offset=first * PAGE_ROWS, limit=(last - first + 1) * PAGE_ROWS)
        self.requests += 1

        def work(stop: Stop) -> Found:
            table = result.to_arrow(stop=stop)
            pages = {
                number: Page(table.slice((number - first) * PAGE_ROWS, PAGE_ROWS))
                for number in range(first, last + 1)
            }
            return table.schema, pages, result.facts.total_rows, result.facts.version

        self._worker.ask("rows", work, self._take_rows, self._fail)

    def _take_rows(self, found: Found) -> None:
        self.schema, pages, total, version = found
        self._asked = ()
        if self._version is not None and version != self._version:
            self._pages.clear()
            self._former.clear()
            self._count()
        self._version = version
        if total is not None:
            self.rows = total
        self._pages.update(pages)
        for number in pages:
            self._former.pop(number, None)
        while len(self._pages) > PAGES_KEPT:
            self._pages.popitem(last=False)
        self._on_change()

    def _take_count(self, rows: int) -> None:
        self.rows = rows
        self._on_change()

    def _fail(self, error: Exception) -> None:
        self._asked = ()
        self._on_error(error)
