"""Answers that fail in the middle, behind middleware that ends bodies properly: whoever reads them
hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pyarrow as pa
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware

import bowshot
from bowshot.core import CoreAnswer
from bowshot.fastapi import BowshotApp, TableResponse, mount
from uvicorn_server import serving

SCHEMA = pa.schema([("x", pa.int64())])
ROWS = 65_536


def failing() -> Iterator[pa.RecordBatch]:
    for _ in range(10):
        yield pa.record_batch([pa.array(range(ROWS))], schema=SCHEMA)
    raise ValueError("the source is gone")


def make_app(mounted: list[BowshotApp], path: str) -> FastAPI:
    app = FastAPI()

    for number in (1, 2):  # the outer one ends what the inner one lets through

        @app.middleware("http")
        async def label(request: Request, call_next: Any, number: int = number) -> Response:
            answer: Response = await call_next(request)
            answer.headers[f"x-layer-{number}"] = "passed"
            return answer

    app.add_middleware(GZipMiddleware, minimum_size=1, compresslevel=1)
    app.add_middleware(CORSMiddleware, allow_origins=["*"])

    @app.get("/failing")
    def send(format: str) -> TableResponse:
        return TableResponse(pa.RecordBatchReader.from_batches(SCHEMA, failing()), format=format)

    mounted.append(mount(app, "/bowshot", {"numbers": path}))
    return app


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path: Path = tmp_path_factory.mktemp("data") / "numbers.parquet"
    pl.DataFrame({"x": range(10 * ROWS)}).write_parquet(path)
    mounted: list[BowshotApp] = []
    with serving(make_app(mounted, str(path))) as address:
        yield address
    mounted[0].close()


@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize("form", ["csv", "ndjson", "json", "arrow", "arrow-file", "parquet"])
def test_a_response_that_fails_never_passes_for_whole(url: str, form: str, coding: str) -> None:
    fields = {"accept-encoding": coding}
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{url}/failing", params={"format": form}, headers=fields, timeout=60)


@pytest.mark.parametrize("form", ["csv", "arrow"])
def test_an_answer_of_a_mount_that_breaks_off_never_passes_for_whole(
    url: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"{url}/bowshot/v1/datasets/numbers/rows"
    whole = httpx.get(address, params={"format": form}, timeout=60)
    assert whole.headers["x-layer-1"] == whole.headers["x-layer-2"] == "passed"
    next_piece = CoreAnswer.next_piece
    monkeypatch.setattr(CoreAnswer, "next_piece", lambda answer: _stopped(answer, next_piece))
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(address, params={"format": form}, timeout=60)
    with bowshot.connect(f"{url}/bowshot") as client, pytest.raises(bowshot.IncompleteAnswerError):
        client["numbers"].rows().to_arrow()


def _stopped(answer: CoreAnswer, next_piece: Any) -> bytes:
    """The first piece; then the core is told to stop."""
    piece: bytes = next_piece(answer)
    answer.request_stop()
    return piece
