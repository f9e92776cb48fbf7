"""All rows of a table in a Python program: by the client, from the file, from the naive back end;
and the core in process beside DuckDB in process."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import data
from bowshot_server import BowshotServer
from measure import private_memory
from peer_process import TOP, fastapi_server, into_memory
from report import Bench

READER = str(TOP / "bench" / "python_reader.py")
ROUNDS = 3
QUICK_TURNS, TURNS = 2, 5  # of the core and DuckDB, one after the other
TIMES = 3  # questions a turn; the first is a warm-up
FIRST_MS_MAX = 50
THROUGHPUT_MIN = 2
MEMORY_SHARE_MAX = 0.1
OVERHEAD_MAX = 0.10
PUBLISH_SHARE_MAX = 1
PUBLISH_MEMORY_MAX = 0.05

Found = dict[str, float]


def ask(how: str, into: str, source: str, times: int = 1) -> list[Found]:
    environment = {
        **os.environ,
        # As in the wheel, whose core has an Arrow, and so an allocator, of its own.
        "ARROW_DEFAULT_MEMORY_POOL": "jemalloc",
        "BOWSHOT_LIBRARY": str(TOP / "build" / "release" / "abi" / "libbowshot.so"),
    }
    command = [sys.executable, READER, how, into, source, str(times)]
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=True)
    return json.loads(done.stdout)


def python(bench: Bench) -> None:
    path = into_memory(data.make("10M"))
    rows = data.KINDS["10M"].rows
    for into in ("pyarrow", "polars"):
        transported(bench, path, into, rows)
    published(bench, path)
    for into in ("groups", "pyarrow") if bench.is_quick else ("groups", "filtered", "pyarrow"):
        in_process(bench, path, into, QUICK_TURNS if bench.is_quick else TURNS)


def transported(bench: Bench, path: Path, into: str, rows: int) -> None:
    """In turns, so that a busy moment of the machine hits all of them."""
    found: dict[str, list[Found]] = {"Bowshot": [], "naive FastAPI": [], "file": []}
    with (
        BowshotServer([f"data={path}"]) as server,
        fastapi_server(path, "naive") as (port, pids),
        private_memory([server.pid]) as ours,
        private_memory(pids) as theirs,
    ):
        for _ in range(ROUNDS):
            found["Bowshot"] += ask("bowshot", into, server.url)
            found["naive FastAPI"] += ask("naive", into, f"http://127.0.0.1:{port}")
            found["file"] += ask("file", into, str(path))
    best = {name: min(each, key=lambda one: one["seconds"]) for name, each in found.items()}
    for name, one in best.items():
        if one["rows"] != rows:
            raise RuntimeError(f"{name}: {one['rows']} rows")
        rate = one["bytes"] / one["seconds"] / 1e6
        bench.report.add(f"{name} into {into}, all rows", one["seconds"], "s")
        bench.report.add(f"{name} into {into}, rate", rate, "MB/s")
        bench.report.add(f"{name} into {into}, client's CPU", one["cpu_seconds"], "s")
    first = statistics.median(one["first_seconds"] for one in found["Bowshot"])
    bench.report.add(f"Bowshot into {into}, first batch", first * 1e3, "ms", at_most=FIRST_MS_MAX)
    gain = best["naive FastAPI"]["seconds"] / best["Bowshot"]["seconds"]
    bench.report.add(f"into {into}, times the naive rate", gain, "x", at_least=THROUGHPUT_MIN)
    share = ours.peak_bytes / theirs.peak_bytes
    bench.report.add(f"into {into}, server's peak", ours.peak_bytes / 2**20, "MiB")
    bench.report.add(f"into {into}, naive server's peak", theirs.peak_bytes / 2**20, "MiB")
    bench.report.add(f"into {into}, share of its peak", share, "x", at_most=MEMORY_SHARE_MAX)


def published(bench: Bench, path: Path) -> None:
    """A frame that a core takes: its buffers are shared."""
    found = ask("publish", "core", str(path))
    best = min(found, key=lambda one: one["seconds"])
    bench.report.add("core, publish a frame", best["seconds"] * 1e3, "ms")
    bench.report.add("one copy of the frame", best["copy_seconds"] * 1e3, "ms")
    share = best["seconds"] / best["copy_seconds"]
    bench.report.add("publish, over one copy", share, "x", at_most=PUBLISH_SHARE_MAX)
    grown = max(one["grown_bytes"] / one["bytes"] for one in found)
    bench.report.add("publish, memory of the frame's", grown, "x", at_most=PUBLISH_MEMORY_MAX)


def in_process(bench: Bench, path: Path, into: str, turns: int) -> None:
    """Time over DuckDB's own, median of turns; and CPU time, which a busy machine moves less."""
    found: dict[str, list[Found]] = {"core": [], "duckdb": []}
    for _ in range(turns):
        for how, each in found.items():
            each += ask(how, into, str(path), TIMES)[1:]
    seconds, used = (
        {how: statistics.median(one[what] for one in each) for how, each in found.items()}
        for what in ("seconds", "cpu_seconds")
    )
    if len({one["rows"] for each in found.values() for one in each}) != 1:
        raise RuntimeError(f"{into}: not the same rows")
    bench.report.add(f"core, {into}", seconds["core"] * 1e3, "ms")
    bench.report.add(f"DuckDB in process, {into}", seconds["duckdb"] * 1e3, "ms")
    over = seconds["core"] / seconds["duckdb"] - 1
    bench.report.add(f"core, {into}, over DuckDB", over, "x", at_most=OVERHEAD_MAX)
    over = used["core"] / used["duckdb"] - 1
    bench.report.add(f"core, {into}, CPU over DuckDB", over, "x", at_most=OVERHEAD_MAX)
