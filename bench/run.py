#!/usr/bin/env python3
"""Benchmarks of the whole way, beside peers in the same run. Started by ./bow bench.

    bench/run.py [--quick] [WORD...]      (WORDs choose sections by name)

Prints a table and writes build/bench.json; the machine's load stands beside each figure.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlencode

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / "tests"), str(TOP / "tools")]

import data  # noqa: E402
import datasets  # noqa: E402
from bowshot_server import BowshotServer, target, wait_until  # noqa: E402
from measure import (  # noqa: E402
    Cost,
    Drained,
    Exports,
    SlowReaders,
    Times,
    available_bytes,
    connect,
    cost_of,
    drain,
    send_get,
    windows,
)

PEERS = str(TOP / "bench" / "peers.py")
REPEATS = 3
WINDOWS = 400
MEMORY_FREE_MIN = 6 << 30
MEMORY_MAX = 256 << 20
SLOW_READERS, SLOW_BYTES, SLOW_SECONDS = 16, 100_000, 10
SEED = 20_261_122


@dataclass
class Figure:
    """One line of the table. `target` is empty where there is none."""

    section: str
    name: str
    value: float
    unit: str
    target: str = ""
    is_met: bool | None = None
    server_cpu_seconds: float | None = None
    server_memory_mib: float | None = None
    load: float = 0.0


class Report:
    """The figures so far; each is printed as it comes."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []
        self.section = ""

    def add(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        cost: Cost | None = None,
    ) -> None:
        figure = Figure(self.section, name, round(value, 4), unit, load=os.getloadavg()[0])
        if at_most is not None:
            figure.target, figure.is_met = f"<= {at_most:g}", value <= at_most
        if at_least is not None:
            figure.target, figure.is_met = f">= {at_least:g}", value >= at_least
        if cost:
            figure.server_cpu_seconds = round(cost.cpu_seconds, 3)
            figure.server_memory_mib = round(cost.memory_bytes / 2**20, 1)
        self.figures.append(figure)
        print(line_of(figure), flush=True)


HEADER = f"{'':58} {'value':>12} {'target':>10} {'':4} {'CPU s':>7} {'MiB':>7} {'load':>5}"


def line_of(figure: Figure) -> str:
    verdict = {None: "", True: "ok", False: "MISS"}[figure.is_met]
    cpu = "" if figure.server_cpu_seconds is None else f"{figure.server_cpu_seconds:.2f}"
    memory = "" if figure.server_memory_mib is None else f"{figure.server_memory_mib:.0f}"
    name = f"{figure.section}: {figure.name}"
    value = f"{figure.value:.4g} {figure.unit}"
    return (
        f"{name:58} {value:>12} {figure.target:>10} {verdict:4} {cpu:>7} {memory:>7} "
        f"{figure.load:5.2f}"
    )


@dataclass(frozen=True)
class Bench:
    """What each section is given."""

    report: Report
    is_quick: bool


def rows(dataset: str, **parameters: object) -> str:
    words = {k: str(v) for k, v in parameters.items()}
    return f"/v1/datasets/{dataset}/rows" + (
        f"?{urlencode(words, quote_via=quote)}" if words else ""
    )


def peer_result(*arguments: str) -> dict[str, float]:
    command = [sys.executable, PEERS, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=True)
    return json.loads(done.stdout)


@contextmanager
def peer_server(*arguments: str) -> Iterator[tuple[int, int]]:
    """A peer's port and pid, for as long as the block lasts."""
    command = [sys.executable, PEERS, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline().split()[-1]), process.pid
        finally:
            process.terminate()
            process.wait(20)


def best(port: int, target: str, pid: int, repeats: int = REPEATS) -> tuple[Drained, Cost]:
    """The quickest of a few, with its cost: what the machine can do when left alone."""
    found: list[tuple[Drained, Cost]] = []
    for _ in range(repeats):
        with cost_of(pid) as cost:
            drained = drain(port, target)
        found.append((drained, cost))
    return min(found, key=lambda one: one[0].seconds)


