"""Results: a request that is asked when it is read, and what has come of it."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from bowshot import tables
from bowshot.arrow_body import incomplete
from bowshot.errors import (
    BowshotWarning,
    Error,
    FileError,
    Problem,
)
from bowshot.facts import Facts, Progress
from bowshot.file_end import FileEnd
from bowshot.request import Request
from bowshot.stop import Stop
from bowshot.transport import TableStream, Transport

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa

UNLIMITED_ROWS_MAX = 1_000_000
PIECE_BYTES = 1 << 20
PROGRESS_SECONDS = 0.1
FORMATS = {
    ".arrow": "arrow-file",
    ".feather": "arrow-file",
    ".ipc": "arrow-file",
    ".arrows": "arrow",
    ".parquet": "parquet",
    ".csv": "csv",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
}

OnProgress = Callable[[Progress], None]


class BatchStream:
    """Record batches as they arrive; holds one at a time. Leaving the loop early, or closing,
    stops the server's query, as dropping the stream does. One thread's at a time; hands itself to
    other libraries by `__arrow_c_stream__`.

    with trades.filter("symbol = 'X'").rows().stream() as batches:
        for batch in batches: ...
    """

    def __init__(self, table: TableStream, progress: OnProgress | None = None) -> None:
        self._table = table
        self._meter = _Meter(table.facts.rows, None, progress)
        self._ended = False
        self.facts = table.facts

    @property
    def schema(self) -> pa.Schema:
        return self._table.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Closes the stream when the loop is left, whichever way."""
        try:
            while (batch := self.next_batch()) is not None:
                yield batch
        finally:
            self.close()

    def next_batch(self) -> pa.RecordBatch | None:
        """None at the end of the whole answer; an answer that broke off raises, and so does a
        stream that was closed before its end."""
        if self._ended:
            return None
        batch = self._table.next_batch()
        if batch is not None:
            self._meter.advance(batch.num_rows, self._table.bytes_read)
            return batch
        self._ended = True
        self._meter.finish()
        expected = self.facts.rows
        if expected is not None and self._meter.rows != expected:
            raise incomplete(f"{self._meter.rows} rows came, {expected} were announced", self.facts)
        return None

    def to_reader(self) -> pa.RecordBatchReader:
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(self.schema, iter(self))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_reader().__arrow_c_stream__(requested_schema)

    def close(self) -> None:
        self._table.close()

    def __enter__(self) -> BatchStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


class _Meter:
    """Counts, and tells about it at most ten times a second and at the end."""

    def __init__(
        self, rows_total: int | None, bytes_total: int | None, tell: OnProgress | None
    ) -> None:
        self.rows = 0
        self._bytes = 0
        self._rows_total = rows_total
        self._bytes_total = bytes_total
        self._tell = tell
        self._start = time.monotonic()
        self._told = self._start

    def advance(self, rows: int, bytes_read: int) -> None:
        self.rows += rows
        self._bytes = bytes_read
        now = time.monotonic()
        if self._tell and now - self._told >= PROGRESS_SECONDS:
            self._told = now
            self._tell(self._progress(now))

    def finish(self) -> None:
        if self._tell:
            self._tell(self._progress(time.monotonic()))

    def _progress(self, now: float) -> Progress:
        return Progress(
            self.rows, self._rows_total, self._bytes, self._bytes_total, now - self._start
        )


