"""Every row as Arrow, and readers that are slow."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import data
import pyarrow.parquet as pq
from bowshot_server import BowshotServer
from measure import (
    Cost,
    Drained,
    SlowReaders,
    connect,
    cost_of,
    drain,
    first_batch,
    send_get,
    start_decoder,
)
from peer_process import fastapi_server, peer_result, peer_server, rows
from report import MEMORY_MAX, Bench

REPEATS = 3
FIRST_BATCHES = 9
SLOW_READERS, SLOW_BYTES, SLOW_SECONDS = 16, 100_000, 10


def best(port: int, target: str, pid: int, repeats: int = REPEATS) -> tuple[Drained, Cost]:
    """The quickest of a few, with its cost: what the machine can do when left alone."""
    found: list[tuple[Drained, Cost]] = []
    for _ in range(repeats):
        with cost_of(pid) as cost:
            drained = drain(port, target)
        found.append((drained, cost))
    return min(found, key=lambda one: one[0].seconds)


@dataclass
class FirstBatches:
    """Seconds to the first decoded batch, medians; each reader leaves as soon as it has it."""

    of_new_server: float  # of a process that has answered nothing before
    seconds: float
    memory_bytes: int  # held by the server for readers who left one right after the other


def first_batches(path: Path) -> FirstBatches:
    start_decoder(pq.read_schema(path))
    new = []
    for _ in range(FIRST_BATCHES):
        with BowshotServer([f"data={path}"]) as server:
            new.append(first_batch(server.port, rows("data")))
    with BowshotServer([f"data={path}"]) as server, cost_of(server.pid) as cost:
        first = median(first_batch(server.port, rows("data")) for _ in range(FIRST_BATCHES))
    return FirstBatches(median(new), first, cost.memory_bytes)


def stream(bench: Bench, name: str, path: Path, *, repeats: int = REPEATS) -> Drained:
    """Every row as Arrow, beside the same engine in process."""
    report = bench.report
    engine = [peer_result("engine", str(path)) for _ in range(repeats)]
    own = min(engine, key=lambda one: one["seconds"])
    first = first_batches(path)
    with BowshotServer([f"data={path}"]) as server:
        with cost_of(server.pid) as whole:
            warm, cost = best(server.port, rows("data"), server.pid, repeats)
        filtered, filtered_cost = best(server.port, rows("data", filter="TRUE"), server.pid, 1)
    size = warm.body_bytes / 1e6
    report.add(f"{name}: first batch", first.seconds * 1e3, "ms", at_most=50)
    report.add(f"{name}: first batch of a new server", first.of_new_server * 1e3, "ms", at_most=50)
    report.add(f"{name}: memory of readers who left", first.memory_bytes / 2**20, "MiB")
    report.add(f"{name}: all of {size:,.0f} MB", warm.seconds, "s", cost=cost)
    report.add(f"{name}: DuckDB in process", own["seconds"], "s")
    report.add(f"{name}: DuckDB in process, CPU", own["cpu_seconds"], "s")
    share = (warm.body_bytes / warm.seconds) / (own["bytes"] / own["seconds"])
    report.add(f"{name}: throughput of DuckDB's", share, "x", at_least=0.9)
    mebibytes = whole.memory_bytes / 2**20
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
    with fastapi_server(path, "careful") as (port, pids):
        drain(port, "/rows")
        peer, cost = best(port, "/rows", pids[0])
        bench.report.add("10M rows: FastAPI", peer.seconds, "s", cost=cost)
        bench.report.add("10M rows: FastAPI, first batch", peer.first_batch_seconds * 1e3, "ms")
    if not bench.is_quick:
        stream(bench, "100M rows", data.make("100M"), repeats=1)
        stream(bench, "10^9 narrow rows", data.make("1B-narrow"), repeats=1)


def wide(bench: Bench) -> None:
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
