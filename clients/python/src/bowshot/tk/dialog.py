"""Small windows over others."""

from __future__ import annotations

import tkinter as tk

from bowshot.tk.theme import THEME_CHANGED, palette_of


class Dialog(tk.Toplevel):
    """Belongs to its parent's window, closes by Escape, and waits for nobody: the program goes on.
    `show()` puts it over the parent when it is filled."""

    def __init__(self, parent: tk.Misc, title: str) -> None:
        super().__init__(parent)
        self.withdraw()  # until it is where it belongs
        self._parent = parent
        self.title(title)
        self.resizable(False, False)
        self._colour()
        self.bind(THEME_CHANGED, lambda _event: self._colour())
        self.bind("<Escape>", lambda _event: self.close())
        self.protocol("WM_DELETE_WINDOW", self.close)

    def show(self) -> None:
        self.update_idletasks()
        top = self._parent.winfo_toplevel()
        x = top.winfo_rootx() + (top.winfo_width() - self.winfo_reqwidth()) // 2
        y = top.winfo_rooty() + (top.winfo_height() - self.winfo_reqheight()) // 3
        self.geometry(f"+{max(0, x)}+{max(0, y)}")
        self.transient(top)
        self.deiconify()

    def close(self) -> None:
        self.destroy()

    def _colour(self) -> None:
        palette = palette_of(self)
        self.configure(
            background=palette.window,
            highlightthickness=1,
            highlightbackground=palette.line,
            highlightcolor=palette.line,
        )
