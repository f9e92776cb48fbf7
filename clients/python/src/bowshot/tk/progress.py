"""Long work that is seen, and can be ended: `Progress`, and the export of a query."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import filedialog, ttk
from typing import Any

import bowshot.facts
from bowshot.client import Dataset
from bowshot.stop import Stop
from bowshot.tk.axis import mark_text
from bowshot.tk.dialog import Dialog
from bowshot.tk.error_dialog import show_error
from bowshot.tk.worker import Worker

FILE_TYPES = (
    ("Parquet", "*.parquet"),
    ("CSV", "*.csv"),
    ("Arrow", "*.arrow"),
    ("JSON lines", "*.ndjson"),
    ("JSON", "*.json"),
)

Tell = Callable[[bowshot.facts.Progress], None]


class Progress(ttk.Frame):
    """A bar, what has been done, and a button that ends it. One piece of work at a time, on a
    thread of its own; a new one ends the former.

    progress.run(lambda stop, tell: result.to_file("late.parquet", stop=stop, progress=tell),
                 on_done=..., on_error=...)

    Virtual events: <<Done>>, <<Failed>>, <<Cancelled>>.
    """

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent)
        self._worker = Worker(self)
        self.last: bowshot.facts.Progress | None = None
        self.bar = ttk.Progressbar(self, mode="indeterminate")
        self._label = ttk.Label(self, style="Muted.TLabel", anchor="w")
        self.button = ttk.Button(self, text="Cancel", command=self.cancel)
        self.columnconfigure(0, weight=1)
        self.bar.grid(row=0, column=0, sticky="ew", pady=(0, 4))
        self._label.grid(row=1, column=0, sticky="ew")
        self.button.grid(row=0, column=1, rowspan=2, padx=(12, 0))

    def run(
        self,
        work: Callable[[Stop, Tell], Any],
        on_done: Callable[[Any], None] = lambda _result: None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        """`work` runs on the thread, and says by `tell` how far it is. An error that nobody takes
        is shown in a dialog."""
        self.last = None
        self._label.configure(text="Asking the server …")
        self.bar.configure(mode="indeterminate")
        self.bar.start(20)
        self.button.state(["!disabled"])

        def done(result: Any) -> None:
            self._end("<<Done>>")
            on_done(result)

        def failed(error: Exception) -> None:
            self._end("<<Failed>>")
            if on_error is not None:
                on_error(error)
            else:
                show_error(self, error)

        self._worker.ask("work", work, done, failed, self._show)

    @property
    def text(self) -> str:
        return str(self._label.cget("text"))

    def say(self, text: str) -> None:
        self._label.configure(text=text)

    def is_running(self) -> bool:
        return self._worker.is_busy()

    def cancel(self) -> None:
        if self._worker.is_busy():
            self._worker.cancel("work")
            self._label.configure(text="Cancelled")
            self._end("<<Cancelled>>")

    def _show(self, progress: bowshot.facts.Progress) -> None:
        self.last = progress
        if progress.fraction is not None:
            self.bar.stop()
            self.bar.configure(mode="determinate", maximum=1.0, value=progress.fraction)
        rows = f"{progress.rows:,} rows, " if progress.rows else ""
        speed = progress.bytes / progress.seconds if progress.seconds else 0.0
        self._label.configure(text=f"{rows}{bytes_text(progress.bytes)}, {bytes_text(speed)}/s")

    def _end(self, event: str) -> None:
        self.bar.stop()
        self.bar.configure(mode="determinate", value=0)
        self.button.state(["disabled"])
        self.event_generate(event)


class ExportDialog(Dialog):
    """Writes all rows of a query to a file, whatever their number: the server's bytes go to the
    disk as they come. The file appears under its name when it is whole."""

    def __init__(self, parent: tk.Misc, query: Dataset, path: str | Path) -> None:
        super().__init__(parent, "Export")
        self.path = Path(path)
        frame = ttk.Frame(self, padding=16)
        frame.pack(fill="both", expand=True)
        title = f"{query.name} → {self.path.name}"
        ttk.Label(frame, text=title, style="Title.TLabel").pack(anchor="w", pady=(0, 10))
        self.progress = Progress(frame)
        self.progress.pack(fill="x")
        self.progress.bar.configure(length=360)
        self.progress.bind("<<Cancelled>>", lambda _event: self.destroy())
        result = query.rows()
        self.progress.run(
            lambda stop, tell: result.to_file(self.path, stop=stop, progress=tell),
            self._done,
            self._failed,
        )
        self.show()

    def _done(self, _facts: Any) -> None:
        size = bytes_text(self.path.stat().st_size)
        self.progress.say(f"Written: {size}")
        self.progress.bar.configure(value=1.0, maximum=1.0)
        self.progress.button.configure(text="Close", command=self.destroy)
        self.progress.button.state(["!disabled"])

    def _failed(self, error: Exception) -> None:
        parent = self.master
        self.destroy()
        show_error(parent, error, title="The export failed")

    def close(self) -> None:
        self.progress.cancel()
        if self.winfo_exists():
            self.destroy()


def export(parent: tk.Misc, query: Dataset) -> ExportDialog | None:
    """Asks for a file's name, then writes the query's rows to it; None where nobody gave one."""
    path = filedialog.asksaveasfilename(
        parent=parent,
        title=f"Export {query.name}",
        initialfile=f"{query.name}.parquet",
        defaultextension=".parquet",
        filetypes=FILE_TYPES,
    )
    return ExportDialog(parent, query, path) if path else None


def bytes_text(size: float) -> str:
    return f"{int(size)} bytes" if size < 1000 else f"{mark_text(size, size / 10)}B"
