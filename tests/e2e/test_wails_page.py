"""The page behind a Wails window's handler, in Chromium: what bridge.js does for it there.

The window itself is tested by examples/wails-explorer/tests, where its libraries are.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import duckdb
import pytest
from bowshot_server import BINARY
from outside import TOP, need, node

PAGE = TOP / "clients/web/packages/page/dist"
HASH = "#/flights?filter=delay+%3E+60&order=-delay"
SQL = (
    "SELECT date, delay, distance, origin, destination FROM "
    f"read_parquet('{datasets.FLIGHTS}', file_row_number = true) WHERE delay > 60 "
    "ORDER BY delay DESC, file_row_number"
)
# Of an answer: beyond it the handler waits until the page says what it read.
UNREAD_BYTES_MAX = 4 << 20
ENDS_WITHIN_S = 30


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The handler over HTTP: its address, and the token that the page must not see."""
    go = need("go")
    program = tmp_path_factory.mktemp("pagehost") / "pagehost"
    build = [go, "build", "-o", str(program), "./internal/pagehost"]
    subprocess.run(build, cwd=TOP / "clients/go", check=True)
    process = subprocess.Popen(
        [program, PAGE, f"flights={datasets.FLIGHTS}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "BOWSHOT_BINARY": str(BINARY)},
    )
    assert process.stdin
    assert process.stdout
    try:
        yield json.loads(process.stdout.readline())
        process.stdin.close()
        assert process.wait(ENDS_WITHIN_S) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module")
def seen(host: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One visit: every observation of wails_page.mjs."""
    need("chromium")
    return node("wails_page.mjs", host["url"], HASH, str(tmp_path_factory.mktemp("wails_page")))


@pytest.fixture(scope="module")
def expected() -> list[tuple[Any, ...]]:
    rows = duckdb.sql(SQL).fetchall()
    assert len(rows) > 100_000
    return rows


def shown(row: tuple[Any, ...]) -> list[str]:
    return [f"{row[0]:%Y-%m-%d %H:%M:%S}", str(row[1]), str(row[2]), row[3], row[4]]


def test_the_grid_shows_the_rows(seen: dict[str, Any], expected: list[tuple[Any, ...]]) -> None:
    assert seen["errors"] == []
    assert int(seen["count"].replace(",", "")) == len(expected)
    assert seen["first"] == shown(expected[0])
    assert seen["last"] == shown(expected[-1])


def test_an_export_is_the_view(seen: dict[str, Any], expected: list[tuple[Any, ...]]) -> None:
    query = f"SELECT delay, distance, origin, destination FROM read_csv('{seen['file']}')"
    assert duckdb.sql(query).fetchall() == [row[1:] for row in expected]


def test_an_abort_is_forwarded(seen: dict[str, Any]) -> None:
    """Nothing but the bridge's word ends the query: the handler is not told that the page left."""
    assert seen["cancelled"] == {"before": 1, "after": 0, "isAborted": True}
    assert seen["stops"] > seen["stopsBefore"]


def test_all_that_the_page_asks_goes_by_the_bridge(seen: dict[str, Any]) -> None:
    assert seen["unnamed"] == []
    assert seen["foreign"] == []
    assert Path(seen["file"]).stat().st_size > UNREAD_BYTES_MAX
    assert seen["told"] > 0
    assert seen["ends"] > 0  # whether a long answer was whole


def test_the_token_is_not_to_be_seen(host: dict[str, str], seen: dict[str, Any]) -> None:
    assert len(host["token"]) >= 32
    assert len(seen["texts"]) > 50
    assert not [text for text in seen["texts"] if host["token"] in text]
