"""The columns of a grid: names, widths, places."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from tkinter import font
from typing import TYPE_CHECKING

from bowshot.tk.cell_text import is_numeric, type_name

if TYPE_CHECKING:
    import pyarrow as pa

    from bowshot.tk.row_window import Row

WIDTH_MIN, WIDTH_FIRST_MAX, WIDTH_MAX = 40, 320, 2_000
PADDING = 8
ELLIPSIS = "…"
CUTS_KEPT = 20_000


@dataclass
class Column:
    """`width` in pixels."""

    name: str
    type: str
    is_numeric: bool
    width: int


class Columns:
    """Side by side, from the left. Widths that a user chose stay when the rows change."""

    def __init__(self, cells: font.Font, heads: font.Font) -> None:
        self._cells = cells
        self.heads = heads
        self._chosen: dict[str, int] = {}
        self._cuts: dict[tuple[str, int], str] = {}
        self.items: list[Column] = []
        self.edges: list[int] = [0]
        self.schema: pa.Schema | None = None
        self._longest: list[int] = []  # characters that were measured, by column

    def forget(self) -> None:
        """Another table comes."""
        self._chosen.clear()
        self.schema = None
        self.items = []
        self.edges = [0]

    def set(self, schema: pa.Schema) -> None:
        """Columns as wide as their heads; those that a user resized, as wide as then."""
        self.schema = schema
        self.items = []
        self._longest = [0] * len(schema)
        for field in schema:
            fitting = min(WIDTH_FIRST_MAX, self._head_width(field.name) + 2 * PADDING)
            width = self._chosen.get(field.name, max(WIDTH_MIN, fitting))
            self.items.append(
                Column(field.name, type_name(field.type), is_numeric(field.type), width)
            )
        self._place()

    def grow(self, rows: Sequence[Row]) -> None:
        """Wider where that shows more of these rows, never narrower: nothing jumps back and forth
        while one scrolls. Only texts with more characters than any before are measured."""
        before = self.edges[-1]
        for index, column in enumerate(self.items):
            if column.name in self._chosen or column.width >= WIDTH_FIRST_MAX:
                continue
            longest = max((row.text(index) or "" for row in rows), key=len, default="")
            if len(longest) > self._longest[index]:
                self._longest[index] = len(longest)
                width = min(WIDTH_FIRST_MAX, self._cells.measure(longest) + 2 * PADDING)
                column.width = max(column.width, width)
        self._place()
        if self.edges[-1] != before:
            self._cuts.clear()

    def resize(self, index: int, width: int) -> None:
        column = self.items[index]
        column.width = max(WIDTH_MIN, min(WIDTH_MAX, width))
        self._chosen[column.name] = column.width
        self._place()

    def fit(self, index: int, rows: Sequence[Row]) -> None:
        """As wide as what is shown needs."""
        texts = [row.text(index) or "" for row in rows]
        widest = max([self._cells.measure(text) for text in texts], default=0)
        name = self.items[index].name
        self.resize(index, max(widest, self._head_width(name)) + 2 * PADDING)

    @property
    def width(self) -> int:
        return self.edges[-1]

    def at(self, x: int) -> int | None:
        """The column that lies there."""
        index = bisect_right(self.edges, x) - 1
        return index if 0 <= index < len(self.items) else None

    def border_at(self, x: int, reach: int = 4) -> int | None:
        """The column whose right border is there."""
        for index, edge in enumerate(self.edges[1:]):
            if abs(edge - x) <= reach:
                return index
        return None

    def cut(self, text: str, width: int) -> str:
        """What of a cell's text fits."""
        key = (text, width)
        found = self._cuts.get(key)
        if found is None:
            if len(self._cuts) > CUTS_KEPT:
                self._cuts.clear()
            found = self._cuts[key] = cut(text, width - 2 * PADDING, self._cells)
        return found

    def cut_head(self, text: str, width: int) -> str:
        return cut(text, width - 2 * PADDING, self.heads)

    def _head_width(self, name: str) -> int:
        return self.heads.measure(name) + self.heads.measure("  ▼9")

    def _place(self) -> None:
        self.edges = [0]
        for column in self.items:
            self.edges.append(self.edges[-1] + column.width)


def cut(text: str, width: int, in_font: font.Font) -> str:
    """The text, or as much of its beginning as fits into so many pixels with an ellipsis."""
    if in_font.measure(text) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if in_font.measure(text[:middle] + ELLIPSIS) <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low] + ELLIPSIS
