"""The explorer page in Chromium on the real server; what it shows against what the files hold."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import data
import datasets
import duckdb
import pytest
from bowshot_server import BowshotServer
from outside import TOP, need, node

SCREENSHOTS = TOP / "build" / "screenshots"
ROWS = 1_000_000_000


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """One visit: every observation of explorer.mjs."""
    need("chromium")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    sources = [f"big={data.make('tiny-1B')}", f"flights={datasets.FLIGHTS}"]
    with BowshotServer(sources) as server:
        return node("explorer.mjs", server.url, str(SCREENSHOTS))


def digits(text: str) -> int:
    """`1,234` as a number, whatever groups its digits."""
    sign = -1 if text.strip().startswith(("-", "\u2212")) else 1
    return sign * int(re.sub(r"\D", "", text))


def flight(where: str, order: str) -> tuple[Any, ...]:
    query = (
        "SELECT delay, distance, origin, destination FROM "
        f"read_parquet('{datasets.FLIGHTS}', file_row_number = true) "
        f"{where} ORDER BY {order} file_row_number LIMIT 1"
    )
    found = duckdb.sql(query).fetchone()
    assert found
    return found


def shown(texts: list[str]) -> tuple[Any, ...]:
    return digits(texts[1]), digits(texts[2]), texts[3], texts[4]


def test_the_last_row_of_a_billion(seen: dict[str, Any]) -> None:
    assert digits(seen["billionFirst"][0]) == 0
    assert digits(seen["billionLast"][0]) == ROWS - 1
    assert seen["billionLast"][2:] == ["category 19", "49"]
    assert digits(seen["billionMiddle"][0]) == 123_456_789


def test_an_order_too_long_to_be_kept(seen: dict[str, Any]) -> None:
    """The server's own words, with the limit and the value, and a way out."""
    assert "up to 50000000 rows, this one has 1000000000" in seen["tooLong"]
    assert "Add a filter" in seen["tooLong"]
    assert "Retry" not in seen["tooLong"]
    assert seen["tooLongMended"] == seen["billionFirst"]


def test_sort(seen: dict[str, Any]) -> None:
    assert shown(seen["flightsFirst"]) == flight("", "")
    assert shown(seen["ascending"]) == flight("", "delay ASC NULLS LAST,")
    assert shown(seen["descending"]) == flight("", "delay DESC NULLS LAST,")


def test_filter(seen: dict[str, Any]) -> None:
    where = "WHERE origin = 'SFO' AND delay > 300"
    found = duckdb.sql(f"SELECT count(*) FROM '{datasets.FLIGHTS}' {where}").fetchone()
    assert found
    kept, total = re.split(r"\bof\b", seen["filteredCount"])
    assert (digits(kept), digits(total)) == (found[0], 3_000_000)
    assert shown(seen["filteredFirst"]) == flight(where, "")


def test_an_error_stands_where_it_is(seen: dict[str, Any]) -> None:
    assert seen["errorMark"] == "dlay"
    assert "dlay" in seen["errorText"]
    assert "delay" in seen["errorText"]
    assert seen["errorMended"] == "distance > 10 AND delay > 60"
    assert shown(seen["errorMendedFirst"]) == flight("WHERE distance > 10 AND delay > 60", "")


def test_dark_and_light(seen: dict[str, Any]) -> None:
    def brightness(colour: str) -> float:
        numbers = [float(n) for n in re.findall(r"[\d.]+", colour)]
        scale = 1 if max(numbers) <= 1 else 255
        return sum(numbers[:3]) / 3 / scale

    assert brightness(seen["dark"]) < 0.3
    assert brightness(seen["light"]) > 0.8


def test_no_errors_and_no_network(seen: dict[str, Any]) -> None:
    assert seen["errors"] == []
    assert seen["foreign"] == []


def test_screenshots(seen: dict[str, Any]) -> None:
    names = ["billion-last-row", "flights", "flights-sorted", "flights-filtered", "filter-error"]
    for name in [*names, "theme-light", "theme-dark"]:
        path: Path = SCREENSHOTS / f"{name}.png"
        assert path.stat().st_size > 10_000
