"""The whole protocol inside of another application: its middleware and its authentication stand in
front, one process serves both."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from ctypes import c_char_p
from typing import Any
from urllib.parse import quote

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from bowshot.core import Core, CoreAnswer
from bowshot.datasets import Datasets, check_rereadable
from bowshot.errors import Error, StoppedError
from bowshot.fastapi.breaking import break_off
from bowshot.fastapi.errors import problem_response
from bowshot.fastapi.threads import in_thread
from bowshot.library import HttpRequest, ReadBody

BODY_PIECES_MAX = 4
BODY_SECONDS_MAX = 300.0  # without a byte of a request's body
CONNECTION_HEADERS = {b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"te"}


class BrokenAnswerError(Exception):
    """The answer broke off in the middle. Whoever runs the application breaks the connection, so
    that no reader takes a part for the whole; the metrics and the request table tell why."""


class BowshotApp:
    """An ASGI application that answers the protocol in this process, for `datasets` as
    `bowshot.serve()` takes them. Whoever reaches it may ask anything: who may, is the outer
    application's to say. `settings` are keys of [server] and [limits] in docs/configuration.md.

    Requests run on threads of the core; this one only waits. `close()` stops them.

    A worker that was forked (`gunicorn --preload`) opens the same again, with its first request:
    frames must be tables in memory, then. Routes take their datasets from `core` when they run.
    """

    def __init__(self, datasets: Datasets, **settings: Any) -> None:
        self._datasets = datasets
        self._settings = settings
        self._opening = threading.Lock()
        self._owned_core = (os.getpid(), Core(datasets, **settings))

    @property
    def core(self) -> Core:
        """This process's. The first use in a forked one opens it; a StartError says why not."""
        with self._opening:
            if not self._is_open:
                check_rereadable(self._datasets)
                self._owned_core = (os.getpid(), Core(self._datasets, **self._settings))
            return self._owned_core[1]

    @property
    def _is_open(self) -> bool:
        return self._owned_core[0] == os.getpid()

    def close(self) -> None:
        self._owned_core[1].close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            return await WebSocketClose()(scope, receive, send)
        if scope["type"] != "http":
            raise NotImplementedError(f"there is no {scope['type']} here")
        try:
            core = self.core if self._is_open else await in_thread(lambda: self.core)
        except Error as error:
            await problem_response(error)(scope, receive, send)
        else:
            await _Exchange(core, scope, receive, send).run()


def mount(app: Starlette, path: str, datasets: Datasets, **settings: Any) -> BowshotApp:
    """Serves the whole protocol below `path` of a FastAPI or Starlette application, in its process:
    `mount(app, "/bowshot", {"trades": "data/*.parquet", "live": frame})`. See BowshotApp."""
    mounted = BowshotApp(datasets, **settings)
    app.mount(path, mounted)
    return mounted


class _Exchange:
    """One request. The answer is made by the core's threads; waiting for it takes one of ours."""

    def __init__(self, core: Core, scope: Scope, receive: Receive, send: Send) -> None:
        self._core = core
        self._scope = scope
        self._receive = receive
        self._send = send
        self._body: asyncio.Queue[bytes] = asyncio.Queue(BODY_PIECES_MAX)
        self._rest = b""  # of a piece of the body that was longer than asked for
        self._awaited: Future[bytes] | None = None  # the next piece
        self._is_stopped = False
        self._has_left = False  # the client; it may have all that it wanted

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            answer = self._core.handle(self._request(loop), self._stop_reading)
        except Error as error:
            return await problem_response(error)(self._scope, self._receive, self._send)
        listener = asyncio.ensure_future(self._listen(answer))
        try:
            await self._forward(answer)
        except (BrokenAnswerError, StoppedError) as failure:
            if not self._has_left:
                await break_off(self._send, failure)
        finally:
            listener.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await listener
            answer.request_stop()
            with anyio.CancelScope(shield=True):
                await in_thread(answer.close)

    def _request(self, loop: asyncio.AbstractEventLoop) -> HttpRequest:
        fields: list[bytes | None] = []
        for name, value in self._scope["headers"]:
            if name.lower() not in CONNECTION_HEADERS:
                fields += [name, value]
        headers = (c_char_p * (len(fields) + 1))(*fields, None)
        read = ReadBody(self._reader(loop) if self._has_body() else 0)
        return HttpRequest(
            self._scope["method"].encode("latin-1"), self._target(), headers, read, None
        )

    def _has_body(self) -> bool:
        names = {name.lower() for name, _ in self._scope["headers"]}
        return bool(names & {b"content-length", b"transfer-encoding"})

    def _target(self) -> bytes:
        """Path and query below where this is mounted, percent-encoded as they came."""
        raw = (self._scope.get("raw_path") or quote(self._scope["path"]).encode()).split(b"?")[0]
        root = self._scope.get("root_path", "")
        outer = self._scope.get("app_root_path", "")
        if not self._scope["path"].startswith(root):  # a proxy took the outer prefix off
            root = root.removeprefix(outer)
        path = raw.removeprefix(quote(root).encode()) or b"/"
        query = self._scope.get("query_string", b"")
        return path + (b"?" + query if query else b"")

    def _reader(self, loop: asyncio.AbstractEventLoop) -> Callable[[Any, int, int], int]:
        """What the core calls, on a thread of its own, for the request's body."""

        def read(_context: Any, buffer: int, size: int) -> int:
            if not self._rest:
                try:
                    awaited = asyncio.run_coroutine_threadsafe(self._body.get(), loop)
                except RuntimeError:
                    return -1  # the loop has ended
                self._awaited = awaited
                if self._is_stopped:
                    awaited.cancel()
                try:
                    self._rest = awaited.result(BODY_SECONDS_MAX)
                except (CancelledError, TimeoutError):
                    awaited.cancel()
                    return -1
            piece, self._rest = self._rest[:size], self._rest[size:]
            ctypes.memmove(buffer, piece, len(piece))
            return len(piece)

        return read

    def _stop_reading(self) -> None:
        """Without the loop, which may be waiting for the core to close."""
        self._is_stopped = True
        if self._awaited is not None:
            self._awaited.cancel()

    async def _listen(self, answer: CoreAnswer) -> None:
        """The request's body, as fast as it is taken; then whether the client leaves."""
        has_ended = not self._has_body()
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._has_left = True
                answer.request_stop()
                return
            if has_ended:
                continue
            if piece := message.get("body", b""):
                await self._body.put(piece)
            if not message.get("more_body", False):
                has_ended = True
                await self._body.put(b"")

    async def _forward(self, answer: CoreAnswer) -> None:
        status = await in_thread(answer.status)
        if status == 0:
            raise BrokenAnswerError("the request was stopped before it was answered")
        headers = [(name.lower(), value) for name, value in answer.fields()]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        while piece := await in_thread(answer.next_piece):
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        if piece is None:
            raise BrokenAnswerError("the answer broke off")
        await self._send({"type": "http.response.body", "body": b""})
