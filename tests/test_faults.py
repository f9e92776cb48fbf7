"""Kills, failing system calls and a full disk: nothing half is ever taken for a table."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from bowshot_server import BINARY, BowshotServer

sys.path.insert(0, str(Path(__file__).resolve().parent / "stress"))

import kills

KILLS = 10
CALLS_MAX = 6  # how many calls of a kind are broken, one after the other
SECONDS_MAX = 60
ARROW = {"Content-Type": "application/vnd.apache.arrow.stream"}


@pytest.fixture
def source() -> random.Random:
    seed = int(os.environ.get("BOWSHOT_SEED") or random.randrange(2**32))
    print(f"seed {seed}")
    return random.Random(seed)


def test_killed_while_converting(tmp_path: Path, source: random.Random) -> None:
    assert kills.kill_while_converting(tmp_path, KILLS, source) > 0


def test_killed_while_publishing(tmp_path: Path, source: random.Random) -> None:
    assert kills.kill_while_publishing(tmp_path, KILLS, source) > 0


def may_trace() -> bool:
    if not shutil.which("strace"):
        return False
    done = subprocess.run(["strace", "-o", "/dev/null", "true"], check=False, capture_output=True)
    return done.returncode == 0


@pytest.mark.skipif(not may_trace(), reason="strace is missing, or may not trace")
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
def test_conversion_with_failing_calls(tmp_path: Path, call: str, error: str) -> None:
    """The n-th call fails, for every n: success means the new file, failure the old one."""
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("x\n1\n2\n")
    new.write_text("x\n" + "".join(f"{i}\n" for i in range(1000)))
    out = tmp_path / "out.parquet"
    failures = 0
    for number in range(1, CALLS_MAX + 1):
        subprocess.run([BINARY, "convert", "--force", old, out], check=True, capture_output=True)
        inject = f"inject={call}:error={error}:when={number}"
        trace = ["strace", "-f", "-qq", "-o", tmp_path / "log", "-e", f"trace={call}", "-e", inject]
        command = [*trace, BINARY, "convert", "--force", new, out]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
        )
        read = pq.read_table(out, page_checksum_verification=True)["x"].to_pylist()
        if "INJECTED" not in (tmp_path / "log").read_text():
            assert (done.returncode, read) == (0, list(range(1000)))
            break
        assert done.returncode in (0, 1), done.stderr
        # The folder's own fsync comes after the rename: the file is the new one, though it failed.
        assert (
            read == list(range(1000)) if done.returncode == 0 else read in ([1, 2], [*range(1000)])
        )
        assert not list(tmp_path.glob("*.tmp*")), "a part was left behind"
        failures += done.returncode
    assert failures > 0, f"no {call} that failed was noticed"


@pytest.mark.skipif(not may_trace(), reason="strace is missing, or may not trace")
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_publishing_with_failing_calls(tmp_path: Path, call: str, error: str) -> None:
    """The n-th call fails: the answer says so, and a restart finds what was acknowledged."""
    fixed = tmp_path / "fixed.parquet"
    pq.write_table(pa.table({"x": [1]}), fixed)
    arguments = [str(fixed), "--allow-publish", "--publish-dir", str(tmp_path / "published")]
    refused = 0
    for number in (1, 2):
        publisher = kills.Publisher()
        inject = f"inject={call}:error={error}:when={number}"
        trace = ("strace", "-D", "-f", "-qq", "-o", str(tmp_path / "log"), "-e", f"trace={call}")
        with BowshotServer(arguments, under=(*trace, "-e", inject)) as server:
            url = f"{server.url}/v1/datasets/t"
            for publisher.sent in range(1, 4):
                content = kills.as_stream(publisher.sent)
                answer = requests.put(url, data=content, headers=ARROW, timeout=SECONDS_MAX)
                if answer.ok:
                    publisher.acknowledged = publisher.sent
                    continue
                refused += 1
                expected = (507, "out_of_space") if error == "ENOSPC" else (500, "internal")
                assert (answer.status_code, answer.json()["code"]) == expected
            assert server.get("/healthz").status == 200
        assert publisher.acknowledged > 0
        kills.check_published(arguments, publisher)
    assert refused > 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("may not mount a tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_full_disk(small_disk: Path, tmp_path: Path) -> None:
    """507, the old table stands, and the next that fits is taken."""
    fixed = tmp_path / "fixed.parquet"
    pq.write_table(pa.table({"x": [1]}), fixed)

    def body(megabytes: int) -> bytes:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, pa.schema([("x", pa.binary())])) as writer:
            for i in range(megabytes):
                cell = random.Random(i).randbytes(1 << 20)
                writer.write_table(pa.table({"x": pa.array([cell], pa.binary())}))
        return sink.getvalue().to_pybytes()

    flags = ["--allow-publish", "--publish-dir", str(small_disk)]
    with BowshotServer([str(fixed)], *flags) as server:

        def put(content: bytes) -> requests.Response:
            url = f"{server.url}/v1/datasets/t"
            return requests.put(url, data=content, headers=ARROW, timeout=SECONDS_MAX)

        def number() -> int:
            answer = server.get("/v1/datasets/t/rows")
            return kills.number_of(
                pa.ipc.open_stream(answer.body).read_all().replace_schema_metadata()
            )

        used = 0
        assert put(kills.as_stream(1)).status_code == 201
        for round_number in range(3):
            answer = put(body(20))
            assert (answer.status_code, answer.json()["code"]) == (507, "out_of_space")
            assert number() == 1
            free = shutil.disk_usage(small_disk).used
            assert round_number == 0 or free == used, "a part of what failed stays on the disk"
            used = free
        assert put(kills.as_stream(2)).status_code == 200
        assert number() == 2
