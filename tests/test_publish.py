"""PUT and DELETE of tables, and the Parquet files behind datasets, from outside."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from bowshot_server import BowshotServer, StartError

ARROW_STREAM = "application/vnd.apache.arrow.stream"
ARROW_FILE = "application/vnd.apache.arrow.file"
PARQUET = "application/vnd.apache.parquet"
TIMEOUT = 30

TABLE = pa.table(
    {
        "id": pa.array(range(1000), pa.int64()),
        "name": pa.array([None if i % 7 == 0 else f"n{i % 13}" for i in range(1000)]),
        "kind": pa.array([f"k{i % 3}" for i in range(1000)]).dictionary_encode(),
        "when": pa.array(range(1000), pa.timestamp("us", "UTC")),
        "tags": pa.array([[i, i + 1] for i in range(1000)], pa.list_(pa.int32())),
    }
)


def as_stream(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=300)
    return sink.getvalue()


def as_file(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=300)
    return sink.getvalue()


def as_parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=400)
    return sink.getvalue()


def put(server: BowshotServer, name: str, body: bytes, kind: str) -> requests.Response:
    url = f"{server.url}/v1/datasets/{name}"
    return requests.put(url, data=body, headers={"Content-Type": kind}, timeout=TIMEOUT)


def rows(server: BowshotServer, name: str) -> pa.Table:
    answer = server.get(f"/v1/datasets/{name}/rows")
    assert answer.status == 200, answer.body[:500]
    with pa.ipc.open_stream(answer.body) as reader:
        return reader.read_all()


def same(left: pa.Table, right: pa.Table) -> bool:
    return left.replace_schema_metadata().to_pylist() == right.to_pylist() and left.schema.equals(
        right.schema
    )


@pytest.fixture(name="server", params=["memory", "folder"])
def publishing_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BowshotServer]:
    flags = ["--allow-publish"]
    if request.param == "folder":
        flags += ["--publish-dir", str(tmp_path / "published")]
    fixed = tmp_path / "fixed.parquet"
    pq.write_table(TABLE, fixed)
    with BowshotServer([str(fixed)], *flags) as server:
        yield server


@pytest.mark.parametrize(
    ("make", "kind"), [(as_stream, ARROW_STREAM), (as_file, ARROW_FILE), (as_parquet, PARQUET)]
)
def test_a_table_is_published_replaced_and_removed(
    server: BowshotServer, make: Callable[[pa.Table], bytes], kind: str
) -> None:
    answer = put(server, "t", make(TABLE), kind)
    assert answer.status_code == 201, answer.text
    assert answer.json()["rows"] == 1000
    assert answer.headers["bowshot-version"] == answer.json()["version"]
    assert answer.json()["source"]["kind"] == "published"
    assert same(rows(server, "t"), TABLE)
    count = server.get("/v1/datasets/t/count", {"filter": "name IS NULL", "format": "json"})
    assert count.json()["rows"] == [[143]]

    again = put(server, "t", make(TABLE.slice(0, 10)), kind)
    assert again.status_code == 200
    assert again.json()["version"] != answer.json()["version"]
    assert rows(server, "t").num_rows == 10

    gone = requests.delete(f"{server.url}/v1/datasets/t", timeout=TIMEOUT)
    assert (gone.status_code, gone.content) == (204, b"")
    assert server.get("/v1/datasets/t").status == 404
    assert requests.delete(f"{server.url}/v1/datasets/t", timeout=TIMEOUT).status_code == 404


def test_polars_streams_are_taken(server: BowshotServer) -> None:
    frame = pl.DataFrame({"a": [1, 2, None], "s": ["x", None, "z"], "c": ["p", "q", "p"]}).cast(
        {"c": pl.Categorical}
    )
    body = io.BytesIO()
    frame.write_ipc_stream(body)
    assert put(server, "p", body.getvalue(), ARROW_STREAM).status_code == 201
    assert rows(server, "p").column("s").to_pylist() == ["x", None, "z"]
    assert rows(server, "p").column("c").to_pylist() == ["p", "q", "p"]


def test_no_rows_are_a_table(server: BowshotServer) -> None:
    assert put(server, "none", as_stream(TABLE.slice(0, 0)), ARROW_STREAM).status_code == 201
    assert rows(server, "none").schema.equals(TABLE.schema)


BROKEN = {
    "no end marker": (as_stream(TABLE)[:-8], ARROW_STREAM),
    "cut in a message": (as_stream(TABLE)[:2000], ARROW_STREAM),
    "more behind the end": (as_stream(TABLE) + b"x", ARROW_STREAM),
    "empty": (b"", ARROW_STREAM),
    "not Arrow": (b"PK\x03\x04 what is this" * 100, ARROW_STREAM),
    "half a file": (as_file(TABLE)[:3000], ARROW_FILE),
    "half a Parquet": (as_parquet(TABLE)[:3000], PARQUET),
    "Parquet as Arrow": (as_parquet(TABLE), ARROW_FILE),
    "two columns of one name": (
        as_stream(pa.Table.from_arrays([TABLE["id"], TABLE["id"]], names=["a", "a"])),
        ARROW_STREAM,
    ),
    "no columns": (as_stream(pa.table({})), ARROW_STREAM),
    "a type without counterpart": (
        as_stream(pa.table({"i": pa.array([(1, 2, 3)], pa.month_day_nano_interval())})),
        ARROW_STREAM,
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_not_whole_is_refused_and_changes_nothing(server: BowshotServer, what: str) -> None:
    put(server, "t", as_stream(TABLE), ARROW_STREAM)
    answer = put(server, "t", *BROKEN[what])
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] in ("bad_data", "bad_parameter")
    assert same(rows(server, "t"), TABLE)


def test_flipped_bytes_are_errors_or_tables_never_a_crash(server: BowshotServer) -> None:
    for make, kind in [(as_stream, ARROW_STREAM), (as_file, ARROW_FILE), (as_parquet, PARQUET)]:
        whole = make(TABLE.slice(0, 50))
        for position in range(0, len(whole), max(1, len(whole) // 60)):
            body = bytearray(whole)
            body[position] ^= 0x55
            assert put(server, "t", bytes(body), kind).status_code in (200, 201, 400), position
    assert server.get("/healthz").status == 200


def test_refusals(server: BowshotServer) -> None:
    body = as_stream(TABLE)
    assert put(server, "fixed", body, ARROW_STREAM).json()["code"] == "read_only_dataset"
    gone = requests.delete(f"{server.url}/v1/datasets/fixed", timeout=TIMEOUT)
    assert (gone.status_code, gone.json()["code"]) == (409, "read_only_dataset")
    assert put(server, "t", body, "text/csv").json()["code"] == "unsupported_media_type"
    assert put(server, "-x", body, ARROW_STREAM).json()["code"] == "bad_parameter"
    assert put(server, "t?x=1", body, ARROW_STREAM).json()["code"] == "unknown_parameter"
    assert server.get("/v1/datasets/t").status == 404


def test_without_the_flag_it_is_disabled(tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "t.parquet")
    with BowshotServer([str(tmp_path / "t.parquet")]) as server:
        answer = put(server, "x", as_stream(TABLE.slice(0, 5)), ARROW_STREAM)
        assert (answer.status_code, answer.json()["code"]) == (403, "publish_disabled")
        assert "--allow-publish" in answer.json()["detail"]


def test_a_server_may_begin_with_nothing(tmp_path: Path) -> None:
    with BowshotServer([], "--allow-publish") as server:
        assert server.get("/readyz").status == 200
        assert put(server, "t", as_stream(TABLE), ARROW_STREAM).status_code == 201
    with pytest.raises(StartError):
        BowshotServer([])


def test_limits_name_themselves(tmp_path: Path) -> None:
    numbers = pa.table({"x": pa.array(os.urandom(400_000), pa.uint8())})
    flags = ["--allow-publish", "--publish-bytes", "300000"]
    with BowshotServer([], *flags) as server:
        answer = put(server, "t", as_stream(numbers), ARROW_STREAM)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert "publish_bytes" in answer.json()["detail"]
        part = as_stream(numbers.slice(0, 200_000))
        assert put(server, "one", part, ARROW_STREAM).status_code == 201
        full = put(server, "two", part, ARROW_STREAM)
        assert (full.status_code, full.json()["code"]) == (507, "out_of_memory")
        assert "publish_bytes" in full.json()["detail"]
        assert server.get("/v1/datasets/two").status == 404
        requests.delete(f"{server.url}/v1/datasets/one", timeout=TIMEOUT)
        assert put(server, "two", part, ARROW_STREAM).status_code == 201


def test_an_answer_under_way_keeps_the_old_table(server: BowshotServer) -> None:
    large = pa.table({"x": pa.array(range(3_000_000), pa.int64())})
    put(server, "t", as_stream(large), ARROW_STREAM)
    with requests.get(f"{server.url}/v1/datasets/t/rows", stream=True, timeout=TIMEOUT) as answer:
        first = answer.raw.read(1000)
        assert put(server, "t", as_stream(TABLE), ARROW_STREAM).status_code == 200
        with pa.ipc.open_stream(first + answer.raw.read()) as reader:
            assert reader.read_all().column("x").to_pylist()[-1] == 2_999_999
    assert same(rows(server, "t"), TABLE)


def test_published_tables_survive_a_restart_and_a_kill(tmp_path: Path) -> None:
    flags = ["--allow-publish", "--publish-dir", str(tmp_path / "p")]
    with BowshotServer([], *flags) as server:
        put(server, "a.b", as_stream(TABLE), ARROW_STREAM)
        version = server.get("/v1/datasets/a.b").json()["version"]
    with BowshotServer([], *flags) as server:
        assert same(rows(server, "a.b"), TABLE)
        assert server.get("/v1/datasets/a.b").json()["version"] == version
    for moment in range(12):
        number = moment + 1
        table = pa.table({"n": pa.array([number] * 500_000, pa.int64())})
        killed = BowshotServer([], *flags)
        timer = threading.Timer(0.004 * moment, os.kill, (killed.pid, signal.SIGKILL))
        timer.start()
        acknowledged = False
        with contextlib.suppress(requests.RequestException):
            acknowledged = put(killed, "k", as_stream(table), ARROW_STREAM).status_code < 300
        timer.join()
        killed.wait()
        killed.kill()
        with BowshotServer([], *flags) as server:
            assert same(rows(server, "a.b"), TABLE)
            names = [d["name"] for d in server.get("/v1/datasets").json()["datasets"]]
            if "k" in names:
                values = set(rows(server, "k").column("n").to_pylist())
                assert len(values) == 1
                assert rows(server, "k").num_rows == 500_000
                if acknowledged:
                    assert values == {number}
            else:
                assert not acknowledged
    leftovers = [p.name for p in (tmp_path / "p").iterdir() if not p.name.endswith(".parquet")]
    assert leftovers == []


def test_one_server_a_publish_directory(tmp_path: Path) -> None:
    flags = ["--allow-publish", "--publish-dir", str(tmp_path / "p")]
    with BowshotServer([], *flags), pytest.raises(StartError, match="in use"):
        BowshotServer([], *flags)


def test_files_are_served_with_ranges(server: BowshotServer, tmp_path: Path) -> None:
    listing = server.get("/v1/datasets/fixed/files").json()["files"]
    raw = (tmp_path / "fixed.parquet").read_bytes()
    assert [(f["rows"], f["bytes"]) for f in listing] == [(1000, len(raw))]
    assert listing[0]["url"] == "/v1/datasets/fixed/files/0.parquet"
    url = server.url + listing[0]["url"]

    whole = requests.get(url, timeout=TIMEOUT)
    assert (whole.status_code, whole.content) == (200, raw)
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["content-type"] == PARQUET
    etag = whole.headers["etag"]
    assert etag.startswith('"')

    def ranged(text: str, **headers: str) -> requests.Response:
        return requests.get(url, headers={"Range": text, **headers}, timeout=TIMEOUT)

    size = len(raw)
    for text, begin, end in [
        ("bytes=0-3", 0, 4),
        ("bytes=10-", 10, size),
        ("bytes=-8", size - 8, size),
        (f"bytes=-{size * 2}", 0, size),
        (f"bytes={size - 1}-{size + 10}", size - 1, size),
    ]:
        part = ranged(text)
        assert (part.status_code, part.content) == (206, raw[begin:end]), text
        assert part.headers["content-range"] == f"bytes {begin}-{end - 1}/{size}"
    for text in ("bytes=5-2", "bytes=a-b", "rows=0-3", "bytes=", "bytes=0-1,4-5"):
        assert ranged(text).content == raw, text
    beyond = ranged(f"bytes={size}-")
    assert (beyond.status_code, beyond.json()["code"]) == (416, "range_not_satisfiable")
    assert beyond.headers["content-range"] == f"bytes */{size}"
    assert ranged("bytes=0-3", **{"If-Range": etag}).status_code == 206
    assert ranged("bytes=0-3", **{"If-Range": '"other"'}).status_code == 200
    assert requests.get(url, headers={"If-None-Match": etag}, timeout=TIMEOUT).status_code == 304
    head = requests.head(url, timeout=TIMEOUT)
    assert (head.headers["content-length"], head.content) == (str(size), b"")
    for missing in ("1.parquet", "0", "00.parquet", "-1.parquet", "x.parquet"):
        path = f"/v1/datasets/fixed/files/{missing}"
        assert server.get(path).problem()["code"] == "unknown_path"


def test_range_readers_read_the_files(server: BowshotServer) -> None:
    put(server, "t", as_stream(TABLE), ARROW_STREAM)
    listing = server.get("/v1/datasets/t/files").json()["files"]
    url = server.url + listing[0]["url"]
    scanned = pl.scan_parquet(url).filter(pl.col("id") > 990).select("id").collect()
    assert scanned["id"].to_list() == list(range(991, 1000))
    assert pq.read_table(io.BytesIO(requests.get(url, timeout=TIMEOUT).content)).num_rows == 1000
    try:
        duckdb.execute("LOAD httpfs")
    except duckdb.Error:
        return  # this build of DuckDB has no HTTP reader
    assert duckdb.execute(f"SELECT count(*) FROM '{url}'").fetchone() == (1000,)
