"""What the server is started with: names, paths, flags, and files that are broken."""

from __future__ import annotations

import subprocess
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bowshot_server import BINARY, BowshotServer, StartError


def refuse(*arguments: str) -> str:
    """The server must not start: a clear error, an exit code that is not 0."""
    with pytest.raises(StartError) as caught:
        BowshotServer(list(arguments)).kill()
    assert caught.value.code not in (0, None), caught.value.log
    assert caught.value.code > 0, "ended by a signal"
    assert "terminate called" not in caught.value.log
    return caught.value.log


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.parquet"
    pq.write_table(pa.table({"x": list(range(1_000))}), path)
    return path


def test_missing_file(tmp_path: Path) -> None:
    assert "gone" in refuse(f"a={tmp_path}/gone.parquet")


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.parquet").touch()
    assert "empty" in refuse(f"a={tmp_path}/empty.parquet")


def test_not_parquet(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("PAR1 but not really PAR1")
    assert "text" in refuse(f"a={tmp_path}/text.parquet")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_cut_file(good: Path, share: float) -> None:
    raw = good.read_bytes()
    good.write_bytes(raw[: int(len(raw) * share)])
    assert "good" in refuse(f"a={good}")


def test_footer_of_noise(good: Path) -> None:
    raw = bytearray(good.read_bytes())
    size = int.from_bytes(raw[-8:-4], "little")
    raw[-8 - size : -8] = bytes((i * 37 + 11) % 256 for i in range(size))
    good.write_bytes(raw)
    refuse(f"a={good}")


def test_pages_of_noise_are_an_error_when_read(good: Path) -> None:
    raw = bytearray(good.read_bytes())
    raw[4:200] = bytes((i * 37 + 11) % 256 for i in range(196))
    good.write_bytes(raw)
    with BowshotServer([f"a={good}"]) as server:
        for parameters in ({"limit": 5}, {"filter": "x > 3", "limit": 5}):
            answer = server.get("/v1/datasets/a/rows", parameters)
            assert answer.status in (400, 500)
            assert answer.code() in ("bad_data", "internal")
        assert server.get("/healthz").status == 200


@pytest.mark.parametrize("more", [{}, {"order": "-t"}, {"filter": "id > 0"}])
def test_text_that_is_not_utf_8(tmp_path: Path, more: dict[str, str]) -> None:
    """Parquet does not check it; the other columns are served, and no log quotes it."""
    wrong = pa.array([b"fine", b"caf\xe9"])
    text = pa.Array.from_buffers(pa.string(), 2, wrong.buffers())
    pq.write_table(pa.table({"id": [1, 2], "t": text}), tmp_path / "a.parquet")
    with BowshotServer([f"{tmp_path}/a.parquet"]) as server:
        answer = server.get("/v1/datasets/a/rows", {"select": "id,t", "format": "json", **more})
        assert (answer.status, answer.code()) == (400, "bad_data")
        assert "UTF-8" in answer.problem()["detail"]
        rows = server.get("/v1/datasets/a/rows", {"select": "id", "format": "json"}).json()["rows"]
        assert rows == [[1], [2]]
        assert "caf" not in server.log()


def test_a_directory_without_parquet(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    assert "none" in refuse(f"a={tmp_path}/none")


def test_a_glob_of_nothing(tmp_path: Path) -> None:
    assert f"{tmp_path}/*.parquet" in refuse(f"a={tmp_path}/*.parquet"), "the path as it was given"


def test_files_of_different_schemas(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), tmp_path / "first.parquet")
    pq.write_table(pa.table({"x": ["a"]}), tmp_path / "second.parquet")
    assert "second" in refuse(f"a={tmp_path}")


def problem_of(server: BowshotServer, name: str) -> dict[str, object]:
    listed = {d["name"]: d for d in server.get("/v1/datasets").json()["datasets"]}
    unopened = listed[name]
    assert (unopened["version"], unopened["rows"], unopened["columns"]) == ("", 0, 0)
    return unopened["problem"]


def test_a_dataset_that_cannot_be_opened_hides_no_other(good: Path, tmp_path: Path) -> None:
    """Listed with why, and the server is not ready until it has been open."""
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(good.read_bytes()[:1_000])
    with BowshotServer([f"good={good}", f"broken={broken}"]) as server:
        problem = problem_of(server, "broken")
        assert problem["code"] == "bad_data"
        assert "broken.parquet" in str(problem["detail"])
        assert str(tmp_path) not in str(problem["detail"])
        assert "dataset=broken" in server.log()
        answer = server.get("/v1/datasets/broken/rows")
        assert (answer.status, answer.problem()) == (400, problem)
        assert server.get("/v1/datasets/good/count", {"format": "json"}).json()["rows"] == [[1_000]]

        unready = server.get("/readyz")
        assert (unready.status, unready.code()) == (503, "not_ready")
        assert "broken" in unready.problem()["detail"]
        assert "retry-after" in unready.headers
        assert server.get("/healthz").status == 200

        pq.write_table(pa.table({"y": [1, 2]}), tmp_path / "fresh")
        (tmp_path / "fresh").rename(broken)
        assert server.get("/readyz").status == 200
        assert server.get("/v1/datasets/broken/count", {"format": "json"}).json()["rows"] == [[2]]
        broken.unlink()
        assert problem_of(server, "broken")["code"] == "bad_data"
        assert server.get("/readyz").status == 200, "it has been open: the others are still served"


def test_types_without_a_counterpart_name_their_column(good: Path, tmp_path: Path) -> None:
    """An interval's twelve bytes and decimals of more than 38 digits mean nothing to a client."""
    duckdb.sql(f"COPY (SELECT 1 AS a, INTERVAL 1 DAY AS i) TO '{tmp_path}/spans.parquet'")
    wide = pa.array([Decimal(10) ** 45], pa.decimal256(60, 2))
    pq.write_table(pa.table({"w": wide}), tmp_path / "wide.parquet")
    paths = [f"{tmp_path}/spans.parquet", f"{tmp_path}/wide.parquet"]
    with BowshotServer([f"good={good}", *paths]) as server:
        for name, column in (("spans", '"i"'), ("wide", '"w"')):
            assert column in str(problem_of(server, name)["detail"])
        assert server.get("/v1/datasets/good").status == 200
    assert '"i"' in refuse(paths[0]), "with nothing else to serve it is an error"


def test_two_datasets_of_one_name(good: Path) -> None:
    assert "a" in refuse(f"a={good}", f"a={good}")


def test_names_that_clash_after_cleaning(tmp_path: Path) -> None:
    for name in ("x y.parquet", "x+y.parquet"):
        pq.write_table(pa.table({"x": [1]}), tmp_path / name)
    assert "x_y" in refuse(f"{tmp_path}/x y.parquet", f"{tmp_path}/x+y.parquet")


@pytest.mark.parametrize("name", ["a b", "-a", ".a", "a" * 129, "ä"])
def test_bad_names(good: Path, name: str) -> None:
    refuse(f"{name}={good}")


def test_no_dataset() -> None:
    refuse()


def test_unknown_flag(good: Path) -> None:
    with pytest.raises(StartError) as caught:
        BowshotServer([f"a={good}"], "--nonsense")
    assert caught.value.code != 0
    assert "nonsense" in caught.value.log


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--allow-origin", "app.example.org"),
        ("--allow-origin", "https://app.example.org/"),
        ("--allow-origin", "https://*.example.org"),
        ("--allow-origin", "https://app.example.org:443"),
        ("--allow-origin", "http://me@app.example.org"),
        ("--allow-origin", "://app.example.org"),
        ("--allow-host", "*"),
        ("--allow-host", "*.example.org"),
        ("--allow-host", "http://app.example.org"),
        ("--allow-host", "app.example.org:80"),
    ],
)
def test_names_that_no_browser_sends(good: Path, flag: str, value: str) -> None:
    """They would allow nobody, and nobody would be told."""
    with pytest.raises(StartError) as caught:
        BowshotServer([f"a={good}"], flag, value)
    assert flag in caught.value.log
    assert value in caught.value.log


