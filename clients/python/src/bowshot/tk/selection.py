"""A rectangle of cells, and its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bowshot.tk.cell_text import copied_text

CELLS_COPIED_MAX = 1_000_000


@dataclass(frozen=True)
class Selection:
    """From one cell, where it began, to another; row numbers and column indexes."""

    row: int
    column: int
    to_row: int
    to_column: int

    @property
    def rows(self) -> range:
        return range(min(self.row, self.to_row), max(self.row, self.to_row) + 1)

    @property
    def columns(self) -> range:
        return range(min(self.column, self.to_column), max(self.column, self.to_column) + 1)

    @property
    def cells(self) -> int:
        return len(self.rows) * len(self.columns)

    def extended(self, row: int, column: int) -> Selection:
        return Selection(self.row, self.column, row, column)


def to_tsv(names: Sequence[str], columns: Sequence[Sequence[Any]]) -> str:
    """Tab-separated, with a header where there is more than one cell."""
    rows = len(columns[0]) if columns else 0
    lines = ["\t".join(names)] if rows * len(columns) > 1 else []
    lines += ["\t".join(copied_text(column[row]) for column in columns) for row in range(rows)]
    return "\n".join(lines)
