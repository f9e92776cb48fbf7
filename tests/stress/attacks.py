"""What slow, broken and too many clients do to those who behave, at length and judged by time.

Every scenario: the probe alone, then the probe beside the attack, then what the server keeps.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import load
from bowshot_server import BowshotServer, wait_until
from toxiproxy import Toxiproxy

WINDOW = "/v1/datasets/flights/rows?offset=1000000&limit=100"
ALL_ROWS = "/v1/datasets/flights/rows"
MANY_ROWS = "/v1/datasets/flights/rows?limit=100000"
MIB = 1 << 20

# What the server promises.
RATIO_MAX = 2.0
GROWN_BYTES_MAX = 300 * MIB
GOODPUT_SHARE_MIN = 0.8
# Less than this is the machine's noise, not the server's doing.
P99_FLOOR_SECONDS = 0.005


@dataclass
class Report:
    """One scenario's figures as a line, and what is wrong with them."""

    name: str
    line: str
    misses: list[str]


@contextmanager
def slow_links(server: BowshotServer, seconds: float) -> Iterator[None]:
    """48 readers of 100 KB/s: exports, and screens, of which there are more than slots."""
    with Toxiproxy() as links:
        link = links.open_link(server.port)
        links.add_toxic(link, "bandwidth", rate=100)
        with load.readers(link, [ALL_ROWS] * 16 + [MANY_ROWS] * 32):
            yield


@contextmanager
def broken_links(server: BowshotServer, seconds: float) -> Iterator[None]:
    """Exports whose link is reset after half a second, again and again."""
    with Toxiproxy() as links:
        link = links.open_link(server.port)
        links.add_toxic(link, "reset_peer", timeout=500)
        with load.readers(link, [ALL_ROWS] * 8):
            yield


@contextmanager
def resets(server: BowshotServer, seconds: float) -> Iterator[None]:
    """200 connects and resets a second, some in the middle of a request."""
    with load.resets(server.port, rate=200, seconds=seconds):
        yield


Attack = Callable[[BowshotServer, float], AbstractContextManager[None]]


def slowhttptest(*mode: str) -> Attack:
    @contextmanager
    def attack(server: BowshotServer, seconds: float) -> Iterator[None]:
        target = f"{server.url}{ALL_ROWS}"
        command = ["slowhttptest", *mode, "-c", "1500", "-r", "300", "-l", str(int(seconds) + 2)]
        process = subprocess.Popen(
            [*command, "-u", target], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(load.SECONDS_MAX)

    return attack


ATTACKS: dict[str, Attack] = {
    "48 readers of 100 KB/s (toxiproxy)": slow_links,
    "exports on links that break (toxiproxy)": broken_links,
    "200 connects and resets a second": resets,
    "slow heads (slowhttptest -H)": slowhttptest("-H", "-i", "2"),
    "slow bodies (slowhttptest -B)": slowhttptest("-B", "-i", "2"),
    "slow readers (slowhttptest -X)": slowhttptest(
        *("-X", "-w", "64", "-y", "256", "-n", "5", "-z", "32")
    ),
}
OVERLOAD = "ten times the load it can carry"


def probe(server: BowshotServer, seconds: float) -> load.Probe:
    with load.Probe(server, WINDOW) as healthy:
        time.sleep(seconds)  # the time is the measure
    return healthy


def run_attack(name: str, flights: Path, seconds: float) -> Report:
    with BowshotServer([f"flights={flights}"]) as server:
        probe(server, 1)  # warm
        idle = probe(server, seconds)
        machine = load.machine_load()
        with load.Memory(server) as memory, ATTACKS[name](server, seconds):
            time.sleep(min(3.0, seconds / 4))  # it has begun
            attacked = probe(server, seconds)
        misses = [f"a healthy request failed: {failure}" for failure in attacked.failures[:3]]
        try:
            wait_until(lambda: server.metric("bowshot_queries_running") == 0, 20, "nothing runs")
        except AssertionError as error:
            misses.append(str(error))
        after = server.memory_bytes()
    before_p99, p99 = idle.times.quantile(0.99), attacked.times.quantile(0.99)
    ratio = p99 / max(before_p99, P99_FLOOR_SECONDS)
    if ratio > RATIO_MAX:
        misses.append(f"p99 is {ratio:.1f} times the idle one, at most {RATIO_MAX}")
    if memory.grown_bytes > GROWN_BYTES_MAX:
        misses.append(f"memory grew by {memory.grown_bytes / MIB:.0f} MiB")
    line = (
        f"idle p50 {idle.times.quantile(0.5) * 1e3:.1f} p99 {before_p99 * 1e3:.1f} ms;"
        f" attacked p50 {attacked.times.quantile(0.5) * 1e3:.1f} p99 {p99 * 1e3:.1f} ms"
        f" ({ratio:.1f}x, {len(attacked.times.seconds)} requests, {len(attacked.failures)} failed);"
        f" memory {memory.before / MIB:.0f} -> {memory.peak / MIB:.0f} -> {after / MIB:.0f} MiB;"
        f" load {machine:.1f}"
    )
    return Report(name, line, misses)


def run_overload(flights: Path, seconds: float) -> Report:
    """Peak goodput by as many connections as keep it busy; then ten times that, whatever comes."""
    targets = [
        f"/v1/datasets/flights/aggregate?by=origin&filter=delay%3E{i}&format=json"
        for i in range(500)
    ]
    with BowshotServer([f"flights={flights}"]) as server:
        load.Load(server.port, targets, seconds=1, connections=8).run()  # warm
        machine = load.machine_load()
        peak = load.Load(server.port, targets, seconds, connections=16).run()
        much = load.Load(server.port, targets, seconds, connections=900, rate=10 * peak.good).run()
        wait_until(lambda: server.metric("bowshot_queries_running") == 0, 20, "nothing runs")
    share = much.good / peak.good
    misses = [f"not a refusal as it should be: {wrong}" for wrong in much.wrong[:3]]
    if share < GOODPUT_SHARE_MIN:
        misses.append(f"{share:.0%} of the peak, at least {GOODPUT_SHARE_MIN:.0%}")
    line = (
        f"peak {peak.good:.1f}/s (p50 {peak.times.quantile(0.5) * 1e3:.0f} ms);"
        f" at {10 * peak.good:.0f}/s: {much.good:.1f}/s good ({share:.0%},"
        f" p50 {much.times.quantile(0.5) * 1e3:.0f} ms),"
        f" {much.statuses[503] / seconds:.0f}/s refused,"
        f" {much.unsent / seconds:.0f}/s unsent; load {machine:.1f}"
    )
    return Report(OVERLOAD, line, misses)
