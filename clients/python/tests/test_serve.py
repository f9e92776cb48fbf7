"""Servers that the package starts: what they serve, and that they end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

import bowshot
from bowshot.datasets import read_datasets, scanned_paths, spell_configuration

PARENT = """
import sys, time, bowshot
server = bowshot.serve({"people": sys.argv[1]}, quiet=True)
print(server.pid, server.connect()["people"].count().item(), flush=True)
time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_server_ends_with_its_parent(sources: dict[str, str]) -> None:
    """However that ends: nothing in it can run after SIGKILL."""
    command = [sys.executable, "-c", PARENT, sources["people"]]
    environment = {**os.environ, "PYTHONPATH": str(Path(bowshot.__file__).parents[1])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as parent:
        assert parent.stdout
        pid, count = map(int, parent.stdout.readline().split())
        assert count == 18
        assert is_alive(pid)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while is_alive(pid):
        assert time.monotonic() < deadline, "the server outlived its parent"
        time.sleep(0.01)


def test_a_server_ends_with_its_block(sources: dict[str, str], tmp_path: Path) -> None:
    with bowshot.serve({"people": sources["people"]}, quiet=True) as server:
        pid = server.pid
        folder = Path(server._folder.name)
        assert (folder / "socket").exists()
    assert not is_alive(pid)
    assert not folder.exists()
    server.stop()  # idempotent


def test_the_address_is_printed(
    sources: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with bowshot.serve({"people": sources["people"]}, token=True) as server:
        printed = capsys.readouterr().err
    assert printed == f"bowshot: {server.url}/#token={server.token}\n"


def test_files_and_frames(sources: dict[str, str], tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": [1, None, 3], "s": ["a", None, "c"]})
    pl.DataFrame({"a": [1], "b": ["x;y"]}).write_csv(tmp_path / "c.csv", separator="|")
    scanned = pl.scan_parquet(sources["people"])
    served = {
        "path": Path(sources["people"]),
        "glob": sources["people"].replace("people", "peopl*"),
        "two": [sources["people"], sources["people"]],
        "scan": scanned,
        "lazy": scanned.select("id").filter(pl.col("id") > 3),
        "frame": frame,
        "table": pa.table({"y": [1.5]}),
        "options": {"path": tmp_path / "c.csv", "delimiter": "|"},
        "columns": {"path": [1, 2]},
    }
    with bowshot.serve(served, quiet=True, tcp=False) as server, server.connect() as client:
        assert server.url is None
        deadline = time.monotonic() + 30
        while any(d.problem for d in client.datasets()):  # the text file is converted
            assert time.monotonic() < deadline
            time.sleep(0.01)
        counts = {summary.name: summary.rows for summary in client.datasets()}
        assert counts == {
            "path": 18, "glob": 18, "two": 36, "scan": 18, "lazy": 15, "frame": 3, "table": 1,
            "options": 1, "columns": 2,
        }  # fmt: skip
        assert_frame_equal(client["frame"].rows().to_polars(), frame)
        assert client["options"].rows().to_dicts() == [{"a": 1, "b": "x;y"}]
        assert client["scan"].info().source["kind"] == "parquet"
        ids = client["two"].select("id").rows().to_dict()["id"]
        assert ids == [*range(1, 19)] * 2


def test_what_cannot_start(sources: dict[str, str], tmp_path: Path) -> None:
    bad = tmp_path / "bad.parquet"
    bad.write_text("PAR1 no PAR1")
    cases: list[tuple[object, dict[str, object], str]] = [
        (tmp_path / "gone.parquet", {}, "gone"),
        (bad, {}, "bad"),
        (sources["people"], {"no_such_setting": 1}, "no_such_setting"),
        (sources["people"], {"streams_running": 0}, "streams_running"),
        (sources["people"], {"host": "0.0.0.0"}, "token"),
    ]
    for source, settings, said in cases:
        with pytest.raises(bowshot.StartError, match=said):
            bowshot.serve({"x": source}, quiet=True, **settings).stop()  # type: ignore[arg-type]


def test_no_program(monkeypatch: pytest.MonkeyPatch, sources: dict[str, str]) -> None:
    monkeypatch.setenv("BOWSHOT_BINARY", "/nowhere/bowshot")
    with pytest.raises(bowshot.StartError, match="/nowhere/bowshot"):
        bowshot.serve(sources, quiet=True)


def test_a_frame_that_cannot_be_served_leaves_no_server() -> None:
    with pytest.raises(bowshot.DataError, match="two columns"):
        bowshot.serve({"x": pa.table([[1], [2]], ["a", "a"])}, quiet=True)


def test_which_scans_are_files(sources: dict[str, str]) -> None:
    path = sources["people"]
    assert scanned_paths(pl.scan_parquet(path)) == [path]
    assert scanned_paths(pl.scan_parquet([path, path])) == [path, path]
    for other in (
        pl.scan_parquet(path).filter(pl.col("id") > 3),
        pl.scan_parquet(path, n_rows=3),
        pl.scan_parquet(path, row_index_name="row"),
        pl.scan_parquet(path).select("id"),
        pl.LazyFrame({"x": [1]}),
        pl.DataFrame({"x": [1]}),
    ):
        assert scanned_paths(other) is None


def test_configuration_is_toml(tmp_path: Path) -> None:
    tomllib = pytest.importorskip("tomllib")
    path = '/a dir/with "quotes" and \\ and \x7f 日本/x.csv'
    sources = read_datasets(
        {"n.1": {"path": path, "null": ["", "NA"], "types": {"a b": "utf8"}}}, tmp_path
    )
    text = spell_configuration(sources, {"port": 0, "no_tcp": True, "engine_memory_bytes": 2**31})
    assert tomllib.loads(text) == {
        "server": {"port": 0, "no_tcp": True},
        "limits": {"engine_memory_bytes": 2**31},
        "datasets": {"n.1": {"path": path, "null": ["", "NA"], "types": {"a b": "utf8"}}},
    }


def test_unnamed_paths_have_the_names_that_the_server_gives(sources: dict[str, str]) -> None:
    folder = Path(sources["people"]).parent / "parts"
    with bowshot.serve([sources["people"], folder], quiet=True) as server:
        assert set(server.connect()) == {"people", "parts"}
    with pytest.raises(ValueError, match="needs a name"):
        bowshot.serve("data/*.parquet")
