"""The table itself, drawn on a Canvas: only the cells that are seen exist."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import font
from typing import Any

from bowshot.tk.columns import PADDING, Columns
from bowshot.tk.grid_painter import GridPainter, View
from bowshot.tk.row_window import Row, RowWindow
from bowshot.tk.selection import Selection
from bowshot.tk.theme import THEME_CHANGED, bold_font, line_height, palette_of
from bowshot.tk.timer import Timer

WHEEL_ROWS = 3
HORIZONTAL_STEP = 40


class GridCanvas(tk.Canvas):
    """Rows of a RowWindow below a header of columns. `top` is the first row shown; any row of 10^9
    can be, for nothing here depends on how many there are.

    Calls `on_view()` when what is seen has moved, `on_sort(name, adds)` when a header was clicked.
    """

    def __init__(
        self,
        parent: tk.Misc,
        window: RowWindow,
        on_view: Callable[[], None],
        on_sort: Callable[[str, bool], None],
    ) -> None:
        super().__init__(parent, highlightthickness=0, borderwidth=0, takefocus=True)
        self._window = window
        self._on_view = on_view
        self._on_sort = on_sort
        self._cell_font = font.nametofont("TkDefaultFont")
        self.columns = Columns(self._cell_font, bold_font())
        self.row_height = line_height() + 8
        self._painter = GridPainter(self, self.columns, self.row_height)
        self.top = 0
        self.left = 0
        self.selection: Selection | None = None
        self.order: dict[str, bool] = {}  # column -> descends, the first key first
        self._resized: tuple[int, int] | None = None  # column, and x less its width
        self._is_selecting = False
        self._drawing = Timer(self, self.draw)
        self._bind_events()

    def _bind_events(self) -> None:
        self.bind("<Configure>", lambda _event: self.redraw())
        self.bind(THEME_CHANGED, lambda _event: self.redraw())
        self.bind("<FocusIn>", lambda _event: self.redraw())
        self.bind("<FocusOut>", lambda _event: self.redraw())
        self.bind("<Button-1>", self._press)
        self.bind("<Double-Button-1>", self._double_press)
        self.bind("<B1-Motion>", self._drag)
        self.bind("<ButtonRelease-1>", self._release)
        self.bind("<Motion>", self._hover)
        self.bind("<MouseWheel>", lambda event: self._wheel(-event.delta // 120, event))
        self.bind("<Button-4>", lambda event: self._wheel(-1, event))
        self.bind("<Button-5>", lambda event: self._wheel(1, event))
        for key, (rows, columns) in {
            "Up": (-1, 0),
            "Down": (1, 0),
            "Left": (0, -1),
            "Right": (0, 1),
        }.items():
            self.bind(f"<{key}>", self._mover(rows, columns, False))
            self.bind(f"<Shift-{key}>", self._mover(rows, columns, True))
        for key, pages in (("Prior", -1), ("Next", 1)):
            self.bind(f"<{key}>", self._pager(pages, False))
            self.bind(f"<Shift-{key}>", self._pager(pages, True))
        self.bind("<Home>", lambda _event: self._to_column(0))
        self.bind("<End>", lambda _event: self._to_column(len(self.columns.items) - 1))
        self.bind("<Control-Home>", lambda _event: self.go_to(0))
        self.bind("<Control-End>", lambda _event: self.go_to(self.total - 1))
        self.bind("<Control-a>", lambda _event: self._select_all())

    # Where things are.

    @property
    def total(self) -> int:
        return self._window.rows or 0

    @property
    def rows_seen(self) -> int:
        """Whole rows that fit below the header."""
        return max(1, (self.winfo_height() - self.header_height) // self.row_height)

    @property
    def header_height(self) -> int:
        return self.row_height + 4

    @property
    def gutter(self) -> int:
        """The width of the row numbers."""
        widest = "".join("0" if digit.isdigit() else digit for digit in f"{self.total:,}")
        return int(self._cell_font.measure(widest.rjust(3, "0"))) + 2 * PADDING

    def row_at(self, y: int) -> int:
        return self.top + (y - self.header_height) // self.row_height

    def scroll_to(self, top: int) -> None:
        """Puts that row first, as far as there are rows."""
        self.top = max(0, min(top, self.total - self.rows_seen))
        self.redraw()
        self._on_view()

    def scroll_sideways(self, left: int) -> None:
        seen = self.winfo_width() - self.gutter
        self.left = max(0, min(left, self.columns.width - seen))
        self.redraw()
        self._on_view()

    def go_to(self, row: int, column: int | None = None) -> str:
        """Selects a cell and shows it."""
        if self.total:
            row = max(0, min(row, self.total - 1))
            kept = self.selection.to_column if self.selection else 0
            to_column = kept if column is None else column
            self.selection = Selection(row, to_column, row, to_column)
            self._reveal(row, column)
        return "break"

    def _reveal(self, row: int, column: int | None) -> None:
        if column is not None and column < len(self.columns.items):
            seen = self.winfo_width() - self.gutter
            begin, end = self.columns.edges[column], self.columns.edges[column + 1]
            if begin < self.left or end - begin > seen:
                self.scroll_sideways(begin)
            elif end > self.left + seen:
                self.scroll_sideways(end - seen)
        if row < self.top:
            self.scroll_to(row)
        elif row >= self.top + self.rows_seen:
            self.scroll_to(row - self.rows_seen + 1)
        else:
            self.redraw()

    # Drawing.

    def redraw(self) -> None:
        """Soon, and once for many calls."""
        self._drawing.start_idle()

    def draw(self) -> None:
        """What is seen now: rows that are here, placeholders for others."""
        self._drawing.cancel()
        window = self._window
        count = self.rows_seen + 1
        if window.rows is not None:
            self.top = max(0, min(self.top, window.rows - self.rows_seen))
            count = min(count, window.rows - self.top)
        rows: list[Row | None] = []
        if window.query is not None:
            window.show(self.top, count)
            rows = [window.row(self.top + i) for i in range(count)]
        if window.schema is not None and window.schema != self.columns.schema:
            self.columns.set(window.schema)
        self.columns.grow([row for row in rows if row is not None])
        view = View(
            top=self.top,
            left=self.left,
            rows=rows,
            gutter=self.gutter,
            selection=self.selection,
            has_focus=self.focus_displayof() is self,
            order=self.order,
            note="No rows" if window.rows == 0 else "",
        )
        self._painter.paint(view, palette_of(self))

    # Mouse and keys.

    def _press(self, event: tk.Event[tk.Misc]) -> None:
        self.focus_set()
        x = event.x - self.gutter + self.left
        shift = bool(int(event.state) & 1)
        if event.y < self.header_height:
            border = self._border_at(event)
            column = self.columns.at(x)
            if border is not None:
                self._resized = (border, event.x - self.columns.items[border].width)
            elif column is not None and event.x >= self.gutter:
                self._on_sort(self.columns.items[column].name, shift)
            return
        row, column = self.row_at(event.y), self.columns.at(x)
        if row >= self.total:
            return
        if event.x < self.gutter:
            self.selection = Selection(row, 0, row, len(self.columns.items) - 1)
        elif column is None:
            return
        elif shift and self.selection:
            self.selection = self.selection.extended(row, column)
        else:
            self.selection = Selection(row, column, row, column)
        self._is_selecting = True
        self.redraw()

    def _double_press(self, event: tk.Event[tk.Misc]) -> None:
        border = self._border_at(event)
        if border is not None:
            seen = [self._window.row(self.top + i) for i in range(self.rows_seen)]
            self.columns.fit(border, [row for row in seen if row is not None])
            self.redraw()
            self._on_view()
        else:
            self._press(event)  # two clicks, as far as the rest is concerned

    def _drag(self, event: tk.Event[tk.Misc]) -> None:
        if self._resized is not None:
            resized, base = self._resized
            self.columns.resize(resized, event.x - base)
            self.redraw()
            self._on_view()
        elif self._is_selecting and self.selection is not None:
            row = max(0, min(self.row_at(max(event.y, self.header_height)), self.total - 1))
            column = self.columns.at(event.x - self.gutter + self.left)
            kept = self.selection.to_column
            self.selection = self.selection.extended(row, kept if column is None else column)
            self._reveal(row, None)

    def _release(self, _event: tk.Event[tk.Misc]) -> None:
        self._resized = None
        self._is_selecting = False

    def _hover(self, event: tk.Event[tk.Misc]) -> None:
        self.configure(cursor="" if self._border_at(event) is None else "sb_h_double_arrow")

    def _border_at(self, event: tk.Event[tk.Misc]) -> int | None:
        """The column whose right border the mouse is on."""
        if event.y >= self.header_height or event.x < self.gutter:
            return None
        return self.columns.border_at(event.x - self.gutter + self.left)

    def _wheel(self, steps: int, event: tk.Event[tk.Misc]) -> str:
        if int(event.state) & 1:
            self.scroll_sideways(self.left + steps * HORIZONTAL_STEP)
        else:
            self.scroll_to(self.top + steps * WHEEL_ROWS)
        return "break"

    def _mover(self, rows: int, columns: int, extends: bool) -> Callable[[Any], str]:
        return lambda _event: self._move(rows, columns, extends)

    def _move(self, rows: int, columns: int, extends: bool) -> str:
        if not self.total or not self.columns.items:
            return "break"
        current = self.selection or Selection(self.top, 0, self.top, 0)
        row = max(0, min(current.to_row + rows, self.total - 1))
        column = max(0, min(current.to_column + columns, len(self.columns.items) - 1))
        if self.selection is None:
            row, column = current.to_row, current.to_column
        self.selection = (
            current.extended(row, column) if extends else Selection(row, column, row, column)
        )
        self._reveal(row, column)
        return "break"

    def _pager(self, pages: int, extends: bool) -> Callable[[Any], str]:
        return lambda _event: self._page(pages, extends)

    def _page(self, pages: int, extends: bool) -> str:
        rows = pages * self.rows_seen
        self.scroll_to(self.top + rows)
        return self._move(rows, 0, extends)

    def _to_column(self, column: int) -> str:
        row = self.selection.to_row if self.selection else self.top
        return self.go_to(row, column)

    def _select_all(self) -> str:
        if self.total and self.columns.items:
            self.selection = Selection(0, 0, self.total - 1, len(self.columns.items) - 1)
            self.redraw()
        return "break"
