#!/usr/bin/env python3
"""Serves real data and prints the page's address, or asks a few questions and ends.

tools/demo.py FOLDER [--check]      (FOLDER holds flights-3m.parquet; started by ./bow demo)
"""

from __future__ import annotations

import argparse
import csv
import json
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import quote, urlencode

TOP = Path(__file__).resolve().parent.parent
LISTENING = "bowshot: listening on http://"
SECONDS_MAX = 60
ROWS = 3_000_000
DEFAULT_PORT = 8765


class Demo:
    """One server over the flights; start(), then stop() in every case."""

    def __init__(self, folder: Path, port: int) -> None:
        datasets = [f"flights={folder / 'flights-3m.parquet'}", str(folder / "airports.csv")]
        command = [str(TOP / "build/bowshot"), "serve", *datasets, "--port", str(port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def address(self) -> str:
        """Waits for the line that says where the server listens."""
        timer = threading.Timer(SECONDS_MAX, self.process.kill)
        timer.start()
        try:
            assert self.process.stdout
            for line in self.process.stdout:
                if line.startswith(LISTENING):
                    return line.strip().removeprefix("bowshot: listening on ")
        finally:
            timer.cancel()
        raise SystemExit(f"demo: the server did not start (exit code {self.process.wait()})")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def get(address: str, path: str, **parameters: Any) -> bytes:
    url = (
        f"{address}{path}?{urlencode(parameters, quote_via=quote)}"
        if parameters
        else address + path
    )
    start = time.monotonic()
    # No proxy: the server is on this machine, whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=SECONDS_MAX) as answer:
        body = answer.read()
    shown = url if len(url) < 110 else url[:107] + "..."
    print(f"\nGET {shown}\n    {len(body):,} bytes in {(time.monotonic() - start) * 1000:.1f} ms")
    return body


def wait_until_ready(address: str) -> None:
    """airports.csv is converted after the server listens; that takes a moment, once."""
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        try:
            get(address, "/readyz")
            return
        except urllib.error.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def get_json(address: str, path: str, **parameters: Any) -> Any:
    return json.loads(get(address, path, **parameters))


def expect(what: str, is_right: bool) -> None:
    if not is_right:
        raise SystemExit(f"demo: wrong answer: {what}")


def print_rows(rows: list[list[Any]]) -> None:
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print(
            "    "
            + "  ".join(str(value).rjust(width) for value, width in zip(row, widths, strict=True))
        )


def ask(address: str) -> None:
    """A few questions, their answers, and whether they are right."""
    wait_until_ready(address)
    datasets = get_json(address, "/v1/datasets")["datasets"]
    for dataset in datasets:
        print(f"    {dataset['name']}: {dataset['rows']:,} rows, {dataset['columns']} columns")
    expect("datasets", [d["name"] for d in datasets] == ["airports", "flights"])

    flights = get_json(address, "/v1/datasets/flights")
    print_rows([[c["name"], c["type"]] for c in flights["columns"]])
    names = [c["name"] for c in flights["columns"]]
    expect("columns", names == ["date", "delay", "distance", "origin", "destination"])

    base = "/v1/datasets/flights"
    counted = get_json(address, f"{base}/count", format="json")["rows"][0][0]
    print(f"    {counted:,} flights")
    expect("count", counted == ROWS == flights["rows"])

    late = get_json(address, f"{base}/count", filter="delay > 60", format="json")["rows"][0][0]
    print(f"    {late:,} of them more than an hour late")
    expect("a filtered count", 0 < late < counted)

    window = get(address, f"{base}/rows", offset=ROWS - 5, limit=5, format="csv").decode()
    rows = list(csv.reader(window.splitlines()))
    print_rows(rows)
    expect("the last rows", len(rows) == 6 and rows[0] == names and all(len(r) == 5 for r in rows))

    question = {
        "by": "origin",
        "measures": "count(),mean(delay)",
        "order": "-count",
        "format": "json",
    }
    groups = get_json(address, f"{base}/aggregate", **question)["rows"]
    print_rows(
        [["origin", "flights", "mean delay"], *([g[0], g[1], f"{g[2]:.2f}"] for g in groups[:5])]
    )
    expect("groups", sum(g[1] for g in groups) == counted)
    expect("their order", all(a[1] >= b[1] for a, b in pairwise(groups)))

    page = get(address, "/")
    expect("the page", b"<html" in page.lower())


def check(folder: Path) -> int:
    demo = Demo(folder, 0)
    try:
        ask(demo.address())
    except BaseException:
        demo.stop()
        raise
    code = demo.stop()
    expect(f"exit code {code}", code == 0)
    print("\ndemo: every answer is right")
    return 0


def serve(folder: Path, port: int) -> int:
    demo = Demo(folder, port)

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        address = demo.address()
        print(f"\n    The page is at  {address}/\n    Ctrl-C ends it.\n", flush=True)
        return demo.process.wait()
    except KeyboardInterrupt:
        return demo.stop()


def main() -> int:
    parser = argparse.ArgumentParser(prog="./bow demo", description="Serves three million flights.")
    parser.add_argument("folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--check", action="store_true", help="ask a few questions and end")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    arguments = parser.parse_args()
    if arguments.check:
        return check(arguments.folder)
    return serve(arguments.folder, arguments.port)


if __name__ == "__main__":
    sys.exit(main())
