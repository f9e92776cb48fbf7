"""The least that an answer costs, and how soon nothing runs for a client that left."""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import data
from bowshot_server import BINARY, BowshotServer, wait_until
from measure import connect, cost_of, send_get
from peer_process import fastapi_server, rows
from report import Bench

WRK_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


# A page of 100 rows anywhere, for wrk.
RANDOM_PAGES = """
math.randomseed({seed})
request = function()
  return wrk.format("GET", "{target}&offset=" .. math.random(0, {offset_max}))
end
"""


def wrk(url: str, seconds: int, *options: str) -> tuple[float, float]:
    """Requests a second of 64 connections, and the 99th percentile in milliseconds."""
    command = ["wrk", "-t1", "-c64", f"-d{seconds}s", "--latency", *options, url]
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


def pages(bench: Bench) -> None:
    """Pages of 100 rows anywhere of 10M rows in a file as `bowshot convert` writes it, first from a
    new server, then from one that has decoded most pages."""
    seconds = 3 if bench.is_quick else 10
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.parquet"
        subprocess.run([BINARY, "convert", data.make("10M"), path], check=True, timeout=600)
        script = Path(folder) / "pages.lua"
        with BowshotServer([f"data={path}"]) as server:
            for seed, name in enumerate(("a new server", "then")):
                words = {"target": rows("data", limit=100), "offset_max": 10_000_000 - 100}
                script.write_text(RANDOM_PAGES.format(seed=seed, **words))
                with cost_of(server.pid) as cost:
                    rate, slowest = wrk(server.url, seconds, "-s", str(script))
                bench.report.add(f"{name}: rate", rate, "/s", at_least=2_000, cost=cost)
                bench.report.add(f"{name}: p99", slowest, "ms", at_most=50)


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
