"""The core in process: the same queries without a server and without a socket."""

from __future__ import annotations

import ctypes
import json
import os
import threading
from collections.abc import Callable, Mapping
from ctypes import byref, c_char_p, c_void_p
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from bowshot.arrow_body import ParquetTableStream, incomplete
from bowshot.client import Client
from bowshot.datasets import Datasets, read_datasets, spell_configuration
from bowshot.errors import Error, Problem, StartError, local_error, make_error
from bowshot.facts import Facts
from bowshot.frames import to_reader
from bowshot.library import (
    ArrowArrayStream,
    HttpRequest,
    ReadBody,
    library,
    raise_problem,
    stream_pointer,
    take_text,
)
from bowshot.private_folder import PrivateFolder
from bowshot.request import Request
from bowshot.stop import Stop, stopped
from bowshot.transport import TableStream

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")


class Core(Client):
    """Datasets in this process: `Core({"trades": "data/*.parquet", "live": frame})`, then as a
    Client. Record batches come without a copy, and the GIL is free while the core works.

    Frames are published, and not copied: what is behind one (a NumPy array) may not be written to
    as long as it is a dataset. `settings` are keys of [server] and [limits] in
    docs/configuration.md. A StartError says why nothing could be opened. Close it, or use it in a
    `with`; streams that are still open are stopped then.

    It is of the process that made it: its threads do not come into a forked child. There every use
    is an error and `close()` nothing; make a Core after the fork.
    """

    def __init__(self, datasets: Datasets, *, transport: str = "arrow", **settings: Any) -> None:
        self._folder = PrivateFolder()
        sources = read_datasets(datasets, Path(self._folder.name) / "datasets")
        configuration = spell_configuration(sources, {"allow_publish": True, **settings})
        problem = c_void_p()
        pointer = library().bowshot_open(configuration.encode(), byref(problem))
        if not pointer:
            self._folder.remove()
            document = json.loads(take_text(problem) or "{}")
            raise local_error(StartError, "start_failed", str(document.get("detail", "")))
        self._core = CoreTransport(pointer)
        super().__init__(self._core, transport)
        try:
            for name, frame in sources.frames.items():
                self.publish(name, frame)
        except BaseException:
            self.close()
            raise

    @property
    def pointer(self) -> int:
        """The library's bowshot_core*, for what calls it directly."""
        return self._core.pointer

    def close(self) -> None:
        """Idempotent; nothing in a forked child."""
        super().close()
        self._folder.remove()


class CoreTransport:
    """Requests to a bowshot_core."""

    def __init__(self, pointer: int) -> None:
        self._library = library()
        self._pointer: int | None = pointer
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._open: set[_Holding] = set()

    @property
    def pointer(self) -> int:
        self.raise_if_forked()
        if self._pointer is None:
            raise local_error(StartError, "closed", "the core is closed")
        return self._pointer

    def table(self, request: Request, form: str, stop: Stop | None) -> TableStream:
        if form == "parquet":
            return ParquetTableStream(self.download(request, form, stop))
        return _CoreTable(self, request, stop)

    def download(self, request: Request, form: str, stop: Stop | None) -> CoreBody:
        body = request.to_json(format=form)
        answer = CoreBody(
            self, "POST", "/v1/query", body, {"Content-Type": "application/json"}, stop
        )
        answer.raise_if_problem(request)
        return answer

    def document(self, path: str) -> Mapping[str, Any]:
        answer = CoreBody(self, "GET", path)
        answer.raise_if_problem()
        try:
            document: Mapping[str, Any] = json.loads(answer.read_all())
        finally:
            answer.close()
        return document

    def publish(self, name: str, frame: Any, stop: Stop | None) -> None:
        self.raise_if_forked()
        reader = to_reader(frame)
        capsule = reader.__arrow_c_stream__()
        problem = c_void_p()
        with _StopHandle(stop) as handle:
            done = self._library.bowshot_publish(
                self.pointer, name.encode(), stream_pointer(capsule), handle.pointer, byref(problem)
            )
        if done != 0:
            raise_problem(problem)

    def remove(self, name: str) -> None:
        answer = CoreBody(self, "DELETE", f"/v1/datasets/{quote(name, safe='')}")
        answer.raise_if_problem()
        answer.close()

    @property
    def is_forked(self) -> bool:
        """Whether this is a child of the process that has the core, without the core's threads."""
        return os.getpid() != self._owner

    def raise_if_forked(self) -> None:
        if self.is_forked:
            detail = (
                "this core is of the process that made it; make a Core after the fork, or use "
                'multiprocessing with the start method "spawn"'
            )
            raise local_error(StartError, "forked", detail)

    def close(self) -> None:
        if self.is_forked:
            return
        with self._lock:
            pointer, self._pointer = self._pointer, None
            holding = list(self._open)
        for one in holding:
            one.close()
        if pointer is not None:
            self._library.bowshot_close(pointer)

    def hold(self, one: _Holding) -> None:
        """What uses the core is closed before it."""
        with self._lock:
            if self._pointer is None:
                raise local_error(StartError, "closed", "the core is closed")
            self._open.add(one)

    def let_go(self, one: _Holding) -> None:
        with self._lock:
            self._open.discard(one)


