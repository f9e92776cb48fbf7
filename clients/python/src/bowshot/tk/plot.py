"""What charts have in common: axes, and looking closer."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import font
from typing import Any

from bowshot.client import Dataset
from bowshot.stop import Stop
from bowshot.tk.axis import Scale, number_marks, places_of, time_marks
from bowshot.tk.grid_toolbar import error_text
from bowshot.tk.theme import THEME_CHANGED, bold_font, line_height, palette_of
from bowshot.tk.timer import Timer
from bowshot.tk.worker import Worker

TOP, RIGHT, PADDING = 40, 20, 8
ASK_DELAY_MS = 60  # while the wheel turns, only its last place is asked for
WHEEL_FACTOR = 1.25
DRAG_MIN = 6  # pixels; less is a click
CLICK_RANGE_MIN = 1e-9


class Plot(tk.Canvas):
    """A canvas with axes. Dragging looks closer, with Shift it moves along; the wheel looks closer
    or further at the mouse, a double click shows all; keys: + - Left Right Home. What is there is
    stretched at once, and the server is asked for what is seen then.

    Virtual events: <<RangeChanged>> when other x are seen, <<Loaded>> when the server has answered.
    """

    def __init__(self, parent: tk.Misc, *, title: str = "") -> None:
        super().__init__(parent, highlightthickness=0, borderwidth=0, takefocus=True)
        self._worker = Worker(self)
        self._font = font.nametofont("TkDefaultFont")
        self._title_font = bold_font()
        self._scale: Scale | None = None
        self._whole: tuple[float, float] | None = None  # of x
        self._range: tuple[float, float] | None = None  # that is seen
        self._drag: tuple[int, int, tuple[float, float], bool] | None = None
        self._asking = Timer(self, self._ask_range)
        self._drawing = Timer(self, self._draw)
        self._hover: int | None = None
        self._note = ""
        self._is_wanted = False
        self.title = title
        self.requests = 0
        self._bind_events()

    def _bind_events(self) -> None:
        self.bind("<Configure>", lambda _event: self._resized())
        self.bind(THEME_CHANGED, lambda _event: self.redraw())
        self.bind("<Button-1>", self._press)
        self.bind("<B1-Motion>", self._dragged)
        self.bind("<ButtonRelease-1>", self._release)
        self.bind("<Double-Button-1>", lambda _event: self.show_all())
        self.bind("<Motion>", lambda event: self._hovered(event.x))
        self.bind("<Leave>", lambda _event: self._hovered(None))
        self.bind("<MouseWheel>", lambda event: self._wheel(event.delta > 0, event.x))
        self.bind("<Button-4>", lambda event: self._wheel(True, event.x))
        self.bind("<Button-5>", lambda event: self._wheel(False, event.x))
        self.bind("<plus>", lambda _event: self._zoom(1 / 2, 0.5))
        self.bind("<minus>", lambda _event: self._zoom(2, 0.5))
        self.bind("<Left>", lambda _event: self._pan(-0.25))
        self.bind("<Right>", lambda _event: self._pan(0.25))
        self.bind("<Home>", lambda _event: self.show_all())

    # What is seen.

    @property
    def range(self) -> tuple[float, float] | None:
        """The x from which to which is seen: numbers, or microseconds since 1970."""
        return self._range

    @property
    def range_filter(self) -> str | None:
        """The rows that are seen, as a filter; None where all are."""
        if self._scale is None or self._range is None or self._range == self._whole:
            return None
        return self._scale.condition(*self._range)

    @property
    def note(self) -> str:
        """What is said instead of a picture: an error, in the server's words."""
        return self._note

    def show_all(self) -> None:
        if self._whole is not None:
            self._see(*self._whole)

    def show_range(self, low: float, high: float) -> None:
        """Looks at these x, asking the server for them."""
        self._see(low, high)

    def is_loading(self) -> bool:
        return self._worker.is_busy() or self._is_wanted or self._asking.is_pending

    def redraw(self) -> None:
        """Soon, and once for many calls."""
        self._drawing.start_idle()

    # For the charts.

    def _ask_server(self, work: Callable[[Stop], Any], take: Callable[[Any], None]) -> None:
        """The latest wins; an error becomes the note."""
        self.requests += 1

        def taken(found: Any) -> None:
            self._note = ""
            take(found)
            self._draw()
            self.event_generate("<<Loaded>>")

        self._worker.ask("data", work, taken, self._refused)
        self.redraw()

    def _refused(self, error: Exception) -> None:
        self._note = error_text(error)
        self._draw()
        self.event_generate("<<Loaded>>")

    def _forget(self) -> None:
        """Another question: nothing of the former one is shown."""
        self._worker.cancel("data")
        self._asking.cancel()
        self._is_wanted = False
        self._scale = self._whole = self._range = None
        self._note = ""
        self._hover = None

    def _ask_when_seen(self) -> None:
        """Now, or when there is room: what is asked for depends on it."""
        self._is_wanted = self.winfo_width() <= 1
        if not self._is_wanted:
            self._ask_range()

    def _resized(self) -> None:
        if self._is_wanted:
            self._ask_when_seen()
        self.redraw()

    def _ask_range(self) -> None:
        """Asks for what is seen in `self._range`."""
        raise NotImplementedError

    def _paint(self, area: Area) -> None:
        """Draws what is there."""
        raise NotImplementedError

    def _y_range(self) -> tuple[float, float] | None:
        """Of what is there; None without."""
        raise NotImplementedError

    def _hover_lines(self, area: Area, x: int) -> tuple[int, list[str]] | None:
        """Where, and what is said there."""
        raise NotImplementedError

    # Drawing.

    def area(self) -> Area | None:
        """Where values are drawn, and the scales there."""
        y_range = self._y_range()
        if self._range is None or y_range is None:
            return None
        height = self.winfo_height() - line_height() - 2 * PADDING
        marks = number_marks(*y_range, max(2, (height - TOP) // 50))
        left = 2 * PADDING + max([self._font.measure(text) for _, text in marks], default=20)
        box = (left, TOP, max(left + 10, self.winfo_width() - RIGHT), max(TOP + 10, height))
        return Area(box, self._range, y_range)

    def _draw(self) -> None:
        self._drawing.cancel()
        palette = palette_of(self)
        self.configure(background=palette.surface)
        self.delete("all")
        area = self.area()
        if area is not None and not self._note:
            self._paint_marks(area)
            self._paint(area)
            self._paint_frame(area)
            self._paint_hover(area)
        self.create_text(
            2 * PADDING, TOP // 2, anchor="w", text=self.title, fill=palette.text,
            font=self._title_font,
        )  # fmt: skip
        self.create_text(
            self.winfo_width() - RIGHT, TOP // 2, anchor="e", text=self._side_note(),
            fill=palette.muted, font=self._font,
        )  # fmt: skip
        text = self._note or ("" if area or self.is_loading() else self._empty_note())
        if text:
            self.create_text(
                self.winfo_width() // 2,
                self.winfo_height() // 2,
                text=text,
                width=max(100, self.winfo_width() - 120),
                justify="center",
                fill=palette.error if self._note else palette.muted,
            )

    def _side_note(self) -> str:
        return "loading …" if self.is_loading() else ""

    def _empty_note(self) -> str:
        return "Nothing to draw" if self._scale is not None else ""

    def _paint_marks(self, area: Area) -> None:
        left, top, right, bottom = area.box
        for value, _ in number_marks(*area.y_range, max(2, (bottom - top) // 50)):
            y = area.y(value)
            self.create_line(left, y, right, y, fill=palette_of(self).line)

    def _paint_frame(self, area: Area) -> None:
        """The x axis, over what a chart has drawn beyond it."""
        palette = palette_of(self)
        left, top, right, bottom = area.box
        width, height = self.winfo_width(), self.winfo_height()
        self.create_rectangle(right + 1, 0, width, height, fill=palette.surface, width=0)
        self.create_rectangle(0, bottom + 1, width, height, fill=palette.surface, width=0)
        self.create_rectangle(0, 0, left - 1, top, fill=palette.surface, width=0)
        self.create_line(left, bottom, right, bottom, fill=palette.muted)
        for value, text in number_marks(*area.y_range, max(2, (bottom - top) // 50)):
            at = (left - PADDING, area.y(value))
            self.create_text(*at, anchor="e", text=text, fill=palette.muted, font=self._font)
        is_time = self._scale is not None and self._scale.is_time
        make = time_marks if is_time else number_marks
        end = -1.0
        for place, text in make(*area.x_range, max(2, (right - left) // 80)):
            x = area.x(place)
            half = self._font.measure(text) / 2
            if x - half < max(end, 0) or x + half > width:
                continue
            end = x + half + PADDING
            self.create_line(x, bottom, x, bottom + 4, fill=palette.muted)
            self.create_text(
                x, bottom + PADDING, anchor="n", text=text, fill=palette.muted, font=self._font
            )

    def _paint_hover(self, area: Area) -> None:
        found = None if self._hover is None else self._hover_lines(area, self._hover)
        if found is None:
            return
        x, lines = found
        palette = palette_of(self)
        _, top, right, bottom = area.box
        self.create_line(x, top, x, bottom, fill=palette.muted, dash=(3, 3))
        width = max(self._font.measure(line) for line in lines) + 2 * PADDING
        height = len(lines) * line_height() + 2 * PADDING
        begin = x + PADDING if x + PADDING + width < right else x - PADDING - width
        self.create_rectangle(
            begin, top, begin + width, top + height, fill=palette.window, outline=palette.line
        )
        self.create_text(
            begin + PADDING, top + PADDING, anchor="nw", text="\n".join(lines),
            fill=palette.text, font=self._font,
        )  # fmt: skip

    # Looking closer.

    def _see(self, low: float, high: float) -> None:
        if self._scale is None or self._whole is None:
            return
        first, last = self._whole
        least = min(max(self._scale.span_min, (last - first) * CLICK_RANGE_MIN), last - first)
        span = max(least, min(high - low, last - first))
        low = max(first, min((low + high - span) / 2, last - span))
        seen = (low, low + span) if span < last - first else self._whole
        if seen == self._range:
            return
        self._range = seen
        self.redraw()
        self.event_generate("<<RangeChanged>>")
        self._asking.start(ASK_DELAY_MS)

    def _zoom(self, factor: float, at: float) -> str:
        """`at`: which place of the range stays where it is, from 0 to 1."""
        if self._range is not None:
            low, high = self._range
            centre = low + (high - low) * at
            self._see(centre - (centre - low) * factor, centre + (high - centre) * factor)
        return "break"

    def _pan(self, part: float) -> str:
        if self._range is not None:
            low, high = self._range
            step = (high - low) * part
            self._see(low + step, high + step)
        return "break"

    def _wheel(self, is_closer: bool, x: int) -> str:
        area = self.area()
        if area is not None and self._range is not None:
            low, high = self._range
            at = (area.place(x) - low) / (high - low) if high > low else 0.5
            self._zoom(1 / WHEEL_FACTOR if is_closer else WHEEL_FACTOR, max(0.0, min(1.0, at)))
        return "break"

    def _press(self, event: tk.Event[tk.Misc]) -> None:
        self.focus_set()
        area = self.area()
        if area is not None and self._range is not None:
            self._drag = (event.x, event.x, self._range, bool(int(event.state) & 1))

    def _dragged(self, event: tk.Event[tk.Misc]) -> None:
        area = self.area()
        if self._drag is None or area is None:
            return
        begin, _, base, is_pan = self._drag
        self._drag = (begin, event.x, base, is_pan)
        if is_pan:
            step = (event.x - begin) * (base[1] - base[0]) / max(1, area.box[2] - area.box[0])
            self._see(base[0] - step, base[1] - step)
            return
        self.delete("band")
        palette = palette_of(self)
        ends = [max(area.box[0], min(x, area.box[2])) for x in (begin, event.x)]
        self.create_rectangle(
            ends[0], area.box[1], ends[1], area.box[3], outline=palette.accent,
            fill=palette.selection, stipple="gray50", tags="band",
        )  # fmt: skip

    def _release(self, event: tk.Event[tk.Misc]) -> None:
        drag, self._drag = self._drag, None
        self.delete("band")
        area = self.area()
        if drag is None or area is None or drag[3] or abs(event.x - drag[0]) < DRAG_MIN:
            return
        low, high = sorted((area.place(drag[0]), area.place(event.x)))
        self._see(max(low, area.x_range[0]), min(high, area.x_range[1]))

    def _hovered(self, x: int | None) -> None:
        if self._drag is None and self._hover != x:
            self._hover = x
            self.redraw()


class Area:
    """A rectangle of pixels and what lies there."""

    def __init__(
        self,
        box: tuple[int, int, int, int],
        x_range: tuple[float, float],
        y_range: tuple[float, float],
    ) -> None:
        self.box = box
        self.x_range = x_range
        self.y_range = y_range

    def x(self, place: float) -> float:
        low, high = self.x_range
        left, _, right, _ = self.box
        return left + (right - left) * ((place - low) / (high - low) if high > low else 0.5)

    def y(self, value: float) -> float:
        low, high = self.y_range
        _, top, _, bottom = self.box
        return bottom - (bottom - top) * ((value - low) / (high - low) if high > low else 0.5)

    def place(self, x: int) -> float:
        low, high = self.x_range
        left, _, right, _ = self.box
        return low + (high - low) * (x - left) / max(1, right - left)


def padded(
    values: Sequence[float | None], *, from_zero: bool = False
) -> tuple[float, float] | None:
    """A range that holds the values, with some air."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    low, high = min(known), max(known)
    if from_zero:
        low, high = min(0.0, low), max(0.0, high)
    air = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return (low if from_zero and low == 0 else low - air), high + air


def bounds_of(query: Dataset, column: str, stop: Stop) -> tuple[Scale, float, float] | None:
    """The finite values' least and greatest, as places; None where there are none."""
    table = query.histogram(column, bins=1).to_arrow(stop=stop)
    scale = Scale.of(column, query.schema.field(column).type)
    if scale is None or table.num_rows == 0:
        return None
    low, high = places_of(table.column("bin_start"))[0], places_of(table.column("bin_end"))[0]
    return None if low is None or high is None else (scale, low, high)
