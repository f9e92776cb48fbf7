"""Load on a server and what it does to those who behave: test_load.py in short, stress/ at length.

with Probe(server, target) as probe:      # a healthy client, one request after the other
    ...                                   # an attack
print(probe.times.quantile(0.99), probe.failures)
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import multiprocessing.connection
import os
import selectors
import socket
import statistics
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event

from bowshot_server import BowshotServer

SECONDS_MAX = 30.0
SMALL_BUFFER_BYTES = 8 << 10


def get(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


@dataclass
class Times:
    """Seconds of many answers."""

    seconds: list[float] = field(default_factory=list)

    def quantile(self, q: float) -> float:
        if len(self.seconds) < 2:
            return self.seconds[0] if self.seconds else float("nan")
        return statistics.quantiles(self.seconds, n=1000, method="inclusive")[int(q * 1000) - 1]


class Connection:
    """One kept-alive connection, answers read whole; no more than a probe needs."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), SECONDS_MAX)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def ask(self, target: str) -> tuple[int, bytes]:
        self._socket.sendall(get(target))
        line = self._file.readline()
        if not line:
            raise ConnectionResetError("closed before the answer")
        length, is_chunked = 0, False
        while (field_line := self._file.readline()) not in (b"\r\n", b""):
            name, _, value = field_line.lower().partition(b":")
            length = int(value) if name == b"content-length" else length
            is_chunked = is_chunked or name == b"transfer-encoding"
        return int(line.split()[1]), self._read_chunks() if is_chunked else self._read(length)

    def _read(self, length: int) -> bytes:
        body = self._file.read(length)
        if len(body) < length:
            raise ConnectionResetError("cut off")
        return body

    def _read_chunks(self) -> bytes:
        body = b""
        while size := int(self._file.readline() or b"?", 16):
            body += self._read(size + 2)[:-2]
        self._file.readline()
        return body

    def close(self) -> None:
        self._file.close()
        self._socket.close()


class Probe:
    """A healthy client while the block runs: one request after the other, the next only after the
    answer; a new connection every few, as clients come and go."""

    REQUESTS_A_CONNECTION = 20

    def __init__(self, server: BowshotServer, target: str) -> None:
        self._port = server.port
        self._target = target
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.times = Times()
        self.failures: list[str] = []

    def __enter__(self) -> Probe:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._use_one_connection()
            except (OSError, ValueError) as error:
                self.failures.append(repr(error))

    def _use_one_connection(self) -> None:
        start = time.perf_counter()  # connecting is part of the first answer
        connection = Connection(self._port)
        for _ in range(self.REQUESTS_A_CONNECTION):
            if self._stop.is_set():
                break
            status, body = connection.ask(self._target)
            if status != 200:
                self.failures.append(f"{status} {body[:200].decode(errors='replace')}")
            self.times.seconds.append(time.perf_counter() - start)
            start = time.perf_counter()
        connection.close()


class Memory:
    """The most memory the server had while the block ran, as the kernel saw it; and before."""

    def __init__(self, server: BowshotServer) -> None:
        self._pid = server.pid
        self.before = self._status("VmRSS")
        self.peak = self.after = self.before

    def _status(self, name: str) -> int:
        with open(f"/proc/{self._pid}/status") as file:
            for line in file:
                if line.startswith(f"{name}:"):
                    return int(line.split()[1]) << 10
        raise KeyError(name)

    def __enter__(self) -> Memory:
        with open(f"/proc/{self._pid}/clear_refs", "w") as file:
            file.write("5")
        return self

    def __exit__(self, *_: object) -> None:
        self.peak = self._status("VmHWM")
        self.after = self._status("VmRSS")

    @property
    def grown_bytes(self) -> int:
        return self.peak - self.before


# Attacks.


@contextmanager
def mute_clients(port: int, count: int, said: bytes) -> Iterator[list[socket.socket]]:
    """Connections that say this and nothing else, and read nothing: through small buffers, so that
    hardly any of an answer is on its way."""
    with ExitStack() as stack:
        clients = []
        for _ in range(count):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
            client.settimeout(SECONDS_MAX)
            client.connect(("127.0.0.1", port))
            client.sendall(said)
            clients.append(client)
        yield clients


def reset_at_once(port: int, rate: int, seconds: float, begun: Event) -> None:
    """Connects, says a part or the whole of a request, or nothing, and resets."""
    linger = struct.pack("ii", 1, 0)
    says = [b"", b"GET / HT", get("/v1/datasets/flights/rows"), get("/healthz")]
    begun.set()
    start = time.monotonic()
    for i in range(int(rate * seconds)):
        time.sleep(max(0.0, start + i / rate - time.monotonic()))
        with socket.create_connection(("127.0.0.1", port), SECONDS_MAX) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            client.sendall(says[i % len(says)])


@contextmanager
def resets(port: int, rate: int, seconds: float) -> Iterator[None]:
    """In a process of its own, so that it takes nothing from the probe but the machine's time."""
    spawn = multiprocessing.get_context("spawn")
    begun = spawn.Event()
    process = spawn.Process(target=reset_at_once, args=(port, rate, seconds, begun))
    process.start()
    if not begun.wait(SECONDS_MAX):
        raise RuntimeError(f"the resets did not begin: {process.exitcode}")
    yield
    process.join(seconds + SECONDS_MAX)
    if process.exitcode != 0:
        process.kill()
        raise RuntimeError(f"the resets ended with {process.exitcode}")


