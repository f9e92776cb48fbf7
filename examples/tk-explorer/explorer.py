"""Looks at tables of any size: a server's, a file's or a folder's.

python explorer.py [ADDRESS | FILE | FOLDER] [--token TOKEN] [--dark]
"""

from __future__ import annotations

import argparse
import tkinter as tk
from tkinter import filedialog, ttk
from typing import Any

from pivot_view import PivotView
from profile_view import ProfileView
from source import ENDINGS, Source, open_source
from views import ChartView, HistogramView, LineView

from bowshot.tk import (
    DARK,
    LIGHT,
    DataGrid,
    Dialog,
    ExportDialog,
    Worker,
    apply_theme,
    export,
    palette_of,
    show_error,
)
from bowshot.tk.cell_text import type_name

FILE_TYPES = (("Tables", " ".join(f"*{ending}" for ending in ENDINGS)), ("All files", "*"))


class Explorer(ttk.Frame):
    """The window: what is open on the left, tabs on the right. What a tab shows is asked for when
    it is seen; all show the rows of the filter above."""

    def __init__(self, root: tk.Tk) -> None:
        super().__init__(root)
        self.root = root
        self.source: Source | None = None
        self._opener = Worker(self)
        self._stale: set[str] = set()
        self._column_wanted: str | None = None  # until the schema is there
        self._add_bar()
        self._status = ttk.Label(self, style="Muted.TLabel", padding=(12, 5))
        self._status.pack(side="bottom", fill="x")
        self._panes = ttk.Panedwindow(self, orient="horizontal")
        self._add_side()
        self._add_tabs()
        self._welcome = _Welcome(self, self.ask_file, self.ask_folder, self.ask_address)
        self._welcome.pack(fill="both", expand=True)
        root.title("Bowshot Explorer")
        root.bind("<Control-o>", lambda _event: self.ask_file())
        root.bind("<F5>", lambda _event: self.refresh())
        root.protocol("WM_DELETE_WINDOW", self.close)

    # The parts of the window.

    def _add_bar(self) -> None:
        bar = ttk.Frame(self, padding=(10, 8))
        bar.pack(fill="x")
        opens = ttk.Menubutton(bar, text="Open")
        menu = tk.Menu(opens, tearoff=False)
        menu.add_command(label="File …", command=self.ask_file, accelerator="Ctrl+O")
        menu.add_command(label="Folder …", command=self.ask_folder)
        menu.add_command(label="Server's address …", command=self.ask_address)
        opens.configure(menu=menu)
        opens.pack(side="left")
        ttk.Button(bar, text="Refresh", command=self.refresh).pack(side="left", padx=6)
        ttk.Button(bar, text="Export …", command=self.export).pack(side="left")
        self._theme = ttk.Button(bar, text="Dark", command=self.change_theme, width=6)
        self._theme.pack(side="right")
        self._place = ttk.Label(bar, style="Muted.TLabel")
        self._place.pack(side="right", padx=12)

    def _add_side(self) -> None:
        side = ttk.Frame(self._panes, padding=(10, 4, 6, 8))
        ttk.Label(side, text="Datasets", style="Title.TLabel").pack(anchor="w", pady=(0, 4))
        self.datasets = _list(side, "Rows", height=6)
        self.datasets.pack(fill="x")
        self.datasets.bind("<<TreeviewSelect>>", lambda _event: self._dataset_chosen())
        ttk.Label(side, text="Columns", style="Title.TLabel").pack(anchor="w", pady=(14, 4))
        self.columns = _list(side, "Type", height=10)
        self.columns.pack(fill="both", expand=True)
        self.columns.bind("<Double-Button-1>", lambda _event: self._column_chosen())
        self._panes.add(side, weight=0)

    def _add_tabs(self) -> None:
        main = ttk.Frame(self._panes)
        self.tabs = ttk.Notebook(main)
        self.grid_view = DataGrid(self.tabs, toolbar_parent=main)
        self.grid_view.toolbar.pack(fill="x")
        self.tabs.pack(fill="both", expand=True)
        self.profile = ProfileView(self.tabs)
        self.histogram = HistogramView(self.tabs, self.add_filter)
        self.lines = LineView(self.tabs, self.add_filter)
        self.pivot = PivotView(self.tabs)
        self.views: dict[str, Any] = {
            "Rows": self.grid_view,
            "Profile": self.profile,
            "Histogram": self.histogram,
            "Lines": self.lines,
            "Pivot": self.pivot,
        }
        for name, view in self.views.items():
            self.tabs.add(view, text=name)
        self.tabs.bind("<<NotebookTabChanged>>", lambda _event: self._show_tab())
        self.grid_view.bind("<<FilterChanged>>", lambda _event: self._rows_changed())
        self.grid_view.bind("<<Loaded>>", lambda _event: self._take_schema())
        self.profile.bind("<<Selected>>", lambda _event: self._draw_column(self.profile.selected))
        self._panes.add(main, weight=1)

    # Opening.

    def ask_file(self) -> None:
        if path := filedialog.askopenfilename(parent=self, title="Open", filetypes=FILE_TYPES):
            self.open(path)

    def ask_folder(self) -> None:
        if path := filedialog.askdirectory(parent=self, title="Open a folder", mustexist=True):
            self.open(path)

    def ask_address(self) -> None:
        _AddressDialog(self, self.open)

    def open(self, place: str, token: str | None = None) -> None:
        """A server's address, a file or a folder; what was open stays until it is there."""
        self._status.configure(text=f"Opening {place} …")
        self._opener.ask(
            "open", lambda _stop: open_source(place, token), self._opened, self._not_opened
        )

    def _opened(self, source: Source) -> None:
        former, self.source = self.source, source
        if former is not None:
            self._opener.ask(  # a server may take its time to end
                "close", lambda _stop: former.close(), lambda _none: None, self._not_opened
            )
        self._welcome.pack_forget()
        self._panes.pack(fill="both", expand=True)
        self._place.configure(text=source.place)
        self._status.configure(text="")
        self.datasets.delete(*self.datasets.get_children())
        for dataset in source.datasets:
            rows = "…" if dataset.problem else f"{dataset.rows:,}"
            self.datasets.insert("", "end", iid=dataset.name, text=dataset.name, values=(rows,))
        if source.datasets:
            self.datasets.selection_set(source.datasets[0].name)
        else:
            self._status.configure(text="This server has no datasets")
            self.grid_view.open(None)

    def _not_opened(self, error: Exception) -> None:
        self._status.configure(text="")
        show_error(self, error, title="This could not be opened")

    def _dataset_chosen(self) -> None:
        chosen = self.datasets.selection()
        if not chosen or self.source is None:
            return
        self.columns.delete(*self.columns.get_children())
        self._column_wanted = None
        self.grid_view.open(self.source.client[chosen[0]])
        self._rows_changed()

    # What the tabs show.

    def _rows_changed(self) -> None:
        self._stale = set(self.views) - {"Rows"}
        self._show_tab()

    def _show_tab(self) -> None:
        name = str(self.tabs.tab(self.tabs.select(), "text"))  # type: ignore[no-untyped-call]
        if name not in self._stale:
            return
        if self.grid_view.window.schema is None and name != "Profile":
            return  # comes with the first rows
        self._stale.discard(name)
        self.views[name].show(self.grid_view.filtered)

    def _take_schema(self) -> None:
        window = self.grid_view.window
        if window.rows is not None:
            pages = "" if window.query is None else f"{window.rows:,} rows"
            filtered = "  of a filter" if self.grid_view.filter_text else ""
            self._status.configure(text=f"{pages}{filtered}")
        if window.schema is None or self.columns.get_children():
            return
        for field in window.schema:
            self.columns.insert("", "end", text=field.name, values=(type_name(field.type),))
        for view in (self.histogram, self.lines, self.pivot):
            view.offer(window.schema)
        if self._column_wanted in window.schema.names:
            self.histogram.column.value = self._column_wanted
        self._update_rows()
        self._show_tab()

    def _update_rows(self) -> None:
        """Of a dataset that was being converted when the list came."""
        name, rows = self.datasets.selection()[0], self.grid_view.window.rows
        if rows is not None and not self.grid_view.filter_text:
            self.datasets.item(name, values=(f"{rows:,}",))

    def _column_chosen(self) -> None:
        for item in self.columns.selection():
            self._draw_column(self.columns.item(item, "text"))

    def _draw_column(self, name: str | None) -> None:
        if name:
            self._column_wanted = name
            self.histogram.column.value = name
            self._stale.add("Histogram")
            self.tabs.select(self.histogram)  # type: ignore[no-untyped-call]
            self._show_tab()

    def add_filter(self, condition: str) -> None:
        """Beside the one that is there."""
        before = self.grid_view.filter_text
        self.grid_view.set_filter(f"({before}) AND {condition}" if before else condition)

    # Buttons.

    def refresh(self) -> None:
        """The newest rows: in the grid and the tab that is seen now, in others when they are."""
        if self.source is None:
            return
        self.grid_view.refresh()
        seen = str(self.tabs.tab(self.tabs.select(), "text"))  # type: ignore[no-untyped-call]
        view = self.views[seen]
        if isinstance(view, ChartView) and seen not in self._stale:
            self._stale = set(self.views) - {"Rows", seen}
            view.refresh()
        else:
            self._rows_changed()

    def export(self) -> ExportDialog | None:
        query = self.grid_view.query
        return None if query is None else export(self, query)

    def change_theme(self) -> None:
        palette = LIGHT if palette_of(self).is_dark else DARK
        self._theme.configure(text="Dark" if palette is LIGHT else "Light")
        apply_theme(self.root, palette)

    def close(self) -> None:
        """The window goes at once; a server of its own ends before the program does."""
        self.root.withdraw()
        if self.source is not None:
            self.source.close()
        self.root.destroy()