def stream(bench: Bench, name: str, path: Path, *, repeats: int = REPEATS) -> Drained:
    """Every row as Arrow, beside the same engine in process."""
    report = bench.report
    engine = [peer_result("engine", str(path)) for _ in range(repeats)]
    own = min(engine, key=lambda one: one["seconds"])
    with BowshotServer([f"data={path}"]) as server:
        warm, cost = best(server.port, rows("data"), server.pid, repeats)
        filtered, filtered_cost = best(server.port, rows("data", filter="TRUE"), server.pid, 1)
    size = warm.body_bytes / 1e6
    report.add(f"{name}: first batch", warm.first_batch_seconds * 1e3, "ms", at_most=50, cost=cost)
    report.add(f"{name}: all of {size:,.0f} MB", warm.seconds, "s")
    report.add(f"{name}: DuckDB in process", own["seconds"], "s")
    report.add(f"{name}: DuckDB in process, CPU", own["cpu_seconds"], "s")
    share = (warm.body_bytes / warm.seconds) / (own["bytes"] / own["seconds"])
    report.add(f"{name}: throughput of DuckDB's", share, "x", at_least=0.9)
    mebibytes = cost.memory_bytes / 2**20
    report.add(f"{name}: memory above idle", mebibytes, "MiB", at_most=MEMORY_MAX / 2**20)
    through_sql = f"{name}: through SQL"
    report.add(f"{through_sql}, first batch", filtered.first_batch_seconds * 1e3, "ms")
    report.add(through_sql, filtered.seconds, "s", cost=filtered_cost)
    return warm


def streams(bench: Bench) -> None:
    path = data.make("10M")
    own = stream(bench, "10M rows", path)
    with peer_server("bytes", str(own.body_bytes)) as (port, _):
        start = time.perf_counter()
        with connect(port) as connection:
            send_get(connection, "/")
            buffer = bytearray(1 << 20)
            while connection.recv_into(buffer):
                pass
        bench.report.add("10M rows: ready bytes", time.perf_counter() - start, "s")
    with peer_server("fastapi", str(path)) as (port, pid):
        drain(port, "/rows")
        peer, cost = best(port, "/rows", pid)
        bench.report.add("10M rows: FastAPI", peer.seconds, "s", cost=cost)
        bench.report.add("10M rows: FastAPI, first batch", peer.first_batch_seconds * 1e3, "ms")
    if not bench.is_quick:
        stream(bench, "100M rows", data.make("100M"), repeats=1)
        stream(bench, "10^9 narrow rows", data.make("1B-narrow"), repeats=1)


def shapes(bench: Bench) -> None:
    stream(bench, "200 columns", data.make("200-columns"), repeats=1)
    stream(bench, "50 KB texts", data.make("long-texts"), repeats=1)


def slow(bench: Bench) -> None:
    for name, parameters in (("window", {}), ("SQL", {"filter": "TRUE"})):
        with BowshotServer([f"data={data.make('10M')}"]) as server, cost_of(server.pid) as cost:
            target = rows("data", **parameters)
            readers = SlowReaders(server.port, target, SLOW_READERS, SLOW_BYTES)
            threading.Event().wait(SLOW_SECONDS)  # the time in which memory must stay flat
            read = min(readers.read_bytes) / SLOW_SECONDS
            readers.stop()
        bench.report.add(f"16 slow readers ({name}): slowest", read / 1e3, "KB/s")
        used = cost.memory_bytes / 2**20
        limit = MEMORY_MAX / 2**20
        bench.report.add(f"16 slow readers ({name}): memory", used, "MiB", at_most=limit, cost=cost)


def random_windows(total: int, count: int, seed: int) -> list[str]:
    source = random.Random(seed)
    return [rows("data", offset=source.randrange(total - 100), limit=100) for _ in range(count)]


def add_times(report: Report, name: str, times: Times, cost: Cost) -> None:
    report.add(f"{name}: p50", times.quantile(0.50) * 1e3, "ms", at_most=10, cost=cost)
    report.add(f"{name}: p99", times.quantile(0.99) * 1e3, "ms", at_most=50)


