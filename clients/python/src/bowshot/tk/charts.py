"""Lines and histograms of a query; of the rows, only what a screen can show ever travels."""

from __future__ import annotations

import tkinter as tk
from bisect import bisect_left
from dataclasses import dataclass

from bowshot.client import Dataset
from bowshot.spelling import column as spell_column
from bowshot.stop import Stop
from bowshot.tk.axis import Bins, Scale, choose_bins, number_text, places_of
from bowshot.tk.plot import Area, Plot, bounds_of, padded
from bowshot.tk.theme import palette_of

BIN_PIXELS = 3  # of a line
BINS = 60
DOTS_MAX = 60  # of so few points each is seen


@dataclass(frozen=True)
class Line:
    """Of each bin that has rows: where it begins, the value, how many rows; and for a mean the
    standard deviation, the least and the greatest."""

    scale: Scale
    whole: tuple[float, float]
    bins: Bins
    places: list[float]
    values: list[float | None]
    spreads: list[float | None]
    lows: list[float | None]
    highs: list[float | None]
    rows: list[int]

    def edge(self, side: int) -> list[float | None]:
        """Of the band: the value with the spread on that side; alone where there is none."""
        return [
            None if value is None else value + side * (spread or 0.0)
            for value, spread in zip(self.values, self.spreads, strict=True)
        ]


