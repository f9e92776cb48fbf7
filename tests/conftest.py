"""What the tests share: servers over the small tables and over the flights, started once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("BOWSHOT_CACHE", str(Path.home() / ".cache" / "bowshot"))

import datasets
import pytest
from bowshot_server import BINARY, BowshotServer


def pytest_report_header() -> str:
    return f"server: {BINARY}"


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def small_datasets(data_folder: Path) -> list[str]:
    return datasets.build(data_folder)


@pytest.fixture(scope="session")
def server(small_datasets: list[str]) -> Iterator[BowshotServer]:
    """One server over every small table and the flights; it outlives every test that uses it."""
    with BowshotServer([*small_datasets, f"flights={datasets.FLIGHTS}"]) as started:
        yield started
