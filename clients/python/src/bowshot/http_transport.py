"""Requests over HTTP: a pool of connections, retries, errors, bodies that are read as they come.

urllib3 speaks HTTP; this file says what is asked and what an answer means.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from bowshot._version import __version__
from bowshot.arrow_body import ArrowTableStream, ParquetTableStream, incomplete, unexpected
from bowshot.errors import (
    AccessError,
    ConnectionFailedError,
    DeadlineError,
    Error,
    Problem,
    UnknownDatasetError,
    local_error,
    make_error,
)
from bowshot.facts import DatasetInfo, Facts
from bowshot.frames import encode_stream, to_reader
from bowshot.request import Request
from bowshot.stop import Stop, stopped
from bowshot.transport import TableStream

ARROW_STREAM = "application/vnd.apache.arrow.stream"
ARROW_FILE = "application/vnd.apache.arrow.file"
PARQUET = "application/vnd.apache.parquet"
MEDIA_TYPES = {
    "arrow": ARROW_STREAM,
    "arrow-file": ARROW_FILE,
    "parquet": PARQUET,
    "csv": "text/csv",
    "json": "application/json",
    "ndjson": "application/x-ndjson",
}
CODECS = "zstd, lz4"  # of Arrow bodies; pyarrow's and Polars' readers know both
CONNECT_SECONDS = 10.0
WAIT_SECONDS = 120.0  # between two bytes; the server gives up on a first batch after 60
RETRY_AFTER_SECONDS_MAX = 5.0
RETRY_FIRST_SECONDS = 0.1
PROBLEM_BYTES_MAX = 1 << 20
LOOPBACK = {"127.0.0.1", "localhost", "::1", "[::1]"}

_call = threading.local()  # .current: the call that this thread begins


class _Stoppable:
    """A connection whose socket the call's Stop can shut, before its head has come and after."""

    sock: socket.socket | None

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        self._let_watch()

    def request(self, *arguments: Any, **named: Any) -> None:
        self._let_watch()  # of a connection that was kept; a new one comes to connect()
        super().request(*arguments, **named)  # type: ignore[misc]

    def _let_watch(self) -> None:
        call: _Call | None = getattr(_call, "current", None)
        if call is not None and self.sock is not None:
            call.watch(self.sock)


class _PlainConnection(_Stoppable, HTTPConnection):
    pass


class _TlsConnection(_Stoppable, HTTPSConnection):
    pass


class _UnixConnection(_Stoppable, HTTPConnection):
    """`host` is the socket's path."""

    socket_path = ""

    def _new_conn(self) -> socket.socket:
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connected.settimeout(CONNECT_SECONDS)
            connected.connect(self.socket_path)
        except OSError as error:
            connected.close()
            raise NewConnectionError(self, f"{self.socket_path}: {error}") from error
        return connected


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def _unix_pool(path: str, **options: Any) -> HTTPConnectionPool:
    class Connection(_UnixConnection):
        socket_path = path

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    return Pool("localhost", **options)


class _Call:
    """One request on one connection, as far as a Stop is concerned."""

    def __init__(self, stop: Stop | None) -> None:
        self._stop = stop
        self._withdraw: Callable[[], None] = lambda: None

    def __enter__(self) -> _Call:
        _call.current = self
        return self

    def __exit__(self, *_: object) -> None:
        _call.current = None

    def watch(self, watched: socket.socket) -> None:
        if self._stop is None:
            return

        owner = os.getpid()

        def shut() -> None:
            if os.getpid() != owner:  # shutdown() would end the parent's connection, too
                return
            with contextlib.suppress(OSError):
                watched.shutdown(socket.SHUT_RDWR)

        self._withdraw()
        self._withdraw = self._stop.attach(shut)

    def end(self) -> None:
        """Before the connection can go to another call."""
        self._withdraw()

    def raise_if_stopped(self) -> None:
        if self._stop is not None:
            self._stop.raise_if_requested()