def read_again_and_again(port: int, targets: list[str], begun: Event) -> None:
    """A client a target, reading all that comes; a link that breaks is opened again."""
    with selectors.DefaultSelector() as selector:
        for target in targets:
            open_reader(selector, port, target)
        begun.set()
        while True:
            for key, _ in selector.select():
                assert isinstance(key.fileobj, socket.socket)
                try:
                    if key.fileobj.recv(1 << 18):
                        continue
                except OSError:
                    pass
                selector.unregister(key.fileobj)
                key.fileobj.close()
                open_reader(selector, port, key.data)


def open_reader(selector: selectors.BaseSelector, port: int, target: str) -> None:
    client = socket.create_connection(("127.0.0.1", port), SECONDS_MAX)
    client.sendall(get(target))
    selector.register(client, selectors.EVENT_READ, target)


@contextmanager
def readers(port: int, targets: list[str]) -> Iterator[None]:
    """In a process of its own, which has asked for everything when the block begins."""
    spawn = multiprocessing.get_context("spawn")
    begun = spawn.Event()
    process = spawn.Process(target=read_again_and_again, args=(port, targets, begun))
    process.start()
    try:
        if not begun.wait(SECONDS_MAX):
            raise RuntimeError(f"the readers did not begin: {process.exitcode}")
        yield
        if not process.is_alive():
            raise RuntimeError(f"the readers ended with {process.exitcode}")
    finally:
        process.terminate()
        process.join(SECONDS_MAX)


# More requests than can be answered.


@dataclass
class Outcome:
    """What became of the requests of one run; `good` is answers a second."""

    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)  # refusals that are not as they should be
    unsent: int = 0  # no connection was left to send them on
    times: Times = field(default_factory=Times)  # of good answers

    @property
    def good(self) -> float:
        return self.statuses[200] / self.seconds


@dataclass
class Load:
    """Requests at times that do not depend on the answers (rate), or one after the other on each
    connection (no rate)."""

    port: int
    targets: list[str]
    seconds: float
    connections: int
    rate: float | None = None

    def run(self) -> Outcome:
        """In a process of its own; returns when the time is over and what was begun is answered."""
        spawn = multiprocessing.get_context("spawn")
        receiver, sender = spawn.Pipe(duplex=False)
        process = spawn.Process(target=_send_load, args=(self, sender))
        process.start()
        sender.close()
        try:
            return receiver.recv()
        finally:
            process.join(SECONDS_MAX)


def _send_load(load: Load, sender: multiprocessing.connection.Connection) -> None:
    sender.send(asyncio.run(_load(load)))


async def _load(load: Load) -> Outcome:
    outcome = Outcome(load.seconds)
    idle: list[_Client] = [_Client(load.port) for _ in range(load.connections)]
    start = time.perf_counter()
    end = start + load.seconds

    async def ask(client: _Client, target: str) -> None:
        try:
            await client.ask(target, outcome, end)
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            outcome.wrong.append(repr(error))
            client.close()

    async def repeat(client: _Client, first: int) -> None:
        i = first
        while time.perf_counter() < end:
            await ask(client, load.targets[i % len(load.targets)])
            i += load.connections

    async def send_and_return(client: _Client, target: str) -> None:
        await ask(client, target)
        idle.append(client)

    if load.rate is None:
        await asyncio.gather(*(repeat(client, i) for i, client in enumerate(idle)))
    else:
        tasks: set[asyncio.Task[None]] = set()
        for i in range(int(load.rate * load.seconds)):
            await asyncio.sleep(max(0.0, start + i / load.rate - time.perf_counter()))
            if not idle:
                outcome.unsent += 1
                continue
            target = load.targets[i % len(load.targets)]
            task = asyncio.create_task(send_and_return(idle.pop(), target))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
    return outcome


class _Client:
    """One connection of a load; opened when first used."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
        self._streams = None

    async def ask(self, target: str, outcome: Outcome, end: float) -> None:
        """An answer that comes after the end counts for nothing, but it has to be right."""
        start = time.perf_counter()
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(get(target))
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split()[1])
        fields = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:])}
        body = await _read_body(reader, fields)
        now = time.perf_counter()
        if status != 200 and not _is_refusal(status, fields, body):
            outcome.wrong.append(f"{head} {body[:200]!r}")
        if now <= end:
            outcome.statuses[status] += 1
            if status == 200:
                outcome.times.seconds.append(now - start)
        if fields.get("connection") == "close":
            self.close()


async def _read_body(reader: asyncio.StreamReader, fields: dict[str, str]) -> bytes:
    if "content-length" in fields:
        return await reader.readexactly(int(fields["content-length"]))
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body


def _is_refusal(status: int, fields: dict[str, str], body: bytes) -> bool:
    return (
        status == 503
        and int(fields.get("retry-after", 0)) >= 1
        and fields.get("content-type") == "application/problem+json"
        and json.loads(body)["code"] == "overloaded"
    )


def machine_load() -> float:
    return os.getloadavg()[0]
