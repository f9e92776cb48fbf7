"""Which format wins on which link: the same rows, until the last one is decoded, over links whose
speed Toxiproxy holds down."""

from __future__ import annotations

import io
import json
import secrets
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import data
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from bowshot_server import BowshotServer
from measure import RawBody, connect, cost_of
from peer_process import into_memory, rows
from report import Bench
from toxiproxy import Toxiproxy

ARROW = "application/vnd.apache.arrow.stream"
REPEATS = 3
KIB = 1024


@dataclass(frozen=True)
class Link:
    """`mbit` and `delay_ms` (one way, of what the server sends) are 0 for the bare machine."""

    name: str
    mbit: int
    delay_ms: int
    rows: int


@dataclass
class Answer:
    """What one answer took until its last row was decoded."""

    first_seconds: float = 0.0
    seconds: float = 0.0
    body_bytes: int = 0
    client_cpu_seconds: float = 0.0
    server_cpu_seconds: float = 0.0


class Rows:
    """Counts what is decoded, and when the first of it was."""

    def __init__(self) -> None:
        self.count = 0
        self.first_at = 0.0

    def add(self, count: int) -> None:
        self.first_at = self.first_at or time.perf_counter()
        self.count += count


@dataclass(frozen=True)
class Format:
    """A way to ask for the same rows, and to read them."""

    name: str
    words: dict[str, str]
    headers: dict[str, str]
    decode: Callable[[io.RawIOBase, Rows], None]


def decode_arrow(body: io.RawIOBase, found: Rows) -> None:
    for batch in pa.ipc.open_stream(body):
        found.add(batch.num_rows)


def decode_parquet(body: io.RawIOBase, found: Rows) -> None:
    found.add(pq.read_table(pa.BufferReader(body.read())).num_rows)


def decode_csv(body: io.RawIOBase, found: Rows) -> None:
    for batch in pyarrow.csv.open_csv(body):
        found.add(batch.num_rows)


def decode_json(body: io.RawIOBase, found: Rows) -> None:
    found.add(len(json.loads(body.read())["rows"]))


def unzipped(decode: Callable[[io.RawIOBase, Rows], None]) -> Callable[[io.RawIOBase, Rows], None]:
    return lambda body, found: decode(
        pa.CompressedInputStream(pa.PythonFile(body, "r"), "zstd"), found
    )


ZSTD = {"Accept-Encoding": "zstd"}
FORMATS = [
    Format("arrow", {}, {"Accept": ARROW}, decode_arrow),
    Format("arrow, lz4 bodies", {}, {"Accept": f'{ARROW}; codecs="lz4"'}, decode_arrow),
    Format("arrow, zstd bodies", {}, {"Accept": f'{ARROW}; codecs="zstd"'}, decode_arrow),
    Format("arrow, zstd coding", {}, {"Accept": ARROW, **ZSTD}, unzipped(decode_arrow)),
    Format("parquet", {"format": "parquet"}, {}, decode_parquet),
    Format("csv", {"format": "csv"}, {}, decode_csv),
    Format("csv, zstd coding", {"format": "csv"}, ZSTD, unzipped(decode_csv)),
    Format("json", {"format": "json"}, {}, decode_json),
    Format("json, zstd coding", {"format": "json"}, ZSTD, unzipped(decode_json)),
]


def links(bench: Bench) -> None:
    path = into_memory(data.make("10M"))
    many, few = (200_000, 50_000) if bench.is_quick else (1_000_000, 200_000)
    every = [
        Link("this machine", 0, 0, many),
        Link("100 Mbit/s, 10 ms", 100, 10, many),
        Link("10 Mbit/s, 40 ms", 10, 40, few),
    ]
    address, token = own_address(), secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "token"
        secret.write_text(token)
        secret.chmod(0o600)
        flags = ("--host", address, "--token-file", str(secret), "--allow-host", address)
        with BowshotServer([f"data={path}"], *flags) as server, Toxiproxy() as toxiproxy:
            for link in every:
                port = toxiproxy.open_link(server.port, host=address)
                if link.mbit:
                    toxiproxy.add_toxic(port, "latency", latency=link.delay_ms)
                    toxiproxy.add_toxic(port, "bandwidth", rate=link.mbit * 1_000_000 // 8 // KIB)
                measure(bench, link, port, server.pid, token)


def own_address() -> str:
    """An address of this machine that is not loopback: what the server takes for a peer elsewhere,
    to whom Arrow goes under a content coding. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return probe.getsockname()[0]


def measure(bench: Bench, link: Link, port: int, pid: int, token: str) -> None:
    answers: dict[str, Answer] = {}
    for form in FORMATS:
        found = [ask(link, port, pid, token, form) for _ in range(1 if link.mbit else REPEATS)]
        answers[form.name] = best = min(found, key=lambda one: one.seconds)
        name = f"{link.name}: {form.name}"
        bench.report.add(name, best.seconds, "s")
        bench.report.add(f"{name}: first row", best.first_seconds, "s")
        bench.report.add(f"{name}: bytes", best.body_bytes / 1e6, "MB")
        bench.report.add(f"{name}: server's CPU", best.server_cpu_seconds, "s")
        bench.report.add(f"{name}: client's CPU", best.client_cpu_seconds, "s")
    plain = answers["arrow"].seconds
    winner = min(answers, key=lambda name: answers[name].seconds)
    bench.report.add(f"{link.name}: {winner} wins", plain / answers[winner].seconds, "x arrow")


def ask(link: Link, port: int, pid: int, token: str, form: Format) -> Answer:
    answer, found = Answer(), Rows()
    headers = {"Host": "127.0.0.1", "Authorization": f"Bearer {token}", **form.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    target = rows("data", limit=link.rows, **form.words)
    start, used = time.perf_counter(), time.process_time()
    with cost_of(pid) as cost, connect(port) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode())
        body = RawBody(connection)
        form.decode(body, found)
        answer.seconds = time.perf_counter() - start
        answer.client_cpu_seconds = time.process_time() - used
    if found.count != link.rows:
        raise RuntimeError(f"{form.name}: {found.count} rows")
    answer.first_seconds = found.first_at - start
    answer.body_bytes = body.body_bytes
    answer.server_cpu_seconds = cost.cpu_seconds
    return answer
