"""A scrollbar that counts rows, not fractions."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from bowshot.tk.theme import THEME_CHANGED, palette_of

THICKNESS = 12
THUMB_MIN = 28


class Scrollbar(tk.Canvas):
    """Says with whole numbers which part is seen, so that its ends are the first and the last of
    10^9 rows, and its thumb can always be grasped. `on_move(first)` is what the user wants seen.

    bar = Scrollbar(parent, "vertical", show_from)
    bar.set(first=0, seen=30, total=1_000_000_000)
    """

    def __init__(self, parent: tk.Misc, orient: str, on_move: Callable[[int], None]) -> None:
        super().__init__(
            parent, width=THICKNESS, height=THICKNESS, highlightthickness=0, borderwidth=0
        )
        self._is_vertical = orient == "vertical"
        self._on_move = on_move
        self._first, self._seen, self._total = 0, 1, 1
        self._grasped: int | None = None  # where in the thumb
        self._is_hot = False
        self.bind("<Configure>", lambda _event: self._draw())
        self.bind(THEME_CHANGED, lambda _event: self._draw())
        self.bind("<Button-1>", self._press)
        self.bind("<B1-Motion>", self._drag)
        self.bind("<ButtonRelease-1>", lambda _event: self._release())
        self.bind("<Enter>", lambda _event: self._heat(True))
        self.bind("<Leave>", lambda _event: self._heat(False))

    def set(self, first: int, seen: int, total: int) -> None:
        place = (first, max(1, seen), max(1, total))
        if place != (self._first, self._seen, self._total):
            self._first, self._seen, self._total = place
            self._draw()

    @property
    def thumb(self) -> tuple[int, int]:
        """Where it begins, and its length, in pixels."""
        track = self._track
        length = min(track, max(THUMB_MIN, track * self._seen // self._total))
        last = self._total - self._seen
        return ((track - length) * min(self._first, last) // last if last > 0 else 0), length

    @property
    def _track(self) -> int:
        return max(1, self.winfo_height() if self._is_vertical else self.winfo_width())

    def _draw(self) -> None:
        palette = palette_of(self)
        self.configure(background=palette.window)
        self.delete("all")
        if self._seen >= self._total:
            return
        begin, length = self.thumb
        middle = THICKNESS // 2
        line = (begin + middle, begin + length - middle)
        is_hot = self._is_hot or self._grasped is not None
        self.create_line(
            *((middle, line[0], middle, line[1]) if self._is_vertical else ()),
            *(() if self._is_vertical else (line[0], middle, line[1], middle)),
            width=THICKNESS - 5,
            capstyle="round",
            fill=palette.muted if is_hot else palette.thumb,
        )

    def _place(self, event: tk.Event[tk.Misc]) -> int:
        return event.y if self._is_vertical else event.x

    def _press(self, event: tk.Event[tk.Misc]) -> None:
        begin, length = self.thumb
        place = self._place(event)
        if begin <= place < begin + length:
            self._grasped = place - begin
        else:
            self._on_move(self._first + (self._seen if place >= begin else -self._seen))

    def _drag(self, event: tk.Event[tk.Misc]) -> None:
        if self._grasped is None:
            return
        free = self._track - self.thumb[1]
        begin = max(0, min(self._place(event) - self._grasped, free))
        self._on_move((self._total - self._seen) * begin // free if free else 0)

    def _release(self) -> None:
        self._grasped = None
        self._draw()

    def _heat(self, is_hot: bool) -> None:
        self._is_hot = is_hot
        self._draw()
