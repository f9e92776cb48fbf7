"""The tabs beside the grid: histogram, lines, pivot."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk
from typing import TYPE_CHECKING

from bowshot.tk import BarChart, Histogram, LineChart
from bowshot.tk.axis import Scale

if TYPE_CHECKING:
    import pyarrow as pa

    import bowshot

HINT = "Drag: closer   Shift+drag: along   Wheel: in and out   Double click: all"
BARS_HINT = "Click: choose   Wheel: further groups"
COUNT = "count"
MEASURES = (COUNT, "mean", "sum", "min", "max", "median", "stddev")
OnFilter = Callable[[str], None]


class Choice(ttk.Frame):
    """A label and a list to choose from."""

    def __init__(
        self, parent: tk.Misc, label: str, changed: Callable[[], None], width: int = 16
    ) -> None:
        super().__init__(parent)
        ttk.Label(self, text=label, style="Muted.TLabel").pack(side="left", padx=(0, 6))
        self._box = ttk.Combobox(self, state="readonly", width=width)
        self._box.pack(side="left")
        self._box.bind("<<ComboboxSelected>>", lambda _event: self._chosen())
        self._changed = changed

    def _chosen(self) -> None:
        self._box.selection_clear()
        self._changed()

    def offer(self, values: Sequence[str], preferred: str | None = None) -> None:
        """Of another table: `preferred` is chosen, else the first."""
        self._box.configure(values=list(values))
        self._box.set(preferred if preferred in values else (values[0] if values else ""))

    @property
    def value(self) -> str:
        return str(self._box.get())

    @value.setter
    def value(self, text: str) -> None:
        self._box.set(text)

    def enable(self, is_enabled: bool) -> None:
        self._box.state(["!disabled" if is_enabled else "disabled"])


class ChartView(ttk.Frame):
    """Controls above, a chart below. `show(query)` asks the server; `offer(schema)` says what can
    be chosen."""

    def __init__(self, parent: tk.Misc, on_filter: OnFilter) -> None:
        super().__init__(parent, style="Surface.TFrame")
        self.query: bowshot.Dataset | None = None
        self._on_filter = on_filter
        self.controls = ttk.Frame(self, padding=(10, 8))
        self.controls.pack(fill="x")
        self.filter_button = ttk.Button(
            self.controls, text="Filter by what is seen", command=self._filter
        )
        self.filter_button.pack(side="right")
        self.filter_button.state(["disabled"])
        self.hint = ttk.Label(self, text=HINT, style="Muted.TLabel", padding=(12, 5))
        self.hint.pack(side="bottom", fill="x")

    def offer(self, schema: pa.Schema) -> None:
        raise NotImplementedError

    def show(self, query: bowshot.Dataset | None) -> None:
        self.query = query
        self.draw()

    def draw(self) -> None:
        """Asks anew, for what is chosen now."""
        raise NotImplementedError

    def refresh(self) -> None:
        """The newest rows of the same question; what is looked at stays."""
        raise NotImplementedError

    def condition(self) -> str | None:
        """What is looked at, as a filter."""
        raise NotImplementedError

    def _filter(self) -> None:
        if condition := self.condition():
            self._on_filter(condition)

    def _show_button(self, _event: object = None) -> None:
        self.filter_button.state(["!disabled" if self.condition() else "disabled"])


class HistogramView(ChartView):
    """Numbers and times as a histogram, others as bars."""

    def __init__(self, parent: tk.Misc, on_filter: OnFilter) -> None:
        super().__init__(parent, on_filter)
        self._schema: pa.Schema | None = None
        self.column = Choice(self.controls, "Column", self.draw)
        self.column.pack(side="left")
        self.bins = Choice(self.controls, "Bins", self.draw, width=5)
        self.bins.pack(side="left", padx=16)
        self.bins.offer(["20", "60", "120", "300"], "60")
        self.histogram = Histogram(self)
        self.bars = BarChart(self)
        self.histogram.bind("<<RangeChanged>>", self._show_button)
        self.bars.bind("<<Selected>>", self._show_button)

    def offer(self, schema: pa.Schema) -> None:
        self._schema = schema
        scaled = [field.name for field in schema if Scale.of(field.name, field.type)]
        self.column.offer(schema.names, scaled[0] if scaled else None)

    @property
    def is_scaled(self) -> bool:
        name = self.column.value
        if self._schema is None or name not in self._schema.names:
            return False
        return Scale.of(name, self._schema.field(name).type) is not None

    def draw(self) -> None:
        self.filter_button.state(["disabled"])
        shown, hidden = (
            (self.histogram, self.bars) if self.is_scaled else (self.bars, self.histogram)
        )
        self.hint.configure(text=HINT if self.is_scaled else BARS_HINT)
        hidden.pack_forget()
        hidden.open(None)
        shown.pack(fill="both", expand=True)
        query = self.query if self.column.value else None
        if self.is_scaled:
            self.histogram.open(query, self.column.value, int(self.bins.value))
        else:
            self.bars.open(query, self.column.value)

    def refresh(self) -> None:
        (self.histogram if self.is_scaled else self.bars).refresh()

    def condition(self) -> str | None:
        return self.histogram.range_filter if self.is_scaled else self.bars.selected_filter


class LineView(ChartView):
    """A measure along time or numbers."""

    def __init__(self, parent: tk.Misc, on_filter: OnFilter) -> None:
        super().__init__(parent, on_filter)
        self.x = Choice(self.controls, "Along", self.draw)
        self.x.pack(side="left")
        self.measure = Choice(self.controls, "show", self.draw, width=8)
        self.measure.pack(side="left", padx=(16, 0))
        self.measure.offer(MEASURES, "mean")
        self.y = Choice(self.controls, "of", self.draw)
        self.y.pack(side="left", padx=(8, 16))
        self.chart = LineChart(self)
        self.chart.pack(fill="both", expand=True)
        self.chart.bind("<<RangeChanged>>", self._show_button)

    def offer(self, schema: pa.Schema) -> None:
        scales = [Scale.of(field.name, field.type) for field in schema]
        times = [scale.column for scale in scales if scale and scale.is_time]
        numbers = [scale.column for scale in scales if scale and not scale.is_time]
        self.x.offer([*times, *numbers])
        self.y.offer(numbers)
        if not times or not numbers:
            self.measure.value = COUNT

    def draw(self) -> None:
        self.filter_button.state(["disabled"])
        is_count = self.measure.value == COUNT
        self.y.enable(not is_count)
        y = None if is_count or not self.y.value else self.y.value
        query = self.query if self.x.value else None
        self.chart.open(query, self.x.value, y, self.measure.value)

    def refresh(self) -> None:
        self.chart.refresh()

    def condition(self) -> str | None:
        return self.chart.range_filter
