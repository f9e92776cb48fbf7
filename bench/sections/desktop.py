"""A desktop window: how soon the rows of a jump are seen."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

import data
from bowshot_server import BowshotServer
from peer_process import TOP
from report import Bench

PROGRAM = str(TOP / "bench" / "desktop_jumps.py")
FRAME_MS_MAX = 16


def desktop(bench: Bench) -> None:
    """CPU time beside the clock's: a busy machine moves it less."""
    jumps = 50 if bench.is_quick else 200
    with BowshotServer([f"data={data.make('tiny-1B')}"]) as server:
        command = [sys.executable, PROGRAM, server.url, "data", str(jumps)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=600)
    found: list[dict[str, float]] = json.loads(done.stdout)
    for what, name, most in (
        ("repaint_ms", "repaint of an answer", FRAME_MS_MAX),
        ("repaint_cpu_ms", "repaint of an answer, CPU", FRAME_MS_MAX),
        ("jump_ms", "jump in 10^9 rows until it is seen", None),
    ):
        values = [one[what] for one in found]
        bench.report.add(f"{name}: median", statistics.median(values), "ms", at_most=most)
        p95 = statistics.quantiles(values, n=20)[-1]
        bench.report.add(f"{name}: 95 %", p95, "ms")
