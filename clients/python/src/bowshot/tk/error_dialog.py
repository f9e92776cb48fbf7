"""What went wrong, in the server's own words."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk

from bowshot.errors import (
    AccessError,
    ConnectionFailedError,
    Error,
    IncompleteAnswerError,
    OverloadedError,
    RequestError,
    StartError,
)
from bowshot.tk.dialog import Dialog
from bowshot.tk.theme import palette_of

WIDTH = 460
HEADS: tuple[tuple[type[Error], str], ...] = (
    (AccessError, "The server does not let this in"),
    (OverloadedError, "The server is busy"),
    (ConnectionFailedError, "No server was reached"),
    (IncompleteAnswerError, "The answer broke off"),
    (StartError, "The server could not start"),
    (RequestError, "This cannot be answered as it stands"),
)


class ErrorDialog(Dialog):
    """An error's words, where in a text it is, what may have been meant; the button copies all of
    it."""

    def __init__(self, parent: tk.Misc, error: Exception, title: str = "") -> None:
        head = next((text for kind, text in HEADS if isinstance(error, kind)), "Something failed")
        super().__init__(parent, title or head)
        self.error = error
        frame = ttk.Frame(self, padding=18)
        frame.pack(fill="both", expand=True)
        ttk.Label(frame, text=title or head, style="Title.TLabel").pack(anchor="w")
        detail = error.detail if isinstance(error, Error) else f"{type(error).__name__}: {error}"
        ttk.Label(frame, text=detail, wraplength=WIDTH).pack(anchor="w", pady=(8, 0))
        if isinstance(error, Error):
            self._add_place(frame, error)
            self._add_more(frame, error)
        buttons = ttk.Frame(frame)
        buttons.pack(fill="x", pady=(16, 0))
        close = ttk.Button(buttons, text="Close", style="Accent.TButton", command=self.close)
        close.pack(side="right")
        ttk.Button(buttons, text="Copy", command=self._copy).pack(side="right", padx=8)
        self.bind("<Return>", lambda _event: self.close())
        close.focus_set()
        self.show()

    def _add_place(self, frame: ttk.Frame, error: Error) -> None:
        if error.text is None or error.position is None:
            return
        palette = palette_of(self)
        before = error.text.encode()[: error.position].decode(errors="ignore")
        text = tk.Text(
            frame, height=2, width=56, wrap="none", relief="flat", font="TkFixedFont",
            background=palette.surface, foreground=palette.text, padx=8, pady=6,
            highlightthickness=0,
        )  # fmt: skip
        line = error.text.replace("\n", " ")
        text.insert("1.0", f"{line}\n{' ' * len(before)}^")
        text.tag_add("mark", "2.0", "end")
        text.tag_configure("mark", foreground=palette.error)
        text.see(f"1.{len(before)}")
        text.configure(state="disabled")
        text.pack(fill="x", pady=(10, 0))

    def _add_more(self, frame: ttk.Frame, error: Error) -> None:
        if error.suggestions:
            meant = f"Is one of these meant?  {',  '.join(error.suggestions)}"
            ttk.Label(frame, text=meant, wraplength=WIDTH).pack(anchor="w", pady=(8, 0))
        facts = [error.code, f"request {error.request_id}" if error.request_id else ""]
        small = "   ".join(fact for fact in facts if fact)
        ttk.Label(frame, text=small, style="Muted.TLabel").pack(anchor="w", pady=(8, 0))

    def _copy(self) -> None:
        self.clipboard_clear()
        self.clipboard_append(str(self.error))


def show_error(parent: tk.Misc, error: Exception, *, title: str = "") -> ErrorDialog:
    """Opens the dialog over the parent's window."""
    return ErrorDialog(parent, error, title)
