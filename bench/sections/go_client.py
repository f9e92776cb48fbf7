"""Every row read by the Go client, in turns with a bare socket in the same program."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import data
from bowshot_server import BowshotServer
from measure import cost_of
from report import Bench

TOP = Path(__file__).resolve().parents[2]
MODULE = TOP / "clients" / "go"
PROGRAM = TOP / "build" / "readbench"
TIMES = 5
BUILD_SECONDS_MAX, RUN_SECONDS_MAX = 900, 1800


def go_client(bench: Bench) -> None:
    build = ["go", "build", "-o", str(PROGRAM), "./internal/readbench"]
    subprocess.run(build, cwd=MODULE, check=True, timeout=BUILD_SECONDS_MAX)
    with BowshotServer([f"data={data.make('10M')}"]) as server:
        read(bench, server, "10M rows, memory reused", ["reuse"], at_least=0.9)
        read(bench, server, "10M rows, as by default", [], at_least=0.9)


def read(
    bench: Bench, server: BowshotServer, name: str, options: list[str], at_least: float
) -> None:
    command = [str(PROGRAM), server.url, "data", str(TIMES), *options]
    with cost_of(server.pid) as cost:
        printed = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=RUN_SECONDS_MAX
        )
    found = json.loads(printed.stdout)
    report = bench.report
    client, raw = min(found["client_seconds"]), min(found["raw_seconds"])
    report.add(f"{name}: first batch", min(found["first_seconds"]) * 1e3, "ms", at_most=50)
    report.add(f"{name}: all of {found['bytes'] / 1e6:,.0f} MB", client, "s", cost=cost)
    report.add(f"{name}: the body drained", raw, "s")
    report.add(f"{name}: of a raw drain's speed", raw / client, "x", at_least=at_least)
    report.add(f"{name}: client's CPU", found["client_cpu_seconds"] / TIMES, "s")
    report.add(f"{name}: drain's CPU", found["raw_cpu_seconds"] / TIMES, "s")
    report.add(f"{name}: program", found["peak_memory_bytes"] / 2**20, "MiB", at_most=256)
