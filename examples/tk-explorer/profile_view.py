"""Every column at a glance."""

from __future__ import annotations

import tkinter as tk
from tkinter import font, ttk
from typing import Any

import bowshot
from bowshot.tk import THEME_CHANGED, Scrollbar, Worker, palette_of
from bowshot.tk.axis import number_text
from bowshot.tk.columns import cut
from bowshot.tk.grid_toolbar import error_text
from bowshot.tk.theme import bold_font, line_height

PAD = 16
HEAD = 36
SPARK_WIDTH = 190
TOP_VALUES = 3
# What a card shows, and which part of the width it has.
PLACES = (("column", 0.20), ("nulls", 0.12), ("distinct", 0.12), ("values", 0.34), ("", 0.22))


class ProfileView(ttk.Frame):
    """A card a column: type, nulls, distinct values, bounds and quartiles, a histogram or the most
    frequent values. <<Selected>> when one is clicked: `selected` is its name."""

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent, style="Surface.TFrame")
        self._worker = Worker(self)
        self._query: bowshot.Dataset | None = None
        self._font = font.nametofont("TkDefaultFont")
        self._bold = bold_font()
        self._top = 0
        self.note = ""
        self.rows: list[dict[str, Any]] = []
        self.completeness = ""
        self.selected: str | None = None
        self.canvas = tk.Canvas(self, highlightthickness=0, borderwidth=0, takefocus=True)
        self._bar = Scrollbar(self, "vertical", self._scroll_to)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.canvas.grid(row=0, column=0, sticky="nsew")
        self._bar.grid(row=0, column=1, sticky="ns")
        for event in ("<Configure>", THEME_CHANGED):
            self.canvas.bind(event, lambda _event: self._draw())
        self.canvas.bind("<Button-1>", self._press)
        self.canvas.bind("<Button-4>", lambda _event: self._scroll_to(self._top - 60))
        self.canvas.bind("<Button-5>", lambda _event: self._scroll_to(self._top + 60))
        self.canvas.bind("<MouseWheel>", lambda e: self._scroll_to(self._top - e.delta // 2))

    def show(self, query: bowshot.Dataset | None) -> None:
        self._query = query
        self.rows, self._top, self.note = [], 0, ""
        if query is None:
            self._worker.cancel("profile")
        else:
            result = query.profile()

            def work(stop: bowshot.Stop) -> tuple[list[dict[str, Any]], str]:
                return result.to_dicts(stop=stop), result.facts.completeness

            self._worker.ask("profile", work, self._take, self._refused)
        self._draw()

    def is_loading(self) -> bool:
        return self._worker.is_busy()

    def _take(self, found: tuple[list[dict[str, Any]], str]) -> None:
        self.rows, self.completeness = found
        self._draw()
        self.event_generate("<<Loaded>>")

    def _refused(self, error: Exception) -> None:
        self.note = error_text(error)
        self._draw()
        self.event_generate("<<Loaded>>")

    # Drawing.

    @property
    def _card(self) -> int:
        return 3 * line_height() + 18

    def _scroll_to(self, top: int) -> None:
        seen = self.canvas.winfo_height() - HEAD
        self._top = max(0, min(top, len(self.rows) * self._card - seen))
        self._draw()

    def _draw(self) -> None:
        canvas, palette = self.canvas, palette_of(self)
        canvas.configure(background=palette.surface)
        canvas.delete("all")
        width, height = canvas.winfo_width(), canvas.winfo_height()
        for index, row in enumerate(self.rows):
            y = HEAD + index * self._card - self._top
            if -self._card < y < height:
                self._draw_card(row, y)
        canvas.create_rectangle(0, 0, width, HEAD - 1, fill=palette.header, width=0)
        canvas.create_line(0, HEAD - 1, width, HEAD - 1, fill=palette.line)
        for (name, _), x in zip(PLACES, self._places(), strict=True):
            text = name if name else f"{self.completeness}"
            colour = palette.text if name else palette.muted
            head_font = self._bold if name else self._font
            canvas.create_text(x, HEAD // 2, anchor="w", text=text, fill=colour, font=head_font)
        self._bar.set(self._top, height - HEAD, len(self.rows) * self._card)
        note = self.note or ("Reading every column …" if self.is_loading() else "")
        if note:
            colour = palette.error if self.note else palette.muted
            canvas.create_text(width // 2, height // 2, text=note, fill=colour, width=width - 100)

    def _places(self) -> list[int]:
        width = self.canvas.winfo_width() - 2 * PAD
        places, x = [], float(PAD)
        for _, part in PLACES:
            places.append(round(x))
            x += width * part
        return places

    def _draw_card(self, row: dict[str, Any], y: int) -> None:
        canvas, palette = self.canvas, palette_of(self)
        places = self._places()
        line = line_height()
        text_y = y + 9
        for x, room, lines in (
            (places[0], places[1] - places[0], [row["column"], row["type"]]),
            (places[1], places[2] - places[1], _null_lines(row)),
            (places[2], places[3] - places[2], _distinct_lines(row)),
            (places[3], places[4] - places[3], _value_lines(row)),
        ):
            for number, text in enumerate(lines):
                is_name = x == places[0] and number == 0
                its_font = self._bold if is_name else self._font
                canvas.create_text(
                    x,
                    text_y + number * line,
                    anchor="nw",
                    text=cut(str(text), room - PAD, its_font),
                    fill=palette.text if number == 0 else palette.muted,
                    font=its_font,
                )
        self._draw_spark(row, places[4], y + 9, self._card - 18)
        bottom = y + self._card - 1
        canvas.create_line(PAD, bottom, canvas.winfo_width() - PAD, bottom, fill=palette.line)

    def _draw_spark(self, row: dict[str, Any], x: int, y: int, height: int) -> None:
        """The histogram; for texts, how large a part each of the most frequent values has."""
        canvas, palette = self.canvas, palette_of(self)
        counts = row["histogram"] or [top["count"] for top in row["top"] or []]
        if not counts or not max(counts):
            return
        width = min(SPARK_WIDTH, canvas.winfo_width() - x - PAD)
        step = width / max(len(counts), 10)
        for index, count in enumerate(counts):
            if count:
                top = y + height - max(1, round(height * count / max(counts)))
                begin = x + index * step
                canvas.create_rectangle(
                    begin, top, begin + max(1, step - 1), y + height, fill=palette.bar, width=0
                )
        canvas.create_line(x, y + height, x + width, y + height, fill=palette.line)

    def _press(self, event: tk.Event[tk.Misc]) -> None:
        index = (event.y - HEAD + self._top) // self._card
        if event.y > HEAD and 0 <= index < len(self.rows):
            self.selected = self.rows[index]["column"]
            self.event_generate("<<Selected>>")


def _null_lines(row: dict[str, Any]) -> list[str]:
    if not row["nulls"]:
        return ["none"]
    return [f"{100 * row['nulls'] / max(1, row['rows']):.3g} %", f"{row['nulls']:,}"]


def _distinct_lines(row: dict[str, Any]) -> list[str]:
    return ["–" if row["distinct"] is None else f"{row['distinct']:,}"]


def _value_lines(row: dict[str, Any]) -> list[str]:
    """Numbers: bounds, mean, quartiles; others: bounds, the most frequent."""
    if row["min"] is None:
        return []
    bounds = [row["min"], row["max"]]
    if row["type"].startswith(("timestamp", "date")):
        return [text.replace("T", " ") for text in bounds]
    lines = [" … ".join(bounds)]
    if row["mean"] is not None:
        lines.append(f"mean {number_text(row['mean'])} ± {number_text(row['stddev'])}")
        quartiles = "  ".join(number_text(row[name]) for name in ("q25", "median", "q75"))
        lines.append(f"quartiles {quartiles}")
    elif row["top"]:
        share = max(1, row["rows"])
        lines.append(
            ",  ".join(
                f"{top['value']} {100 * top['count'] / share:.2g} %"
                for top in row["top"][:TOP_VALUES]
            )
        )
    return lines
