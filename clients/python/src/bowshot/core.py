"""The core in process: the same queries without a server and without a socket."""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import threading
import weakref
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
EXIT_SECONDS_MAX = 2.0  # for what daemon threads still do in a core that nobody closed


class Core(Client):
    """Datasets in this process: `Core({"trades": "data/*.parquet", "live": frame})`, then as a
    Client. Record batches come without a copy, and the GIL is free while the core works.

    Frames are published, and not copied: what is behind one (a NumPy array) may not be written to
    as long as it is a dataset. `settings` are keys of [server] and [limits] in
    docs/configuration.md. A StartError says why nothing could be opened. Close it, or use it in a
    `with`; streams that are still open, and calls of other threads, are stopped then.

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

    def handle(self, request: HttpRequest, when_stopped: Callable[[], None]) -> CoreAnswer:
        """Begins to answer a request of the protocol. `when_stopped` wakes who waits for its body;
        it does not wait itself, and comes from any thread, perhaps again."""
        return CoreAnswer(self._core, request, when_stopped=when_stopped)

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
        # An RLock, as all here: a stream that nobody has any more is closed in whichever thread
        # Python finds it, wherever that one is.
        self._lock = threading.RLock()
        self._open: set[_Holding] = set()
        _cores.add(self)

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
        publishing = _Publishing(self, stop)
        try:
            publishing.run(name, reader)
        finally:
            publishing.close()

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
        self._free(pointer, holding)

    def _free(self, pointer: int | None, holding: list[_Holding]) -> None:
        for one in holding:
            one.close()
        if pointer is not None:
            self._library.bowshot_close(pointer)

    def close_at_exit(self) -> None:
        """While Python still runs, which the core's threads may call for a request's body. A call
        that does not end, because a frame waits for its next rows, does not keep the process."""
        if self.is_forked:
            return
        with self._lock:
            pointer, self._pointer = self._pointer, None
            holding = list(self._open)
        for one in holding:
            one.request_stop()
        if all(one.wait(EXIT_SECONDS_MAX) for one in holding):
            self._free(pointer, holding)

    def hold(self, one: _Holding) -> None:
        """What uses the core is closed before it."""
        with self._lock:
            if self._pointer is None:
                raise local_error(StartError, "closed", "the core is closed")
            self._open.add(one)

    def let_go(self, one: _Holding) -> None:
        with self._lock:
            self._open.discard(one)


_cores: weakref.WeakSet[CoreTransport] = weakref.WeakSet()


@atexit.register
def _close_cores() -> None:
    for core in list(_cores):
        core.close_at_exit()


class _Holding:
    """Something of the core's that must be let go of before it. close() stops a call that runs on
    another thread, and waits for it; so does the core's own close()."""

    def __init__(self, core: CoreTransport, stop: Stop | None) -> None:
        self._core = core
        self._library = library()
        self._calls = threading.RLock()  # held while a call runs
        self._ending = threading.RLock()  # held in moments only: by who stops, and who frees
        self._is_open = True
        self._is_stopped = False
        self._withdraw: Callable[[], None] = lambda: None
        core.raise_if_forked()
        core.hold(self)
        if stop:
            self._withdraw = stop.attach(self.request_stop)

    def _call(self, function: Callable[[], T]) -> T:
        self._core.raise_if_forked()
        with self._calls:
            if not self._is_open:
                raise stopped()
            return function()

    def _begin(self, function: Callable[[], None]) -> None:
        """The first call, without which there is nothing to hold."""
        try:
            self._call(function)
        except BaseException:
            self.close()
            raise

    def request_stop(self) -> None:
        """From any thread, at any time; idempotent. Never waits."""
        if self._core.is_forked:  # what it would wake is not in this process
            return
        with self._ending:
            self._is_stopped = True
            if self._is_open:
                self._stop()

    def close(self) -> None:
        """Idempotent; nothing in a forked child."""
        if self._core.is_forked:
            return
        self.request_stop()
        with self._calls:
            with self._ending:
                was_open, self._is_open = self._is_open, False
            if was_open:
                self._withdraw()
                self._free()
        self._core.let_go(self)

    def wait(self, seconds: float) -> bool:
        """Whether no call runs any more, after at most so long."""
        if self._calls.acquire(timeout=seconds):
            self._calls.release()
            return True
        return False

    def _stop(self) -> None:
        """Ends what runs; under the lock, while it is open, perhaps before there is anything."""
        raise NotImplementedError

    def _free(self) -> None:
        """Once, when nothing runs."""
        raise NotImplementedError


class _StoppableCall(_Holding):
    """What takes a bowshot_stop."""

    def __init__(self, core: CoreTransport, stop: Stop | None) -> None:
        self._handle = library().bowshot_stop_make()
        try:
            super().__init__(core, stop)
        except BaseException:
            self._library.bowshot_stop_free(self._handle)
            raise

    def _stop(self) -> None:
        self._library.bowshot_stop_request(self._handle)

    def _free(self) -> None:
        self._library.bowshot_stop_free(self._handle)


