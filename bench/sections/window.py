"""The desktop window of examples/wails-explorer, driven by its --self-test on a screen of its own:
the way of bytes into its page, jumps of its grid, and the memory of all of its processes."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import data
from bowshot_server import BINARY, BowshotServer
from measure import sampling
from report import Bench

TOP = Path(__file__).resolve().parents[2]
PROGRAM = TOP / "build" / "bowshot-explorer"
PAGE_ORIGIN = "wails://wails"
SCREEN_SECONDS_MAX, BUILD_SECONDS_MAX, RUN_SECONDS_MAX = 30, 900, 900
SAMPLE_SECONDS = 0.2
PROCESSES = {  # the kernel keeps 15 letters of a name
    "bowshot": "the server",
    "bowshot-explore": "the window",
    "WebKitWebProces": "the page",
    "WebKitNetworkPr": "WebKit's network",
}


def window(bench: Bench) -> None:
    libraries = ["pkg-config", "--exists", "webkit2gtk-4.1", "gtk+-3.0"]
    if subprocess.run(libraries, check=False).returncode != 0 or not shutil.which("Xvfb"):
        print("window: left out; tools/bootstrap wails installs what it needs")
        return
    subprocess.run(["tools/build_wails"], cwd=TOP, check=True, timeout=BUILD_SECONDS_MAX)
    with screen() as display:
        bytes_into_the_page(bench, display)
        jumps_and_memory(bench, display, "10M" if bench.is_quick else "100M")


def bytes_into_the_page(bench: Bench, display: str) -> None:
    with BowshotServer([f"data={data.make('10M')}"], "--allow-origin", PAGE_ORIGIN) as server:
        found = self_test(display, ["--part", "direct", "--server", server.url]).figures
    size = found["bytes"] / 1e6
    through, direct = found["handler_seconds"], found["direct_seconds"]
    report = bench.report
    report.add(f"{size:,.0f} MB into the page, through the handler", through, "s")
    report.add(f"{size:,.0f} MB into the page, a direct fetch", direct, "s")
    report.add("of a direct fetch's speed", direct / through, "x", at_least=0.9)


def jumps_and_memory(bench: Bench, display: str, size: str) -> None:
    done = self_test(display, ["--part", "jumps", str(data.make(size))])
    report = bench.report
    report.add(f"jump in {size} rows, median", done.figures["jump_ms_median"], "ms")
    report.add(f"jump in {size} rows, 95 %", done.figures["jump_ms_p95"], "ms")
    for name, most in sorted(done.memory.items()):
        report.add(f"{size} rows: memory at its most, {name}", most / 2**20, "MiB")


class Done:
    """What a run of the window reported, and the most memory it had: by process, and of all."""

    def __init__(self, figures: dict[str, float], memory: dict[str, int]) -> None:
        self.figures = figures
        self.memory = memory


def self_test(display: str, words: list[str]) -> Done:
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "DISPLAY": display,
            "GDK_BACKEND": "x11",
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",  # a window beside any other
            "XDG_RUNTIME_DIR": folder,
            "XDG_DATA_HOME": f"{folder}/share",
            "XDG_CACHE_HOME": f"{folder}/cache",
            "BOWSHOT_BINARY": str(BINARY),
            "NO_AT_BRIDGE": "1",
        }
        command = [str(PROGRAM), "--settings", folder, "--self-test", *words]
        with (
            subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            ) as process,
            memory_peaks(process.pid) as memory,
        ):
            try:
                printed, _ = process.communicate(timeout=RUN_SECONDS_MAX)
            finally:
                process.kill()
    report: dict[str, Any] = json.loads(printed)
    if process.returncode != 0:
        raise RuntimeError(json.dumps(report["checks"], indent=1))
    return Done(report["figures"], memory)


@contextmanager
def memory_peaks(root: int) -> Iterator[dict[str, int]]:
    """The most that a process and its descendants have, each in its share of what several map
    (PSS), by program and of all together."""
    peaks: dict[str, int] = {}

    def look() -> None:
        now = memory_of_tree(root)
        now["all"] = sum(now.values())
        for name, size in now.items():
            peaks[name] = max(peaks.get(name, 0), size)

    with sampling(look, SAMPLE_SECONDS):
        yield peaks


def memory_of_tree(root: int) -> dict[str, int]:
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            before, _, after = entry.read_text().rpartition(")")
        except OSError:
            continue  # it has ended
        pid = int(entry.parent.name)
        names[pid] = before.partition("(")[2]
        parents[pid] = int(after.split()[1])
    found: dict[str, int] = {}
    for pid in parents:
        above = pid
        while above not in (root, 0, 1):
            above = parents.get(above, 0)
        if above == root:
            name = PROCESSES.get(names[pid], names[pid])
            found[name] = found.get(name, 0) + proportional_bytes(pid)
    return found


def proportional_bytes(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # it has ended
    return 0


@contextmanager
def screen() -> Iterator[str]:
    reader, writer = os.pipe()
    size = ["-screen", "0", "1400x900x24", "-nolisten", "tcp", "-displayfd", str(writer)]
    with subprocess.Popen(["Xvfb", *size], pass_fds=[writer], stderr=subprocess.DEVNULL) as server:
        os.close(writer)
        try:
            if not select.select([reader], [], [], SCREEN_SECONDS_MAX)[0]:
                raise RuntimeError("Xvfb does not start")
            yield f":{os.read(reader, 20).decode().strip()}"
        finally:
            os.close(reader)
            server.terminate()
