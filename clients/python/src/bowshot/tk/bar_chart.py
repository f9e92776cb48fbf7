"""Groups of rows as bars."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from tkinter import font, ttk
from typing import Any

from bowshot.client import Dataset
from bowshot.spelling import column as spell_column
from bowshot.spelling import literal
from bowshot.stop import Stop
from bowshot.tk.axis import number_text, places_of
from bowshot.tk.cell_text import cell_text, values_of
from bowshot.tk.columns import cut
from bowshot.tk.grid_toolbar import error_text
from bowshot.tk.scrollbar import Scrollbar
from bowshot.tk.theme import THEME_CHANGED, bold_font, line_height, palette_of
from bowshot.tk.worker import Worker

PADDING = 8
TOP = 40
LABEL_PART_MAX = 0.35  # of the width
WHEEL_BARS = 3
PAGE_BARS = 100


@dataclass(frozen=True)
class Bars:
    """Some neighbouring groups, the largest first; `largest` is the value that fills the width."""

    first: int
    keys: list[Any]
    values: list[float | None]
    largest: float


class BarChart(ttk.Frame):
    """A measure by the values of a column, the greatest first. All groups can be seen: scrolling
    asks the server for those that are not here. A click chooses one.

    chart.open(client["flights"], "origin", "mean(delay)")
    chart.bind("<<Selected>>", lambda event: grid.set_filter(chart.selected_filter))
    """

    def __init__(self, parent: tk.Misc, *, title: str = "") -> None:
        super().__init__(parent, style="Surface.TFrame")
        self._worker = Worker(self)
        self._counter = Worker(self)  # of groups: bars must not wait for it
        self._font = font.nametofont("TkDefaultFont")
        self._title_font = bold_font()
        self._query: Dataset | None = None
        self._column, self._measure = "", "count()"
        self._top = 0
        self._selected: int | None = None
        self._note = ""
        self._asked: int | None = None
        self.bars: Bars | None = None
        self.total: int | None = None  # of groups; None: not known yet
        self.title = title
        self.requests = 0
        self.canvas = tk.Canvas(self, highlightthickness=0, borderwidth=0, takefocus=True)
        self._bar = Scrollbar(self, "vertical", self.scroll_to)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.canvas.grid(row=0, column=0, sticky="nsew")
        self._bar.grid(row=0, column=1, sticky="ns")
        self._bind_events()

    def _bind_events(self) -> None:
        canvas = self.canvas
        for event in ("<Configure>", THEME_CHANGED):
            canvas.bind(event, lambda _event: self._draw())
        canvas.bind("<Button-1>", self._press)
        canvas.bind("<MouseWheel>", lambda event: self._step(-event.delta // 120 * WHEEL_BARS))
        canvas.bind("<Button-4>", lambda _event: self._step(-WHEEL_BARS))
        canvas.bind("<Button-5>", lambda _event: self._step(WHEEL_BARS))
        for key, bars in (("Up", -1), ("Down", 1), ("Prior", -10), ("Next", 10)):
            canvas.bind(f"<{key}>", self._stepper(bars))
        canvas.bind("<Home>", lambda _event: self.scroll_to(0))

    def open(self, query: Dataset | None, column: str = "", measure: str = "count()") -> None:
        """`measure` is one of the protocol's aggregates."""
        self._worker.cancel("data")
        self._counter.cancel("count")
        self._query, self._column, self._measure = query, column, measure
        self._top, self._selected, self._note, self._asked = 0, None, "", None
        self.bars = self.total = None
        self.title = f"{measure} by {column}" if column else ""
        if query is not None and column:
            self._ask(0)
            self._count()
        self._draw()

    def refresh(self) -> None:
        """The newest rows; the place stays."""
        self._ask(self._top)
        self._count()

    @property
    def note(self) -> str:
        """What is said instead of bars: an error, in the server's words."""
        return self._note

    @property
    def selected_filter(self) -> str | None:
        """The rows of the chosen bar, as a filter."""
        bars = self.bars
        if bars is None or self._selected is None:
            return None
        index = self._selected - bars.first
        if not 0 <= index < len(bars.keys):
            return None
        name, key = spell_column(self._column), bars.keys[index]
        return f"{name} IS NULL" if key is None else f"{name} = {literal(key)}"

    def is_loading(self) -> bool:
        return self._worker.is_busy() or self._counter.is_busy()

    def scroll_to(self, first: int) -> None:
        """Puts that bar first, as far as there are bars."""
        total = self._known
        self._top = max(0, min(first, total - self._seen))
        bars = self.bars
        if bars is not None:
            end = min(self._top + self._seen + 1, total)
            if self._top < bars.first or end > bars.first + len(bars.keys):
                self._ask(max(0, self._top - PAGE_BARS // 4))
        self._draw()

    # Asking.

    def _ask(self, first: int) -> None:
        query, column, measure = self._query, self._column, self._measure
        if query is None or self._asked == first:
            return
        self._asked = first
        self.requests += 1
        name = spell_column(column)
        largest = self.bars.largest if self.bars and first else None

        def work(stop: Stop) -> Bars:
            result = query.aggregate(
                {"key": name}, {"value": measure}, order=["-value"], offset=first, limit=PAGE_BARS
            )
            table = result.to_arrow(stop=stop)
            values = places_of(table.column("value"))
            biggest = max((abs(value) for value in values if value is not None), default=0.0)
            keys = values_of(table.column("key"))
            return Bars(first, keys, values, max(biggest, largest or 0.0))

        self._worker.ask("data", work, self._take, self._refused)

    def _count(self) -> None:
        query, name = self._query, spell_column(self._column)
        if query is None:
            return
        measures = {
            "distinct": f"count_distinct({name})",
            "all": "count()",
            "known": f"count({name})",
        }
        result = query.aggregate(measures=measures)

        def work(stop: Stop) -> int:
            row = result.to_arrow(stop=stop).to_pylist()[0]
            nulls = int(row["all"] > row["known"])  # are a group too
            return int(row["distinct"]) + nulls

        self._counter.ask("count", work, self._take_count, self._refused)

    def _take_count(self, total: int) -> None:
        self.total = total
        self._draw()

    @property
    def _known(self) -> int:
        """How many groups there are, as far as is known."""
        here = self.bars.first + len(self.bars.keys) if self.bars else 0
        return here if self.total is None else self.total

    def _take(self, bars: Bars) -> None:
        self.bars, self._note, self._asked = bars, "", None
        self._top = max(0, min(self._top, self._known - self._seen))
        self._draw()
        self.event_generate("<<Loaded>>")

    def _refused(self, error: Exception) -> None:
        self._note, self._asked = error_text(error), None
        self._draw()
        self.event_generate("<<Loaded>>")

    # Drawing.

    @property
    def _bar_height(self) -> int:
        return line_height() + 10

    @property
    def _seen(self) -> int:
        return max(1, (self.canvas.winfo_height() - TOP - PADDING) // self._bar_height)

    def _draw(self) -> None:
        canvas, palette, bars = self.canvas, palette_of(self), self.bars
        canvas.configure(background=palette.surface)
        canvas.delete("all")
        if bars is not None and not self._note:
            self._draw_bars(bars)
            self._bar.set(self._top, self._seen, self._known)
        width = canvas.winfo_width()
        canvas.create_text(
            2 * PADDING, TOP // 2, anchor="w", text=self.title, fill=palette.text,
            font=self._title_font,
        )  # fmt: skip
        side = "" if self.total is None else f"{self.total:,} groups"
        side = "loading …" if self._worker.is_busy() else side
        canvas.create_text(
            width - PADDING, TOP // 2, anchor="e", text=side, fill=palette.muted, font=self._font
        )
        text = self._note or ("No rows" if bars and not bars.keys else "")
        if text:
            canvas.create_text(
                width // 2,
                canvas.winfo_height() // 2,
                text=text,
                width=max(100, width - 120),
                fill=palette.error if self._note else palette.muted,
            )

    def _draw_bars(self, bars: Bars) -> None:
        canvas, palette = self.canvas, palette_of(self)
        seen = [
            (index, bars.keys[index - bars.first], bars.values[index - bars.first])
            for index in range(self._top, min(self._top + self._seen + 1, self._known))
            if 0 <= index - bars.first < len(bars.keys)
        ]
        labels = [("null" if key is None else cell_text(key) or '""') for _, key, _ in seen]
        widest = max([self._font.measure(label) for label in labels], default=0)
        label_width = min(widest, int(canvas.winfo_width() * LABEL_PART_MAX))
        begin = 2 * PADDING + label_width + PADDING
        number_width = self._font.measure("-00,000,000.00")
        room = max(20, canvas.winfo_width() - begin - number_width - PADDING)
        for (index, key, value), label in zip(seen, labels, strict=True):
            y = TOP + (index - self._top) * self._bar_height
            middle = y + self._bar_height // 2
            canvas.create_text(
                begin - PADDING,
                middle,
                anchor="e",
                text=cut(label, label_width, self._font),
                fill=palette.muted if key is None else palette.text,
                font=self._font,
            )
            part = abs(value or 0.0) / bars.largest if bars.largest else 0.0
            length = max(1, round(room * min(1.0, part)))
            colour = palette.error if (value or 0) < 0 else palette.bar
            canvas.create_rectangle(
                begin,
                y + 3,
                begin + length,
                y + self._bar_height - 3,
                fill=palette.accent if index == self._selected else colour,
                width=0,
            )
            canvas.create_text(
                begin + length + PADDING,
                middle,
                anchor="w",
                text=number_text(value),
                fill=palette.muted,
                font=self._font,
            )

    def _press(self, event: tk.Event[tk.Misc]) -> None:
        self.canvas.focus_set()
        index = self._top + (event.y - TOP) // self._bar_height
        if self.bars is not None and event.y >= TOP and index < self._known:
            self._selected = index
            self._draw()
            self.event_generate("<<Selected>>")

    def _stepper(self, bars: int) -> Callable[[Any], str]:
        return lambda _event: self._step(bars)

    def _step(self, bars: int) -> str:
        self.scroll_to(self._top + bars)
        return "break"