class _StopHandle:
    """A Stop of this package as the library's, for as long as something runs."""

    def __init__(self, stop: Stop | None) -> None:
        self._library = library()
        self._owner = os.getpid()
        self.pointer = self._library.bowshot_stop_make()
        self._withdraw: Callable[[], None] = stop.attach(self.request) if stop else lambda: None

    def request(self) -> None:
        if os.getpid() == self._owner:  # else what it would wake is not in this process
            self._library.bowshot_stop_request(self.pointer)

    def close(self) -> None:
        self._withdraw()
        if self.pointer:
            self._library.bowshot_stop_free(self.pointer)
            self.pointer = None

    def __enter__(self) -> _StopHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Holding:
    """Something of the core's that must be let go of before it. Its close() waits for a call that
    runs on another thread, after stopping it."""

    def __init__(self, core: CoreTransport, stop: Stop | None) -> None:
        self._core = core
        self._library = library()
        self._calls = threading.Lock()
        self._is_open = True
        core.raise_if_forked()
        self._stop = _StopHandle(stop)
        core.hold(self)

    def _call(self, function: Callable[[], T]) -> T:
        self._core.raise_if_forked()
        with self._calls:
            if not self._is_open:
                raise stopped()
            return function()

    def close(self) -> None:
        if not self._is_open or self._core.is_forked:
            return
        self._stop.request()
        with self._calls:
            if not self._is_open:
                return
            self._is_open = False
            self._free()
            self._stop.close()
        self._core.let_go(self)

    def _free(self) -> None:
        raise NotImplementedError


class _CoreTable(_Holding):
    """A table by the C stream interface: batches are the core's own memory."""

    bytes_read = 0

    def __init__(self, core: CoreTransport, request: Request, stop: Stop | None) -> None:
        import pyarrow as pa

        super().__init__(core, stop)
        self._request = request
        self._stream = ArrowArrayStream()
        self._reader: pa.RecordBatchReader | None = None
        facts, problem = c_void_p(), c_void_p()
        done = self._library.bowshot_query(
            core.pointer,
            request.to_json(),
            self._stop.pointer,
            byref(self._stream),
            byref(facts),
            byref(problem),
        )
        if done != 0:
            self.close()
            raise _error_of(take_text(problem), request)
        self.facts = Facts.from_json(json.loads(take_text(facts)))
        self._reader = pa.RecordBatchReader._import_from_c(ctypes.addressof(self._stream))
        self._schema = self._reader.schema

    @property
    def schema(self) -> pa.Schema:
        return self._schema

    def next_batch(self) -> pa.RecordBatch | None:
        batch = self._call(self._read)
        if batch is None:
            self.close()
        else:
            self.bytes_read += batch.nbytes
        return batch

    def _read(self) -> pa.RecordBatch | None:
        assert self._reader is not None
        try:
            return self._reader.read_next_batch()
        except StopIteration:
            return None
        except OSError as error:  # what the library says of its own errors is a problem document
            text = str(error)
            raise _error_of(text[text.find("{") : text.rfind("}") + 1], self._request) from error

    def _free(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


class CoreBody(_Holding):
    """An answer of the protocol, as bytes."""

    def __init__(
        self,
        core: CoreTransport,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        stop: Stop | None = None,
    ) -> None:
        super().__init__(core, stop)
        self._rest = memoryview(b"")
        self._unread = body
        fields = [part.encode() for pair in (headers or {}).items() for part in pair]
        array = (c_char_p * (len(fields) + 1))(*fields, None)
        self._read_body = ReadBody(self._give) if body else ReadBody(0)
        request = HttpRequest(method.encode(), target.encode(), array, self._read_body, None)
        self._answer = self._library.bowshot_handle(core.pointer, byref(request))
        self._withdraw = stop.attach(self._request_stop) if stop else lambda: None
        self.status = self._library.bowshot_answer_status(self._answer)
        self.headers = self._read_headers()
        self.facts = Facts.from_headers(self.headers)
        length = self.headers.get("Content-Length", "")
        self.bytes_total = int(length) if length.isdigit() else None

    def _request_stop(self) -> None:
        if not self._core.is_forked:
            self._library.bowshot_answer_stop(self._answer)

    def _give(self, _context: Any, buffer: int, size: int) -> int:
        piece, self._unread = self._unread[:size], self._unread[size:]
        ctypes.memmove(buffer, piece, len(piece))
        return len(piece)

    def _read_headers(self) -> dict[str, str]:
        fields = self._library.bowshot_answer_headers(self._answer)
        headers: dict[str, str] = {}
        at = 0
        while (name := fields[at]) is not None:
            headers[name.decode("latin-1")] = (fields[at + 1] or b"").decode("latin-1")
            at += 2
        return headers

    def raise_if_problem(self, request: Request | None = None) -> None:
        if 200 <= self.status < 300:
            return
        try:
            raise _error_of(self.read_all().decode() if self.status else "", request)
        finally:
            self.close()

    def read(self, size: int) -> bytes:
        """At most `size` bytes; empty at the end of the whole answer."""
        if not self._rest:
            self._rest = memoryview(self._call(self._next_piece))
        data = bytes(self._rest[:size])
        self._rest = self._rest[size:]
        return data

    def read_all(self) -> bytes:
        pieces: list[bytes] = []
        while piece := self.read(1 << 20):
            pieces.append(piece)
        return b"".join(pieces)

    def _next_piece(self) -> bytes:
        at = c_void_p()
        count = self._library.bowshot_answer_next(self._answer, byref(at))
        if count < 0:
            raise incomplete("the core stopped it", self.facts)
        return ctypes.string_at(at.value, count) if at.value else b""

    def close(self) -> None:
        if self._is_open:
            self._request_stop()
        super().close()

    def _free(self) -> None:
        self._withdraw()
        self._library.bowshot_answer_free(self._answer)


def _error_of(text: str, request: Request | None) -> Error:
    try:
        document = json.loads(text)
    except ValueError:
        return make_error(Problem("cancelled", text or "the request was stopped", status=499))
    asked = request.text_of(document.get("parameter")) if request else None
    return make_error(Problem.from_json(document, text=asked))
