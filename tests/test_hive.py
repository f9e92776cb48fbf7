"""Folders whose names are columns, against DuckDB's and Polars' reading of them."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from test_sources import SourceServer

NULL = "__HIVE_DEFAULT_PARTITION__"


def write(folder: Path, *names: str, start: int = 0, rows: int = 5, **more: Any) -> Path:
    below = folder.joinpath(*names)
    below.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame({"x": list(range(start, start + rows)), **more})
    frame.write_parquet(below / "part.parquet")
    return below / "part.parquet"


def rows_of(server: SourceServer, columns: str) -> list[tuple[Any, ...]]:
    answer = server.get(
        "/v1/datasets/hive/rows", {"select": columns, "order": "x", "format": "json"}
    )
    return [tuple(row) for row in answer.json()["rows"]]


def by_duckdb(folder: Path, columns: str) -> list[tuple[Any, ...]]:
    sql = (
        f"SELECT {columns} FROM read_parquet('{folder}/**/*.parquet', hive_partitioning = true, "
        "hive_types_autocast = true) ORDER BY x"
    )
    return [
        tuple(value.isoformat() if isinstance(value, dt.date) else value for value in row)
        for row in duckdb.sql(sql).fetchall()
    ]


def by_polars(folder: Path, columns: str) -> list[tuple[Any, ...]]:
    frame = pl.scan_parquet(f"{folder}/**/*.parquet", hive_partitioning=True)
    frame = frame.select(columns.split(",")).sort("x").collect()
    return [
        tuple(value.isoformat() if isinstance(value, dt.date) else value for value in row)
        for row in frame.rows()
    ]


def test_types_and_values_are_those_of_others(tmp_path: Path) -> None:
    folder = tmp_path / "hive"
    parts = [
        ("year=2025", "day=2025-01-31", "city=Z%C3%BCrich"),
        ("year=2026", "day=2026-02-01", "city=a%20b%2Fc"),
        ("year=-7", "day=2026-02-02", "city=100%"),
    ]
    for number, names in enumerate(parts):
        write(folder, *names, start=10 * number)
    with SourceServer(tmp_path, str(folder)) as server:
        assert server.types("hive") == {
            "x": "int64",
            "year": "int64",
            "day": "date32",
            "city": "utf8",
        }
        mine = rows_of(server, "x,year,day,city")
        assert mine == by_polars(folder, "x,year,day,city")
        assert mine == by_duckdb(folder, "x,year,day,city")
        assert {row[3] for row in mine} == {"Zürich", "a b/c", "100%"}


def test_the_default_partition_is_null(tmp_path: Path) -> None:
    folder = tmp_path / "hive"
    write(folder, "a=1", f"b={NULL}", start=0)
    write(folder, f"a={NULL}", "b=x", start=10)
    with SourceServer(tmp_path, str(folder)) as server:
        assert server.types("hive") == {"x": "int64", "a": "int64", "b": "utf8"}
        mine = rows_of(server, "x,a,b")
        assert mine == by_duckdb(folder, "x,a,b")
        assert mine == by_polars(folder, "x,a,b")
        for condition, count in [("a IS NULL", 5), ("a = 1", 5), ("b IS NULL OR b = 'x'", 10)]:
            query = {"filter": condition, "format": "json"}
            found = server.get("/v1/datasets/hive/count", query).json()["rows"]
            assert found == [[count]], condition


def test_a_key_that_the_files_hold_is_theirs(tmp_path: Path) -> None:
    folder = tmp_path / "hive"
    write(folder, "year=1", "month=3", start=0, year=[2025] * 5)
    write(folder, "year=2", "month=4", start=10, year=[2026] * 5)
    with SourceServer(tmp_path, str(folder)) as server:
        assert server.types("hive") == {"x": "int64", "year": "int64", "month": "int64"}
        rows = rows_of(server, "x,year,month")
        assert [row[1:] for row in rows] == [(2025, 3)] * 5 + [(2026, 4)] * 5
    write(folder, "year=2", "month=5", start=20)  # a file without the column
    with SourceServer(tmp_path, str(folder)) as server:
        assert server.problem("hive")["code"] == "bad_data"


def test_a_key_stands_once(tmp_path: Path) -> None:
    write(tmp_path / "hive", "k=1", "j=2", "k=3")
    with SourceServer(tmp_path, str(tmp_path / "hive")) as server:
        assert "two folders of the key k" in server.problem("hive")["detail"]


def test_files_that_come_and_go_make_versions(tmp_path: Path) -> None:
    folder = tmp_path / "hive"
    write(folder, "k=1", start=0)
    with SourceServer(tmp_path, str(folder)) as server:
        assert server.types("hive") == {"x": "int64", "k": "int64"}
        versions = []

        def version() -> str:
            answer = server.get("/v1/datasets/hive")
            assert answer.status == 200, answer.body
            return str(answer.json()["version"])

        versions.append(version())
        write(folder, "k=2", start=10)  # one more
        versions.append(version())
        assert rows_of(server, "x,k") == by_duckdb(folder, "x,k")
        added = write(folder, "k=two", start=20)  # and one that makes the key a text
        versions.append(version())
        assert server.types("hive")["k"] == "utf8"
        assert {row[1] for row in rows_of(server, "x,k")} == {"1", "2", "two"}
        added.unlink()
        versions.append(version())
        assert rows_of(server, "x,k") == by_duckdb(folder, "x,k")
        write(folder, "k=2", start=100)  # another in its place
        versions.append(version())
        assert rows_of(server, "x,k") == by_duckdb(folder, "x,k")
        (folder / "k=2").rename(folder / "k=3")  # the same file under another key
        versions.append(version())
        assert rows_of(server, "x,k") == by_duckdb(folder, "x,k")
        # Each is another than the one before; the same files as before have the version of before.
        assert all(one != other for one, other in itertools.pairwise(versions)), versions
        assert versions[3] == versions[1]


@pytest.mark.parametrize("pattern", ["hive/k=*/*/*.parquet", "hive/*", "hive"])
def test_globs_and_folders_tell_the_same(tmp_path: Path, pattern: str) -> None:
    folder = tmp_path / "hive"
    for number in range(3):
        write(folder, f"k={number}", "j=a", start=10 * number)
    with SourceServer(tmp_path, f"hive={tmp_path / pattern}") as server:
        assert server.types("hive") == {"x": "int64", "k": "int64", "j": "utf8"}
        assert rows_of(server, "x,k,j") == by_duckdb(folder, "x,k,j")
