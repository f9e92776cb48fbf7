"""Tables of many kinds as Arrow streams, a batch at a time where their library can."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bowshot import frames

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

LAZY_BATCH_ROWS = 65_536


def to_stream(source: Any) -> Any:
    """`source` as something with `__arrow_c_stream__`: it is read once, when that is called.

    Polars frames hand out their own, and pyarrow is not imported; a LazyFrame is run batch by
    batch, and never held whole where Polars can stream its query. A DataError says what has no
    Arrow type.
    """
    polars = frames.imported("polars")
    if polars is not None and isinstance(source, polars.LazyFrame):
        return lazy_reader(source)
    if polars is not None and isinstance(source, polars.DataFrame):
        frames.refuse_objects(source)
        return source
    pandas = frames.imported("pandas")
    if pandas is not None and isinstance(source, pandas.DataFrame):
        return frames.to_reader(source)
    pyarrow = frames.imported("pyarrow")
    if pyarrow is not None and isinstance(source, pyarrow.Table):
        return source.unify_dictionaries()
    if hasattr(source, "__arrow_c_stream__") and not frames.is_duckdb(source):
        return source
    return frames.to_reader(source)


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

    if not is_in_memory(source):
        raise TypeError(
            f"the content of a {type(source).__name__} is read once: give the ETag as a text"
        )
    table = pa.table(source) if not isinstance(source, pa.Table) else source
    hashed = hashlib.blake2b(str(table.schema).encode(), digest_size=16)
    for batch in table.to_batches(max_chunksize=LAZY_BATCH_ROWS):
        # Sliced arrays share buffers with their whole: only their own bytes may count.
        hashed.update(batch.serialize())
    return hashed.hexdigest()


def is_in_memory(source: Any) -> bool:
    polars = frames.imported("polars")
    if polars is not None and isinstance(source, polars.DataFrame):
        return True
    pyarrow = frames.imported("pyarrow")
    return pyarrow is not None and isinstance(source, (pyarrow.Table, pyarrow.RecordBatch))
