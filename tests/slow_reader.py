"""A client that reads an answer as slowly as it likes, on a raw socket with small buffers."""

from __future__ import annotations

import socket

from bowshot_server import BowshotServer, target

BUFFER_BYTES = 32 << 10


class SlowReader:
    """Sends one GET and reads only when told. The body is kept without its chunk framing.

    with SlowReader(server, "/v1/datasets/flights/rows") as reader:
        reader.read_some(100_000)
        reader.read_rest()
    """

    def __init__(
        self, server: BowshotServer, path: str, parameters: dict[str, object] | None = None
    ) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        self._socket.settimeout(60)
        self._socket.connect((server.host, server.port))
        head = f"GET {target(path, parameters)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        self._socket.sendall(head.encode())
        self._raw = b""
        self._pieces: list[bytes] = []
        self.status = 0
        self.headers: dict[str, str] = {}
        self.was_reset = False
        self.is_complete = False  # the last chunk came

    def __enter__(self) -> SlowReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def body(self) -> bytes:
        return b"".join(self._pieces)

    def close(self) -> None:
        self._socket.close()

    def _receive(self) -> bool:
        try:
            chunk = self._socket.recv(BUFFER_BYTES)
        except ConnectionResetError:
            self.was_reset = True
            return False
        self._raw += chunk
        return bool(chunk)

    def read_head(self) -> None:
        while b"\r\n\r\n" not in self._raw:
            assert self._receive(), "the connection ended within the head"
        head, _, self._raw = self._raw.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.headers = {
            name.lower(): value.strip()
            for name, _, value in (li.partition(":") for li in lines[1:])
        }

    def read_some(self, count: int) -> None:
        """Reads until the body holds at least so many bytes, or ends."""
        if not self.status:
            self.read_head()
        if "content-length" in self.headers:
            raise ValueError("a SlowReader is for streams; this answer has a length")
        held = 0
        while held < count and not self.is_complete:
            before = len(self._pieces)
            self._take_chunks()
            held += sum(map(len, self._pieces[before:]))
            if held < count and not self.is_complete and not self._receive():
                return

    def read_rest(self) -> bytes:
        self.read_some(1 << 62)
        return self.body

    def _take_chunks(self) -> None:
        """Moves whole chunks from the raw bytes to the body."""
        at = 0
        while True:
            end = self._raw.find(b"\r\n", at)
            if end < 0:
                break
            size = int(self._raw[at:end], 16)
            if size == 0 and len(self._raw) >= end + 4:
                self.is_complete = True
                break
            if len(self._raw) < end + 2 + size + 2:
                break
            self._pieces.append(self._raw[end + 2 : end + 2 + size])
            at = end + 2 + size + 2
        self._raw = self._raw[at:]

    def rest_of_broken_body(self) -> bytes:
        """The body, with what came of a chunk that never ended."""
        _, _, tail = self._raw.partition(b"\r\n")
        return self.body + tail