def jumps(bench: Bench) -> None:
    names = {"10M rows": "10M", "10^9 tiny rows": "tiny-1B"}
    if not bench.is_quick:
        names |= {"100M rows": "100M", "10^9 narrow rows": "1B-narrow"}
    for name, kind in names.items():
        total = 10**9 if "1B" in kind else data.KINDS[kind].rows
        with BowshotServer([f"data={data.make(kind)}"]) as server:
            windows(server.port, random_windows(total, 20, SEED))
            with cost_of(server.pid) as cost:
                times = windows(server.port, random_windows(total, WINDOWS, SEED + 1))
            add_times(bench.report, f"{name}, 1 client", times, cost)
            exports = Exports(server.port, rows("data"), 2)
            found: list[Times] = [Times() for _ in range(8)]

            def ask(i: int, port: int, results: list[Times], total: int) -> None:
                results[i] = windows(port, random_windows(total, WINDOWS // 8, SEED + 2 + i))

            with cost_of(server.pid) as cost:
                threads = [
                    threading.Thread(target=ask, args=(i, server.port, found, total))
                    for i in range(8)
                ]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            exports.stop()
            every = Times([s for times in found for s in times.seconds])
            add_times(bench.report, f"{name}, 8 clients, 2 exports", every, cost)


def by_views(bench: Bench, name: str, path: Path, total: int, asked: dict[str, object]) -> None:
    """Windows anywhere in sorted or filtered rows: the first ones, then those by the view."""
    several = total < 10_000_000
    with BowshotServer([f"data={path}"], "--first-batch-seconds", "300") as server:
        report = bench.report
        window = {**asked, "limit": 100}

        def first(offset: int) -> float:
            return windows(server.port, [rows("data", **window, offset=offset)]).seconds[0]

        if "filter" in asked:
            start = time.monotonic()
            counted = target("/v1/datasets/data/count", {**asked, "format": "json"})
            total = server.request("GET", counted).json()["rows"][0][0]
            report.add(f"{name}: count", time.monotonic() - start, "s")
        else:
            limit = 1 if several else None
            report.add(f"{name}: first window", first(0), "s", at_most=limit)
            report.add(f"{name}: then the last", first(total - 100), "s", at_most=limit)
            limit = 1 if several else 30
            report.add(f"{name}: then anywhere", first(total // 2), "s", at_most=limit)
        source = random.Random(SEED)
        targets = [
            rows("data", **window, offset=source.randrange(total - 100))
            for _ in range(WINDOWS // 2)
        ]
        with cost_of(server.pid) as cost:
            times = windows(server.port, targets)
        p50 = 50 if several else 100
        report.add(f"{name}: p50", times.quantile(0.50) * 1e3, "ms", at_most=p50, cost=cost)
        p99 = 150 if several else None
        report.add(f"{name}: p99", times.quantile(0.99) * 1e3, "ms", at_most=p99)


def views(bench: Bench) -> None:
    flights = 3_000_000
    for order in ("delay", "-distance,origin"):
        by_views(bench, f"flights by {order}", datasets.FLIGHTS, flights, {"order": order})
    by_views(bench, "10M, value > 100", data.make("10M"), 10_000_000, {"filter": "value > 100"})
    if bench.is_quick:
        return
    hundred = data.make("100M")
    for asked in ("value > 100", "qty = 7"):
        by_views(bench, f"100M, {asked}", hundred, 100_000_000, {"filter": asked})
    fifty = data.make("50M-floats")
    by_views(bench, "50M by a float", fifty, 50_000_000, {"order": "x"})


def groups(bench: Bench) -> None:
    for kind in ["10M"] if bench.is_quick else ["10M", "100M"]:
        path = data.make(kind)
        own = peer_result("group", str(path))["seconds"]
        words = {"by": "category", "measures": "count(),mean(value)"}
        target = f"/v1/datasets/data/aggregate?{urlencode(words)}"
        with BowshotServer([f"data={path}"]) as server:
            windows(server.port, [target] * 3)
            with cost_of(server.pid) as cost:
                times = windows(server.port, [target] * 15)
        median = times.quantile(0.5)
        bench.report.add(f"by category, {kind}", median * 1e3, "ms", cost=cost)
        bench.report.add(f"by category, {kind}: DuckDB in process", own * 1e3, "ms")
        bench.report.add(f"by category, {kind}: overhead", (median - own) * 1e3, "ms", at_most=5)


WRK_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


def wrk(url: str, seconds: int) -> tuple[float, float]:
    """Requests a second, and the 99th percentile in milliseconds."""
    command = ["wrk", "-t1", "-c64", f"-d{seconds}s", "--latency", url]
    text = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    slowest = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    if not rate or not slowest or "Non-2xx" in text:
        raise RuntimeError(text)
    return float(rate[1]), float(slowest[1]) * WRK_UNITS[slowest[2]]


def tiny(bench: Bench) -> None:
    seconds = 3 if bench.is_quick else 10
    targets = {
        "health": "/healthz",
        "a count": "/v1/datasets/data/count?format=json",
        "one row": rows("data", limit=1, offset=7, format="json"),
    }
    with BowshotServer([f"data={data.make('tiny-1B')}"]) as server:
        for name, target in targets.items():
            with cost_of(server.pid) as cost:
                rate, slowest = wrk(server.url + target, seconds)
            bench.report.add(f"{name}: rate", rate, "/s", cost=cost)
            bench.report.add(f"{name}: p99", slowest, "ms")
    with peer_server("fastapi", str(data.make("tiny-1B"))) as (port, pid):
        with cost_of(pid) as cost:
            rate, slowest = wrk(f"http://127.0.0.1:{port}/constant", seconds)
        bench.report.add("FastAPI, a constant: rate", rate, "/s", cost=cost)
        bench.report.add("FastAPI, a constant: p99", slowest, "ms")


def cancel(bench: Bench) -> None:
    asked = {
        "a count": "/v1/datasets/data/count?filter=(id%20*%207)%20%25%2011%20%3D%203",
        "a stream": rows("data", filter="(id * 7) % 11 = 3"),
    }
    with BowshotServer([f"data={data.make('tiny-1B')}"]) as server:
        for name, target in asked.items():
            running, stopped = [], []
            for _ in range(5):
                connection = connect(server.port)
                send_get(connection, target)
                wait_until(lambda: server.metric("bowshot_queries_running") == 1, 10, "it runs")
                connection.close()
                start = time.perf_counter()
                wait_until(lambda: server.metric("bowshot_queries_running") == 0, 10, "it ends")
                running.append(time.perf_counter() - start)
                stopped.append(seconds_until_idle(server, start))
            bench.report.add(f"{name}: none runs", max(running) * 1e3, "ms", at_most=250)
            bench.report.add(f"{name}: CPU stands still", max(stopped) * 1e3, "ms", at_most=250)


def seconds_until_idle(server: BowshotServer, start: float) -> float:
    """When the last clock tick of CPU time was used, seen over half a second."""
    last, at = server.cpu_seconds(), time.perf_counter()
    while time.perf_counter() - at < 0.5:
        threading.Event().wait(0.005)
        if (now := server.cpu_seconds()) > last:
            last, at = now, time.perf_counter()
    return at - start


SECTIONS: dict[str, Callable[[Bench], None]] = {
    "stream": streams,
    "shape": shapes,
    "slow": slow,
    "jump": jumps,
    "view": views,
    "group": groups,
    "tiny": tiny,
    "cancel": cancel,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./bow bench", description="Benchmarks beside peers.")
    parser.add_argument("--quick", action="store_true", help="10M rows at most, short runs")
    parser.add_argument("section", nargs="*", choices=[*SECTIONS, []], help="default: all")
    arguments = parser.parse_args()
    free = available_bytes()
    if free < MEMORY_FREE_MIN:
        print(
            f"bench: needs {MEMORY_FREE_MIN / 2**30:.0f} GiB of free memory, has {free / 2**30:.1f}"
        )
        return 1
    report = Report()
    print(HEADER)
    for name in arguments.section or SECTIONS:
        report.section = name
        SECTIONS[name](Bench(report, arguments.quick))
    target = TOP / "build" / "bench.json"
    facts = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "quick": arguments.quick,
        "figures": [asdict(figure) for figure in report.figures],
    }
    target.write_text(json.dumps(facts, indent=1))
    missed = [figure for figure in report.figures if figure.is_met is False]
    print(f"bench: {len(report.figures)} figures, {len(missed)} beside their target; {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
