"""A TCP server that answers exactly the bytes it is told."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Scripted:
    """Every request gets the next of `answers`; the last one again and again. None: the connection
    is closed without a byte. `then_silent`: connections stay open after the answer."""

    def __init__(self, answers: list[bytes | None], then_silent: bool) -> None:
        self._answers = answers
        self._then_silent = then_silent
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.requests: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection:
                    connection.settimeout(10)
                    self.requests.append(read_request(connection))
                    answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
                    if answer is not None:
                        connection.sendall(answer)
                    if self._then_silent:
                        self._ended.wait(30)

    def close(self) -> None:
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextlib.contextmanager
def scripted(*answers: bytes | None, then_silent: bool = False) -> Iterator[Scripted]:
    server = Scripted(list(answers), then_silent)
    try:
        yield server
    finally:
        server.close()


def answer(body: bytes, *headers: str, status: str = "200 OK", length: bool = True) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, "Connection: close"]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def chunked(body: bytes, *headers: str, ended: bool = True, size: int = 4096) -> bytes:
    """The body in chunks; without `ended` the last one is missing."""
    chunks = [body[i : i + size] for i in range(0, len(body), size)]
    spelt = b"".join(f"{len(c):x}\r\n".encode() + c + b"\r\n" for c in chunks)
    head = answer(b"", *headers, "Transfer-Encoding: chunked", length=False)
    return head + spelt + (b"0\r\n\r\n" if ended else b"")
