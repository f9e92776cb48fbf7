"""Sources that are converted: every kind, what is broken, what changes, and the cache between."""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.ipc as ipc
import pytest
from bowshot_server import BowshotServer, StartError

READY_SECONDS_MAX = 60.0


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


class StartedServer(BowshotServer):
    """A server that may still convert."""

    def is_converting(self) -> bool:
        datasets = self.get("/v1/datasets").json()["datasets"]
        return any(entry.get("problem", {}).get("code") == "not_ready" for entry in datasets)

    def wait_until_ready(self) -> None:
        """Until every conversion has ended; a failed one leaves /readyz at 503."""
        wait_until(lambda: not self.is_converting(), "conversions")


class SourceServer(StartedServer):
    """A server with a cache of its own in `tmp_path`, once its conversions have ended."""

    def __init__(self, tmp_path: Path, *datasets: str, flags: tuple[str, ...] = ()) -> None:
        cache = str(tmp_path / "cache")
        super().__init__(list(datasets), "--cache-directory", cache, *flags)
        try:
            self.wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def table(self, name: str) -> pa.Table:
        answer = self.get(f"/v1/datasets/{name}/rows")
        assert answer.status == 200, answer.body
        return ipc.open_stream(answer.body).read_all().replace_schema_metadata(None)

    def source(self, name: str) -> dict[str, Any]:
        return self.get(f"/v1/datasets/{name}").json()["source"]

    def types(self, name: str) -> dict[str, str]:
        columns = self.get(f"/v1/datasets/{name}").json()["columns"]
        return {column["name"]: column["type"] for column in columns}

    def problem(self, name: str) -> dict[str, Any]:
        answer = self.get(f"/v1/datasets/{name}/rows")
        assert answer.status >= 400, answer.body[:200]
        return answer.problem()


MANY = pl.DataFrame({"i": range(300_000)}).with_columns(
    t=pl.format('text "{}", and\nmore', "i"),
    f=pl.col("i") / 7,
    d=pl.date(2026, 1, 1) + pl.duration(days=pl.col("i") % 1000),
    w=pl.datetime(2026, 1, 1, time_unit="us") + pl.duration(milliseconds=pl.col("i") * 977),
    b=pl.when(pl.col("i") % 3 > 0).then(pl.col("i") % 2 == 0),
)


def equal(table: pa.Table, frame: pl.DataFrame) -> None:
    assert pl.from_arrow(table).equals(frame), (table.schema, table.slice(0, 3).to_pylist())


def compress(path: Path, coding: str) -> Path:
    if coding == "":
        return path
    target = path.with_name(path.name + coding)
    if coding == ".gz":
        target.write_bytes(gzip.compress(path.read_bytes(), 1))
    else:
        target.write_bytes(pa.compress(path.read_bytes(), "zstd", asbytes=True))
    path.unlink()
    return target


