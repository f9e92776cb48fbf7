"""Tables of many kinds as Arrow streams, a batch at a time where their library can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bowshot import frames
from bowshot.aio import AsyncBatchStream, AsyncResult
from bowshot.result import BatchStream, Result
from bowshot.stop import Stop

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

LAZY_BATCH_ROWS = 65_536


def to_stream(source: Any, *, is_file: bool = False, stop: Stop | None = None) -> Any:
    """`source` as something with `__arrow_c_stream__`: it is read once, when that is called.

    Polars frames hand out their own, and pyarrow is not imported; a LazyFrame is run batch by
    batch, and never held whole where Polars can stream its query. A DataError says what has no
    Arrow type. `is_file`: for Arrow's file format, which holds one dictionary a column. `stop` ends
    a query of bowshot's, which is asked here.
    """
    if isinstance(source, (AsyncResult, AsyncBatchStream)):
        source = source.blocking
    if isinstance(source, Result):
        return source.stream(stop=stop)
    polars = frames.imported("polars")
    if polars is not None and isinstance(source, polars.LazyFrame):
        return lazy_reader(source)
    if polars is not None and isinstance(source, polars.DataFrame):
        frames.refuse_objects(source)
        return _unified(source) if is_file and source.n_chunks() > 1 else source
    pandas = frames.imported("pandas")
    if pandas is not None and isinstance(source, pandas.DataFrame):
        return frames.to_reader(source)
    pyarrow = frames.imported("pyarrow")
    if isinstance(source, Mapping):
        source = frames.to_reader(source).read_all()
    if pyarrow and isinstance(source, pyarrow.Table):
        return _unified(source)
    if not hasattr(source, "__arrow_c_stream__") or frames.is_duckdb(source):
        return frames.to_reader(source)
    frames.refuse_columns(source)
    has_one_dictionary = isinstance(source, BatchStream) or (
        pyarrow and isinstance(source, pyarrow.RecordBatch)
    )
    return without_dictionaries(source) if is_file and not has_one_dictionary else source


def _unified(source: Any) -> pa.Table:
    """What is in memory with one dictionary a column."""
    import pyarrow as pa

    return pa.table(source).unify_dictionaries()


def without_dictionaries(source: Any) -> pa.RecordBatchReader:
    """The same batches with the values of dictionaries: those of batches to come are not known."""
    import pyarrow as pa

    reader = pa.RecordBatchReader.from_stream(source)
    types = [
        kind.value_type if pa.types.is_dictionary(kind) else kind for kind in reader.schema.types
    ]
    if types == reader.schema.types:
        return reader
    fields = [field.with_type(kind) for field, kind in zip(reader.schema, types, strict=True)]
    schema = pa.schema(fields, reader.schema.metadata)
    batches = (batch.cast(schema) for batch in reader)
    return pa.RecordBatchReader.from_batches(schema, batches)


def lazy_reader(lazy: pl.LazyFrame) -> pa.RecordBatchReader:
    """The rows of a LazyFrame as record batches, in order; categories as texts, for the whole of
    their dictionary is not known at the first row. Letting go of the reader ends the query."""
    import polars as pl
    import pyarrow as pa

    types = lazy.collect_schema()
    as_texts = {name: without_categories(kind) for name, kind in types.items()}
    changed: Any = {name: kind for name, kind in as_texts.items() if kind != types[name]}
    if changed:
        lazy = lazy.cast(changed)
    empty = pl.DataFrame(schema=as_texts)
    frames.refuse_objects(empty)
    schema = pa.table(empty).schema

    def batches() -> Iterator[pa.RecordBatch]:
        found = lazy.collect_batches(chunk_size=LAZY_BATCH_ROWS, maintain_order=True)
        try:
            for frame in found:
                yield from pa.table(frame).cast(schema).to_batches()
        finally:
            stop = getattr(found, "stop", None)
            if stop is not None:  # else Polars runs the query to its end, for nobody
                stop()

    return pa.RecordBatchReader.from_batches(schema, batches())


def without_categories(kind: Any) -> Any:
    """A type of Polars with texts in place of categories, at any depth."""
    import polars as pl

    if isinstance(kind, pl.Categorical):
        return pl.String()
    if isinstance(kind, pl.List):
        return pl.List(without_categories(kind.inner))
    if isinstance(kind, pl.Array):
        return pl.Array(without_categories(kind.inner), kind.size)
    if isinstance(kind, pl.Struct):
        fields = [pl.Field(field.name, without_categories(field.dtype)) for field in kind.fields]
        return pl.Struct(fields)
    return kind


def digest(source: Any) -> str:
    """A hash of the content of a frame in memory, whose rows are there to be read twice."""
    import hashlib

    import pyarrow as pa

    if not frames.is_in_memory(source):
        raise TypeError(
            f"the content of a {type(source).__name__} is read once: give the ETag as a text"
        )
    table = pa.table(to_stream(source))
    hashed = hashlib.blake2b(digest_size=16)
    # As a stream: sliced arrays share buffers with their whole, of which only their own bytes may
    # count, and dictionaries are sent beside their batches.
    for piece in frames.encode_stream(table.to_reader(LAZY_BATCH_ROWS)):
        hashed.update(piece)
    return hashed.hexdigest()
