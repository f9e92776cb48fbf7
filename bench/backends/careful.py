"""A back end as a careful team writes it: DuckDB reads, each batch leaves as it comes, nothing is
held whole. The Parquet file is DATA in the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
BATCH_ROWS = 65_536
TABLE = f"read_parquet('{os.environ['DATA']}', file_row_number = true)"
COLUMNS = "* EXCLUDE file_row_number"

app = FastAPI()
database = duckdb.connect()
database.execute("SET parquet_metadata_cache = true")


class Pieces:
    """What the writer wrote, taken away before it writes more."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


def ipc_stream(query: str) -> Iterator[bytes]:
    with database.cursor() as cursor:
        reader = cursor.sql(query).to_arrow_reader(BATCH_ROWS)
        pieces = Pieces()
        with pa.ipc.new_stream(pieces, reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)
                yield pieces.take()
        yield pieces.take()


def answer(query: str, values: list[Any]) -> Response:
    """A small answer, whole."""
    with database.cursor() as cursor:
        table = cursor.execute(query, values).to_arrow_table()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return Response(sink.getvalue().to_pybytes(), media_type=MEDIA_TYPE)


# Plain functions: FastAPI runs them on its threads, so that a query does not stop the event loop.
@app.get("/rows")
def rows() -> StreamingResponse:
    return StreamingResponse(ipc_stream(f"SELECT {COLUMNS} FROM {TABLE}"), media_type=MEDIA_TYPE)


@app.get("/page")
def page(offset: int, limit: int) -> Response:
    return answer(
        f"SELECT {COLUMNS} FROM {TABLE} WHERE file_row_number >= ? AND file_row_number < ? "
        "ORDER BY file_row_number",
        [offset, offset + limit],
    )


@app.get("/filtered")
def filtered(above: float, offset: int, limit: int) -> Response:
    return answer(
        f"SELECT {COLUMNS} FROM {TABLE} WHERE value > ? ORDER BY file_row_number LIMIT ? OFFSET ?",
        [above, limit, offset],
    )


@app.get("/groups")
def groups() -> Response:
    return answer(
        f"SELECT category, count(*), avg(value) FROM {TABLE} GROUP BY category ORDER BY category",
        [],
    )


@app.get("/constant")
async def constant() -> dict[str, int]:
    return {"count": 1}
