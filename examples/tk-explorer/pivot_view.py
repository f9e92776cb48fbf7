"""Groups of rows, one way down and one across."""

from __future__ import annotations

import tkinter as tk
from dataclasses import dataclass
from tkinter import ttk
from typing import TYPE_CHECKING, Any

from views import COUNT, MEASURES, Choice

import bowshot
from bowshot.tk import Worker
from bowshot.tk.axis import Scale, choose_bins, number_text
from bowshot.tk.cell_text import cell_text, values_of
from bowshot.tk.grid_toolbar import error_text
from bowshot.tk.plot import bounds_of

if TYPE_CHECKING:
    import pyarrow as pa

NONE = "(nothing)"
BINS_DOWN, BINS_ACROSS = 24, 10
GROUPS_MAX = 5_000
ACROSS_MAX = 60
COLUMN_WIDTH, FIRST_WIDTH = 120, 180


@dataclass(frozen=True)
class Pivot:
    """`cells[down][across]`; what has no rows is not there."""

    across: list[Any]
    cells: dict[Any, dict[Any, Any]]
    words: str  # how keys were made
    is_cut: bool


class PivotView(ttk.Frame):
    """Chosen columns group the rows: numbers and times by bins of a round width, others by their
    values. <<Loaded>> when the table is there."""

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent, style="Surface.TFrame")
        self._worker = Worker(self)
        self._schema: pa.Schema | None = None
        self.query: bowshot.Dataset | None = None
        self.pivot: Pivot | None = None
        controls = ttk.Frame(self, padding=(10, 8))
        controls.pack(fill="x")
        self.down = Choice(controls, "Rows", self.draw)
        self.across = Choice(controls, "Columns", self.draw)
        self.measure = Choice(controls, "show", self.draw, width=8)
        self.measure.offer([*MEASURES, "count_distinct"])
        self.value = Choice(controls, "of", self.draw)
        for choice in (self.down, self.across, self.measure, self.value):
            choice.pack(side="left", padx=(0, 14))
        self.note = ttk.Label(self, style="Muted.TLabel", padding=(12, 6))
        self.note.pack(fill="x", side="bottom")
        self.table = ttk.Treeview(self, show="headings", selectmode="browse")
        side_bar = ttk.Scrollbar(self, orient="horizontal", command=self.table.xview)
        bar = ttk.Scrollbar(self, orient="vertical", command=self.table.yview)
        self.table.configure(xscrollcommand=side_bar.set, yscrollcommand=bar.set)
        side_bar.pack(fill="x", side="bottom")
        bar.pack(fill="y", side="right")
        self.table.pack(fill="both", expand=True)

    def offer(self, schema: pa.Schema) -> None:
        self._schema = schema
        names = schema.names
        numbers = [
            field.name
            for field in schema
            if (scale := Scale.of(field.name, field.type)) and not scale.is_time
        ]
        texts = [field.name for field in schema if Scale.of(field.name, field.type) is None]
        times = [n for n in names if n not in numbers and n not in texts]
        self.down.offer(names, texts[0] if texts else None)
        self.across.offer([NONE, *names], (times or texts[1:] or [NONE])[0])
        self.value.offer(numbers)

    def show(self, query: bowshot.Dataset | None) -> None:
        self.query = query
        self.draw()

    def is_loading(self) -> bool:
        return self._worker.is_busy()

    def draw(self) -> None:
        query, schema, down = self.query, self._schema, self.down.value
        if query is None or schema is None or not down:
            self._worker.cancel("pivot")
            self.pivot = None
            self.table.delete(*self.table.get_children())
            return
        across = None if self.across.value in (NONE, "", down) else self.across.value
        function, value = self.measure.value, self.value.value
        is_count = function == COUNT or not value
        self.value.enable(not is_count)
        measure = "count()" if is_count else f"{function}({bowshot.column(value)})"
        self.note.configure(text="loading …", style="Muted.TLabel")
        self._worker.ask(
            "pivot",
            lambda stop: read_pivot(query, schema, down, across, measure, stop),
            self._take,
            self._refused,
        )

    def _take(self, pivot: Pivot) -> None:
        self.pivot = pivot
        table = self.table
        table.delete(*table.get_children())
        shown = pivot.across[:ACROSS_MAX]
        names = ["down", *(str(index) for index in range(len(shown)))]
        table.configure(columns=names)
        table.heading("down", text=self.down.value, anchor="w")
        table.column("down", width=FIRST_WIDTH, stretch=False, anchor="w")
        for name, key in zip(names[1:], shown, strict=True):
            table.heading(name, text=_key_text(key), anchor="e")
            table.column(name, width=COLUMN_WIDTH, stretch=False, anchor="e")
        for key, cells in pivot.cells.items():
            values = [_value_text(cells[name]) if name in cells else "" for name in shown]
            table.insert("", "end", values=[_key_text(key), *values])
        notes = [f"{len(pivot.cells):,} rows, {len(pivot.across):,} columns", pivot.words]
        if len(pivot.across) > ACROSS_MAX:
            notes.append(f"the first {ACROSS_MAX} columns are shown")
        if pivot.is_cut:
            notes.append(f"only the first {GROUPS_MAX:,} groups are shown: filter the rows")
        self.note.configure(text="     ".join(note for note in notes if note))
        self.event_generate("<<Loaded>>")

    def _refused(self, error: Exception) -> None:
        self.note.configure(text=error_text(error), style="Error.TLabel")
        self.event_generate("<<Loaded>>")


def read_pivot(
    query: bowshot.Dataset,
    schema: pa.Schema,
    down: str,
    across: str | None,
    measure: str,
    stop: bowshot.Stop,
) -> Pivot:
    """Asks the server for the groups, and puts them into a table."""
    down_key, down_words = group_key(query, schema, down, BINS_DOWN, stop)
    keys, words = {"down": down_key}, [down_words]
    if across is not None:
        keys["across"], across_words = group_key(query, schema, across, BINS_ACROSS, stop)
        words.append(across_words)
    result = query.aggregate(keys, {"value": measure}, limit=GROUPS_MAX + 1)
    table = result.to_arrow(stop=stop)
    columns = {name: values_of(table.column(name)) for name in table.column_names}
    across_values = columns.get("across", [measure] * table.num_rows)
    cells: dict[Any, dict[Any, Any]] = {}
    rows = zip(columns["down"], across_values, columns["value"], strict=True)
    for row, column, value in list(rows)[:GROUPS_MAX]:
        cells.setdefault(row, {})[column] = value
    found = {column for row in cells.values() for column in row}
    ordered = sorted(found, key=lambda key: (key is None, key))
    said = ", ".join(word for word in words if word)
    return Pivot(ordered, cells, said, table.num_rows > GROUPS_MAX)


def group_key(
    query: bowshot.Dataset, schema: pa.Schema, column: str, wanted: int, stop: bowshot.Stop
) -> tuple[str, str]:
    """An expression to group by, and in words how wide its bins are."""
    if Scale.of(column, schema.field(column).type) is not None:
        found = bounds_of(query, column, stop)
        if found is not None:
            bins = choose_bins(*found, wanted)
            return bins.expression, f"{column} by {bins.words}"
    return bowshot.column(column), ""


def _key_text(key: Any) -> str:
    if key is None:
        return "null"
    return cell_text(key).removesuffix("+00:00").removesuffix(" 00:00:00") or '""'


def _value_text(value: Any) -> str:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number_text(value) if is_number else cell_text(value)
