"""`bowshot convert` and `inspect`, folders whose names are columns, and --verify."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
from bowshot_server import BINARY, StartError
from test_sources import MANY, SourceServer, wait_until


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(BINARY), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_convert(tmp_path: Path) -> None:
    MANY.write_csv(tmp_path / "many.csv")
    out = tmp_path / "many.parquet"
    done = run("convert", tmp_path / "many.csv", out)
    assert done.returncode == 0, done.stderr
    assert f"{MANY.height:,}".replace(",", "") in done.stdout
    assert pl.read_parquet(out).equals(MANY)
    again = run("convert", tmp_path / "many.csv", out)
    assert (again.returncode, "--force" in again.stderr) == (1, True)
    assert run("convert", "--force", out, tmp_path / "anew.parquet").returncode == 0
    assert pl.read_parquet(tmp_path / "anew.parquet").equals(MANY)
    assert not list(tmp_path.glob("*.tmp"))


def test_convert_with_options(tmp_path: Path) -> None:
    path, out = tmp_path / "x.csv", tmp_path / "x.parquet"
    path.write_bytes("a|b|c\n007|1,5|-\nbad\n8|2,5|caf\xe9\n".encode("latin1"))
    flags = ("--decimal", ",", "--encoding", "latin1", "--null", "-", "--type", "a=utf8")
    assert "row 3 has 1 values" in run("convert", path, out, *flags).stderr
    assert not out.exists()
    done = run("convert", path, out, *flags, "--skip-bad-rows")
    assert "1 rows were skipped" in done.stdout
    rows = [{"a": "007", "b": 1.5, "c": None}, {"a": "8", "b": 2.5, "c": "café"}]
    assert pq.read_table(out).to_pylist() == rows
    assert run("convert", path, out, "--force", "--type", "z=int64").returncode == 1
    assert run("convert", path, out, "--force", "--type", "a=int3").returncode == 1


def test_convert_without_space(tmp_path: Path) -> None:
    MANY.write_csv(tmp_path / "many.csv")
    command = f"ulimit -f 100; exec {BINARY} convert {tmp_path}/many.csv {tmp_path}/x.parquet"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "too large" in done.stderr or "larger" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["many.csv"]


def test_inspect(tmp_path: Path) -> None:
    slow, good = tmp_path / "slow.parquet", tmp_path / "good.parquet"
    pq.write_table(MANY.to_arrow(), slow, compression="gzip", row_group_size=1000)
    assert run("convert", slow, good).returncode == 0
    (told,) = json.loads(run("inspect", "--json", slow).stdout)["files"]
    assert (told["rows"], told["row_groups"]) == (MANY.height, 300)
    assert (told["page_index"], told["page_checksums"]) == (False, False)
    assert {column["codec"] for column in told["columns"]} == {"gzip"}
    assert len(told["slow"]) >= 4
    (told,) = json.loads(run("inspect", "--json", good).stdout)["files"]
    assert (told["page_index"], told["page_checksums"], told["slow"]) == (True, True, [])
    metadata = pq.read_metadata(good)
    assert told["row_groups"] == metadata.num_row_groups
    size = sum(
        metadata.row_group(g).column(0).total_compressed_size
        for g in range(metadata.num_row_groups)
    )
    assert told["columns"][0]["bytes"] == size
    assert "Nothing about it is slow" in run("inspect", good).stdout
    assert run("inspect", tmp_path / "gone.parquet").returncode == 1


def test_verify(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(MANY.to_arrow(), path, row_group_size=100_000, write_page_checksum=True)
    with SourceServer(tmp_path, str(path), flags=("--verify",)):
        pass
    flip(path)
    what = f"'x.parquet': row group 1, column \"{MANY.columns[2]}\""
    with pytest.raises(StartError) as caught:
        SourceServer(tmp_path, str(path), flags=("--verify",)).kill()
    assert what in caught.value.log

    # Beside others it is listed with its problem, and served again once it is whole.
    good = tmp_path / "good.parquet"
    pq.write_table(MANY.to_arrow(), good)
    with SourceServer(tmp_path, str(path), str(good), flags=("--verify",)) as server:
        listed = {d["name"]: d for d in server.get("/v1/datasets").json()["datasets"]}
        assert "problem" not in listed["good"]
        assert (listed["x"]["version"], listed["x"]["problem"]["code"]) == ("", "bad_data")
        assert what in listed["x"]["problem"]["detail"]
        assert server.get("/v1/datasets/x/count").code() == "bad_data"
        assert server.get("/readyz").status == 503
        assert "dataset=x" in server.log()
        shutil.copy(good, path)
        assert server.get("/v1/datasets/x/count", {"format": "json"}).json()["rows"] == [
            [MANY.height]
        ]


def flip(path: Path, group: int = 1, column: int = 2) -> None:
    """One bit in a page's data."""
    chunk = pq.read_metadata(path).row_group(group).column(column)
    raw = bytearray(path.read_bytes())
    begin = chunk.dictionary_page_offset or chunk.data_page_offset
    raw[begin + chunk.total_compressed_size // 2] ^= 4
    path.write_bytes(raw)


def write_checked(path: Path, rows: int) -> None:
    table = MANY.to_arrow().slice(0, rows)
    pq.write_table(table, path, row_group_size=20_000, write_page_checksum=True)


def replace(path: Path, rows: int, *, broken: bool) -> None:
    beside = path.with_suffix(".new")
    write_checked(beside, rows)
    if broken:
        flip(beside)
    beside.rename(path)


def test_verify_later_versions(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    write_checked(folder / "a.parquet", 50_000)
    with SourceServer(tmp_path, str(folder), flags=("--verify",)) as server:

        def count() -> tuple[int, object]:
            answer = server.get("/v1/datasets/data/count", {"format": "json"})
            return answer.status, answer.json()["rows"] if answer.status == 200 else answer.code()

        assert count() == (200, [[50_000]])
        replace(folder / "a.parquet", 60_000, broken=True)
        for _ in range(2):  # once checked, once known
            assert count()[1] == "bad_data"
        assert "row group 1" in server.get("/v1/datasets/data/rows").problem()["detail"]
        assert server.log().count("a version of a dataset is refused") == 1
        replace(folder / "a.parquet", 70_000, broken=False)
        assert count() == (200, [[70_000]])
        write_checked(folder / "b.parquet", 40_000)  # beside a file that was checked before
        assert count() == (200, [[110_000]])
        write_checked(folder / "c.parquet", 40_000)
        flip(folder / "c.parquet")
        assert count()[1] == "bad_data"
        assert "'c.parquet'" in server.get("/v1/datasets/data/rows").problem()["detail"]
        (folder / "c.parquet").unlink()
        assert count() == (200, [[110_000]])


def test_verify_what_a_reload_adds(tmp_path: Path) -> None:
    for name in ("one", "two", "bad"):
        write_checked(tmp_path / f"{name}.parquet", 50_000)
    flip(tmp_path / "bad.parquet")
    config = tmp_path / "bowshot.toml"
    config.write_text('[datasets.one]\npath = "one.parquet"\n')
    with SourceServer(tmp_path, "--config", str(config), flags=("--verify",)) as server:
        config.write_text(
            "".join(f'[datasets.{n}]\npath = "{n}.parquet"\n' for n in ("one", "two", "bad"))
        )
        os.kill(server.pid, signal.SIGHUP)
        wait_until(lambda: "configuration reloaded" in server.log(), "the reload")
        for name, status in (("one", 200), ("two", 200), ("bad", 400)):
            assert server.get(f"/v1/datasets/{name}/count").status == status
        assert "'bad.parquet': row group 1" in server.problem("bad")["detail"]


def test_hive_folders(tmp_path: Path) -> None:
    folder = tmp_path / "hive"
    parts = [
        ("year=2025", "month=1", "day=2025-01-31", "name=a%20b"),
        ("year=2026", "month=01", "day=2026-02-01", "name=c"),
        ("year=__HIVE_DEFAULT_PARTITION__", "month=2", "day=2026-02-02", "name=%C3%A9"),
    ]
    for number, names in enumerate(parts):
        below = folder.joinpath(*names)
        below.mkdir(parents=True)
        frame = pl.DataFrame({"x": [number * 10 + i for i in range(10)]})
        frame.write_parquet(below / "part.parquet")
    expected = duckdb.sql(
        f"SELECT x, year::BIGINT AS year, name FROM read_parquet('{folder}/**/*.parquet', "
        "hive_partitioning = true) ORDER BY x"
    ).fetchall()
    with SourceServer(tmp_path, str(folder)) as server:
        types = {"x": "int64", "year": "int64", "month": "utf8", "day": "date32", "name": "utf8"}
        assert server.types("hive") == types
        rows = server.get("/v1/datasets/hive/rows?format=json&select=x,year,name&order=x").json()
        assert [tuple(row) for row in rows["rows"]] == expected
        for condition in ("year=2026", "year IS NULL", "day > DATE('2025-12-31') AND x < 15"):
            found = server.get("/v1/datasets/hive/count", {"filter": condition, "format": "json"})
            sql = duckdb.sql(
                f"SELECT count(*) FROM read_parquet('{folder}/**/*.parquet', hive_partitioning = "
                f"true) WHERE {condition.replace('DATE(', 'DATE (')}"
            ).fetchone()
            assert found.json()["rows"] == [list(sql or ())], condition
        (folder / "plain").mkdir()
        pl.DataFrame({"x": [1]}).write_parquet(folder / "plain" / "x.parquet")
        assert "other keys" in server.problem("hive")["detail"]