@pytest.mark.parametrize("coding", ["", ".gz", ".zst"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv(tmp_path: Path, coding: str, separator: str) -> None:
    MANY.write_csv(tmp_path / "many.csv", separator=separator)
    path = compress(tmp_path / "many.csv", coding)
    with SourceServer(tmp_path, str(path)) as server:
        assert server.get("/readyz").status == 200
        equal(server.table("many"), MANY)
        source = server.source("many")
        assert (source["kind"], source["delimiter"], source["header"]) == ("csv", separator, True)
        assert source["types"] == server.types("many")
        assert source["types"]["w"] == "timestamp[us]"
        assert source["rows_skipped"] == 0


@pytest.mark.parametrize("coding", ["", ".gz", ".zst"])
def test_ndjson(tmp_path: Path, coding: str) -> None:
    frame = MANY.select("i", "t", "f", "b").with_columns(n=pl.struct(a="i", l=pl.concat_list("f")))
    frame.write_ndjson(tmp_path / "many.jsonl")
    path = compress(tmp_path / "many.jsonl", coding)
    with SourceServer(tmp_path, str(path)) as server:
        equal(server.table("many"), frame)
        assert server.source("many")["kind"] == "ndjson"


@pytest.mark.parametrize("ending", ["arrow", "feather", "ipc", "arrows"])
@pytest.mark.parametrize("codec", [None, "zstd", "lz4"])
def test_arrow(tmp_path: Path, ending: str, codec: str | None) -> None:
    table = MANY.to_arrow().append_column(
        "c", pa.array(["x", None, "y"] * 100_000).dictionary_encode()
    )
    make = ipc.new_stream if ending == "arrows" else ipc.new_file
    options = ipc.IpcWriteOptions(compression=codec)
    with make(str(tmp_path / f"many.{ending}"), table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=70_000)
    with SourceServer(tmp_path, str(tmp_path / f"many.{ending}")) as server:
        served = server.table("many")
        equal(served.drop("c"), MANY)
        assert served["c"].to_pylist() == table["c"].to_pylist()
        assert server.types("many")["c"] == "dictionary<utf8>"
        assert server.source("many")["kind"] == "arrow"


def test_duckdb(tmp_path: Path) -> None:
    path = tmp_path / "base.duckdb"
    with duckdb.connect(str(path)) as base:
        base.register("many", MANY.to_arrow())
        base.execute("CREATE TABLE copy AS FROM many")
        base.execute("CREATE SCHEMA other; CREATE TABLE other.one AS SELECT 1::TINYINT AS x")
        base.execute('CREATE TABLE "odd \'name\'" AS SELECT 1.50::DECIMAL(9, 2) AS "a ""b"')
    with SourceServer(tmp_path, str(path), f"renamed={path}") as server:
        names = {entry["name"] for entry in server.get("/v1/datasets").json()["datasets"]}
        tables = {"copy", "other.one", "odd__name_"}
        assert names == {f"{stem}.{table}" for stem in ("base", "renamed") for table in tables}
        equal(server.table("base.copy"), MANY)
        assert server.table("base.other.one").to_pylist() == [{"x": 1}]
        assert server.types("base.odd__name_") == {'a "b': "decimal128(9, 2)"}
        assert server.source("base.copy")["kind"] == "duckdb"


def test_what_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "x.duckdb").write_text("no database " * 10_000)
    with SourceServer(tmp_path, str(tmp_path / "x.duckdb")) as server:
        assert "'x.duckdb' cannot be opened" in server.problem("x")["detail"]
        assert server.get("/readyz").code() == "not_ready"


# What the types of a column come out as, where one value stands far from the others.
@pytest.mark.parametrize(
    ("most", "late", "type_name"),
    [
        ("1", "text", "utf8"),
        ("1", "1.5", "float64"),
        ("1", "", "int64"),
        ("", "7", "int64"),
        ("1", "123456789012345678901234567890", "decimal128(38, 0)"),
        ("2026-01-01", "2026-01-01T10:00:00", "timestamp[us]"),
        ("2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00", "timestamp[us, tz=UTC]"),
        ("2026-01-01 00:00:00", "2026-01-01 00:00:00.123456789", "timestamp[ns]"),
        ("2026-01-01", "1", "utf8"),
        ("true", "1", "utf8"),
        ("10:00:00", "10:00:00.5", "time64[us]"),
        ("0.5", "NaN", "float64"),
    ],
)
def test_types_of_the_whole_file(tmp_path: Path, most: str, late: str, type_name: str) -> None:
    rows = 600_000
    (tmp_path / "x.csv").write_text("a,b\n" + f"{most},1\n" * rows + f"{late},1\n")
    with SourceServer(tmp_path, str(tmp_path / "x.csv")) as server:
        assert server.types("x") == {"a": type_name, "b": "int64"}
        assert server.get("/v1/datasets/x").json()["rows"] == rows + 1
        last = server.get(f"/v1/datasets/x/rows?offset={rows}&format=json").json()["rows"]
        if type_name == "utf8":
            assert last == [[late, 1]]
        first = server.get("/v1/datasets/x/rows?limit=1&select=a&format=json").json()["rows"]
        if type_name == "utf8":
            assert first == [[most]]


@pytest.mark.parametrize(
    ("text", "rows", "types"),
    [
        ("a,b\n", [], {"a": "utf8", "b": "utf8"}),
        ("\ufeffa,b\r\n1,x\r\n", [[1, "x"]], {"a": "int64", "b": "utf8"}),
        ('a,b\n1,"x\ny"\n2,"say ""hi"""', [[1, "x\ny"], [2, 'say "hi"']], None),
        ("a,b\n1,\n2,\n", [[1, None], [2, None]], {"a": "int64", "b": "utf8"}),
        ('a,b\nx,""\ny,\n', [["x", ""], ["y", None]], None),
        ("1,x\n2,y\n", [[1, "x"], [2, "y"]], {"column0": "int64", "column1": "utf8"}),
        ("a,a,,a_1\n1,2,3,4\n", [[1, 2, 3, 4]], None),
        ("a\n1\n\n3\n", [[1], [None], [3]], {"a": "int64"}),
        ("a,b\n1,2\n\n3,4\n", [[1, 2], [3, 4]], None),
        ("größe,名\n1,é\n", [[1, "é"]], {"größe": "int64", "名": "utf8"}),
        ("a\r\n1\r\n2\r\n", [[1], [2]], {"a": "int64"}),
        ("a;b\n1;2,5\n", [[1, "2,5"]], None),
    ],
)
def test_small_csv(
    tmp_path: Path, text: str, rows: list[list[Any]], types: dict[str, str] | None
) -> None:
    (tmp_path / "x.csv").write_text(text, newline="")
    with SourceServer(tmp_path, str(tmp_path / "x.csv")) as server:
        answer = server.get("/v1/datasets/x/rows?format=json").json()
        assert answer["rows"] == rows
        if types is not None:
            assert server.types("x") == types
        if "a,a,," in text:
            assert list(server.types("x")) == ["a", "a_2", "column2", "a_1"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "'x.csv': the file has no rows"),
        (b"a,b\n1,2\n3\n4,5\n", "'x.csv': row 3 has 1 values where there are 2 columns"),
        (b"a,b\n" + b"1,2\n" * 1_000_000 + b"1,2,3\n", "row 1000002 has 3 values"),
        (b"a,b\nx,caf\xe9\n", "'x.csv': row 2: column \"b\" holds text that is not UTF-8"),
        (b"caf\xe9,b\n1,2\n", "the name of column 1 is not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b'a,b\n1,"open\n', "'x.csv': row 2"),
    ],
)
def test_broken_csv(tmp_path: Path, text: bytes, told: str) -> None:
    (tmp_path / "x.csv").write_bytes(text)
    (tmp_path / "good.csv").write_text("a\n1\n")
    with SourceServer(tmp_path, str(tmp_path / "x.csv"), str(tmp_path / "good.csv")) as server:
        problem = server.problem("x")
        assert problem["code"] == "bad_data"
        assert told in problem["detail"]
        listed = {entry["name"]: entry for entry in server.get("/v1/datasets").json()["datasets"]}
        assert told in listed["x"]["problem"]["detail"]
        assert listed["good"]["rows"] == 1
        assert str(tmp_path) not in json.dumps(listed)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a":1}\n{"a":"x"}\n', "row 2"),
        ('{"a":1}\n' * 300_000 + '{"a":"x"}\n', "row 30"),
        ('{"a":1}\n{"a":\n', "'x.ndjson'"),
        ("[1,2]\n", "'x.ndjson'"),
        ('{"a":null}\n{"a":1}\n{"a":1.5}\n{"a":"x"}\n', "row 4: Column(/a) changed from number"),
        ('{"a":1}\n{"a":"x"}\n', "write its values as text to keep them all"),
        ("", "without columns"),
    ],
)
def test_broken_ndjson(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "x.ndjson").write_text(text)
    with SourceServer(tmp_path, str(tmp_path / "x.ndjson")) as server:
        problem = server.problem("x")
        assert told in problem["detail"], problem
        assert problem["code"] in ("bad_data", "bad_parameter")