class _Welcome(ttk.Frame):
    """Before anything is open."""

    def __init__(self, parent: tk.Misc, *actions: Any) -> None:
        super().__init__(parent)
        middle = ttk.Frame(self)
        middle.place(relx=0.5, rely=0.42, anchor="center")
        ttk.Label(middle, text="Open a table of any size", style="Title.TLabel").pack()
        words = "Parquet, CSV, Arrow and JSON lines; or what a Bowshot server has"
        ttk.Label(middle, text=words, style="Muted.TLabel").pack(pady=(6, 18))
        buttons = ttk.Frame(middle)
        buttons.pack()
        for text, action in zip(("File …", "Folder …", "Server …"), actions, strict=True):
            ttk.Button(buttons, text=text, command=action, width=12).pack(side="left", padx=5)


class _AddressDialog(Dialog):
    """A server's address, and its token where it wants one."""

    def __init__(self, parent: tk.Misc, on_open: Any) -> None:
        super().__init__(parent, "Open a server")
        self._on_open = on_open
        frame = ttk.Frame(self, padding=18)
        frame.pack()
        self.address = tk.StringVar(self, "http://127.0.0.1:8765")
        self.token = tk.StringVar(self)
        for row, (label, text, show) in enumerate(
            (("Address", self.address, ""), ("Token, if it wants one", self.token, "•"))
        ):
            ttk.Label(frame, text=label).grid(row=row, column=0, sticky="w", padx=(0, 12), pady=4)
            entry = ttk.Entry(frame, textvariable=text, width=36, show=show)
            entry.grid(row=row, column=1)
            if row == 0:
                entry.focus_set()
        buttons = ttk.Frame(frame)
        buttons.grid(row=2, column=0, columnspan=2, sticky="e", pady=(14, 0))
        ttk.Button(buttons, text="Cancel", command=self.destroy).pack(side="left", padx=8)
        opens = ttk.Button(buttons, text="Open", style="Accent.TButton", command=self._open)
        opens.pack(side="left")
        self.bind("<Return>", lambda _event: self._open())
        self.show()

    def _open(self) -> None:
        address, token = self.address.get().strip(), self.token.get().strip()
        self.destroy()
        self._on_open(address, token or None)


def _list(parent: tk.Misc, second: str, *, height: int) -> ttk.Treeview:
    """Names, and something about each."""
    made = ttk.Treeview(parent, columns=("more",), height=height, selectmode="browse")
    made.heading("#0", text="Name", anchor="w")
    made.heading("more", text=second, anchor="e")
    made.column("#0", width=120, minwidth=60)
    made.column("more", width=110, anchor="e", stretch=False)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("place", nargs="?", help="a server's address, a file or a folder")
    parser.add_argument("--token", help="of the server")
    parser.add_argument("--dark", action="store_true")
    arguments = parser.parse_args()
    root = tk.Tk()
    root.geometry("1280x820")
    root.minsize(760, 480)
    apply_theme(root, LIGHT)
    explorer = Explorer(root)
    explorer.pack(fill="both", expand=True)
    if arguments.dark:
        explorer.change_theme()
    if arguments.place:
        explorer.open(arguments.place, arguments.token)
    root.mainloop()


if __name__ == "__main__":
    main()
