"""What stands above a grid: the filter, the number of rows, where to go; and what went wrong."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import TYPE_CHECKING

from bowshot.errors import Error
from bowshot.tk.cell_text import is_numeric
from bowshot.tk.timer import Timer

if TYPE_CHECKING:
    import pyarrow as pa

FILTER_DELAY_MS = 400
HINT = "Filter"


def error_text(error: Exception) -> str:
    """The server's own words, without the position marks of a text of several lines."""
    if isinstance(error, Error):
        hint = f" Is {error.suggestions[0]} meant?" if error.suggestions else ""
        return f"{error.detail}{hint}"
    return f"{type(error).__name__}: {error}"


class GridToolbar(ttk.Frame):
    """Entries for a filter and for a row's number. A filter is tried while it is typed; what is
    wrong with it is said below, and the cursor goes there when it was entered."""

    def __init__(
        self,
        parent: tk.Misc,
        on_filter: Callable[[str], None],
        on_row: Callable[[str], bool],
    ) -> None:
        super().__init__(parent, padding=(8, 6))
        self._on_filter = on_filter
        self._on_row = on_row
        self._sending = Timer(self, self._send)
        self._was_entered = False
        self.filter = tk.StringVar(self)
        self.row = tk.StringVar(self)
        self.filter_entry = ttk.Entry(self, textvariable=self.filter)
        self.filter_entry.grid(row=0, column=0, sticky="ew")
        self.filter_entry.bind("<Return>", lambda _event: self._entered())
        self.filter_entry.bind("<Escape>", lambda _event: self._cleared())
        self._hint = ttk.Label(self.filter_entry, text=HINT, style="Hint.TLabel", cursor="xterm")
        self._hint.bind("<Button-1>", lambda _event: self.filter_entry.focus_set())
        self.filter.trace_add("write", lambda *_: self._changed())
        self._count = ttk.Label(self, style="Muted.TLabel", anchor="e", width=20)
        self._count.grid(row=0, column=1, padx=12)
        ttk.Label(self, text="Go to row").grid(row=0, column=2, padx=(0, 6))
        self.row_entry = ttk.Entry(self, textvariable=self.row, width=14)
        self.row_entry.grid(row=0, column=3)
        self.row_entry.bind("<Return>", lambda _event: self._go())
        self._error = ttk.Label(self, style="Error.TLabel")
        self.columnconfigure(0, weight=1)
        self._is_set = False
        self._changed()

    def set_example(self, schema: pa.Schema) -> None:
        """Shows, where no filter stands, how one of these columns would look."""
        import pyarrow.types as types

        conditions = []
        for fits, condition in ((is_numeric, "{} > 10"), (types.is_string, "{} LIKE 'a%'")):
            named = [field.name for field in schema if fits(field.type)]
            plain = [name for name in named if name.isidentifier()]
            conditions += [condition.format(name) for name in plain[:1]]
        example = " AND ".join(conditions)
        self._hint.configure(text=f"{HINT}, for instance:  {example}" if example else HINT)

    def set_filter(self, text: str) -> None:
        """Shows it, asks nothing."""
        self._sending.cancel()
        if self.filter.get().strip() != text:
            self._is_set = True
            self.filter.set(text)
            self._is_set = False

    def show_count(self, rows: int | None, *, is_known: bool = True) -> None:
        text = "counting …" if rows is None else f"{rows:,} row{'' if rows == 1 else 's'}"
        self._count.configure(text=text if is_known else "")

    def show_error(self, error: Exception | None) -> None:
        if error is None:
            self._error.grid_remove()
            self.filter_entry.state(["!invalid"])
            return
        self.filter_entry.state(["invalid"])
        width = max(200, self.winfo_width() - 80)
        self._error.configure(text=error_text(error), wraplength=width)
        self._error.grid(row=1, column=0, columnspan=4, sticky="w", pady=(4, 0))
        position = getattr(error, "position", None)
        if position is not None and self._was_entered:
            before = self.filter.get().encode()[:position].decode(errors="ignore")
            self.filter_entry.icursor(len(before))

    def focus_row(self) -> str:
        self.row_entry.focus_set()
        self.row_entry.selection_range(0, "end")
        return "break"

    def focus_filter(self) -> str:
        self.filter_entry.focus_set()
        return "break"

    def _changed(self) -> None:
        if self.filter.get():
            self._hint.place_forget()
        else:
            self._hint.place(x=6, rely=0.5, anchor="w")
        if not self._is_set and self.winfo_ismapped():
            self._sending.cancel()
            self._was_entered = False
            self._sending.start(FILTER_DELAY_MS)

    def _entered(self) -> None:
        self._was_entered = True
        self._send()

    def _cleared(self) -> None:
        self.filter.set("")
        self._entered()

    def _send(self) -> None:
        self._sending.cancel()
        self._on_filter(self.filter.get())

    def _go(self) -> None:
        self.row_entry.state(["!invalid" if self._on_row(self.row.get()) else "invalid"])


class Banner(ttk.Frame):
    """What went wrong, and a way on."""

    def __init__(self, parent: tk.Misc, retry: Callable[[], None]) -> None:
        super().__init__(parent, padding=(8, 4))
        self._label = ttk.Label(self, style="Error.TLabel")
        self._label.grid(row=0, column=0, sticky="w")
        self._retry = ttk.Button(self, text="Try again", command=retry)
        self._retry.grid(row=0, column=1, padx=6)
        ttk.Button(self, text="Close", command=self.hide).grid(row=0, column=2)
        self.columnconfigure(0, weight=1)

    @property
    def text(self) -> str:
        """Empty where nothing is shown."""
        return str(self._label.cget("text")) if self.winfo_manager() else ""

    def show(self, text: str, *, can_retry: bool = True) -> None:
        width = max(200, self.master.winfo_width() - 240)
        self._label.configure(text=text, wraplength=width)
        if can_retry:
            self._retry.grid()
        else:
            self._retry.grid_remove()
        self.grid(row=1, column=0, columnspan=2, sticky="ew")

    def hide(self) -> None:
        self.grid_remove()
