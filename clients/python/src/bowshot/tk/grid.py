"""A table of any number of rows: `DataGrid`."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Mapping
from tkinter import ttk

from bowshot.client import Dataset
from bowshot.errors import OverloadedError
from bowshot.spelling import column as spell_column
from bowshot.spelling import descending
from bowshot.tk.cell_text import values_of
from bowshot.tk.grid_canvas import GridCanvas
from bowshot.tk.grid_toolbar import Banner, GridToolbar, error_text
from bowshot.tk.row_window import RowWindow
from bowshot.tk.scrollbar import Scrollbar
from bowshot.tk.selection import CELLS_COPIED_MAX, to_tsv
from bowshot.tk.timer import Timer
from bowshot.tk.worker import Worker

RETRY_SECONDS = 1.0  # where the server does not say when


class DataGrid(ttk.Frame):
    """The rows of a query, of which only those that are seen are asked for: 10^9 are as quick as
    100. Sorts by a click on a header (Shift adds a key), filters by the entry above, goes to any
    row, copies what is selected; columns are resized at their borders. A filter that the server
    refuses is shown with the server's words, and the rows stay.

    grid = DataGrid(root)
    grid.open(client["flights"])

    Virtual events: <<Opened>>, <<OrderChanged>>, <<FilterChanged>>, <<Loaded>>, <<Copied>>.
    """

    def __init__(self, parent: tk.Misc, *, toolbar_parent: tk.Misc | None = None) -> None:
        """The toolbar is the grid's, or stands in another place, where the caller puts it."""
        super().__init__(parent, style="Surface.TFrame")
        self._base: Dataset | None = None
        self._filter = ""
        self._row_wanted: int | None = None
        self._retry = Timer(self, self.refresh)
        self._asker = Worker(self)  # of filters and copies: rows must not wait for them
        self.window = RowWindow(self, self._changed, self._failed)
        self.toolbar = GridToolbar(toolbar_parent or self, self.set_filter, self._go_to_text)
        self.banner = Banner(self, self.refresh)
        self.canvas = GridCanvas(self, self.window, self._place_bars, self._sort_by)
        self.bar = Scrollbar(self, "vertical", self.canvas.scroll_to)
        self.side_bar = Scrollbar(self, "horizontal", self.canvas.scroll_sideways)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(2, weight=1)
        if toolbar_parent is None:
            self.toolbar.grid(row=0, column=0, columnspan=2, sticky="ew")
        self.canvas.grid(row=2, column=0, sticky="nsew")
        self.bar.grid(row=2, column=1, sticky="ns")
        self.side_bar.grid(row=3, column=0, sticky="ew")
        self.canvas.bind("<Control-c>", lambda _event: self.copy())
        self.canvas.bind("<Control-g>", lambda _event: self.toolbar.focus_row())
        self.canvas.bind("<Control-f>", lambda _event: self.toolbar.focus_filter())
        self.canvas.bind("<F5>", lambda _event: self.refresh())
        self.canvas.bind("<Configure>", lambda _event: self._place_bars(), add="+")

    # What is shown.

    def open(
        self,
        dataset: Dataset | None,
        *,
        filter: str = "",
        order: Mapping[str, bool] | None = None,
    ) -> None:
        """Another dataset, or some of its rows; a filter of its own stays beside the user's.
        `filter` and `order` (columns; True descends) are what the user may change."""
        self._base = dataset
        self._filter = filter.strip()
        self._row_wanted = None
        self._asker.cancel("filter")
        self.toolbar.set_filter(self._filter)
        self.toolbar.show_error(None)
        self.canvas.order = dict(order or {})
        self.canvas.selection = None
        self.canvas.columns.forget()
        self.canvas.top = self.canvas.left = 0
        self.window.open(None)  # another schema comes
        self._show()
        self.event_generate("<<Opened>>")

    @property
    def dataset(self) -> Dataset | None:
        return self._base

    @property
    def filtered(self) -> Dataset | None:
        """The dataset with the user's filter, in no order."""
        if self._base is None:
            return None
        return self._base.filter(self._filter) if self._filter else self._base

    @property
    def query(self) -> Dataset | None:
        """What is shown: the dataset with the user's filter and order."""
        query = self.filtered
        keys = [
            descending(name) if is_descending else spell_column(name)
            for name, is_descending in self.canvas.order.items()
        ]
        return query.order(*keys) if query is not None and keys else query

    @property
    def filter_text(self) -> str:
        return self._filter

    def refresh(self) -> None:
        """The newest rows; filter, order, place, selection and widths stay."""
        self._retry.cancel()
        self.banner.hide()
        self.window.refresh()
        self.canvas.redraw()

    def go_to(self, row: int) -> None:
        """Shows and selects a row, counted from 0; the last one, if there are fewer."""
        if self.window.rows is None:
            self._row_wanted = row  # until it is known how many there are
        else:
            self.canvas.go_to(row)

    def set_filter(self, text: str) -> None:
        """As if the user had entered it: what the server refuses is told, and changes nothing."""
        text = text.strip()
        self.toolbar.set_filter(text)
        self._asker.cancel("filter")
        if self._base is None or text == self._filter:
            self.toolbar.show_error(None)
            return
        query = self._base.filter(text) if text else self._base
        self._asker.ask(
            "filter",
            lambda stop: query.rows(limit=0).to_arrow(stop=stop),
            lambda _table: self._accept_filter(text),
            self.toolbar.show_error,
        )

    def sort_by(self, order: Mapping[str, bool]) -> None:
        """By these columns; True descends."""
        self.canvas.order = dict(order)
        self._show(rows=self.window.rows)
        self.event_generate("<<OrderChanged>>")

    def copy(self) -> str:
        """What is selected, to the clipboard: as text of tabs and lines."""
        selection, query, schema = self.canvas.selection, self.query, self.window.schema
        if selection is None or query is None or schema is None:
            return "break"
        if selection.cells > CELLS_COPIED_MAX:
            self.banner.show(
                f"{selection.cells:,} cells are selected, and at most {CELLS_COPIED_MAX:,} are "
                "copied. Export writes any number.",
                can_retry=False,
            )
            return "break"
        names = [schema.field(index).name for index in selection.columns]
        rows = selection.rows
        result = query.select(*map(spell_column, names)).rows(offset=rows[0], limit=len(rows))
        self._asker.ask(
            "copy",
            lambda stop: to_tsv(
                names, [values_of(column) for column in result.to_arrow(stop=stop).columns]
            ),
            self._put_on_clipboard,
            self._failed,
        )
        return "break"

    # From the widgets.

    def _show(self, *, rows: int | None = None) -> None:
        self._retry.cancel()
        self.banner.hide()
        self.window.open(self.query, rows=rows)
        self.toolbar.show_count(rows, is_known=self._base is not None)
        self.canvas.redraw()
        self._place_bars()

    def _changed(self) -> None:
        rows, schema = self.window.rows, self.window.schema
        self.toolbar.show_count(rows)
        if schema is not None and schema != self.canvas.columns.schema:
            self.toolbar.set_example(schema)
        if rows is not None and self._row_wanted is not None:
            row, self._row_wanted = self._row_wanted, None
            self.canvas.go_to(row)
        self.canvas.draw()  # at once: a row that has come is seen in this very frame
        self._place_bars()
        self.event_generate("<<Loaded>>")

    def _failed(self, error: Exception) -> None:
        self.banner.show(error_text(error))
        if isinstance(error, OverloadedError):  # busy, or a file is still being converted
            seconds = error.retry_after or RETRY_SECONDS
            self._retry.start(round(1000 * seconds))

    def _accept_filter(self, text: str) -> None:
        self._filter = text
        self.toolbar.show_error(None)
        self.canvas.selection = None
        self.canvas.top = 0
        self._show()
        self.event_generate("<<FilterChanged>>")

    def _go_to_text(self, text: str) -> bool:
        digits = text.replace(",", "").replace("_", "").replace(" ", "")
        if not digits.isdecimal():
            return False
        self.go_to(int(digits))
        self.canvas.focus_set()
        return True

    def _sort_by(self, name: str, adds: bool) -> None:
        """Up, then down, then not."""
        order = dict(self.canvas.order)
        before = order.get(name)
        if not adds:
            order = {name: order[name]} if name in order else {}
        if before is None:
            order[name] = False
        elif before is False:
            order[name] = True
        else:
            del order[name]
        self.sort_by(order)

    def _put_on_clipboard(self, text: str) -> None:
        self.clipboard_clear()
        self.clipboard_append(text)
        self.event_generate("<<Copied>>")

    def _place_bars(self) -> None:
        canvas = self.canvas
        self.bar.set(canvas.top, canvas.rows_seen, canvas.total)
        width, shown = canvas.columns.width, canvas.winfo_width() - canvas.gutter
        self.side_bar.set(canvas.left, shown, width)
        if width <= shown:
            self.side_bar.grid_remove()
        else:
            self.side_bar.grid()
