"""Slow, idle, many, pipelined, random requests on a raw socket; cases/raw_http.table: malformed."""

from __future__ import annotations

import json
import random
import select
import socket
import time
from collections.abc import Iterator

import pytest
from bowshot_server import BowshotServer

SECONDS_MAX = 15.0
HEAD = "Host: 127.0.0.1\r\n"
COUNT = '{"dataset":"people","shape":"count","format":"json"}'


@pytest.fixture(scope="module")
def strict(small_datasets: list[str]) -> Iterator[BowshotServer]:
    """Short limits, so that slow and idle connections are seen in a test's time."""
    limits = ["--head-seconds", "1", "--idle-seconds", "1", "--connections", "64"]
    with BowshotServer(small_datasets[:1], *limits) as started:
        yield started


def exchange(server: BowshotServer, raw: bytes, half_close: bool = False) -> bytes:
    """Sends the bytes; everything that comes back until the server closes, or one whole answer."""
    with server.connect(SECONDS_MAX) as connection:
        connection.sendall(raw)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        return read_to_end(connection)


def read_to_end(connection: socket.socket) -> bytes:
    received = b""
    try:
        while chunk := connection.recv(65_536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


def status_of(received: bytes) -> int:
    assert received.startswith(b"HTTP/1."), received[:200]
    return int(received.split(b" ", 2)[1])


def code_of(received: bytes) -> str:
    return json.loads(received.partition(b"\r\n\r\n")[2])["code"]


def get(path: str, *lines: str) -> bytes:
    fields = "".join(f"{line}\r\n" for line in lines)
    return f"GET {path} HTTP/1.1\r\n{HEAD}{fields}\r\n".encode()


def post(body: str, *lines: str) -> bytes:
    head = f"POST /v1/query HTTP/1.1\r\n{HEAD}Content-Type: application/json\r\n"
    return (head + "".join(f"{line}\r\n" for line in lines) + "\r\n" + body).encode()


def test_chunked_body_beyond_the_limit(strict: BowshotServer) -> None:
    piece = "10000\r\n" + "x" * 0x10000 + "\r\n"
    with strict.connect(SECONDS_MAX) as connection:
        try:
            connection.sendall(post("", "Transfer-Encoding: chunked"))
            for _ in range(64):
                connection.sendall(piece.encode())
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all of it was sent
        received = read_to_end(connection)
    if received:  # a reset may overtake the answer
        assert (status_of(received), code_of(received)) == (413, "body_too_large")
    assert strict.get("/healthz").status == 200


def test_head_that_never_ends(strict: BowshotServer) -> None:
    start = time.monotonic()
    received = exchange(strict, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    assert time.monotonic() - start < 5
    assert (status_of(received), code_of(received)) == (408, "head_too_slow")


def test_head_that_drips(strict: BowshotServer) -> None:
    """One byte now and then does not extend the time for a head."""
    start = time.monotonic()
    with strict.connect(SECONDS_MAX) as connection:
        for byte in get("/healthz", *["X: y"] * 40):
            ready, _, _ = select.select([connection], [], [], 0.05)
            if ready:
                break
            try:
                connection.sendall(bytes([byte]))
            except (BrokenPipeError, ConnectionResetError):
                break
        received = read_to_end(connection)
    assert time.monotonic() - start < 5
    assert not received or status_of(received) == 408


def test_idle_connection_is_closed_silently(strict: BowshotServer) -> None:
    assert exchange(strict, b"") == b""


def test_keep_alive_then_idle(strict: BowshotServer) -> None:
    received = exchange(strict, get("/healthz"))
    assert received.count(b"HTTP/1.1 200") == 1


def test_pipelined_requests_are_answered_in_order(strict: BowshotServer) -> None:
    raw = get("/healthz") + get("/v1/nothing") + get("/v1/datasets", "Connection: close")
    received = exchange(strict, raw)
    statuses = [int(part.split(b" ")[0]) for part in received.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [200, 404, 200]


def test_half_closed_socket_counts_as_leaving(strict: BowshotServer) -> None:
    """The answer may be cut off, but the server goes on and nothing runs."""
    exchange(strict, get("/v1/datasets/people/rows"), half_close=True)
    assert strict.get("/healthz").status == 200


def test_http_1_0(strict: BowshotServer) -> None:
    raw = b"GET /v1/datasets/people/count?format=json HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"
    received = exchange(strict, raw)
    assert status_of(received) == 200
    assert b"transfer-encoding" not in received.lower()
    assert json.loads(received.partition(b"\r\n\r\n")[2])["rows"] == [[18]]


def test_chunked_request_body(strict: BowshotServer) -> None:
    first, second = COUNT[:10], COUNT[10:]
    body = f"{len(first):x};note=1\r\n{first}\r\n{len(second):X}\r\n{second}\r\n"
    body += "0\r\nX-Trailer: a\r\n\r\n"
    received = exchange(strict, post(body, "Transfer-Encoding: chunked", "Connection: close"))
    assert status_of(received) == 200
    assert b"\n[18]\n" in received


def test_expect_100_continue(strict: BowshotServer) -> None:
    with strict.connect(SECONDS_MAX) as connection:
        lines = ["Expect: 100-continue", f"Content-Length: {len(COUNT)}", "Connection: close"]
        connection.sendall(post("", *lines))
        assert connection.recv(64).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(COUNT.encode())
        assert status_of(read_to_end(connection)) == 200


def test_header_names_in_any_case_and_blanks_around_values(strict: BowshotServer) -> None:
    raw = b"GET /healthz HTTP/1.1\r\nhOsT:127.0.0.1  \r\ncOnNeCtIoN: \t close\t\r\n\r\n"
    assert status_of(exchange(strict, raw)) == 200


def test_absolute_target(strict: BowshotServer) -> None:
    raw = b"GET http://127.0.0.1/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    assert status_of(exchange(strict, raw)) == 200


def test_more_connections_than_allowed(strict: BowshotServer) -> None:
    """The surplus is refused or waits; those that are open stay, and the process lives."""
    held = [strict.connect(SECONDS_MAX) for _ in range(80)]
    for connection in held:
        connection.close()
    deadline = time.monotonic() + SECONDS_MAX
    while time.monotonic() < deadline:
        try:
            assert strict.get("/healthz").status == 200
            return
        except (ConnectionError, OSError):
            continue
    pytest.fail("the server did not come back")


def test_random_bytes_never_end_the_process(strict: BowshotServer) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    source = random.Random(seed)
    base = post(COUNT, f"Content-Length: {len(COUNT)}", "Accept: */*", "Connection: close")
    for _ in range(300):
        raw = bytearray(base)
        for _ in range(source.randrange(1, 6)):
            at = source.randrange(len(raw))
            raw[at : at + source.randrange(3)] = source.randbytes(source.randrange(3))
        with strict.connect(SECONDS_MAX) as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            read_to_end(connection)
    assert strict.is_running()
    assert strict.get("/healthz").status == 200
