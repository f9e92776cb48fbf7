"""bowshot.toml: what it sets, what is wrong with it, and SIGHUP."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bowshot_server import BowshotServer, StartError, wait_until
from slow_reader import SlowReader


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    for name, rows in (("one", 1), ("two", 2), ("three", 3)):
        pq.write_table(pa.table({"x": list(range(rows))}), tmp_path / "data" / f"{name}.parquet")
    return tmp_path


def write(folder: Path, text: str) -> str:
    (folder / "bowshot.toml").write_text(text)
    return str(folder / "bowshot.toml")


def names(server: BowshotServer) -> list[str]:
    return [d["name"] for d in server.get("/v1/datasets").json()["datasets"]]


def limits(server: BowshotServer) -> dict[str, object]:
    return server.get("/version").json()["limits"]


def reload(server: BowshotServer, expect: str = "configuration reloaded") -> None:
    before = server.log().count(expect)
    server.reload()
    wait_until(lambda: server.log().count(expect) > before, 20, expect)


ONE = '[datasets.one]\npath = "data/one.parquet"\n'
TWO = '[datasets.two]\npath = "data/two.parquet"\n'


def test_a_whole_file(folder: Path) -> None:
    config = write(
        folder,
        f"""
        [server]
        host = "127.0.0.1"
        port = 1
        allow_host = "data.example.org"
        allow_origin = ["https://app.example.org"]
        log_level = "debug"
        cache_directory = "cache"
        [limits]
        filter_depth = 7
        interactive_running = 3
        {ONE}{TWO}
        delimiter = ";"
        quote = ""
        null = ["", "NA"]
        types = {{ x = "int64" }}
        """,
    )
    with BowshotServer([], "--config", config) as server:  # the port is the flag's
        assert names(server) == ["one", "two"]
        assert limits(server)["filter_depth"] == 7
        assert limits(server)["interactive_running"] == 3
        assert limits(server)["cache_directory"] == str(folder / "cache")
        assert server.get("/version", headers={"Host": "data.example.org"}).status == 200
        assert server.get("/version", headers={"Host": "other.example.org"}).status == 403
        allowed = server.get("/version", headers={"Origin": "https://app.example.org"})
        assert allowed.headers["access-control-allow-origin"] == "https://app.example.org"
        assert " debug request " in server.log()


def test_flags_win(folder: Path) -> None:
    config = write(folder, f"[limits]\nfilter_depth = 7\nwaiting = 5\n{ONE}")
    with BowshotServer(
        [f"more={folder}/data/three.parquet"], "--config", config, "--waiting", "6"
    ) as server:
        assert (limits(server)["filter_depth"], limits(server)["waiting"]) == (7, 6)
        assert names(server) == ["more", "one"]


def test_the_file_is_never_found_by_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "[server]\nnonsense = 1\n")
    monkeypatch.chdir(folder)
    with BowshotServer([f"{folder}/data/one.parquet"]) as server:
        assert names(server) == ["one"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[server]\nprot = 1\n", 2, ['"prot"', '"port"']),
        ("[sever]\n", 1, ['"sever"', '"server"']),
        ("x = 1\n", 1, ['"x"']),
        ("server = 1\n", 1, ["table"]),
        ("[limits]\n\nfilter_dept = 1\n", 3, ['"filter_depth"']),
        ("[limits]\nfilter_depth = 0\n", 2, ["filter_depth", "0", "1"]),
        ("[limits]\nfilter_depth = 1.5\n", 2, ["integer", "decimal"]),
        ('[limits]\nwaiting = "5"\n', 2, ["waiting", "integer", "text"]),
        ("[server]\nport = 65536\n", 2, ["port", "65535"]),
        ("[server]\nport = -1\n", 2, ["port", "-1"]),
        ("[server]\nhost = 1\n", 2, ["host", "text"]),
        ('[server]\nhost = "example.org"\n', 2, ["host", "example.org"]),
        ('[server]\nallow_origin = ["a.b"]\n', 2, ["allow_origin", "a.b"]),
        ('[server]\nallow_host = ["a", 1]\n', 2, ["allow_host", "integer"]),
        ('[server]\nlisten = ["/run/x"]\n', 2, ["listen", "unix:"]),
        ('[server]\nlog_level = "loud"\n', 2, ["log_level", "debug"]),
        ('[server]\nlog_format = "xml"\n', 2, ["log_format", "json"]),
        ('[server]\nno_tcp = "yes"\n', 2, ["no_tcp", "true"]),
        ("[server\n", 1, []),
        ("[server]\nport = 1\nport = 2\n", 3, ["port"]),
        ('[server]\ncache_directory="a"\n[limits]\ncache_directory="b"\n', 4, ["cache_directory"]),
        ("[datasets.a]\n", 1, ["datasets.a", "path"]),
        ("[datasets]\na = 1\n", 2, ["[datasets.a]"]),
        ('[datasets."a b"]\npath = "x"\n', 1, ["a b"]),
        ('[datasets.a]\npath = "x"\ndelimeter = ","\n', 3, ['"delimiter"']),
        ('[datasets.a]\npath = "x"\ndelimiter = "ab"\n', 3, ["delimiter", "one character"]),
        ('[datasets.a]\npath = "x"\ntypes = { x = "int63" }\n', 3, ["types", "int63"]),
        ('[datasets.a]\npath = "x"\ntypes = { x = 1 }\n', 3, ["types.x", "text"]),
        ('[datasets.a]\npath = "x"\nskip_bad_rows = 1\n', 3, ["skip_bad_rows", "true"]),
    ],
)
def test_mistakes_name_file_line_and_key(
    folder: Path, text: str, line: int, words: list[str]
) -> None:
    config = write(folder, text)
    with pytest.raises(StartError) as caught:
        BowshotServer([f"{folder}/data/one.parquet"], "--config", config).kill()
    assert caught.value.code == 2, caught.value.log
    assert f"bowshot: {config}:{line}: " in caught.value.log
    for word in words:
        assert word in caught.value.log


def test_a_file_that_is_not_there(folder: Path) -> None:
    with pytest.raises(StartError) as caught:
        BowshotServer([], "--config", f"{folder}/none.toml").kill()
    assert caught.value.code == 2
    assert "none.toml" in caught.value.log
    assert "No such file" in caught.value.log


def test_nothing_to_serve(folder: Path) -> None:
    with pytest.raises(StartError) as caught:
        BowshotServer([], "--config", write(folder, "")).kill()
    assert caught.value.code == 2
    assert "dataset" in caught.value.log


def test_sighup_changes_datasets_and_limits(folder: Path) -> None:
    config = write(folder, f"[limits]\nfilter_depth = 7\n{ONE}{TWO}")
    with BowshotServer([], "--config", config) as server:
        version = server.get("/v1/datasets/one").json()["version"]
        write(
            folder,
            f'[limits]\nfilter_depth = 8\n[server]\nallow_host = "new.example.org"\n{ONE}'
            '[datasets.three]\npath = "data/three.parquet"\n',
        )
        reload(server)
        assert names(server) == ["one", "three"]
        assert server.get("/v1/datasets/one").json()["version"] == version
        assert server.get("/v1/datasets/two/count").code() == "unknown_dataset"
        assert limits(server)["filter_depth"] == 8
        assert server.get("/version", headers={"Host": "new.example.org"}).status == 200
        write(folder, '[datasets.one]\npath = "data/two.parquet"\n')
        reload(server)
        assert names(server) == ["one"]
        assert server.get("/v1/datasets/one").json()["rows"] == 2
        assert server.get("/readyz").status == 200


@pytest.mark.parametrize(
    "text",
    [
        "[server]\nnonsense = 1\n",
        "not toml at all",
        "",
        f'{ONE}[datasets.gone]\npath = "data/gone.parquet"\n',
        f'[server]\ntoken_file = "none"\n{ONE}',
        f'[server]\ntls_cert = "none"\ntls_key = "none"\n{TWO}[limits]\nfilter_depth = 0\n',
    ],
)
def test_a_bad_file_leaves_all_as_it_was(folder: Path, text: str) -> None:
    config = write(folder, f"[limits]\nfilter_depth = 7\n{ONE}{TWO}")
    with BowshotServer([], "--config", config) as server:
        write(folder, text)
        reload(server, "configuration not reloaded")
        assert names(server) == ["one", "two"]
        assert limits(server)["filter_depth"] == 7
        (folder / "bowshot.toml").unlink()
        reload(server, "configuration not reloaded")
        assert names(server) == ["one", "two"]


def test_answers_under_way_keep_what_they_began_with(folder: Path) -> None:
    rows = 2_000_000
    pq.write_table(pa.table({"x": pa.array(range(rows), pa.int64())}), folder / "large.parquet")
    config = write(folder, f'{ONE}[datasets.large]\npath = "large.parquet"\n')
    with (
        BowshotServer([], "--config", config) as server,
        SlowReader(server, "/v1/datasets/large/rows") as reader,
    ):
        reader.read_some(100_000)
        write(folder, ONE)
        reload(server)
        assert server.get("/v1/datasets/large/count").status == 404
        body = reader.read_rest()
        assert reader.is_complete
        with pa.ipc.open_stream(pa.BufferReader(body)) as stream:
            assert stream.read_all()["x"].to_pylist()[-1] == rows - 1


def test_what_needs_a_restart_is_told(folder: Path) -> None:
    config = write(folder, f"[limits]\nengine_memory_bytes = 1000000000\n{ONE}")
    with BowshotServer([], "--config", config) as server:
        write(folder, f"[limits]\nengine_memory_bytes = 2000000000\nidle_seconds = 9\n{ONE}")
        reload(server)
        wait_until(lambda: "engine_memory_bytes" in server.log(), 5, "the key in the log")
        assert limits(server)["engine_memory_bytes"] == 1_000_000_000
        assert limits(server)["idle_seconds"] == 9


def test_reloads_under_load(folder: Path) -> None:
    config = write(folder, ONE)
    with BowshotServer([], "--config", config) as server:
        statuses: set[int] = set()
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                statuses.add(server.get("/v1/datasets/one/count", {"format": "json"}).status)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for turn in range(20):
            write(folder, ONE + (TWO if turn % 2 else ""))
            reload(server)
        done.set()
        for thread in threads:
            thread.join()
        assert statuses == {200}


def test_how_a_text_file_is_read(folder: Path) -> None:
    (folder / "sales.csv").write_text("'a;1';2,5;NA\n'b';3;x\n")
    config = write(
        folder,
        """
        [limits]
        cache_directory = "cache"
        [datasets.sales]
        path = "sales.csv"
        delimiter = ";"
        quote = "'"
        header = false
        decimal = ","
        null = "NA"
        """,
    )

    def rows(server: BowshotServer) -> list[list[object]]:
        answer = server.get("/v1/datasets/sales/rows", {"format": "json"})
        return answer.json()["rows"] if answer.status == 200 else []

    with BowshotServer([], "--config", config) as server:
        wait_until(lambda: rows(server) == [["a;1", 2.5, None], ["b", 3.0, "x"]], 20, "the rows")
        write(folder, Path(config).read_text().replace('"NA"', '"x"'))
        reload(server)
        wait_until(lambda: rows(server) == [["a;1", 2.5, "NA"], ["b", 3.0, None]], 20, "others")


def test_json_log_lines(folder: Path) -> None:
    with BowshotServer(
        [f"one={folder}/data/one.parquet", f"gone={folder}/none.parquet"],
        "--log-format",
        "json",
        "--log-level",
        "debug",
    ) as server:
        answer = server.get("/v1/datasets/one/rows", {"filter": "nope = 'a b\"c'"})
        assert answer.status == 400
        identity = answer.headers["bowshot-request"]
        wait_until(lambda: f'"{identity}","method"' in server.log(), 5, "the access line")
        events = [json.loads(line) for line in server.log().splitlines()]
        assert all({"time", "level", "event"} <= event.keys() for event in events)
        assert any(e["event"] == "dataset cannot be opened" for e in events)
        access = next(e for e in events if e["event"] == "request" and e["status"] == "400")
        assert access["request_id"] == identity
        assert access["code"] == "unknown_column"
        assert float(access["ms"]) >= 0


def test_every_api_answer_has_an_id(folder: Path) -> None:
    with BowshotServer([f"one={folder}/data/one.parquet"]) as server:
        seen = set()
        for path, status in (
            ("/v1/datasets", 200),
            ("/v1/datasets/one", 200),
            ("/v1/datasets/one/count", 200),
            ("/v1/datasets/one/count?nope=1", 400),
            ("/v1/datasets/none/count", 404),
            ("/v1/nope", 404),
            ("/version", 200),
            ("/metrics", 200),
        ):
            answer = server.get(path)
            assert answer.status == status, path
            identity = answer.headers["bowshot-request"]
            state = server.get(f"/v1/requests/{identity}").json()
            assert state["state"] == ("done" if status == 200 else "failed"), path
            if status != 200:
                assert state["problem"]["code"] == answer.code()
            seen.add(identity)
        assert len(seen) == 8
        assert "bowshot-request" not in server.get("/healthz").headers
