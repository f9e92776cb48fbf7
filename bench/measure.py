"""What the benchmarks measure with: raw clients, and the cost of a process from /proc."""

from __future__ import annotations

import os
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

BUFFER_BYTES = 1 << 20
SECONDS_MAX = 1_200


@dataclass
class Cost:
    """What a process used between two points in time. Memory is above where it stood before."""

    cpu_seconds: float = 0.0
    memory_bytes: int = 0


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def status_bytes(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(name)


@contextmanager
def cost_of(pid: int) -> Iterator[Cost]:
    """Fills the Cost when the block ends; the peak is the kernel's own (VmHWM, reset before)."""
    cost = Cost()
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    memory, cpu = status_bytes(pid, "VmRSS"), cpu_seconds(pid)
    yield cost
    cost.cpu_seconds = cpu_seconds(pid) - cpu
    cost.memory_bytes = status_bytes(pid, "VmHWM") - memory


@contextmanager
def sampling(look: Callable[[], None], every_seconds: float) -> Iterator[None]:
    """Calls `look` again and again on a thread of its own, until the block ends."""
    stop = threading.Event()

    def run() -> None:
        while True:
            look()
            if stop.wait(every_seconds):
                return

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@dataclass
class Peak:
    peak_bytes: int = 0


@contextmanager
def private_memory(pids: list[int]) -> Iterator[Peak]:
    """The peak of what some processes hold for themselves: what the kernel keeps of files (which
    some readers map) is left out."""
    peak = Peak()

    def look() -> None:
        now = sum(status_bytes(pid, "RssAnon") for pid in pids)
        peak.peak_bytes = max(peak.peak_bytes, now)

    with sampling(look, 0.01):
        yield peak


@dataclass
class Drained:
    """One answer read to its end by a raw client."""

    first_batch_seconds: float
    seconds: float
    body_bytes: int
    first_batch_rows: int


class RawBody:
    """The body of one answer as a file: chunk framing taken off, nothing decoded, one buffer."""

    def __init__(self, connection: socket.socket) -> None:
        self._file = connection.makefile("rb", buffering=BUFFER_BYTES)
        status = self._file.readline()
        if b" 200 " not in status:
            raise RuntimeError(status + self._file.read(2000))
        self._left: int | None = None  # of this chunk; None where the length is known
        self._is_chunked = False
        while (line := self._file.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").lower().partition(":")
            self._is_chunked = self._is_chunked or (
                name == "transfer-encoding" and "chunked" in value
            )
            if name == "content-length":
                self._left = int(value)
        if self._is_chunked:
            self._left = 0
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self.closed = False
        self.body_bytes = 0

    def _next_chunk(self) -> bool:
        line = self._file.readline()
        if line == b"\r\n":
            line = self._file.readline()
        self._left = int(line, 16)
        self._is_chunked = self._left > 0  # else that was the end, which is asked for once
        return self._is_chunked

    def read(self, size: int = -1) -> bytes:
        """As pyarrow asks for it."""
        pieces, wanted = [], size if size >= 0 else 1 << 62
        while wanted > 0 and (self._left or (self._is_chunked and self._next_chunk())):
            assert self._left
            piece = self._file.read(min(wanted, self._left))
            if not piece:
                raise EOFError("the body was cut off")
            self._left -= len(piece)
            wanted -= len(piece)
            pieces.append(piece)
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self.body_bytes += len(body)
        return body

    def drain(self) -> None:
        while self._left or (self._is_chunked and self._next_chunk()):
            assert self._left
            count = self._file.readinto(self._buffer[: min(self._left, BUFFER_BYTES)])
            if not count:
                raise EOFError("the body was cut off")
            self._left -= count
            self.body_bytes += count

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        self.closed = True


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), SECONDS_MAX)


def send_get(connection: socket.socket, target: str) -> None:
    head = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    connection.sendall(head.encode())


def drain(port: int, target: str) -> Drained:
    """Decodes the first record batch, then takes the rest as bytes."""
    start = time.perf_counter()
    with connect(port) as connection:
        send_get(connection, target)
        body = RawBody(connection)
        reader = pa.ipc.open_stream(body)
        rows = reader.read_next_batch().num_rows
        first = time.perf_counter() - start
        body.drain()
        seconds = time.perf_counter() - start
        return Drained(first, seconds, body.body_bytes, rows)


def start_decoder(schema: pa.Schema) -> None:
    """Decodes a stream without rows: what follows is then not charged with the client's start."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_pylist([], schema))
    pa.ipc.open_stream(sink.getvalue()).read_all()


def first_batch(port: int, target: str) -> float:
    """Seconds to the first decoded record batch; then the client leaves."""
    start = time.perf_counter()
    with connect(port) as connection:
        send_get(connection, target)
        pa.ipc.open_stream(RawBody(connection)).read_next_batch()
        return time.perf_counter() - start


@dataclass
class Times:
    """Seconds of many short answers."""

    seconds: list[float] = field(default_factory=list)

    def quantile(self, q: float) -> float:
        if len(self.seconds) < 2:
            return self.seconds[0]
        return statistics.quantiles(self.seconds, n=1000, method="inclusive")[int(q * 1000) - 1]


def windows(port: int, targets: list[str], every: float | None = None) -> Times:
    """Short answers on one connection, each decoded: one after the other, or one each `every`
    seconds. Then a time counts from when it should have been asked, so that a late answer makes
    those late that wait behind it."""
    import http.client

    times = Times()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS_MAX)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    begun = time.perf_counter()
    for number, target in enumerate(targets):
        start = time.perf_counter()
        if every is not None:
            due = begun + number * every
            time.sleep(max(0.0, due - start))
            start = due
        connection.request("GET", target)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(body)
        pa.ipc.open_stream(body).read_all()
        times.seconds.append(time.perf_counter() - start)
    connection.close()
    return times


class SlowReaders:
    """Clients that read so many bytes a second each, until stop()."""

    def __init__(self, port: int, target: str, readers: int, bytes_a_second: int) -> None:
        self._stop = threading.Event()
        self._rate = bytes_a_second
        self._connections = [connect(port) for _ in range(readers)]
        self.read_bytes = [0] * readers
        for connection in self._connections:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
            send_get(connection, target)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        step = self._rate // 10
        while not self._stop.wait(0.1):
            for i, connection in enumerate(self._connections):
                self.read_bytes[i] += len(connection.recv(step))

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)
        for connection in self._connections:
            connection.close()


class Exports:
    """Whole answers drained again and again by threads, until stop()."""

    def __init__(self, port: int, target: str, count: int) -> None:
        self._stop = threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads = [
            threading.Thread(target=self._run, args=(port, target)) for _ in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, port: int, target: str) -> None:
        buffer = bytearray(BUFFER_BYTES)
        while not self._stop.is_set():
            with connect(port) as connection:
                send_get(connection, target)
                while connection.recv_into(buffer) and not self._stop.is_set():
                    pass

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)


def available_bytes() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise KeyError("MemAvailable")


def as_json(value: Any) -> Any:
    return value.__dict__ if hasattr(value, "__dict__") else str(value)
