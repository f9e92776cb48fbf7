"""A call that a widget makes later."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable


class Timer:
    """One pending call, forgotten with its widget: Tk would say `invalid command name` of what
    `after` has left. Tk's thread's alone."""

    def __init__(self, widget: tk.Misc, call: Callable[[], object]) -> None:
        self._widget = widget
        self._call = call
        self._id: str | None = None
        widget.bind("<Destroy>", self._on_destroy, add="+")

    @property
    def is_pending(self) -> bool:
        return self._id is not None

    def start(self, milliseconds: int) -> None:
        """Once, so much later; what was pending is not called."""
        self.cancel()
        self._id = self._widget.after(milliseconds, self._fire)

    def start_idle(self) -> None:
        """Once, when Tk has nothing else to do, for any number of calls."""
        if self._id is None:
            self._id = self._widget.after_idle(self._fire)

    def cancel(self) -> None:
        if self._id is not None:
            self._widget.after_cancel(self._id)
            self._id = None

    def _fire(self) -> None:
        self._id = None
        self._call()

    def _on_destroy(self, event: tk.Event[tk.Misc]) -> None:
        if event.widget is self._widget:
            self.cancel()
