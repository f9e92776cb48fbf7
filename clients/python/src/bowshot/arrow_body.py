"""Arrow and Parquet out of the bytes of an answer, whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from bowshot.body_memory import BYTES_MAX, BYTES_MIN, BodyMemory
from bowshot.errors import Error, IncompleteAnswerError, UnexpectedAnswerError, local_error
from bowshot.facts import Facts
from bowshot.stop import stopped

if TYPE_CHECKING:
    import pyarrow as pa

END_MARKER = b"\xff\xff\xff\xff\x00\x00\x00\x00"
PARQUET_MEMORY_MAX = 64 << 20  # beyond that a Parquet answer waits on disk
PIECE_BYTES = 1 << 20
BATCH_ROWS = 65_536


class Body(Protocol):
    """The bytes of an answer; `read` raises where the body broke off."""

    @property
    def facts(self) -> Facts: ...

    def read(self, size: int) -> bytes: ...

    def close(self) -> None: ...


class ArrowBody(Body, Protocol):
    def read_into(self, memory: memoryview) -> int:
        """As `read`, of `len(memory)` bytes; returns how many came."""
        ...


class _Source:
    """What pyarrow reads from. Remembers how the bytes ended: Arrow's reader takes the end of the
    input for the end of the table, and a proxy may cut a body and still end it properly."""

    def __init__(self, body: ArrowBody) -> None:
        self._body = body
        self._memory = BodyMemory()
        self._tail = b""
        self.closed = False
        self.error: Error | None = None
        self.bytes_read = 0

    def read(self, size: int = -1) -> bytes | memoryview:
        try:
            data = self._read(size)
        except Error as error:
            self.error = error
            raise
        self.bytes_read += len(data)
        if data:
            self._tail = (self._tail + bytes(data[-8:]))[-8:]
        return data

    def _read(self, size: int) -> bytes | memoryview:
        if not BYTES_MIN <= size <= BYTES_MAX:
            return self._body.read(size)
        memory = self._memory.take(size)
        return memory[: self._body.read_into(memory)]

    def check_end(self) -> None:
        ended = self._tail == END_MARKER
        if self.read(1) or not ended:
            raise incomplete("the Arrow stream has no end marker", self._body.facts)

    def close(self) -> None:
        self.closed = True

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False


def incomplete(detail: str, facts: Facts) -> Error:
    return local_error(
        IncompleteAnswerError,
        "incomplete_answer",
        f"the answer broke off: {detail}",
        request_id=facts.request_id,
    )


class ArrowTableStream:
    """An Arrow stream, batch by batch; the largest thing held is one batch."""

    def __init__(self, body: ArrowBody) -> None:
        import pyarrow as pa

        self._body = body
        self._source = _Source(body)
        self.facts = body.facts
        self._is_open = True
        self._arrow_errors = (pa.ArrowException, OSError)
        self._reader = self._read(lambda: pa.ipc.open_stream(self._source))

    @property
    def schema(self) -> pa.Schema:
        return self._reader.schema

    @property
    def bytes_read(self) -> int:
        return self._source.bytes_read

    def next_batch(self) -> pa.RecordBatch | None:
        if not self._is_open:
            raise stopped()
        try:
            return self._read(self._reader.read_next_batch)
        except StopIteration:
            self._read(self._source.check_end)
            self._is_open = False
            return None

    def _read(self, step: Any) -> Any:
        """A step of reading; whatever goes wrong in it ends the answer."""
        try:
            return step()
        except StopIteration:
            raise
        except self._arrow_errors as error:
            self.close()
            if self._source.error is not None:  # Arrow put its own words around it
                raise self._source.error from error
            raise incomplete(str(error), self.facts) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._is_open = False
        self._body.close()


class ParquetTableStream:
    """A Parquet answer: its footer comes last, so it is fetched whole (in memory up to 64 MiB, then
    in a temporary file) and read from there, row group by row group."""

    def __init__(self, body: Body) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.facts = body.facts
        self.bytes_read = 0
        self._spool = tempfile.SpooledTemporaryFile(max_size=PARQUET_MEMORY_MAX)  # noqa: SIM115
        try:
            while data := body.read(PIECE_BYTES):
                self._spool.write(data)
                self.bytes_read += len(data)
            self._spool.seek(0)
            self._file = pq.ParquetFile(self._spool)
        except pa.ArrowException as error:
            self.close()
            raise incomplete(str(error), self.facts) from error
        except BaseException:
            self.close()
            raise
        finally:
            body.close()
        self._batches: Iterator[pa.RecordBatch] = self._file.iter_batches(BATCH_ROWS)

    @property
    def schema(self) -> pa.Schema:
        return self._file.schema_arrow

    def next_batch(self) -> pa.RecordBatch | None:
        if self._spool.closed:
            raise stopped()
        return next(self._batches, None)

    def close(self) -> None:
        self._spool.close()


def unexpected(detail: str, **more: Any) -> Error:
    return local_error(UnexpectedAnswerError, "unexpected_answer", detail, **more)