class _Publishing(_StoppableCall):
    """A frame on its way in."""

    def run(self, name: str, reader: pa.RecordBatchReader) -> None:
        self._call(lambda: self._publish(name, reader))

    def _publish(self, name: str, reader: pa.RecordBatchReader) -> None:
        capsule = reader.__arrow_c_stream__()
        problem = c_void_p()
        done = self._library.bowshot_publish(
            self._core.pointer, name.encode(), stream_pointer(capsule), self._handle, byref(problem)
        )
        if done != 0:
            raise_problem(problem)


class _CoreTable(_StoppableCall):
    """A table by the C stream interface: batches are the core's own memory."""

    bytes_read = 0

    def __init__(self, core: CoreTransport, request: Request, stop: Stop | None) -> None:
        self._request = request
        self._stream = ArrowArrayStream()
        self._reader: pa.RecordBatchReader | None = None
        super().__init__(core, stop)
        self._begin(self._ask)

    def _ask(self) -> None:
        facts, problem = c_void_p(), c_void_p()
        done = self._library.bowshot_query(
            self._core.pointer,
            self._request.to_json(),
            self._handle,
            byref(self._stream),
            byref(facts),
            byref(problem),
        )
        if done != 0:
            raise _error_of(take_text(problem), self._request)
        self.facts = Facts.from_json(json.loads(take_text(facts)))
        self._reader = self._take_stream()
        self._schema = self._reader.schema

    def _take_stream(self) -> pa.RecordBatchReader:
        import pyarrow as pa

        return pa.RecordBatchReader._import_from_c(ctypes.addressof(self._stream))

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
        if self._reader is None and self._stream.release:  # Ctrl-C came between
            self._reader = self._take_stream()
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        super()._free()


class CoreAnswer(_Holding):
    """An answer of the protocol. One thread's at a time."""

    def __init__(
        self,
        core: CoreTransport,
        request: HttpRequest,
        stop: Stop | None = None,
        when_stopped: Callable[[], None] = lambda: None,
    ) -> None:
        self._when_stopped = when_stopped
        self._request = request  # whose body is read until the answer is freed
        self._answer: int | None = None
        super().__init__(core, stop)
        self._begin(self._handle)

    def _handle(self) -> None:
        with self._ending:
            self._answer = self._library.bowshot_handle(self._core.pointer, byref(self._request))
            if self._is_stopped:
                self._stop()

    def status(self) -> int:
        """Waits for the head; 0 where there is no answer, for it was stopped."""
        return self._call(lambda: int(self._library.bowshot_answer_status(self._answer)))

    def fields(self) -> list[tuple[bytes, bytes]]:
        """The head's."""
        return self._call(self._read_fields)

    def _read_fields(self) -> list[tuple[bytes, bytes]]:
        found = self._library.bowshot_answer_headers(self._answer)
        fields: list[tuple[bytes, bytes]] = []
        while (name := found[2 * len(fields)]) is not None:
            fields.append((name, found[2 * len(fields) + 1] or b""))
        return fields

    def next_piece(self) -> bytes | None:
        """The next bytes; empty at the end; None where the answer broke off."""
        return self._call(self._read_piece)

    def _read_piece(self) -> bytes | None:
        at = c_void_p()
        count = self._library.bowshot_answer_next(self._answer, byref(at))
        if count < 0:
            return None
        return ctypes.string_at(at.value, count) if at.value else b""

    def _stop(self) -> None:
        self._when_stopped()
        if self._answer is not None:
            self._library.bowshot_answer_stop(self._answer)

    def _free(self) -> None:
        self._library.bowshot_answer_free(self._answer)


class CoreBody:
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
        self._rest = memoryview(b"")
        self._unread = body
        fields = [part.encode() for pair in (headers or {}).items() for part in pair]
        array = (c_char_p * (len(fields) + 1))(*fields, None)
        self._read_body = ReadBody(self._give) if body else ReadBody(0)
        request = HttpRequest(method.encode(), target.encode(), array, self._read_body, None)
        self._answer = CoreAnswer(core, request, stop)
        try:
            self.status = self._answer.status()
            self.headers = self._read_headers()
        except BaseException:
            self.close()
            raise
        self.facts = Facts.from_headers(self.headers)
        length = self.headers.get("Content-Length", "")
        self.bytes_total = int(length) if length.isdigit() else None

    def _give(self, _context: Any, buffer: int, size: int) -> int:
        piece, self._unread = self._unread[:size], self._unread[size:]
        ctypes.memmove(buffer, piece, len(piece))
        return len(piece)

    def _read_headers(self) -> dict[str, str]:
        fields = self._answer.fields()
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in fields}

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
            self._rest = memoryview(self._next_piece())
        data = bytes(self._rest[:size])
        self._rest = self._rest[size:]
        return data

    def read_all(self) -> bytes:
        pieces: list[bytes] = []
        while piece := self.read(1 << 20):
            pieces.append(piece)
        return b"".join(pieces)

    def _next_piece(self) -> bytes:
        piece = self._answer.next_piece()
        if piece is None:
            raise incomplete("the core stopped it", self.facts)
        return piece

    def close(self) -> None:
        self._answer.close()


def _error_of(text: str, request: Request | None) -> Error:
    try:
        document = json.loads(text)
    except ValueError:
        return make_error(Problem("cancelled", text or "the request was stopped", status=499))
    asked = request.text_of(document.get("parameter")) if request else None
    return make_error(Problem.from_json(document, text=asked))