class Result:
    """What a shape of a dataset answers. Nothing is asked until it is read; the table that was read
    is kept, so that `to_polars()` after `to_arrow()` asks nothing. `stream()` and `to_file()` ask
    anew each time and keep nothing. While it is read, `progress` is told of it, in the thread that
    reads, and `stop` ends it from another."""

    def __init__(self, transport: Transport, request: Request, form: str) -> None:
        self._transport = transport
        self._request = request
        self._form = form
        self._table: pa.Table | None = None
        self._facts: Facts | None = None

    @property
    def request(self) -> Request:
        return self._request

    @property
    def facts(self) -> Facts:
        """Of the last answer; asks if there was none."""
        if self._facts is None:
            self.to_arrow()
        assert self._facts is not None
        return self._facts

    def via(self, transport: str) -> Result:
        """The same, carried as `arrow` (streamed) or `parquet` (smaller, read when whole)."""
        return type(self)(self._transport, self._request, check_form(transport))

    def stream(
        self, *, stop: Stop | None = None, progress: OnProgress | None = None
    ) -> BatchStream:
        """Asks now; returns when the first batch, or the end, is there."""
        table = self._transport.table(self._request, self._form, stop)
        self._facts = table.facts
        return BatchStream(table, progress)

    def to_arrow(self, *, stop: Stop | None = None, progress: OnProgress | None = None) -> pa.Table:
        import pyarrow as pa

        if self._table is None:
            with self.stream(stop=stop, progress=progress) as batches:
                read = list(self._watched(batches))
                self._table = pa.Table.from_batches(read, batches.schema)
        return self._table

    def to_polars(
        self, *, stop: Stop | None = None, progress: OnProgress | None = None
    ) -> pl.DataFrame:
        return tables.to_polars(self.to_arrow(stop=stop, progress=progress))

    def to_pandas(
        self, *, stop: Stop | None = None, progress: OnProgress | None = None, **options: Any
    ) -> pd.DataFrame:
        """`options` are those of pyarrow's Table.to_pandas."""
        return tables.to_pandas(self.to_arrow(stop=stop, progress=progress), options)

    def to_numpy(
        self, *, stop: Stop | None = None, progress: OnProgress | None = None
    ) -> dict[str, np.ndarray[Any, Any]]:
        """An array a column; numbers with nulls are float64 with NaN."""
        return tables.to_numpy(self.to_arrow(stop=stop, progress=progress))

    def to_dict(
        self, *, stop: Stop | None = None, progress: OnProgress | None = None
    ) -> dict[str, list[Any]]:
        """A list a column."""
        return tables.to_dict(self.to_arrow(stop=stop, progress=progress))

    def to_dicts(
        self, *, stop: Stop | None = None, progress: OnProgress | None = None
    ) -> list[dict[str, Any]]:
        """A dict a row."""
        return tables.to_dicts(self.to_arrow(stop=stop, progress=progress))

    def item(self, *, stop: Stop | None = None, progress: OnProgress | None = None) -> Any:
        """The value of a result of one row and one column, such as a count."""
        return tables.to_item(self.to_arrow(stop=stop, progress=progress))

    def __int__(self) -> int:
        return int(self.item())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.stream().__arrow_c_stream__(requested_schema)

    def to_file(
        self,
        target: str | os.PathLike[str] | BinaryIO,
        format: str | None = None,
        *,
        stop: Stop | None = None,
        progress: OnProgress | None = None,
    ) -> Facts:
        """Writes the answer as the server formats it: `arrow arrow-file parquet csv json ndjson`,
        by default what the file's name ends with. A file appears under its name only when it is
        whole, and a FileError says why it cannot be written; an open file that is written to gets
        the bytes as they come."""
        if not isinstance(target, (str, os.PathLike)):
            if format is None:
                raise ValueError("an open file has no name to tell the format by")
            return self._copy(target, format, stop, progress)
        path = Path(target)
        form = format or FORMATS.get(path.suffix.lower())
        if form is None:
            raise ValueError(f"{path.name!r} does not tell its format: give `format`")
        with _whole_file(path) as file:
            return self._copy(file, form, stop, progress)

    def _copy(
        self, file: BinaryIO, form: str, stop: Stop | None, progress: OnProgress | None
    ) -> Facts:
        body = self._transport.download(self._request, form, stop)
        meter = _Meter(body.facts.rows, body.bytes_total, progress)
        end = FileEnd(form)
        written = 0
        try:
            while piece := body.read(PIECE_BYTES):
                file.write(piece)
                end.feed(piece)
                written += len(piece)
                meter.advance(0, written)
        finally:
            body.close()
        if (missing := end.missing(body.facts.rows)) is not None:
            raise incomplete(missing, body.facts)
        meter.finish()
        self._facts = body.facts
        return body.facts

    def _watched(self, batches: BatchStream) -> Iterator[pa.RecordBatch]:
        """Warns of many rows that nobody limited: at once where the server tells how many, else
        with the batch that makes them so many."""
        facts, rows = batches.facts, 0
        rows_told = facts.rows if facts.rows is not None else facts.total_rows
        is_watched = self._request.is_unlimited()
        if is_watched and rows_told is not None:
            is_watched = False
            if rows_told > UNLIMITED_ROWS_MAX:
                self._warn_of_size(f"{rows_told:,}")
        for batch in batches:
            rows += batch.num_rows
            if is_watched and rows > UNLIMITED_ROWS_MAX:
                is_watched = False
                self._warn_of_size(f"more than {UNLIMITED_ROWS_MAX:,}")
            yield batch

    def _warn_of_size(self, rows: str) -> None:
        warnings.warn(
            f"{rows} rows of {self._request.dataset} are read into memory: give rows() a "
            "limit, let the server aggregate or sample, or use stream()",
            BowshotWarning,
            stacklevel=_level_of_caller(),
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._request.shape} of {self._request.dataset}>"


def _level_of_caller() -> int:
    """The `stacklevel` of a warning that names the line outside of this package."""
    package = str(Path(__file__).parent)
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(package):
        level, frame = level + 1, frame.f_back
    return level


def check_form(form: str) -> str:
    if form not in ("arrow", "parquet"):
        raise ValueError(f"transport is 'arrow' or 'parquet', not {form!r}")
    return form


@contextlib.contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file beside `path` that takes its place at the end, and goes away if that never comes."""
    part: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=".part", dir=path.parent
        )
        part = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            yield file
        umask = os.umask(0)
        os.umask(umask)
        part.chmod(0o666 & ~umask)
        part.replace(path)
    except BaseException as error:
        if part is not None:
            part.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, Error):
            raise _unwritable(path, error) from error
        raise


def _unwritable(path: Path, error: OSError) -> FileError:
    is_missing = isinstance(error, FileNotFoundError) and not path.parent.exists()
    reason = f"there is no folder {path.parent}" if is_missing else error.strerror or str(error)
    made = FileError(Problem("file_failed", f"{path} cannot be written: {reason}"))
    made.errno, made.filename = error.errno, str(path)
    return made
