"""Frames of other libraries as a stream of Arrow record batches, which is how a server or the core
takes them. Nothing is copied where the library hands out Arrow memory."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bowshot.errors import DataError, Error, local_error

if TYPE_CHECKING:
    import pyarrow as pa

COLLECT_BYTES_MAX = 4 << 30  # of a LazyFrame; publish_bytes of the server is as much
# A prime, so that hardly any whole result ends with a full batch: see `duckdb_reader`.
DUCKDB_BATCH_ROWS = 65_521


def imported(name: str) -> Any:
    """A module that somebody has imported, whole: another thread may be at it. Else None."""
    return importlib.import_module(name) if name in sys.modules else None


def to_reader(frame: Any) -> pa.RecordBatchReader:
    """Record batches of a frame: pyarrow, Polars (a LazyFrame is collected), pandas, a DuckDB
    relation, a dict of columns, or anything with `__arrow_c_stream__`. A DataError says what of it
    cannot be a dataset."""
    import pyarrow as pa

    try:
        reader = _reader(frame)
    except Error:
        raise
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise _bad(f"a {type(frame).__name__} that Arrow cannot hold: {error}") from error
    names = reader.schema.names
    if not names:
        raise _bad("a table without columns cannot be a dataset")
    if any("\0" in name for name in names):
        raise _bad("the name of a column has a zero byte, which ends a name in Arrow")
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise _bad(f"two columns of one name: {', '.join(doubled)}")
    return reader


def _reader(frame: Any) -> pa.RecordBatchReader:
    import pyarrow as pa

    if isinstance(frame, pa.RecordBatchReader):
        return frame
    if isinstance(frame, pa.Table):
        return frame.to_reader()
    if isinstance(frame, pa.RecordBatch):
        return pa.RecordBatchReader.from_batches(frame.schema, [frame])
    if isinstance(frame, Mapping):
        return pa.table(dict(frame)).to_reader()
    polars = imported("polars")
    if polars is not None and isinstance(frame, polars.LazyFrame):
        frame = collect(frame)
    if polars is not None and isinstance(frame, polars.DataFrame):
        refuse_objects(frame)
    pandas = imported("pandas")
    if pandas is not None and isinstance(frame, pandas.DataFrame):
        has_named_index = any(name is not None for name in frame.index.names)
        table = pa.Table.from_pandas(frame, preserve_index=has_named_index)
        return table.replace_schema_metadata().to_reader()
    if is_duckdb(frame):
        return duckdb_reader(frame)
    refuse_columns(frame)
    if hasattr(frame, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(frame)
    raise TypeError("it has no __arrow_c_stream__")


def is_in_memory(frame: Any) -> bool:
    """Whether its rows can be read again and again, by no threads of its library."""
    if isinstance(frame, Mapping):
        return True
    pyarrow = imported("pyarrow")
    if pyarrow is not None and isinstance(frame, (pyarrow.Table, pyarrow.RecordBatch)):
        return True
    libraries = [imported("polars"), imported("pandas")]
    return any(library and isinstance(frame, library.DataFrame) for library in libraries)


def is_duckdb(frame: Any) -> bool:
    """A relation, or a connection with the result of its `execute()`."""
    is_theirs = type(frame).__module__.partition(".")[0] in ("duckdb", "_duckdb")
    return is_theirs and hasattr(frame, "fetch_record_batch")


def duckdb_reader(result: Any) -> pa.RecordBatchReader:
    """The rows of a DuckDB relation, all of them or an error.

    Another query on its connection closes a result that is being read, and DuckDB then reports the
    end of the rows, as if that were all (https://github.com/duckdb/duckdb/issues/16589). It does so
    between two batches only: an end after a batch that is not full is the end. The first batch is
    read here, so that it is not long that a result is nobody's.
    """
    import pyarrow as pa

    read = getattr(result, "to_arrow_reader", None) or result.fetch_record_batch
    try:
        reader: pa.RecordBatchReader = read(DUCKDB_BATCH_ROWS)
        first = next(reader, None)
    except Exception as error:  # DuckDB's, or Arrow's with DuckDB's words
        if "closed" not in str(error):
            raise
        raise _ended_by_another(0) from error
    if first is None and not _is_connection(result) and _count(result) != 0:
        raise _ended_by_another(0)

    def batches() -> Iterator[pa.RecordBatch]:
        batch, rows, last = first, 0, 0
        while batch is not None:
            rows, last = rows + batch.num_rows, batch.num_rows
            yield batch
            batch = next(reader, None)
        if last == DUCKDB_BATCH_ROWS and _count(result) != rows:
            raise _ended_by_another(rows)

    return pa.RecordBatchReader.from_batches(reader.schema, batches())


def _ended_by_another(rows: int) -> Error:
    return _bad(
        f"another query on the DuckDB connection ended this one after {rows} rows: "
        "give each its own, by connection.cursor()"
    )


def _is_connection(result: Any) -> bool:
    """With the result of its execute(), which is read once: it cannot be asked how long it is."""
    return hasattr(result, "cursor")


def _count(result: Any) -> int | None:
    """How many rows a relation has; None where that is not to be known."""
    if _is_connection(result):
        return None
    try:
        count = result.count("*").fetchone()
    except Exception:  # yet another query came between
        return None
    return int(count[0]) if count else None


def refuse_columns(source: Any) -> None:
    """A Series may hand out an Arrow stream, too, but not one of rows."""
    if type(source).__name__ in ("Series", "ChunkedArray"):
        raise _bad(f"a {type(source).__name__} is a column: a frame that has it can be a dataset")


def refuse_objects(frame: Any) -> None:
    """Polars would hand out the addresses of Python objects as their bytes, integers of 128 bits as
    a type that only Polars knows, and abort the process at a name that has a zero byte."""
    import polars as pl

    objects = [name for name, kind in frame.schema.items() if kind == pl.Object]
    if objects:
        raise _bad(f"columns of Python objects have no Arrow type: {', '.join(objects)}")
    if any(_has_zero_byte(name, kind) for name, kind in frame.schema.items()):
        raise _bad("a name of a column or field has a zero byte, which ends a name in Arrow")
    wide = [name for name, kind in frame.schema.items() if _has_wide_integers(kind)]
    if wide:
        raise _bad(f"integers of 128 bits have no Arrow type, decimals have: {', '.join(wide)}")


def _has_wide_integers(kind: Any) -> bool:
    """In a type of Polars, at any depth."""
    is_wide = str(kind) in ("Int128", "UInt128")  # older Polars has not both of them
    return is_wide or any(_has_wide_integers(one) for _, one in _parts(kind))


def _has_zero_byte(name: str, kind: Any) -> bool:
    """In a name of Polars, or of the fields of its type."""
    return "\0" in name or any(_has_zero_byte(*part) for part in _parts(kind))


def _parts(kind: Any) -> list[tuple[str, Any]]:
    """The types that a type of Polars is made of, and the names that they have there."""
    fields = getattr(kind, "fields", None) or []
    inner = getattr(kind, "inner", None)
    return [*((one.name, one.dtype) for one in fields), *([("", inner)] if inner else [])]


def collect(lazy: Any) -> Any:
    """A LazyFrame's rows, under a limit: beyond it, write them to Parquet and serve the file."""
    import polars as pl

    frames = []
    size = 0
    for batch in lazy.collect_batches():
        frames.append(batch)
        size += batch.estimated_size()
        if size > COLLECT_BYTES_MAX:
            raise _bad(
                f"a LazyFrame of more than {COLLECT_BYTES_MAX} bytes: "
                "sink it to Parquet and name the file"
            )
    return pl.concat(frames) if frames else lazy.head(0).collect()


class _Pieces:
    """A sink that hands on what was written to it."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


def encode_stream(reader: pa.RecordBatchReader) -> Iterator[bytes]:
    """The bytes of an Arrow stream, a record batch at a time."""
    import pyarrow as pa

    sink = _Pieces()
    try:
        with pa.ipc.new_stream(sink, reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)
                yield sink.take()
        yield sink.take()
    except Exception as error:  # whatever makes the rows may raise whatever it likes
        raise _bad(f"the rows of the frame cannot be read: {error}") from error


def _bad(detail: str) -> Error:
    return local_error(DataError, "bad_data", detail)