class HttpBody:
    """The bytes of one answer. Read to its end, its connection goes back to the pool."""

    def __init__(
        self, response: urllib3.BaseHTTPResponse, call: _Call, why: Callable[[Facts], Error | None]
    ) -> None:
        self._response = response
        self._call = call
        self._why = why
        self._owner = os.getpid()
        self.facts = Facts.from_headers(response.headers)
        length = response.headers.get("Content-Length", "")
        self.bytes_total = int(length) if length.isdigit() else None

    def read(self, size: int = -1) -> bytes:
        with self._errors_told():
            data = self._response.read(None if size < 0 else size, decode_content=False)
        self._check_end(len(data), size)
        return data

    def read_into(self, memory: memoryview) -> int:
        with self._errors_told():
            source: Any = self._response
            if source.chunked:  # urllib3's own readinto() copies, but counts a body with a length
                source = source._fp
            count: int = source.readinto(memory)
        self._check_end(count, len(memory))
        return count

    @contextlib.contextmanager
    def _errors_told(self) -> Iterator[None]:
        if os.getpid() != self._owner:
            detail = "this answer is read by the process that asked; ask again after a fork"
            raise local_error(ConnectionFailedError, "forked", detail)
        try:
            yield
        except (HTTPError, HTTPException, OSError) as error:
            self.close()
            self._raise_if_stopped()
            if isinstance(error, (ReadTimeoutError, TimeoutError)):
                raise _deadline("between two parts of the answer", self.facts) from error
            raise self._why(self.facts) or incomplete(str(error), self.facts) from error
        except BaseException:  # Ctrl-C: the rest is not wanted
            self.close()
            raise

    def _check_end(self, count: int, size: int) -> None:
        if count < size:
            self._raise_if_stopped()  # to http.client a socket that was shut is a short body
        if not count and size:
            self._call.end()
            self._response.release_conn()

    def _raise_if_stopped(self) -> None:
        try:
            self._call.raise_if_stopped()
        except Error:
            self.close()
            raise

    def close(self) -> None:
        """Closes the connection, which is how the server learns that nobody waits. After the end
        there is none to close."""
        self._call.end()
        self._response.close()


def _deadline(where: str, facts: Facts | None = None) -> Error:
    detail = f"nothing came for longer than the client's timeout, {where}"
    request_id = facts.request_id if facts else None
    return local_error(DeadlineError, "timeout", detail, request_id=request_id)