class LineChart(Plot):
    """A measure along numbers or times: the server groups the rows by bins as wide as the screen
    can show, and by finer ones when one looks closer. A mean has a band of one standard deviation
    around it.

    chart.open(client["flights"], x="date", y="delay")
    chart.open(client["flights"], x="date")                          # how many rows
    """

    def __init__(self, parent: tk.Misc, *, title: str = "") -> None:
        super().__init__(parent, title=title)
        self._query: Dataset | None = None
        self._x = self._y = ""
        self._measure = "mean"
        self.line: Line | None = None

    def open(
        self, query: Dataset | None, x: str = "", y: str | None = None, measure: str = "mean"
    ) -> None:
        """`measure` is a function of the protocol's aggregates; without `y`, rows are counted."""
        self._forget()
        self._query, self._x, self._y = query, x, y or ""
        self._measure = measure if y else "count"
        self.line = None
        if query is not None and x:
            self.title = f"{self._measure} of {y} by {x}" if y else f"rows by {x}"
            self._ask_when_seen()
        self.redraw()

    def refresh(self) -> None:
        """The newest rows; what is looked at stays."""
        self._whole = None
        self._ask_range()

    def _ask_range(self) -> None:
        query, x, seen, whole, scale = self._query, self._x, self._range, self._whole, self._scale
        if query is None:
            return
        wanted = max(20, (self.winfo_width() - 100) // BIN_PIXELS)
        measures = self._measures()
        is_amount = self._is_amount

        def work(stop: Stop) -> Line | None:
            known = (scale, *whole) if scale and whole else bounds_of(query, x, stop)
            if known is None:
                return None
            its_scale, first, last = known
            low, high = seen or (first, last)
            bins = choose_bins(its_scale, low, high, wanted)
            margin = 1.2 * bins.width  # months are not all as long as their mean
            rows = query.filter(its_scale.condition(low - margin, high + margin))
            table = rows.aggregate({"place": bins.expression}, measures).to_arrow(stop=stop)
            columns = {name: places_of(table.column(name)) for name in table.column_names}
            kept = [  # those at the ends may be cut
                index
                for index, place in enumerate(columns["place"])
                if place is not None and low - bins.width <= place <= high
            ]

            if is_amount:  # where no rows are, that is the amount
                columns, kept = with_zeros(columns, kept, bins.width)

            def of(name: str) -> list[float | None]:
                return [columns[name][i] if name in columns else None for i in kept]

            return Line(
                its_scale,
                (first, last),
                bins,
                [place or 0.0 for place in of("place")],
                of("value"),
                of("spread"),
                of("low"),
                of("high"),
                [int(count or 0) for count in of("rows")],
            )

        self._ask_server(work, self._take)

    @property
    def _is_amount(self) -> bool:
        return self._measure in ("count", "sum")

    def _measures(self) -> dict[str, str]:
        name = spell_column(self._y)
        if not self._y:
            return {"value": "count()", "rows": "count()"}
        measures = {"value": f"{self._measure}({name})", "rows": "count()"}
        if self._measure == "mean":
            measures |= {"spread": f"stddev({name})", "low": f"min({name})", "high": f"max({name})"}
        return measures

    def _take(self, line: Line | None) -> None:
        self.line = line
        if line is None:
            return
        self._scale, self._whole = line.scale, line.whole
        if self._range is None:
            self._range = line.whole

    def _side_note(self) -> str:
        loading = super()._side_note()
        return loading or (f"by {self.line.bins.words}" if self.line else "")

    def _empty_note(self) -> str:
        return "No rows with a number or a time there" if self._query is not None else ""

    def _y_range(self) -> tuple[float, float] | None:
        if self.line is None or self._range is None:
            return None
        low, high = self._range
        first = bisect_left(self.line.places, low - self.line.bins.width)
        end = bisect_left(self.line.places, high + self.line.bins.width)
        seen = [*self.line.edge(-1)[first:end], *self.line.edge(1)[first:end]]
        return padded(seen, from_zero=self._is_amount) or (0.0, 1.0)

    def _paint(self, area: Area) -> None:
        line, palette = self.line, palette_of(self)
        if line is None:
            return
        if self._measure == "mean":
            top = self._points(area, line.edge(1))
            bottom = self._points(area, line.edge(-1))
            if len(top) > 1:
                outline = [*top, *reversed(bottom)]
                self.create_polygon(
                    *(coordinate for point in outline for coordinate in point), fill=palette.fill
                )
        for part in self._parts(area, line.values):
            flat = [coordinate for point in part for coordinate in point]
            if len(part) > 1:
                self.create_line(*flat, fill=palette.accent, width=2, joinstyle="round")
            if len(part) == 1 or len(line.places) <= DOTS_MAX:
                for x, y in part:
                    self.create_oval(x - 2, y - 2, x + 2, y + 2, fill=palette.accent, width=0)

    def _points(self, area: Area, values: list[float | None]) -> list[tuple[float, float]]:
        assert self.line is not None
        return [
            (area.x(place), area.y(value))
            for place, value in zip(self.line.places, values, strict=True)
            if value is not None
        ]

    def _parts(self, area: Area, values: list[float | None]) -> list[list[tuple[float, float]]]:
        """Interrupted where a bin has rows, but no value."""
        assert self.line is not None
        parts: list[list[tuple[float, float]]] = [[]]
        for place, value in zip(self.line.places, values, strict=True):
            if value is None:
                parts.append([])
            else:
                parts[-1].append((area.x(place), area.y(value)))
        return [part for part in parts if part]

    def _hover_lines(self, area: Area, x: int) -> tuple[int, list[str]] | None:
        line = self.line
        if line is None or not line.places:
            return None
        place = area.place(x)
        after = bisect_left(line.places, place)
        near = min(
            range(max(0, after - 1), min(len(line.places), after + 1)),
            key=lambda i: abs(line.places[i] - place),
        )
        lines = [
            line.scale.label(line.places[near]),
            f"{self._measure} {number_text(line.values[near])}",
        ]
        if self._measure == "mean":
            lines.append(f"± {number_text(line.spreads[near])}")
            low, high = number_text(line.lows[near]), number_text(line.highs[near])
            lines.append(f"from {low} to {high}")
        if self._y:
            lines.append(f"{line.rows[near]:,} rows")
        return round(area.x(line.places[near])), lines


def with_zeros(
    columns: dict[str, list[float | None]], kept: list[int], width: float
) -> tuple[dict[str, list[float | None]], list[int]]:
    """The kept rows, with a zero at both ends of each gap between bins. Months differ in length:
    a gap is more than half a bin too wide."""
    filled: dict[str, list[float | None]] = {name: [] for name in columns}

    def add(row: dict[str, float | None]) -> None:
        for name, values in filled.items():
            values.append(row.get(name, 0.0))

    before: float | None = None
    for index in kept:
        place = columns["place"][index]
        if before is not None and place is not None and place - before > 1.5 * width:
            add({"place": before + width})
            if place - before > 2.5 * width:
                add({"place": place - width})
        add({name: values[index] for name, values in columns.items()})
        before = place
    return filled, list(range(len(filled["place"])))


@dataclass(frozen=True)
class Counts:
    """Of each bin: from where, to where, how many rows."""

    scale: Scale
    starts: list[float]
    ends: list[float]
    counts: list[int]


class Histogram(Plot):
    """How often which numbers or times occur; looking closer, the server counts in finer bins.

    chart.open(client["flights"], "delay")
    """

    def __init__(self, parent: tk.Misc, *, title: str = "") -> None:
        super().__init__(parent, title=title)
        self._query: Dataset | None = None
        self._column = ""
        self._bins = BINS
        self.counts: Counts | None = None

    def open(self, query: Dataset | None, column: str = "", bins: int = BINS) -> None:
        self._forget()
        self._query, self._column, self._bins = query, column, bins
        self.counts = None
        self.title = column
        if query is not None and column:
            self._ask_when_seen()
        self.redraw()

    def refresh(self) -> None:
        """The newest rows; what is looked at stays."""
        self._ask_range()

    def _ask_range(self) -> None:
        query, column, scale, seen, whole = (
            self._query,
            self._column,
            self._scale,
            self._range,
            self._whole,
        )
        if query is None:
            return
        bounds = {}
        if scale is not None and seen is not None and seen != whole:
            bounds = {"min": scale.parameter(seen[0]), "max": scale.parameter(seen[1])}
        result = query.histogram(column, self._bins, **bounds)

        def work(stop: Stop) -> Counts | None:
            its_scale = scale or Scale.of(column, query.schema.field(column).type)
            table = result.to_arrow(stop=stop)
            if its_scale is None or table.num_rows == 0:
                return None
            starts, ends = places_of(table.column("bin_start")), places_of(table.column("bin_end"))
            counts = table.column("count").to_pylist()
            return Counts(its_scale, [s or 0.0 for s in starts], [e or 0.0 for e in ends], counts)

        self._ask_server(work, lambda counts: self._take(counts, not bounds))

    def _take(self, counts: Counts | None, is_whole: bool) -> None:
        self.counts = counts
        if counts is None:
            return
        self._scale = counts.scale
        if is_whole:
            self._whole = self._range = (counts.starts[0], counts.ends[-1])

    def _side_note(self) -> str:
        loading = super()._side_note()
        if loading or self.counts is None:
            return loading
        return f"{sum(self.counts.counts):,} values in {len(self.counts.counts)} bins"

    def _empty_note(self) -> str:
        return "No rows with a number or a time there" if self._query is not None else ""

    def _y_range(self) -> tuple[float, float] | None:
        if self.counts is None:
            return None
        return padded([float(count) for count in self.counts.counts], from_zero=True)

    def _paint(self, area: Area) -> None:
        counts, palette = self.counts, palette_of(self)
        if counts is None:
            return
        hovered = None if self._hover is None else self._bin_at(area, self._hover)
        for index, count in enumerate(counts.counts):
            left, right = self._edges(area, index)
            if count == 0 or right < area.box[0] or left > area.box[2]:
                continue
            gap = 1 if right - left > 4 else 0
            self.create_rectangle(
                max(left, area.box[0]),
                min(area.y(count), area.box[3] - 1),  # one row is seen too
                min(right - gap, area.box[2]),
                area.box[3],
                fill=palette.accent if index == hovered else palette.bar,
                width=0,
            )

    def _edges(self, area: Area, index: int) -> tuple[float, float]:
        assert self.counts is not None
        left, right = area.x(self.counts.starts[index]), area.x(self.counts.ends[index])
        return (left, right) if right > left else (left - 20, left + 20)  # a single value

    def _bin_at(self, area: Area, x: int) -> int | None:
        assert self.counts is not None
        for index in range(len(self.counts.counts)):
            left, right = self._edges(area, index)
            if left <= x < right:
                return index
        return None

    def _hover_lines(self, area: Area, x: int) -> tuple[int, list[str]] | None:
        index = None if self.counts is None else self._bin_at(area, x)
        if self.counts is None or index is None:
            return None
        label = self.counts.scale.label
        left, right = self._edges(area, index)
        edges = f"{label(self.counts.starts[index])} – {label(self.counts.ends[index])}"
        return round((left + right) / 2), [edges, f"{self.counts.counts[index]:,} rows"]
