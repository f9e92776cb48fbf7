#!/usr/bin/env python3
"""Test data, in bounded memory, into the cache folder. Started by ./bow data.

    tools/data.py 10M | 100M | 50M-floats | 1B-narrow | tiny-1B | 200-columns | long-texts
                  [--out DIR]

10M, 100M    id, ts, category of 20, symbol of 1,000, skewed value, qty with nulls, lon, lat
50M-floats   id, x and y in no order, n of 1,000
1B-narrow    10^9 rows whose columns suit delta and run-length encodings, at most 4 GB
tiny-1B      10^9 rows in about 1 MB: constant deltas and runs only
200-columns  a million rows of 200 numbers         long-texts  40,000 rows of 50 KB
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tiny_parquet

CACHE = Path(os.environ["BOWSHOT_CACHE"]) / "data"
SEED = 20_261_122
RECIPE = 2  # part of the files' names: a change below makes new files instead of using old ones
GROUP_ROWS = 1_000_000
PAGE_ROWS = 20_000
AHEAD = 2  # row groups made while one is written
FIRST_TIME_US = 1_600_000_000_000_000
TIME_STEP_US = 250_000


@dataclass(frozen=True)
class Kind:
    """How one file is made: rows in all, rows a group, and the table of one group."""

    rows: int
    make: Callable[[int, int], pa.Table]  # (first row, rows) -> table
    group_rows: int = GROUP_ROWS
    options: dict[str, Any] = field(default_factory=dict)


def random(first: int) -> np.random.Generator:
    """The same rows whatever the order in which groups are made."""
    return np.random.default_rng([SEED, first])


def coded(codes: np.ndarray, values: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(values))


CATEGORIES = [f"category {i:02}" for i in range(20)]
SYMBOLS = [f"SYM{i:04}" for i in range(1_000)]
CENTRES = np.random.default_rng(SEED).uniform([-180, -60], [180, 70], (60, 2))


def mixed(first: int, rows: int) -> pa.Table:
    """The eight columns of 10M and 100M."""
    rng = random(first)
    ids = np.arange(first, first + rows, dtype=np.int64)
    times = FIRST_TIME_US + ids * TIME_STEP_US + rng.integers(0, TIME_STEP_US, rows)
    quantities = rng.geometric(0.02, rows).astype(np.int32)
    centres = CENTRES[np.minimum(rng.geometric(0.06, rows) - 1, len(CENTRES) - 1)]
    spots = centres + rng.normal(0.0, 1.5, (rows, 2))
    categories = np.minimum(rng.geometric(0.18, rows) - 1, 19)
    symbols = np.minimum(rng.zipf(1.3, rows) - 1, 999)
    text = pa.string()
    return pa.table(
        {
            "id": ids,
            "ts": pa.array(times).cast(pa.timestamp("us")),
            "category": coded(categories, CATEGORIES).cast(text),
            "symbol": coded(symbols, SYMBOLS).cast(text),
            "value": np.round(rng.lognormal(3.0, 1.2, rows), 4),
            "qty": pa.array(quantities, mask=rng.random(rows) < 0.05),
            "lon": np.clip(spots[:, 0], -180, 180),
            "lat": np.clip(spots[:, 1], -85, 85),
        }
    )


def narrow(first: int, rows: int) -> pa.Table:
    """Constant deltas, long runs, and a small number with some life in it."""
    ids = np.arange(first, first + rows, dtype=np.int64)
    times = FIRST_TIME_US + ids * TIME_STEP_US
    level = (ids // 1_000 * 7919 % 101 + ids % 1_000 // 250).astype(np.int32)
    return pa.table(
        {
            "id": ids,
            "ts": pa.array(times).cast(pa.timestamp("us")),
            "category": coded(ids // 50_000 % 20, CATEGORIES),
            "level": level,
        }
    )


def floats(first: int, rows: int) -> pa.Table:
    """What is put in order: floats in none, beside a few columns to read."""
    rng = random(first)
    return pa.table(
        {
            "id": np.arange(first, first + rows, dtype=np.int64),
            "x": rng.normal(0.0, 1_000.0, rows),
            "y": rng.random(rows),
            "n": rng.integers(0, 1_000, rows).astype(np.int32),
        }
    )


def many_columns(first: int, rows: int) -> pa.Table:
    rng = random(first)
    return pa.table({f"c{i:03}": np.round(rng.normal(0, 100, rows), 3) for i in range(200)})


def long_texts(first: int, rows: int) -> pa.Table:
    rng = random(first)
    words = [f"word{i:04} " for i in range(5_000)]
    texts = ["".join(words[i] for i in rng.integers(0, 5_000, 5_600))[:50_000] for _ in range(rows)]
    ids = np.arange(first, first + rows, dtype=np.int64)
    return pa.table({"id": ids, "text": pa.array(texts, pa.string())})


DELTA = {"id": "DELTA_BINARY_PACKED", "ts": "DELTA_BINARY_PACKED"}
# Dictionaries only where values repeat: for others a writer begins one of a megabyte before it
# gives it up, and every window of the row group pays for decoding it.
FEW_VALUES = {"use_dictionary": ["category", "symbol", "qty"]}
KINDS = {
    "10M": Kind(10_000_000, mixed, options=FEW_VALUES),
    "100M": Kind(100_000_000, mixed, options=FEW_VALUES),
    "1B-narrow": Kind(
        1_000_000_000,
        narrow,
        options={"use_dictionary": ["category", "level"], "column_encoding": DELTA},
    ),
    "50M-floats": Kind(50_000_000, floats, options={"use_dictionary": ["n"]}),
    "200-columns": Kind(1_000_000, many_columns, 50_000, {"use_dictionary": False}),
    "long-texts": Kind(40_000, long_texts, 500, {"use_dictionary": False}),
}


def tables(kind: Kind) -> Iterator[pa.Table]:
    """The row groups in order, a few made ahead on the other core."""
    starts = range(0, kind.rows, kind.group_rows)
    sizes = [min(kind.group_rows, kind.rows - first) for first in starts]
    with ThreadPoolExecutor(AHEAD) as pool:
        pending = []
        for first, rows in zip(starts, sizes, strict=True):
            pending.append(pool.submit(kind.make, first, rows))
            if len(pending) > AHEAD:
                yield pending.pop(0).result()
        while pending:
            yield pending.pop(0).result()


def show_progress(path: Path, written: int, total: int, seconds: float) -> None:
    """One line that grows on a terminal; elsewhere only its end."""
    is_last = written == total
    if sys.stderr.isatty() or is_last:
        line = f"\rdata: {path.name}: {written:,} of {total:,} rows, {seconds:.0f} s"
        print(line, end="\n" if is_last else "", file=sys.stderr, flush=True)


def write(kind: Kind, path: Path) -> None:
    """Writes to a name beside the file and renames, so that a file is whole or not there."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    start = time.monotonic()
    writer: pq.ParquetWriter | None = None
    written = 0
    try:
        for table in tables(kind):
            if writer is None:
                writer = pq.ParquetWriter(
                    part,
                    table.schema,
                    compression="zstd",
                    write_page_index=True,
                    max_rows_per_page=PAGE_ROWS,
                    **kind.options,
                )
            writer.write_table(table, row_group_size=kind.group_rows)
            written += table.num_rows
            show_progress(path, written, kind.rows, time.monotonic() - start)
    finally:
        if writer:
            writer.close()
    part.rename(path)


def make(name: str, folder: Path = CACHE) -> Path:
    """The file of that name, made if it is not there yet."""
    path = folder / f"{name}-{RECIPE}.parquet"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    if name == "tiny-1B":
        tiny_parquet.write(path, 1_000_000_000)
    else:
        write(KINDS[name], path)
    return path


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="./bow data", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("name", choices=[*KINDS, "tiny-1B"])
    parser.add_argument("--out", type=Path, default=CACHE, metavar="DIR")
    arguments = parser.parse_args()
    path = make(arguments.name, arguments.out)
    print(f"{path}: {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
