"""How a grid looks: what `GridCanvas` draws, and nothing of what it does."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tkinter import font

from bowshot.tk.columns import PADDING, Columns
from bowshot.tk.row_window import Row
from bowshot.tk.selection import Selection
from bowshot.tk.theme import Palette

NULL = "null"
NULL_WIDTH_MIN = 60


@dataclass(frozen=True)
class View:
    """What is to be seen. `top` is the first row's number, `left` the pixels scrolled away."""

    top: int
    left: int
    rows: Sequence[Row | None]
    gutter: int
    selection: Selection | None
    has_focus: bool
    order: Mapping[str, bool]
    note: str  # in place of rows


class GridPainter:
    """Draws on a canvas that is its alone. Items of cells are moved and used again: making one
    costs five times as much, and most of a page's stay as they are."""

    def __init__(self, canvas: tk.Canvas, columns: Columns, row_height: int) -> None:
        self._canvas = canvas
        self._columns = columns
        self._cell_font = font.nametofont("TkDefaultFont")
        self._head_font = columns.heads
        self._row_height = row_height
        self._head_height = row_height + 4
        self._cells: list[int] = []
        self._states: list[tuple[object, ...]] = []
        self._frame: tuple[object, ...] = ()

    def paint(self, view: View, palette: Palette) -> None:
        """Where only the rows are others, as when they have come, the frame around them stays."""
        canvas = self._canvas
        seen = self._columns_seen(view)
        frame = (
            *(view.top, view.left, len(view.rows), view.gutter, view.selection, view.has_focus),
            *(tuple(view.order.items()), tuple(self._columns.edges), self._columns.schema),
            *(palette, canvas.winfo_width(), canvas.winfo_height()),
        )
        canvas.delete("passing")
        is_same = frame == self._frame
        if not is_same:
            self._frame = frame
            canvas.configure(background=palette.surface)
            canvas.delete("frame")
            self._lines(view, palette)
            self._selected(view, palette)
            canvas.tag_lower("under")
        self._placeholders(view, seen, palette)
        has_more = self._texts(view, seen, palette)
        if not is_same:
            self._gutter(view, palette)
            self._header(view, seen, palette)
        elif has_more or None in view.rows:
            canvas.tag_raise("over")
        if view.note:
            middle = (canvas.winfo_width() // 2, self._head_height + 3 * self._row_height)
            canvas.create_text(*middle, text=view.note, fill=palette.muted, tags="passing")

    def _columns_seen(self, view: View) -> list[tuple[int, int]]:
        """Indexes, and where they begin on the screen."""
        width = self._canvas.winfo_width()
        seen = []
        for index, column in enumerate(self._columns.items):
            x = view.gutter + self._columns.edges[index] - view.left
            if x + column.width > view.gutter and x < width:
                seen.append((index, x))
        return seen

    def _y(self, number: int) -> int:
        return self._head_height + number * self._row_height

    def _lines(self, view: View, palette: Palette) -> None:
        edge = view.gutter + self._columns.width - view.left
        right = min(self._canvas.winfo_width(), edge)
        for number in range(len(view.rows)):
            y = self._y(number + 1) - 1
            self._canvas.create_line(0, y, right, y, fill=palette.line, tags=("frame", "under"))

    def _selected(self, view: View, palette: Palette) -> None:
        if view.selection is None or not self._columns.items:
            return
        rows, columns = view.selection.rows, view.selection.columns
        first, end = max(rows[0], view.top), min(rows[-1] + 1, view.top + len(view.rows))
        if first >= end:
            return
        last = min(columns[-1], len(self._columns.items) - 1)
        x = view.gutter - view.left
        self._canvas.create_rectangle(
            x + self._columns.edges[min(columns[0], last)],
            self._y(first - view.top) - 1,
            x + self._columns.edges[last + 1] - 1,
            self._y(end - view.top) - 1,
            fill=palette.selection,
            outline=palette.accent if view.has_focus else palette.selection,
            tags=("frame", "under"),
        )

    def _placeholders(self, view: View, seen: list[tuple[int, int]], palette: Palette) -> None:
        for number, row in enumerate(view.rows):
            if row is not None:
                continue
            y = self._y(number) + self._row_height // 2
            for index, x in seen:
                column = self._columns.items[index]
                length = max(8, (column.width - 2 * PADDING) * (3 + (number + index) % 3) // 6)
                end = x + column.width - PADDING
                begin = end - length if column.is_numeric else x + PADDING
                self._canvas.create_line(
                    begin,
                    y,
                    begin + length,
                    y,
                    width=8,
                    fill=palette.placeholder,
                    tags="passing",
                )

    def _texts(self, view: View, seen: list[tuple[int, int]], palette: Palette) -> bool:
        """Whether items were made, which lie above all others then."""
        used, before = 0, len(self._cells)
        for number, row in enumerate(view.rows):
            if row is None:
                continue
            y = self._y(number) + self._row_height // 2
            for index, x in seen:
                column = self._columns.items[index]
                whole = row.text(index)
                if whole is None:
                    text, colour = NULL if column.width >= NULL_WIDTH_MIN else "", palette.muted
                else:
                    text, colour = self._columns.cut(whole, column.width), palette.text
                to_right = column.is_numeric
                place = x + column.width - PADDING if to_right else x + PADDING
                self._put(used, (place, y, text, "e" if to_right else "w", colour))
                used += 1
        for index in range(used, len(self._cells)):
            if self._states[index]:
                self._canvas.itemconfigure(self._cells[index], state="hidden")
                self._states[index] = ()
        return len(self._cells) > before

    def _put(self, index: int, state: tuple[int, int, str, str, str]) -> None:
        x, y, text, anchor, colour = state
        if index == len(self._cells):
            self._cells.append(self._canvas.create_text(0, 0, font=self._cell_font))
            self._states.append(())
        before = self._states[index]
        if before == state:
            return
        item = self._cells[index]
        if before[:2] != state[:2]:
            self._canvas.coords(item, x, y)
        if before and before[3:] == state[3:]:
            self._canvas.itemconfigure(item, text=text)
        else:
            self._canvas.itemconfigure(item, text=text, anchor=anchor, fill=colour, state="normal")
        self._states[index] = state

    def _gutter(self, view: View, palette: Palette) -> None:
        canvas, height = self._canvas, self._canvas.winfo_height()
        edge = view.gutter - 1
        canvas.create_rectangle(
            0, 0, edge, height, fill=palette.window, width=0, tags=("frame", "over")
        )
        canvas.create_line(edge, 0, edge, height, fill=palette.line, tags=("frame", "over"))
        for number in range(len(view.rows)):
            canvas.create_text(
                view.gutter - PADDING,
                self._y(number) + self._row_height // 2,
                anchor="e",
                text=f"{view.top + number:,}",
                fill=palette.muted,
                font=self._cell_font,
                tags=("frame", "over"),
            )

    def _header(self, view: View, seen: list[tuple[int, int]], palette: Palette) -> None:
        canvas, height = self._canvas, self._head_height - 1
        strip = (0, 0, canvas.winfo_width(), height)
        canvas.create_rectangle(*strip, fill=palette.header, width=0, tags=("frame", "over"))
        keys = list(view.order)
        for index, x in seen:
            column = self._columns.items[index]
            mark = ""
            if column.name in view.order:
                arrow = "▼" if view.order[column.name] else "▲"
                mark = f" {arrow}{keys.index(column.name) + 1 if len(keys) > 1 else ''}"
            room = column.width - self._head_font.measure(mark)
            to_right = column.is_numeric
            canvas.create_text(
                x + (column.width - PADDING if to_right else PADDING),
                height // 2,
                anchor="e" if to_right else "w",
                text=self._columns.cut_head(column.name, room) + mark,
                fill=palette.accent if mark else palette.text,
                font=self._head_font,
                tags=("frame", "over"),
            )
            border = x + column.width - 1
            canvas.create_line(
                border, 5, border, height - 5, fill=palette.line, tags=("frame", "over")
            )
        corner = (0, 0, view.gutter - 1, height)
        canvas.create_rectangle(*corner, fill=palette.header, width=0, tags=("frame", "over"))
        canvas.create_line(0, height, strip[2], height, fill=palette.line, tags=("frame", "over"))
