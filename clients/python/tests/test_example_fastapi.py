"""examples/fastapi-polars, started as its README says."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import polars as pl
import pytest

import bowshot

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "fastapi-polars"
ROWS = 100_000
FRAME = pl.DataFrame(
    {
        "id": range(ROWS),
        "category": [f"it's {i % 5}" for i in range(ROWS)],
        "value": [i * 0.25 for i in range(ROWS)],
    }
)


def start(name: str, pattern: str) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", f"{name}:app", "--port", str(port)]
    source = str(EXAMPLE.parents[1] / "clients" / "python" / "src")
    environment = {**os.environ, "BOWSHOT_DATA": pattern, "PYTHONPATH": source}
    process = subprocess.Popen(
        [*command, "--log-level", "warning"], cwd=EXAMPLE, env=environment, stderr=subprocess.PIPE
    )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while True:
        try:
            httpx.get(f"{url}/openapi.json").raise_for_status()
            return process, url
        except httpx.TransportError:
            assert process.poll() is None, process.stderr and process.stderr.read().decode()
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("data")
    for part in range(2):
        rows = FRAME.slice(part * ROWS // 2, ROWS // 2)
        rows.write_parquet(folder / f"{part}.parquet", row_group_size=10_000)
    return str(folder / "*.parquet")


@pytest.fixture(scope="module")
def url(pattern: str) -> Iterator[str]:
    process, address = start("app", pattern)
    yield address
    process.terminate()
    assert process.wait(30) in (0, -signal.SIGTERM)  # uvicorn ends by the signal that it was sent
    assert process.stderr
    assert process.stderr.read().decode() == ""


def read(url: str) -> pl.DataFrame:
    answer = httpx.get(url, timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.apache.arrow.stream"
    return pl.read_ipc_stream(io.BytesIO(answer.content))


def test_every_route_answers_with_the_rows(url: str) -> None:
    assert read(f"{url}/data/arrow_ipc").equals(FRAME)
    assert read(f"{url}/data/arrow_ipc?filter=value > 24000").equals(FRAME[96_001:])
    assert read(f"{url}/data/arrow_ipc_polars_direct?rows=60000").equals(FRAME[:60_000])
    assert read(f"{url}/data/page?skip=70000&limit=2").equals(FRAME[70_000:70_002])
    assert read(f"{url}/data/stream").equals(FRAME.with_columns(double=pl.col("value") * 2))
    assert len(read(f"{url}/data/sample?size=77")) == 77
    parquet = httpx.get(f"{url}/data/parquet")
    assert 'filename="data.parquet"' in parquet.headers["content-disposition"]
    assert pl.read_parquet(io.BytesIO(parquet.content)).equals(FRAME)


@pytest.mark.parametrize("rows", [-1, 10**30])
def test_numbers_that_cannot_be_are_the_clients_mistake(url: str, rows: int) -> None:
    answer = httpx.get(f"{url}/data/arrow_ipc_polars_direct", params={"rows": rows})
    assert answer.status_code == 422


def test_the_summary_is_polars_own(url: str) -> None:
    expected = FRAME.group_by("category").agg(
        average_value=pl.mean("value"), total_value=pl.sum("value"), record_count=pl.len()
    )
    found = read(f"{url}/data/aggregated_summary")
    assert found.sort("category").equals(expected.sort("category").cast({"record_count": pl.Int64}))
    one = httpx.get(f"{url}/data/aggregated_summary", params={"filter_category": "it's 3"})
    assert pl.read_ipc_stream(io.BytesIO(one.content))["category"].to_list() == ["it's 3"]
    none = httpx.get(f"{url}/data/aggregated_summary", params={"filter_category": "x' OR TRUE"})
    assert len(pl.read_ipc_stream(io.BytesIO(none.content))) == 0


def test_mistakes_are_the_clients(url: str) -> None:
    answer = httpx.get(f"{url}/data/arrow_ipc?filter=valeu > 1")
    assert (answer.status_code, answer.json()["suggestions"]) == (400, ["value"])


def test_the_protocol_is_there_too(url: str) -> None:
    with bowshot.connect(f"{url}/bowshot") as client:
        assert client["data"].count().item() == ROWS


def test_the_naive_one_answers_the_same(pattern: str) -> None:
    process, address = start("naive", pattern)
    try:
        rows = httpx.get(f"{address}/data/page?skip=70000&limit=2").content
        assert pl.read_ipc(io.BytesIO(rows)).equals(FRAME[70_000:70_002])
        assert pl.read_ipc(io.BytesIO(httpx.get(f"{address}/data/arrow_ipc").content)).equals(FRAME)
    finally:
        process.terminate()
        process.wait(30)
