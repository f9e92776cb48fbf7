"""What is taken away from the page, on a server with a token: files, and code that is run."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import datasets
import duckdb
import pyarrow as pa
import pytest
from bowshot_server import BowshotServer
from outside import need, node, run

TOKEN = "a-token-of-the-page-0123456789abcdef"
HASH = "#/flights?filter=delay+%3E+600+AND+origin+%3D+%27ORD%27&order=-delay&hide=date"
SQL = (
    f"SELECT delay, distance, origin, destination FROM '{datasets.FLIGHTS}' "
    "WHERE delay > 600 AND origin = 'ORD' ORDER BY delay DESC"
)


@pytest.fixture(scope="module")
def expected() -> list[tuple[Any, ...]]:
    rows = duckdb.sql(SQL).fetchall()
    assert len(rows) > 3
    return sorted(rows)


def token_flags(folder: Path) -> tuple[str, str]:
    path = folder / "token"
    path.write_text(TOKEN)
    path.chmod(0o600)
    return "--token-file", str(path)


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    need("chromium")
    folder = tmp_path_factory.mktemp("exports")
    with BowshotServer([f"flights={datasets.FLIGHTS}"], *token_flags(folder)) as server:
        return node("exports.mjs", server.url, TOKEN, HASH, str(folder))


def test_the_token_leaves_the_address_and_scripts(taken: dict[str, Any]) -> None:
    assert taken["errors"] == []
    assert TOKEN not in taken["address"]
    assert [(c["httpOnly"], c["sameSite"]) for c in taken["cookies"]] == [(True, "Strict")]


def test_files_hold_the_view(taken: dict[str, Any], expected: list[tuple[Any, ...]]) -> None:
    files = taken["files"]
    for path in (files["Parquet"], files["CSV"]):
        assert sorted(duckdb.sql(f"FROM '{path}'").fetchall()) == expected
    table = pa.ipc.open_file(files["Arrow"]).read_all()
    assert sorted(tuple(row.values()) for row in table.to_pylist()) == expected


def test_cancelling_stops_the_server(taken: dict[str, Any]) -> None:
    """3 million rows into a file that takes a piece in 200 ms would go on for minutes."""
    assert taken["cancelled"] == {"before": 1, "after": 0, "isAborted": True}


def test_code_runs(taken: dict[str, Any], expected: list[tuple[Any, ...]], tmp_path: Path) -> None:
    """On a server of its own, as the code has the address of the first."""
    with BowshotServer([f"flights={datasets.FLIGHTS}"], *token_flags(tmp_path)) as server:
        base = taken["address"].split("/#")[0].rstrip("/")
        code = {name: text.replace(base, server.url) for name, text in taken["code"].items()}
        assert all(server.url in text and TOKEN not in text for text in code.values())
        token = {"BOWSHOT_TOKEN": TOKEN}
        with contextlib.chdir(tmp_path):
            run("bash", "-c", code["curl"], **token)
        script = code["Python"].replace(
            "print(table)",
            "print(__import__('json').dumps([list(r.values()) for r in table.to_pylist()]))",
        )
        python = run(sys.executable, "-c", script, **token)
        logged = code["JavaScript"].replace(
            "console.log(columns, rows)", "console.log(JSON.stringify(rows))"
        )
        javascript = run(need("node"), "--input-type=module", "-e", logged, **token)
    assert sorted(duckdb.sql(f"FROM '{tmp_path}/flights.csv'").fetchall()) == expected
    for printed in (python, javascript):
        assert sorted(map(tuple, json.loads(printed))) == expected