@pytest.mark.parametrize("name", ["x.arrow", "x.csv.gz", "x.ndjson.zst"])
def test_cut_off_files(tmp_path: Path, name: str) -> None:
    path = tmp_path / name.removesuffix(".gz").removesuffix(".zst")
    if name.endswith("arrow"):
        MANY.write_ipc(path, compression="uncompressed")
    elif ".csv" in name:
        MANY.write_csv(path)
    else:
        MANY.select("i", "t").write_ndjson(path)
    path = compress(path, Path(name).suffix if "." in path.suffix and path.name != name else "")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with SourceServer(tmp_path, f"x={path}") as server:
        problem = server.problem("x")
        assert problem["code"] == "bad_data"
        assert name in problem["detail"]


def test_a_folder_of_files_is_one_dataset(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.csv").write_text("x,y\n1,1\n2,2\n")
    (folder / "b.csv").write_text("x,y\n3.5,\n")
    (folder / "sub" / "c.csv").write_text("x,y\n4,7\n")
    with SourceServer(tmp_path, str(folder), f"glob={folder}/*.csv") as server:
        assert server.table("parts").to_pydict() == {
            "x": [1.0, 2.0, 3.5, 4.0],
            "y": [1, 2, None, 7],
        }
        assert server.table("glob").to_pydict() == {"x": [1.0, 2.0, 3.5], "y": [1, 2, None]}
        assert server.source("parts")["files"] == 3
        (folder / "b.csv").write_text("x,z\n3.5,1\n")
        problem = server.problem("parts")
        assert "'b.csv': its header differs from that of 'a.csv'" in problem["detail"]


def test_kinds_are_not_mixed(tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "a.csv").write_text("x\n1\n")
    (folder / "b.ndjson").write_text('{"x":1}\n')
    with pytest.raises(StartError) as caught:
        SourceServer(tmp_path, str(folder)).kill()
    assert "'a.csv'" in caught.value.log
    assert "'b.ndjson'" in caught.value.log


def converted(folder: Path) -> list[Path]:
    return sorted((folder / "cache").glob("convert-*.parquet"))


def test_a_conversion_is_no_warning(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    with SourceServer(tmp_path, f"{tmp_path}/a.csv") as server:
        assert "conversion begun" in server.log()
        assert "warn" not in server.log()


def test_a_changed_source_is_converted_again(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a\n1\n")
    with SourceServer(tmp_path, str(path)) as server:
        version = server.get("/v1/datasets/x").json()["version"]
        path.write_text("a\n1\n2\n")
        assert server.table("x").to_pydict() == {"a": [1, 2]}
        assert server.get("/v1/datasets/x").json()["version"] != version
        path.write_text("a,b\n1\n")
        assert "row 2" in server.problem("x")["detail"]
        path.write_text("a\n5\n")
        assert server.table("x").to_pydict() == {"a": [5]}
        path.unlink()
        assert server.problem("x")["code"] == "bad_data"


def test_the_cache_is_used_again(tmp_path: Path) -> None:
    MANY.write_csv(tmp_path / "many.csv")
    with SourceServer(tmp_path, str(tmp_path / "many.csv")) as server:
        version = server.get("/v1/datasets/many").json()["version"]
    (entry,) = converted(tmp_path)
    with SourceServer(tmp_path, str(tmp_path / "many.csv")) as server:
        assert server.get("/v1/datasets/many").json()["version"] == version
        assert "a cached conversion is used" in server.log()
        assert converted(tmp_path) == [entry]
        equal(server.table("many"), MANY)


@pytest.mark.parametrize("what", ["flip", "cut", "description", "empty description", "gone"])
def test_a_broken_cache_entry_is_made_again(tmp_path: Path, what: str) -> None:
    MANY.write_csv(tmp_path / "many.csv")
    with SourceServer(tmp_path, str(tmp_path / "many.csv")):
        pass
    (entry,) = converted(tmp_path)
    raw = bytearray(entry.read_bytes())
    if what == "flip":
        raw[len(raw) // 2] ^= 1
        entry.write_bytes(raw)
    elif what == "cut":
        entry.write_bytes(raw[:-100])
    elif what == "gone":
        entry.unlink()
    else:
        entry.with_suffix(".json").write_text("{" if what == "description" else "")
    with SourceServer(tmp_path, str(tmp_path / "many.csv")) as server:
        assert "made again" in server.log()
        equal(server.table("many"), MANY)


def test_a_killed_conversion_leaves_nothing_that_is_used(tmp_path: Path) -> None:
    MANY.write_csv(tmp_path / "many.csv")
    for round_ in range(6):
        server = BowshotServer(
            [str(tmp_path / "many.csv")], "--cache-directory", str(tmp_path / "cache")
        )
        time.sleep(0.03 * round_)  # at another moment each time
        server.kill()
        server.close()
    with SourceServer(tmp_path, str(tmp_path / "many.csv")) as server:
        equal(server.table("many"), MANY)
        assert not list((tmp_path / "cache").glob("*.tmp"))


def test_sigterm_ends_a_conversion(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n" + "1,some text\n" * 8_000_000)
    server = BowshotServer([str(tmp_path / "x.csv")], "--cache-directory", str(tmp_path / "cache"))
    wait_until(lambda: " bytes (" in server.get("/v1/datasets/x/rows").problem()["detail"], "rows")
    problem = server.get("/v1/datasets/x/rows")
    assert (problem.status, problem.code()) == (503, "not_ready")
    assert int(problem.headers["retry-after"]) >= 1
    assert server.get("/readyz").code() == "not_ready"
    listed = server.get("/v1/datasets").json()["datasets"]
    assert listed[0]["problem"]["code"] == "not_ready"
    begun = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begun < 3
    server.close()
    assert not list((tmp_path / "cache").glob("convert-*.parquet*"))


def test_old_entries_are_evicted(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    MANY.write_csv(path)
    with SourceServer(tmp_path, str(path)):
        pass
    (first,) = converted(tmp_path)
    limit = first.stat().st_size * 3 // 2
    with SourceServer(tmp_path, str(path), flags=("--cache-bytes", str(limit))) as server:
        os.utime(path, ns=(1, 1))
        equal(server.table("x"), MANY)
        wait_until(lambda: len(converted(tmp_path)) == 1, "the eviction of what is not used")
        assert converted(tmp_path) != [first]
        other = tmp_path / "y.csv"
        other.write_bytes(path.read_bytes())
        with SourceServer(tmp_path, str(other), flags=("--cache-bytes", "0")) as beside:
            assert len(converted(tmp_path)) == 2, "what is in use is not evicted"
            equal(beside.table("y"), MANY)
            equal(server.table("x"), MANY)


def test_two_servers_convert_once(tmp_path: Path) -> None:
    MANY.write_csv(tmp_path / "many.csv")
    cache = ("--cache-directory", str(tmp_path / "cache"))
    servers = [StartedServer([str(tmp_path / "many.csv")], *cache) for _ in range(3)]
    try:
        for server in servers:
            server.wait_until_ready()
        logs = [server.log() for server in servers]
        assert sum("conversion begun" in log for log in logs) == 1
        assert len(converted(tmp_path)) == 1
    finally:
        for server in servers:
            assert server.stop() == 0
            server.close()