@pytest.mark.parametrize("value", ["-1", "many", "1.5", ""])
def test_bad_limit(good: Path, value: str) -> None:
    with pytest.raises(StartError):
        BowshotServer([f"a={good}"], "--waiting", value)


def test_port_that_is_taken(good: Path) -> None:
    with BowshotServer([f"a={good}"]) as server:
        command = [str(BINARY), "serve", f"a={good}", "--port", str(server.port)]
        second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert second.returncode not in (0, -6, -11)
        assert str(server.port) in second.stderr


def test_names_come_from_paths(tmp_path: Path) -> None:
    (tmp_path / "daily figures").mkdir()
    for path in ("one.parquet", "two+three.parquet", "daily figures/b.parquet"):
        pq.write_table(pa.table({"x": [1]}), tmp_path / path)
    paths = ["one.parquet", "two+three.parquet", "daily figures"]
    with BowshotServer([str(tmp_path / p) for p in paths]) as server:
        names = [d["name"] for d in server.get("/v1/datasets").json()["datasets"]]
        assert names == ["daily_figures", "one", "two_three"]


def test_files_of_a_dataset_in_bytewise_order(tmp_path: Path) -> None:
    for number, name in enumerate(("B", "a", "a-b", "a/c", "ä")):
        path = tmp_path / f"{name}.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(pa.table({"x": [number]}), path)
    with BowshotServer([f"all={tmp_path}"]) as server:
        rows = server.get("/v1/datasets/all/rows", {"format": "json"}).json()["rows"]
        names = ["B.parquet", "a-b.parquet", "a.parquet", "a/c.parquet", "ä.parquet"]
        order = ["B", "a", "a-b", "a/c", "ä"]
        assert rows == [[order.index(n.removesuffix(".parquet"))] for n in sorted(names)]


def test_flags_before_the_datasets(good: Path) -> None:
    command = [
        str(BINARY),
        "serve",
        "--allow-origin",
        "http://x.example",
        "--port",
        "0",
        f"a={good}",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = process.stdout.readline()
        process.terminate()
        process.wait(20)
    assert line.startswith("bowshot: listening on http://127.0.0.1:")


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["--version"]])
def test_help(arguments: list[str]) -> None:
    done = subprocess.run(
        [str(BINARY), *arguments], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0
    assert "bowshot" in done.stdout.lower()


def test_listens_on_loopback_only_unless_told(good: Path) -> None:
    """Any other address needs a token; see test_tokens.py."""
    command = [str(BINARY), "serve", f"a={good}", "--port", "0", "--host", "0.0.0.0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode not in (0, -6, -11)
    assert "token" in done.stderr
