"""python -m bowshot, as a shell runs it."""

from __future__ import annotations

import io
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import bowshot
from bowshot import Server

PACKAGE = str(Path(bowshot.__file__).parents[1])
SECONDS_MAX = 60


def run(*words: object) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": PACKAGE}
    return subprocess.run(
        [sys.executable, "-m", "bowshot", *map(str, words)],
        capture_output=True,
        timeout=SECONDS_MAX,
        env=environment,
        check=False,
    )


def on_terminal(*words: object) -> str:
    """What a person sees."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": PACKAGE}
    command = [sys.executable, "-m", "bowshot", *map(str, words)]
    with subprocess.Popen(command, stdout=follower, stderr=follower, env=environment) as process:
        os.close(follower)
        seen = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:  # nobody writes any more
                break
            seen += piece
        assert process.wait(SECONDS_MAX) == 0, seen
    os.close(leader)
    return seen.decode().replace("\r\n", "\n")


def test_query_of_a_server_and_of_files(
    server: Server, sources: dict[str, str], flights: pl.DataFrame
) -> None:
    flags = ["--filter", "delay > 600", "--order", "-delay", "--select", "delay,origin"]
    expected = (
        flights.filter(pl.col("delay") > 600)
        .sort("delay", descending=True, maintain_order=True)
        .select("delay", "origin")
    )
    for source in ([server.url, "flights"], [sources["flights"]]):
        done = run("query", *source, *flags, "--limit", 7)
        assert done.returncode == 0, done.stderr
        assert_frame_equal(pl.read_csv(done.stdout), expected.head(7))
        done = run("query", *source, *flags, "--format", "arrow")
        assert_frame_equal(pl.read_ipc_stream(io.BytesIO(done.stdout)), expected)


def test_groups_counts_samples(server: Server, flights: pl.DataFrame) -> None:
    done = run("query", server.url, "flights", "--count", "--filter", "delay > 60")
    assert done.stdout.split() == [b"count", str((flights["delay"] > 60).sum()).encode()]
    done = run("query", server.url, "flights", "--by", "origin", "--measure", "n:count()",
               "--order", "-n", "--limit", 1)  # fmt: skip
    top = flights["origin"].value_counts(sort=True).row(0)
    assert done.stdout.decode().split() == ["origin,n", f"{top[0]},{top[1]}"]
    done = run("query", server.url, "flights", "--sample", 9)
    assert len(done.stdout.splitlines()) == 10


def test_files(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    assert run("query", server.url, "people", "-o", path).returncode == 0
    assert pl.read_parquet(path).height == 18
    done = run("query", server.url, "people", "-o", tmp_path / "x.unknown")
    assert done.returncode == 1
    assert b"--format" in done.stderr


def test_a_table_on_a_terminal(server: Server) -> None:
    seen = on_terminal("query", server.url, "people", "--select", "id,age", "--limit", 3)
    assert seen.splitlines()[:4] == ["id  age", "1   31 ", "2   25 ", "3      "]
    assert "3 of 18 rows" in seen
    assert "20 of 3,000,000 rows" in on_terminal("query", server.url, "flights")


def test_info(server: Server, sources: dict[str, str]) -> None:
    listed = run("info", server.url).stdout.decode()
    assert "people  18 rows  9 columns\n" in listed
    told = run("info", server.url, "people").stdout.decode()
    assert told.startswith("18 rows")
    assert "joined  date32\n" in told
    assert run("info", sources["people"]).stdout.decode() == told


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["query", "URL", "people", "--filter", "nmae = 'x'"], 1, "did you mean: name"),
        (["query", "URL", "peopel"], 1, "unknown_dataset"),
        (["query", "URL"], 1, "which dataset?"),
        (["info", "unix:/nowhere"], 1, "connection_failed"),
        (["info", "/nowhere/x.parquet"], 1, "x.parquet"),
        (["info", "ftp://x"], 1, "http://, https:// or unix:PATH, not 'ftp://x'"),
        (["info", "URL", "--token-file", "/nowhere/t"], 1, "/nowhere/t: No such file"),
        (["info", "URL", "--token-file", "/"], 1, "/: Is a directory"),
        (["query", "URL", "people", "-o", "/nowhere/x.csv"], 1, "no such directory"),
        (["query", "URL", "people", "-o", "/", "--format", "csv"], 1, "'/' is a directory"),
        (["query", "URL", "people", "--count", "--by", "team"], 1, "--count and --by"),
        (["query", "URL", "people", "--count", "--sample", "3"], 1, "--count and --sample"),
        (["query", "URL", "people", "--sample", "3", "--measure", "count()"], 1, "together"),
        (["query", "URL", "people", "--count", "--limit", "0"], 1, "--limit cannot be asked with"),
        (["query", "URL", "people", "--sample", "3", "--order", "id"], 1, "--order cannot"),
        (["query", "URL", "people", "--by", "team", "--select", "id"], 1, "--select cannot"),
        (["query", "URL", "people", "--seed", "3"], 1, "--seed cannot be asked with rows"),
        (["query"], 2, "usage"),
        (["frobnicate"], 2, "invalid choice"),
        ([], 2, "usage"),
    ],
)
def test_mistakes(server: Server, words: list[str], code: int, said: str) -> None:
    done = run(*(server.url if word == "URL" else word for word in words))
    assert (done.returncode, said in done.stderr.decode()) == (code, True), done.stderr
    assert b"Traceback" not in done.stderr
    assert done.stdout == b""


def test_serve_is_the_server(sources: dict[str, str]) -> None:
    environment = {**os.environ, "PYTHONPATH": PACKAGE}
    command = [sys.executable, "-m", "bowshot", "serve", f"p={sources['people']}", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        assert process.stdout
        address = process.stdout.readline().decode().split()[-1]
        with bowshot.connect(address) as client:
            assert client["p"].count().item() == 18
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS_MAX) == 0
