"""The README's first requests, run as they are written."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import datasets
import duckdb
import polars as pl
import pytest
from bowshot_server import BowshotServer
from outside import TOP, need, run

ADDRESS = "http://127.0.0.1:8765"
WEB = TOP / "clients" / "web"


def example(language: str, server: BowshotServer) -> str:
    """The README's example in a language, sent to the test's server."""
    text = (TOP / "README.md").read_text()
    found = [
        block
        for block in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
        if ADDRESS in block
    ]
    assert len(found) == 1, f"one example in {language}"
    return found[0].replace(ADDRESS, server.url)


def test_curl(server: BowshotServer) -> None:
    need("curl")
    printed = run("sh", "-c", example("sh", server)).splitlines()
    assert printed[0] == "date,delay,distance,origin,destination"
    query = f"SELECT delay FROM '{datasets.FLIGHTS}' WHERE delay > 60 ORDER BY delay DESC LIMIT 5"
    late = [str(delay) for (delay,) in duckdb.sql(query).fetchall()]
    assert [line.split(",")[1] for line in printed[1:]] == late


def test_python(server: BowshotServer) -> None:
    printed = run(sys.executable, "-c", example("python", server))
    flights = pl.scan_parquet(datasets.FLIGHTS)
    worst = (
        flights.group_by("origin")
        .agg(pl.col("delay").mean())
        .sort("delay", descending=True)
        .collect()
    )
    assert f"shape: ({worst.height}, 3)" in printed
    assert worst["origin"][0] in printed


def test_javascript(server: BowshotServer) -> None:
    if not (WEB / "packages" / "client" / "dist" / "index.js").exists():
        missing = "the web packages are not built: ./bow build"
        pytest.fail(missing) if os.environ.get("BOWSHOT_REQUIRE_ALL") else pytest.skip(missing)
    done = subprocess.run(
        [need("node"), "--input-type=module", "-"],
        input=example("js", server),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=WEB,  # where the package is found by its name
    )
    assert done.returncode == 0, done.stderr[-3000:]
    query = f"SELECT count(*) FROM '{datasets.FLIGHTS}' WHERE delay > 60"
    rows = [int(line) for line in done.stdout.split()]
    assert (sum(rows),) == duckdb.sql(query).fetchone()
    assert len(rows) > 1, "it comes in batches"
