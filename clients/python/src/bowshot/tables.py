"""A table that has come, in the form that its reader works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa


def to_polars(table: pa.Table) -> pl.DataFrame:
    """Numbers and times without a copy."""
    import polars as pl

    frame = pl.from_arrow(table.replace_schema_metadata())
    assert isinstance(frame, pl.DataFrame)
    return frame


def to_pandas(table: pa.Table, options: dict[str, Any]) -> pd.DataFrame:
    return table.replace_schema_metadata().to_pandas(**options)


def to_numpy(table: pa.Table) -> dict[str, np.ndarray[Any, Any]]:
    """An array a column, as pyarrow converts: numbers with nulls are float64 with NaN."""
    return {name: table.column(name).to_numpy() for name in table.column_names}


def to_dict(table: pa.Table) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = table.to_pydict()
    return columns


def to_dicts(table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def to_item(table: pa.Table) -> Any:
    """The one value of a table of one row and one column."""
    if table.shape != (1, 1):
        raise ValueError(f"not one value: {table.num_rows} rows, {table.num_columns} columns")
    return table.column(0)[0].as_py()