class HttpTransport:
    """A server at `url`: http://..., https://... (a path is a prefix) or unix:PATH.

    Connections are of the process that made them: a forked child has a pool of its own.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout: float = WAIT_SECONDS,
        connect_timeout: float = CONNECT_SECONDS,
        retries: int = 2,
        connections: int = 16,
        codecs: str | None = None,
        ca_certs: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        wait = urllib3.Timeout(connect=connect_timeout, read=timeout)
        options: dict[str, Any] = {"timeout": wait, "maxsize": connections, "retries": False}
        self._prefix = ""
        is_near = True
        if url.startswith("unix:"):
            path = url.removeprefix("unix:")
            self._make_pool: Callable[[], HTTPConnectionPool] = lambda: _unix_pool(path, **options)
        else:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(
                    f"a server's address is http://, https:// or unix:PATH, not {url!r}"
                )
            self._prefix = parts.path.rstrip("/")
            is_near = parts.hostname in LOOPBACK
            address = (parts.hostname, parts.port)
            if parts.scheme == "https":
                self._make_pool = lambda: _TlsPool(*address, ca_certs=ca_certs, **options)
            else:
                self._make_pool = lambda: _PlainPool(*address, **options)
        self._owned_pool = (os.getpid(), self._make_pool())
        self._codecs = codecs if codecs is not None else ("" if is_near else CODECS)
        self._retries = retries
        self._headers = {"User-Agent": f"bowshot-python/{__version__}", **(headers or {})}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self.url = url

    # What is asked.

    def table(self, request: Request, form: str, stop: Stop | None) -> TableStream:
        body = self.download(request, form, stop)
        try:
            return ParquetTableStream(body) if form == "parquet" else ArrowTableStream(body)
        except Error:
            body.close()
            raise

    def download(self, request: Request, form: str, stop: Stop | None) -> HttpBody:
        if form not in MEDIA_TYPES:
            raise ValueError(f"no format {form!r}; there are {', '.join(MEDIA_TYPES)}")
        accept = MEDIA_TYPES[form]
        if form in ("arrow", "arrow-file") and self._codecs:
            accept += f'; codecs="{self._codecs}"'
        headers = {"Content-Type": "application/json", "Accept": accept}
        body = request.to_json(format=form)
        response, call = self._send("POST", "/v1/query", headers, body, stop, request.text_of)
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
        if kind != MEDIA_TYPES[form]:
            response.close()
            call.end()
            raise unexpected(f"the answer's media type is {kind!r}", status=response.status)
        return HttpBody(response, call, lambda facts: self._why(facts))

    def document(self, path: str) -> Mapping[str, Any]:
        response, call = self._send("GET", path, {"Accept": "application/json"}, None, None)
        return self._json(HttpBody(response, call, lambda _: None))

    def publish(self, name: str, frame: Any, stop: Stop | None) -> None:
        path = f"/v1/datasets/{quote(name, safe='')}"
        # A reader gives its rows once: only what came to nobody may be sent again.
        rows = encode_stream(to_reader(frame))
        headers = {"Content-Type": ARROW_STREAM}
        response, call = self._send("PUT", path, headers, rows, stop)
        with contextlib.closing(HttpBody(response, call, lambda _: None)) as answer:
            DatasetInfo.from_json(self._json(answer))

    def remove(self, name: str) -> None:
        path = f"/v1/datasets/{quote(name, safe='')}"
        response, call = self._send("DELETE", path, {}, None, None)
        HttpBody(response, call, lambda _: None).read()
        call.end()
        if response.status not in (204, 404):
            detail = f"status {response.status}; a dataset that was removed is answered by 204"
            raise unexpected(detail, status=response.status)

    def close(self) -> None:
        self._pool().close()

    # How it is sent.

    def _pool(self) -> HTTPConnectionPool:
        """This process's. What a parent's held is only forgotten: its connections go on there."""
        owner, pool = self._owned_pool
        if owner != os.getpid():
            pool = self._make_pool()
            self._owned_pool = (os.getpid(), pool)
        return pool

    def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes] | None,
        stop: Stop | None,
        text_of: Callable[[str | None], str | None] = lambda _: None,
    ) -> tuple[urllib3.BaseHTTPResponse, _Call]:
        """Sends it, again where nothing was delivered, and returns an answer of 2xx. Where a DELETE
        is sent again that may have been done, also a 404: what was to go is gone."""
        may_be_done = False
        for attempt in range(self._retries + 1):
            is_last = attempt == self._retries or not (body is None or isinstance(body, bytes))
            call = _Call(stop)
            call.raise_if_stopped()
            pause = RETRY_FIRST_SECONDS * 2**attempt * random.uniform(0.5, 1.5)
            try:
                response = self._send_once(method, path, headers, body, call)
            except ConnectionFailedError as failed:
                if is_last:
                    raise
                may_be_done |= not isinstance(failed.__cause__, ConnectTimeoutError)
                _pause(pause, stop)
                continue
            if 200 <= response.status < 300:
                return response, call
            error = self._error_of(response, call, text_of)
            if may_be_done and method == "DELETE" and isinstance(error, UnknownDatasetError):
                return response, call
            # A conversion can take minutes: not_ready is the caller's to wait for.
            if error.code != "overloaded" or is_last:
                raise error
            _pause(min(error.retry_after or pause, RETRY_AFTER_SECONDS_MAX), stop)
        raise AssertionError("the last attempt returns or raises")

    def _send_once(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes] | None,
        call: _Call,
    ) -> urllib3.BaseHTTPResponse:
        try:
            with call:
                return self._pool().urlopen(
                    method,
                    self._prefix + path,
                    body=body,
                    headers={**self._headers, **headers},
                    redirect=False,
                    preload_content=False,
                    decode_content=False,
                    chunked=not (body is None or isinstance(body, bytes)),
                )
        except Exception as error:
            call.end()
            call.raise_if_stopped()
            if isinstance(error, ReadTimeoutError):
                raise _deadline("before the answer began") from error
            if isinstance(error, SSLError):
                raise local_error(AccessError, "tls_failed", f"{self.url}: {error}") from error
            is_refused = isinstance(error, NewConnectionError)  # to urllib3 a ConnectTimeoutError
            if isinstance(error, ConnectTimeoutError) and not is_refused:
                detail = f"{self.url} does not take a connection within the connect timeout"
                raise local_error(ConnectionFailedError, "connection_failed", detail) from error
            if isinstance(error, (HTTPError, OSError)):
                detail = f"{self.url}: {error}"
                raise local_error(ConnectionFailedError, "connection_failed", detail) from error
            raise

    def _error_of(
        self,
        response: urllib3.BaseHTTPResponse,
        call: _Call,
        text_of: Callable[[str | None], str | None],
    ) -> Error:
        body = HttpBody(response, call, lambda _: None)
        kind = response.headers.get("Content-Type", "")
        if not kind.startswith("application/problem+json"):
            response.close()
            call.end()
            where = response.headers.get("Location")
            detail = f"status {response.status} with a body of type {kind!r}" + (
                f", which points to {where}" if where else ""
            )
            if response.status in (401, 403):  # of an application or a proxy in front
                code = "unauthorized" if response.status == 401 else "forbidden"
                return local_error(AccessError, code, detail, status=response.status)
            return unexpected(detail, status=response.status)
        try:
            document = self._json(body)
        except Error as error:
            return error
        seconds = response.headers.get("Retry-After", "")
        return make_error(
            Problem.from_json(
                document,
                request_id=body.facts.request_id,
                retry_after=float(seconds) if seconds.isdigit() else None,
                text=text_of(document.get("parameter")),
            )
        )

    def _json(self, body: HttpBody) -> Mapping[str, Any]:
        parts = []
        size = 0
        while data := body.read(1 << 16):
            parts.append(data)
            size += len(data)
            if size > PROBLEM_BYTES_MAX * 64:
                body.close()
                raise unexpected(f"a JSON document of more than {size} bytes")
        try:
            document = json.loads(b"".join(parts))
        except ValueError as error:
            raise unexpected(f"the answer is no JSON: {error}") from error
        if not isinstance(document, dict):
            raise unexpected("the answer is no JSON object")
        return document

    def _why(self, facts: Facts) -> Error | None:
        """What the server says of a request whose answer broke off, if it can still be asked."""
        if facts.request_id is None:
            return None
        try:
            headers = {"Accept": "application/json"}
            path = f"/v1/requests/{facts.request_id}"
            call = _Call(None)
            response = self._send_once("GET", path, headers, None, call)
            if response.status != 200:
                response.close()
                return None
            document = self._json(HttpBody(response, call, lambda _: None))
        except Error:
            return None
        problem = document.get("problem")
        if not isinstance(problem, dict) or problem.get("code") == "cancelled":
            return None  # `cancelled`: the server saw the connection end, not why
        return make_error(Problem.from_json(problem, request_id=facts.request_id))


def _pause(seconds: float, stop: Stop | None) -> None:
    """Sleeps, at most until the call is stopped."""
    if stop is None:
        time.sleep(seconds)
        return
    woken = threading.Event()
    with stop.attached(woken.set):
        if woken.wait(seconds):
            raise stopped()
