"""Windows anywhere: of plain rows, of sorted and filtered ones; and groups."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

import data
import datasets
from bowshot_server import BowshotServer, target
from measure import Cost, Exports, Times, cost_of, windows
from peer_process import DuckDbInProcess, into_memory, rows
from report import Bench, Report

WINDOWS = 400
CLIENTS = 8
SCROLL_SECONDS = 0.1  # between two windows: a grid asks no sooner while it is scrolled
GROUPS = 15
SEED = 20_261_122


def random_windows(total: int, count: int, seed: int) -> list[str]:
    source = random.Random(seed)
    return [rows("data", offset=source.randrange(total - 100), limit=100) for _ in range(count)]


def add_times(
    report: Report, name: str, times: Times, cost: Cost, *, has_target: bool = True
) -> None:
    for share, most in ((0.50, 10), (0.99, 50)):
        value = times.quantile(share) * 1e3
        limit = most if has_target else None
        report.add(f"{name}: p{share * 100:.0f}", value, "ms", at_most=limit, cost=cost)


def jumps(bench: Bench) -> None:
    names = {"10M rows": "10M", "10^9 tiny rows": "tiny-1B"}
    if not bench.is_quick:
        names |= {"100M rows": "100M", "10^9 narrow rows": "1B-narrow"}
    for name, kind in names.items():
        total = 10**9 if "1B" in kind else data.KINDS[kind].rows
        with BowshotServer([f"data={into_memory(data.make(kind))}"]) as server:
            windows(server.port, random_windows(total, 20, SEED))
            with cost_of(server.pid) as cost:
                times = windows(server.port, random_windows(total, WINDOWS, SEED + 1))
            add_times(bench.report, f"{name}, 1 client", times, cost)
            beside_exports(bench.report, server, name, total)


def beside_exports(report: Report, server: BowshotServer, name: str, total: int) -> None:
    """Eight clients while two exports run: at the pace of eight people who scroll, and each as fast
    as its answers come, which is what the machine's cores allow."""
    exports = Exports(server.port, rows("data"), 2)
    for label, every, seed in (
        (f"{name}, 8 clients that scroll, 2 exports", SCROLL_SECONDS, SEED + 2),
        (f"{name}, 8 clients without a pause, 2 exports", None, SEED + 2 + CLIENTS),
    ):
        with cost_of(server.pid) as cost, ThreadPoolExecutor(CLIENTS) as pool:
            asked = [
                pool.submit(
                    windows,
                    server.port,
                    random_windows(total, WINDOWS // CLIENTS, seed + i),
                    every,
                )
                for i in range(CLIENTS)
            ]
        times = Times([seconds for one in asked for seconds in one.result().seconds])
        add_times(report, label, times, cost, has_target=every is not None)
    exports.stop()


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
    """In turns with the engine in process, so that both have the same of a noisy machine; the
    overhead is the median of the differences."""
    words = {"by": "category", "measures": "count(),mean(value)"}
    target = f"/v1/datasets/data/aggregate?{urlencode(words)}"
    for kind in ["10M"] if bench.is_quick else ["10M", "100M"]:
        path = into_memory(data.make(kind))
        statement = f"""SELECT category, count(*), avg(value) FROM '{path}'
                        GROUP BY category ORDER BY category"""
        found, own = [], []
        with BowshotServer([f"data={path}"]) as server, DuckDbInProcess() as engine:
            for _ in range(GROUPS):
                own.append(engine.run(statement)["seconds"] * 1e3)
                found += [seconds * 1e3 for seconds in windows(server.port, [target]).seconds]
        name = f"by category, {kind}"
        bench.report.add(name, median(found), "ms")
        bench.report.add(f"{name}: DuckDB in process", median(own), "ms")
        differences = [ours - theirs for ours, theirs in zip(found, own, strict=True)]
        bench.report.add(f"{name}: overhead", median(differences), "ms", at_most=5)
