#!/usr/bin/env python3
"""A Python program that wants all rows of a table, in a process of its own; prints what it took.

python_reader.py bowshot|naive|file|core|duckdb pyarrow|polars|groups|filtered SOURCE [TIMES]
python_reader.py publish core SOURCE
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "clients" / "python" / "src"))

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import urllib3

import bowshot

FILTER = "value > 0"


def read(batches: Iterator[pa.RecordBatch], into: str) -> tuple[float, Any]:
    """When the first batch was there, and everything."""
    first = next(batches)
    at = time.perf_counter()
    table = pa.Table.from_batches([first, *batches])
    return at, pl.from_arrow(table) if into == "polars" else table


def by_client(client: bowshot.Client, into: str) -> tuple[float, Any]:
    dataset = client["data"]
    if into == "groups":
        table = dataset.aggregate("category", ["count()", "mean(value)"]).to_arrow()
        return time.perf_counter(), table
    if into == "filtered":
        dataset = dataset.filter(FILTER)
    return read(iter(dataset.stream()), into)


def by_duckdb(connection: duckdb.DuckDBPyConnection, path: str, into: str) -> tuple[float, Any]:
    if into == "groups":
        sql = f"SELECT category, count(*), avg(value) FROM '{path}' GROUP BY category ORDER BY 1"
        return time.perf_counter(), connection.sql(sql).to_arrow_table()
    sql = f"FROM '{path}'" + (f" WHERE {FILTER}" if into == "filtered" else "")
    return read(iter(connection.sql(sql).to_arrow_reader(65_536)), into)


def by_naive(pool: urllib3.PoolManager, url: str, into: str) -> tuple[float, Any]:
    """As the back end is first asked: the whole body, then its table."""
    body = pool.request("GET", f"{url}/rows").data
    if into == "polars":
        frame = pl.read_ipc_stream(body)
        return time.perf_counter(), frame
    return read(iter(pa.ipc.open_stream(body)), into)


def by_file(path: str, into: str) -> tuple[float, Any]:
    table = pl.read_parquet(path) if into == "polars" else pq.read_table(path)
    return time.perf_counter(), table


def publish(path: str) -> list[dict[str, float]]:
    """A frame into a core, and what the process then holds more; beside one copy of the frame."""
    table = pq.read_table(path)
    found = []
    with bowshot.Core({}) as core:
        for _ in range(3):
            before, start = private_bytes(), time.perf_counter()
            core.publish("data", table)
            seconds = time.perf_counter() - start
            grown = private_bytes() - before
            start = time.perf_counter()
            copied = table.combine_chunks()
            copying = time.perf_counter() - start
            del copied
            rows = core["data"].count().item()
            found.append(
                {
                    "seconds": seconds,
                    "copy_seconds": copying,
                    "grown_bytes": grown,
                    "bytes": table.nbytes,
                    "rows": rows,
                }
            )
            core.remove("data")
    return found


def private_bytes() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


def reader(how: str, into: str, source: str, stack: ExitStack) -> Callable[[], tuple[float, Any]]:
    if how == "bowshot":
        client = stack.enter_context(bowshot.connect(source))
        return lambda: by_client(client, into)
    if how == "core":
        core = stack.enter_context(bowshot.Core({"data": source}))
        return lambda: by_client(core, into)
    if how == "duckdb":
        connection = duckdb.connect()
        return lambda: by_duckdb(connection, source, into)
    if how == "naive":
        pool = urllib3.PoolManager()
        return lambda: by_naive(pool, source, into)
    return lambda: by_file(source, into)


def main() -> None:
    how, into, source = sys.argv[1:4]
    if how == "publish":
        print(json.dumps(publish(source)))
        return
    times = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    found = []
    with ExitStack() as stack:
        warnings.simplefilter("ignore", bowshot.BowshotWarning)
        ask = reader(how, into, source, stack)
        for _ in range(times):
            start, used = time.perf_counter(), time.process_time()
            first, table = ask()
            seconds = time.perf_counter() - start
            size = table.estimated_size() if into == "polars" else table.nbytes
            found.append(
                {
                    "first_seconds": first - start,
                    "seconds": seconds,
                    "cpu_seconds": time.process_time() - used,
                    "rows": len(table),
                    "bytes": size,
                }
            )
            del table
    print(json.dumps(found))


if __name__ == "__main__":
    main()
