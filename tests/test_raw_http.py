"""Raw bytes against the real server: cases/raw_http.table, over TCP, a Unix socket, and in pieces.

Behind every case comes a second request in the same send. Where the first was refused it publishes
a table: had anyone served it, the table would be there.
"""

from __future__ import annotations

import io
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pytest
from bowshot_server import BowshotServer

TABLE = Path(__file__).parent / "cases" / "raw_http.table"
CASES_MIN = 150
SECONDS_MAX = 15.0
LIMITS = ("--target-bytes", "512", "--head-bytes", "2048", "--body-bytes", "300")

HOST = b"Host: 127.0.0.1\r\n"
COUNT = b'{"dataset":"people","shape":"count","format":"json"}'
NAMED = {
    b"HOST": HOST,
    b"GET": b"GET /healthz HTTP/1.1\r\n" + HOST,
    b"POST": b"POST /v1/query HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n",
    b"CHUNKED": b"Transfer-Encoding: chunked\r\n",
    b"COUNT": COUNT,
    b"COUNT5": COUNT[:5],
    b"LENGTH": b"%d" % len(COUNT),
    b"SIZE": b"%x" % len(COUNT),
}
NEXT = b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-Next: 1\r\nConnection: close\r\n\r\n"
SMUGGLED = "smuggled"

Way = Literal["tcp", "unix", "pieces"]
WAYS: tuple[Way, ...] = ("tcp", "unix", "pieces")


@dataclass(frozen=True)
class Case:
    line: int
    status: int
    text: str
    fate: str
    section: str
    request: bytes

    @property
    def goes_on(self) -> bool:
        return self.fate == "keep"


def read_request(written: str) -> bytes:
    escaped = re.sub(
        rb"\\(x[0-9a-f]{2}|.)",
        lambda found: found[0].decode().encode().decode("unicode_escape").encode("latin1"),
        written.encode(),
    )

    def put_in(found: re.Match[bytes]) -> bytes:
        count, star, piece = found[1].partition(b"*")
        return piece * int(count) if star else NAMED[found[1]]

    return re.sub(rb"\{([A-Z][A-Z0-9]*|\d+\*[^}]+)\}", put_in, escaped)


def read_table() -> list[Case]:
    cases = []
    for number, line in enumerate(TABLE.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        found = re.fullmatch(r"(\d{3}) (\S+) +(keep|close) +(\S+) +(.+)", line)
        assert found, f"{TABLE.name}:{number}: {line}"
        status, text, fate, section, request = found.groups()
        cases.append(Case(number, int(status), text, fate, section, read_request(request)))
    return cases


CASES = read_table()


def smuggled_request() -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, pa.schema([("x", pa.int8())])):
        pass
    body = sink.getvalue()
    head = b"PUT /v1/datasets/%s HTTP/1.1\r\n" % SMUGGLED.encode() + HOST
    head += b"Content-Type: application/vnd.apache.arrow.stream\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.fixture(scope="module")
def unix_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("raw") / "bowshot.sock"


@pytest.fixture(scope="module")
def raw(small_datasets: list[str], unix_path: Path) -> Iterator[BowshotServer]:
    flags = [*LIMITS, "--allow-publish", "--listen", f"unix:{unix_path}"]
    with BowshotServer(small_datasets[:1], *flags) as started:
        yield started


def connect(server: BowshotServer, path: Path, way: Way) -> socket.socket:
    if way == "unix":
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(SECONDS_MAX)
        connection.connect(str(path))
        return connection
    connection = server.connect(SECONDS_MAX)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def send(connection: socket.socket, request: bytes, way: Way) -> None:
    """In pieces: cut at every line's end, between its CR and LF, and within the line."""
    if way != "pieces":
        connection.sendall(request)
        return
    pieces = re.split(rb"(?<=\r)|(?<=:)", request)
    try:
        for piece in pieces if len(pieces) < 40 else [request[:30], request[30:]]:
            connection.sendall(piece)
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused at an earlier piece


class Received:
    """What came back, and how it ended; parsed by the standard library's client."""

    def __init__(self, connection: socket.socket) -> None:
        self.bytes = b""
        self.was_reset = False
        try:
            while chunk := connection.recv(65_536):
                self.bytes += chunk
        except ConnectionResetError:
            self.was_reset = True

    def makefile(self, _mode: str) -> io.BytesIO:
        return self._file

    def first(self, method: str) -> tuple[HTTPResponse, bytes, bytes]:
        """The first final answer, its body, and the bytes behind it."""
        self._file = io.BytesIO(self.bytes)
        answer = HTTPResponse(self, method=method)  # type: ignore[arg-type]
        # It closes its file at the body's end, but we go on behind it.
        self._file.close = lambda: None  # type: ignore[method-assign]
        answer.begin()
        body = answer.read()
        return answer, body, self._file.read()


def check(case: Case, received: Received) -> None:
    assert received.bytes.startswith(b"HTTP/1.1 "), received.bytes[:200]
    method = "HEAD" if case.request.startswith(b"HEAD ") else "GET"
    answer, body, behind = received.first(method)
    assert answer.status == case.status, (case.request, body)
    if case.status >= 400 and case.text != "-":
        assert b'"code":"%s"' % case.text.encode() in body
        assert answer.getheader("Content-Type") == "application/problem+json"
    elif case.text != "-":
        assert case.text.encode() in body
    if case.goes_on:
        assert answer.getheader("Connection") != "close"
        assert behind.startswith(b"HTTP/1.1 200 OK\r\n"), (case.request, behind)
        assert behind.count(b"HTTP/1.1 ") == 1
    else:
        assert answer.getheader("Connection") == "close"
        assert behind == b"", "the bytes after it were taken for a request"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"line {case.line}: {case.section}")
def test_raw_http(raw: BowshotServer, unix_path: Path, case: Case, way: Way) -> None:
    if case.text == "forbidden_host" and way == "unix":
        return  # not checked there, says section 10 of the protocol
    behind = NEXT if case.goes_on else smuggled_request()
    with connect(raw, unix_path, way) as connection:
        send(connection, case.request + behind, way)
        received = Received(connection)
    check(case, received)


def test_nothing_was_smuggled(raw: BowshotServer) -> None:
    """Runs last; first that nothing is there, then that the smuggled request would have worked."""

    def names() -> list[str]:
        return [dataset["name"] for dataset in raw.get("/v1/datasets").json()["datasets"]]

    assert SMUGGLED not in names()
    with raw.connect(SECONDS_MAX) as connection:
        connection.sendall(smuggled_request())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 201 ")
    assert SMUGGLED in names()
    assert raw.is_running()


def test_there_are_enough_cases() -> None:
    refused = [case for case in CASES if not case.goes_on]
    assert len(CASES) >= CASES_MIN
    assert len(refused) >= CASES_MIN
    assert len({case.request for case in CASES}) == len(CASES), "a case stands there twice"
