"""What the tests of the window share: a screen, a session bus, a file."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """An X server and a window manager of this run's own."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as told:
        name = f":{told.readline().strip()}"
    manager = subprocess.Popen(
        ["openbox"], env={**os.environ, "DISPLAY": name}, stderr=subprocess.DEVNULL
    )
    yield name
    for process in (manager, server):
        process.terminate()
        process.wait()


@pytest.fixture(scope="session")
def bus() -> Iterator[str]:
    """A session bus, by which a second instance finds the first."""
    command = ["dbus-daemon", "--session", "--nofork", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as daemon:
        assert daemon.stdout
        yield daemon.stdout.readline().decode().strip()
        daemon.terminate()


@pytest.fixture
def airports(tmp_path: Path) -> Path:
    """A path that is not easy."""
    folder = tmp_path / "Flüge & [mehr]"
    folder.mkdir()
    path = folder / "Flughäfen 1.csv"
    path.write_text("code,name,delay\n" + "".join(f"A{i},Ort {i},{i % 7}\n" for i in range(5000)))
    return path
