"""The least that an answer costs, and how soon nothing runs for a client that left."""

from __future__ import annotations

import re
import subprocess
import threading
import time

import data
from bowshot_server import BowshotServer, wait_until
from measure import connect, cost_of, send_get
from peer_process import fastapi_server, rows
from report import Bench

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
    with fastapi_server(data.make("tiny-1B"), "careful") as (port, pids):
        with cost_of(pids[0]) as cost:
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
