"""Jumps a grid of bowshot.tk to rows all over a dataset; prints what each cost, as JSON.

    bench/desktop_jumps.py ADDRESS DATASET JUMPS

Started by the section `desktop`, on a screen of its own.
"""

from __future__ import annotations

import json
import random
import sys
import time
import tkinter as tk
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / "clients/python/src"), str(TOP / "clients/python/tests")]

from tk_window import loaded, open_window, virtual_screen, wait_for  # noqa: E402

import bowshot  # noqa: E402
from bowshot.tk import DataGrid  # noqa: E402

SEED = 7
WINDOW = "1280x800"


def measure(root: tk.Tk, grid: DataGrid, jumps: int) -> list[dict[str, float]]:
    """Of each jump: from the wheel's turn to the picture, and from the answer to the picture."""
    found: list[dict[str, float]] = []
    take = grid.window._take_rows

    def taken(answer: Any) -> None:
        wall, used = time.perf_counter(), time.thread_time()
        take(answer)
        root.update_idletasks()
        root.update()  # what the X server is told has left
        found.append(
            {
                "repaint_ms": 1e3 * (time.perf_counter() - wall),
                "repaint_cpu_ms": 1e3 * (time.thread_time() - used),
            }
        )

    grid.window._take_rows = taken  # type: ignore[method-assign]
    rows = random.Random(SEED)
    for jump in range(jumps):
        begin = time.perf_counter()
        grid.canvas.scroll_to(rows.randrange(grid.canvas.total))
        wait_for(root, lambda jump=jump: len(found) > jump, "the rows")
        found[-1]["jump_ms"] = 1e3 * (time.perf_counter() - begin)
    return found


def main() -> None:
    address, name, jumps = sys.argv[1:]
    with virtual_screen(), open_window(WINDOW) as root, bowshot.connect(address) as client:
        grid = DataGrid(root)
        grid.pack(fill="both", expand=True)
        grid.open(client[name])
        wait_for(root, lambda: loaded(grid), "the first rows")
        print(json.dumps(measure(root, grid, int(jumps))))


if __name__ == "__main__":
    main()
