#!/usr/bin/env python3
"""What the server is measured against, each as a process of its own.

    peers.py engine PATH        DuckDB in process: every row from Parquet to Arrow IPC bytes
    peers.py sql THREADS        DuckDB in process: runs the statements that come, a line each
    peers.py bytes COUNT        ready bytes over loopback

`engine` prints one JSON object, `sql` one a statement; `bytes` prints
`listening on PORT` and runs until it is stopped. Back ends of FastAPI are in backends/.
"""

from __future__ import annotations

import json
import resource
import socket
import sys
import time
from typing import Any

import duckdb
import pyarrow as pa

BATCH_ROWS = 65_536


class Sink:
    """One Arrow IPC stream, taken away in pieces as it is written."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> int:
        self.pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken, self.pieces = b"".join(self.pieces), []
        return taken

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def engine(path: str) -> None:
    connection = duckdb.connect()
    connection.execute("SELECT 1").fetchall()
    start, used = time.perf_counter(), cpu()
    reader = connection.execute(f"SELECT * FROM '{path}'").to_arrow_reader(BATCH_ROWS)
    sink = Sink()
    first, count = 0.0, 0
    with pa.ipc.new_stream(sink, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
            count += len(sink.take())
            first = first or time.perf_counter() - start
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - start,
                "first_batch_seconds": first,
                "cpu_seconds": cpu() - used,
                "bytes": count,
                "memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
        )
    )


def sql(threads: str) -> None:
    connection = duckdb.connect(config={"threads": threads})
    connection.execute("SET parquet_metadata_cache = true")
    for line in sys.stdin:
        start, used = time.perf_counter(), cpu()
        table = connection.execute(line).to_arrow_table()
        seconds = time.perf_counter() - start
        found = {"seconds": seconds, "cpu_seconds": cpu() - used, "rows": table.num_rows}
        print(json.dumps(found), flush=True)


def ready_bytes(count: int) -> None:
    piece = bytes(4 << 20)
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {count}\r\n\r\n".encode()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"listening on {listener.getsockname()[1]}", flush=True)
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(head)
                left = count
                while left > 0:
                    connection.sendall(memoryview(piece)[: min(left, len(piece))])
                    left -= len(piece)


def main() -> None:
    name, argument = sys.argv[1:]
    if name == "engine":
        engine(argument)
    elif name == "sql":
        sql(argument)
    else:
        ready_bytes(int(argument))


if __name__ == "__main__":
    main()
