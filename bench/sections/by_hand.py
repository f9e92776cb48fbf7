"""The same work on two FastAPI back ends written by hand, a careful and a naive one (backends/)."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import data
import pyarrow as pa
from bowshot_server import BowshotServer
from measure import (
    Drained,
    RawBody,
    Times,
    available_bytes,
    connect,
    cpu_seconds,
    drain,
    private_memory,
    send_get,
    windows,
)
from peer_process import fastapi_server, into_memory, rows
from report import Bench

SEED = 20_261_122
REPEATS = 3
PAGES = 100
FILTERED_PAGES = 20
CLIENTS = 4
FILTERED_SHARE = 0.08  # at least so many of the rows match: no page is past the last of them
NAIVE_BYTES_A_ROW = 500  # of 70: frame, buffer, its copy, what the socket has not taken


@dataclass(frozen=True)
class BackEnd:
    """One server and how it is asked."""

    name: str
    port: int
    pids: list[int]
    all_rows: str
    page: Callable[[int], str]
    filtered: Callable[[int], str]
    groups: str
    is_naive: bool = False


@contextmanager
def bowshot(path: Path) -> Iterator[BackEnd]:
    with BowshotServer([f"data={path}"]) as server:
        yield BackEnd(
            "Bowshot",
            server.port,
            [server.pid],
            rows("data"),
            lambda offset: rows("data", offset=offset, limit=100),
            lambda offset: rows("data", filter="value > 100", offset=offset, limit=100),
            "/v1/datasets/data/aggregate?by=category&measures=count(),mean(value)",
        )


@contextmanager
def by_fastapi(path: Path, kind: str, workers: int) -> Iterator[BackEnd]:
    with fastapi_server(path, kind, workers) as (port, pids):
        yield BackEnd(
            f"FastAPI, {kind}, {workers} worker{'s' if workers > 1 else ''}",
            port,
            pids,
            "/rows",
            lambda offset: f"/page?offset={offset}&limit=100",
            lambda offset: f"/filtered?above=100&offset={offset}&limit=100",
            "/groups",
            kind == "naive",
        )


def by_hand(bench: Bench) -> None:
    path = into_memory(data.make("10M"))
    total = data.KINDS["10M"].rows
    bench.report.add("rows", total, "rows")
    every = [
        lambda: bowshot(path),
        *(
            lambda kind=kind, workers=workers: by_fastapi(path, kind, workers)
            for kind in ("responses", "careful", "naive")
            for workers in (1, 2)
        ),
    ]
    for start in every:
        with start() as back_end:
            check(back_end)
            everything(bench, back_end)
            pages(bench, back_end, total)
            at_once(bench, back_end, total)


def check(back_end: BackEnd) -> None:
    """All of them answer the questions, not others that are easier."""

    def ask(target: str) -> pa.Table:
        with connect(back_end.port) as connection:
            send_get(connection, target)
            return pa.ipc.open_stream(RawBody(connection)).read_all()

    page, filtered = ask(back_end.page(777)), ask(back_end.filtered(0))
    groups = ask(back_end.groups)
    assert page["id"].to_pylist() == list(range(777, 877)), back_end.name
    assert filtered.num_rows == 100, back_end.name
    assert min(filtered["value"].to_pylist()) > 100, back_end.name
    assert groups.column_names[0] == "category", back_end.name
    assert groups["category"].to_pylist() == data.CATEGORIES, back_end.name


def everything(bench: Bench, back_end: BackEnd) -> None:
    found: list[tuple[Drained, float]] = []
    with private_memory(back_end.pids) as memory:
        for _ in range(REPEATS):
            used = sum(map(cpu_seconds, back_end.pids))
            drained = drain(back_end.port, back_end.all_rows)
            found.append((drained, sum(map(cpu_seconds, back_end.pids)) - used))
    best, used = min(found, key=lambda one: one[0].seconds)
    add = bench.report.add
    add(f"{back_end.name}: all rows, first", best.first_batch_seconds * 1e3, "ms")
    add(f"{back_end.name}: all rows", best.seconds, "s")
    add(f"{back_end.name}: all rows, rate", best.body_bytes / best.seconds / 1e6, "MB/s")
    add(f"{back_end.name}: all rows, CPU", used, "s")
    add(f"{back_end.name}: all rows, memory", memory.peak_bytes / 2**20, "MiB")


def pages(bench: Bench, back_end: BackEnd, total: int) -> None:
    source = random.Random(SEED)
    asked = {
        "page anywhere": [back_end.page(source.randrange(total - 100)) for _ in range(PAGES)],
        "filtered page anywhere": [
            back_end.filtered(source.randrange(int(total * FILTERED_SHARE)))
            for _ in range(FILTERED_PAGES)
        ],
        "rows by category": [back_end.groups] * 5,
    }
    for name, targets in asked.items():
        windows(back_end.port, targets[:2])
        times = windows(back_end.port, targets)
        bench.report.add(f"{back_end.name}: {name}, p50", times.quantile(0.5) * 1e3, "ms")
        bench.report.add(f"{back_end.name}: {name}, slowest", max(times.seconds) * 1e3, "ms")


def at_once(bench: Bench, back_end: BackEnd, total: int) -> None:
    """Several clients that each want everything."""
    if back_end.is_naive and available_bytes() < CLIENTS * total * NAIVE_BYTES_A_ROW:
        print(f"({back_end.name}: {CLIENTS} clients need more memory than there is)", flush=True)
        return
    found: list[Drained] = []
    asked = [
        threading.Thread(target=lambda: found.append(drain(back_end.port, back_end.all_rows)))
        for _ in range(CLIENTS)
    ]
    with private_memory(back_end.pids) as memory:
        for thread in asked:
            thread.start()
        for thread in asked:
            thread.join()
    if len(found) < CLIENTS:
        raise RuntimeError(f"{back_end.name}: {CLIENTS - len(found)} answers failed")
    first = Times([one.first_batch_seconds for one in found])
    name = f"{back_end.name}: {CLIENTS} clients"
    bench.report.add(f"{name}, slowest first", max(first.seconds) * 1e3, "ms")
    bench.report.add(f"{name}, last end", max(one.seconds for one in found), "s")
    bench.report.add(f"{name}, memory", memory.peak_bytes / 2**20, "MiB")
