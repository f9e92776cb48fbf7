"""Peers as processes of their own, and the requests that the sections share."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

from bowshot_server import wait_until
from measure import available_bytes

TOP = Path(__file__).resolve().parent.parent
SERVE = str(Path(__file__).resolve().parent / "backends" / "serve.py")
START_SECONDS_MAX = 60.0
PEERS = str(Path(__file__).resolve().parent / "peers.py")


class DuckDbInProcess:
    """A process that runs statements for whom they are read into Arrow, as a program would that
    holds DuckDB itself; use it in a `with` statement."""

    def __init__(self) -> None:
        command = [sys.executable, PEERS, "sql", str(os.cpu_count())]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, statement: str) -> dict[str, float]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(" ".join(statement.split()) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def __enter__(self) -> DuckDbInProcess:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(20)


def into_memory(path: Path) -> Path:
    """The file read once, so that no figure is of the disk; what does not fit is left to it."""
    size = path.stat().st_size
    if size < available_bytes() // 2:
        with path.open("rb", buffering=0) as file:
            buffer = bytearray(1 << 22)
            while file.readinto(buffer):
                pass
        print(f"({path.name}: {size / 1e6:,.0f} MB, in memory)", flush=True)
    else:
        print(f"({path.name}: {size / 1e6:,.0f} MB, too large to be in memory)", flush=True)
    return path


def rows(dataset: str, **parameters: object) -> str:
    words = {k: str(v) for k, v in parameters.items()}
    return f"/v1/datasets/{dataset}/rows" + (
        f"?{urlencode(words, quote_via=quote)}" if words else ""
    )


def peer_result(*arguments: str) -> dict[str, float]:
    command = [sys.executable, PEERS, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=True)
    return json.loads(done.stdout)


@contextmanager
def peer_server(*arguments: str) -> Iterator[tuple[int, int]]:
    """A peer's port and pid, for as long as the block lasts."""
    command = [sys.executable, PEERS, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline().split()[-1]), process.pid
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def fastapi_server(path: Path, kind: str, workers: int = 1) -> Iterator[tuple[int, list[int]]]:
    """The port and the processes of a back end of backends/, for as long as the block lasts."""
    command = [sys.executable, SERVE, kind, str(workers)]
    environment = {
        **os.environ,
        "DATA": str(path),
        "PYTHONPATH": str(TOP / "clients" / "python" / "src"),
        "BOWSHOT_LIBRARY": str(TOP / "build" / "release" / "abi" / "libbowshot.so"),
    }
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        try:
            port = int(process.stdout.readline().split()[-1])
            wait_until(lambda: is_up(port), START_SECONDS_MAX, "the back end answers")
            yield port, descendants(process.pid)
        finally:
            process.terminate()
            process.wait(20)


def is_up(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/constant")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in descendants(int(child)))]
