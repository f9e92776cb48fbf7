"""The explorer page of a mount that is behind a prefix, in Chromium."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import datasets
import polars as pl
from outside import TOP, need, node

SCREENSHOTS = TOP / "build" / "screenshots"

APPLICATION = """
import socket, sys, uvicorn
from fastapi import FastAPI
from bowshot.fastapi import mount

inner, outer = FastAPI(), FastAPI()
mounted = mount(inner, "/bowshot", {"flights": sys.argv[1]})
outer.mount("/api", inner)
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(outer, log_level="critical")).run([listener])
"""


def test_the_page_of_a_mount(tmp_path: Path) -> None:
    need("chromium")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    library = TOP / "build" / "release" / "abi" / "libbowshot.so"
    environment = {
        "BOWSHOT_LIBRARY": str(library),
        **os.environ,
        "PYTHONPATH": str(TOP / "clients/python/src"),
    }
    command = [sys.executable, "-c", APPLICATION, str(datasets.FLIGHTS)]
    with subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as application:
        try:
            assert application.stdout is not None
            port = int(application.stdout.readline())
            address = f"http://127.0.0.1:{port}/api/bowshot/"
            seen = node("mounted_page.mjs", address, str(SCREENSHOTS))
        finally:
            application.terminate()
    assert (seen["errors"], seen["outside"]) == ([], [])
    longest = pl.scan_parquet(datasets.FLIGHTS).select(pl.max("delay")).collect().item()
    assert seen["first"][1] == str(longest)
    assert f"{address}v1/datasets/flights/rows" in seen["code"]
