"""A screen of one's own, windows on it, and a server whose answers can be held back."""

from __future__ import annotations

import contextlib
import gc
import os
import select
import socket
import subprocess
import threading
import time
import tkinter as tk
import traceback
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from bowshot.tk import LIGHT, DataGrid, apply_theme

SECONDS_MAX = 60.0  # machines are slow when much runs on them


@contextlib.contextmanager
def virtual_screen() -> Iterator[None]:
    """Xvfb, on the first display that is free."""
    reader, writer = os.pipe()
    size = ["-screen", "0", "1400x900x24", "-nolisten", "tcp", "-displayfd", str(writer)]
    before = os.environ.get("DISPLAY")
    with subprocess.Popen(["Xvfb", *size], pass_fds=[writer], stderr=subprocess.DEVNULL) as screen:
        os.close(writer)
        try:
            if not select.select([reader], [], [], SECONDS_MAX)[0]:
                raise RuntimeError("Xvfb does not start")
            os.environ["DISPLAY"] = ":" + os.read(reader, 20).decode().strip()
            yield
        finally:
            screen.terminate()
            os.close(reader)
            if before is None:
                os.environ.pop("DISPLAY", None)
            else:
                os.environ["DISPLAY"] = before


@contextlib.contextmanager
def open_window(size: str = "900x600") -> Iterator[tk.Tk]:
    """A themed window that has the focus. What a callback raises fails the test."""
    root = tk.Tk()
    failures: list[str] = []

    def report(*error: Any) -> None:
        failures.append("".join(traceback.format_exception(*error)))

    root.report_callback_exception = report
    root.geometry(f"{size}+0+0")
    apply_theme(root, LIGHT)
    root.update()
    root.focus_force()
    try:
        yield root
    finally:
        with contextlib.suppress(tk.TclError):
            root.destroy()
        del root.report_callback_exception
        gc.collect()  # here: Tk's objects may not be freed by another thread
    assert not failures, failures[0]


def wait_for(root: tk.Misc, condition: Callable[[], Any], what: str = "") -> Any:
    """Runs Tk's loop until that is true, and returns it."""
    deadline = time.monotonic() + SECONDS_MAX
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {SECONDS_MAX} s: {what or condition}"
        root.update()
        select.select([], [], [], 0.002)
    root.update()
    return found


def loaded(grid: DataGrid) -> bool:
    """Whether all that is seen is there."""
    window, canvas = grid.window, grid.canvas
    if window.is_loading() or window.rows is None:
        return False
    seen = range(canvas.top, min(canvas.top + canvas.rows_seen, window.rows))
    return all(window.row(number) is not None for number in seen)


def shown_rows(grid: DataGrid) -> list[list[str]]:
    """The texts of the cells as the canvas has them, row by row, without the row numbers."""
    return [texts for _, texts in _lines(grid, "cells")]


def shown_numbers(grid: DataGrid) -> list[str]:
    """The row numbers that stand to the left."""
    return [texts[0] for _, texts in _lines(grid, "numbers")]


def _lines(grid: DataGrid, which: str) -> list[tuple[float, list[str]]]:
    canvas = grid.canvas
    lines: dict[float, list[tuple[float, str]]] = {}
    for item in canvas.find_all():
        if canvas.type(item) != "text" or canvas.itemcget(item, "state") == "hidden":
            continue
        x, y = canvas.coords(item)
        is_cell = not canvas.gettags(item)
        is_number = not is_cell and x < canvas.gutter and y > canvas.header_height
        if (which == "cells" and is_cell) or (which == "numbers" and is_number):
            lines.setdefault(y, []).append((x, canvas.itemcget(item, "text")))
    return [(y, [text for _, text in sorted(line)]) for y, line in sorted(lines.items())]


def header_place(grid: DataGrid, column: str) -> tuple[int, int]:
    """The middle of a column's head, on the canvas."""
    canvas = grid.canvas
    names = [item.name for item in canvas.columns.items]
    index = names.index(column)
    middle = (canvas.columns.edges[index] + canvas.columns.edges[index + 1]) // 2
    return canvas.gutter + middle - canvas.left, canvas.header_height // 2


def cell_place(grid: DataGrid, row: int, column: int) -> tuple[int, int]:
    canvas = grid.canvas
    x = canvas.gutter + canvas.columns.edges[column] + 12 - canvas.left
    y = canvas.header_height + (row - canvas.top) * canvas.row_height + canvas.row_height // 2
    return x, y


def drag(widget: tk.Misc, begin: tuple[int, int], end: tuple[int, int], state: int = 0) -> None:
    """With the first button, in four steps."""
    widget.event_generate("<ButtonPress-1>", x=begin[0], y=begin[1], state=state)
    for step in (1, 2, 3, 4):
        x = begin[0] + (end[0] - begin[0]) * step // 4
        y = begin[1] + (end[1] - begin[1]) * step // 4
        widget.event_generate("<B1-Motion>", x=x, y=y, state=state | 0x100)
        widget.update()
    widget.event_generate("<ButtonRelease-1>", x=end[0], y=end[1], state=state | 0x100)
    widget.update()


def click(widget: tk.Misc, place: tuple[int, int], state: int = 0) -> None:
    widget.event_generate("<ButtonPress-1>", x=place[0], y=place[1], state=state)
    widget.event_generate("<ButtonRelease-1>", x=place[0], y=place[1], state=state)
    widget.update()


def xdotool(root: tk.Misc, *arguments: str) -> None:
    """Real input: the X server's own events."""
    root.update()
    subprocess.run(["xdotool", *arguments], check=True, timeout=SECONDS_MAX)
    root.update()


class GatedProxy:
    """Hands bytes on between clients and a server; while the gate is closed, answers wait."""

    def __init__(self, url: str) -> None:
        at = urlsplit(url)
        self._target = (at.hostname or "", at.port or 0)
        self.gate = threading.Event()
        self.gate.set()
        self.requests = 0
        self._is_open = True
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                for ends in ((client, server, False), (server, client, True)):
                    threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                self.requests += not is_answer
                while is_answer and self._is_open and not self.gate.wait(SECONDS_MAX):
                    pass
                target.sendall(piece)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._is_open = False
        self.gate.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextlib.contextmanager
def gated(url: str) -> Iterator[GatedProxy]:
    proxy = GatedProxy(url)
    try:
        yield proxy
    finally:
        proxy.close()
