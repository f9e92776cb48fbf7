"""A real server, started by the package itself, over tables that are known here too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import datasets as small_tables  # the server tests' own
import polars as pl
import pytest

import bowshot

if TYPE_CHECKING:
    import tkinter as tk

TOP = Path(__file__).resolve().parents[3]
os.environ.setdefault("BOWSHOT_BINARY", str(TOP / "build" / "bowshot"))
os.environ.setdefault("BOWSHOT_LIBRARY", str(TOP / "build" / "release" / "abi" / "libbowshot.so"))

FLIGHTS = small_tables.FLIGHTS


def pytest_report_header() -> str:
    return f"server: {os.environ['BOWSHOT_BINARY']}"


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("data")
    listed = small_tables.build(folder)
    return {**dict(item.split("=", 1) for item in listed), "flights": str(FLIGHTS)}


@pytest.fixture(scope="session")
def server(sources: dict[str, str]) -> Iterator[bowshot.Server]:
    with bowshot.serve(sources, allow_publish=True, quiet=True) as started:
        yield started


@pytest.fixture(scope="session")
def client(server: bowshot.Server) -> Iterator[bowshot.Client]:
    with server.connect() as connected:
        yield connected


@pytest.fixture(scope="session")
def flights() -> pl.DataFrame:
    return pl.read_parquet(FLIGHTS)


@pytest.fixture(scope="session")
def screen() -> Iterator[None]:
    """For tests with windows; the others run where Python has no tkinter."""
    from tk_window import virtual_screen

    with virtual_screen():
        yield


@pytest.fixture
def window(screen: None) -> Iterator[tk.Tk]:
    from tk_window import open_window

    with open_window() as opened:
        yield opened
