"""Unix sockets: beside TCP or alone, with curl and httpx."""

from __future__ import annotations

import socket
import stat
import subprocess
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bowshot_server import BowshotServer, StartError, wait_until


@pytest.fixture
def data(tmp_path: Path) -> str:
    pq.write_table(pa.table({"x": list(range(100_000))}), tmp_path / "a.parquet")
    return f"a={tmp_path}/a.parquet"


def curl(path: Path, url: str, *flags: str) -> subprocess.CompletedProcess[bytes]:
    command = ["curl", "-sS", "--unix-socket", str(path), *flags, url]
    return subprocess.run(command, capture_output=True, timeout=60, check=False)


def test_beside_tcp(tmp_path: Path, data: str) -> None:
    paths = [tmp_path / "one.sock", tmp_path / "two.sock"]
    flags = [word for path in paths for word in ("--listen", f"unix:{path}")]
    with BowshotServer([data], *flags) as server:
        assert server.addresses == [server.url, *(f"unix:{path}" for path in paths)]
        assert server.get("/healthz").status == 200
        for path in paths:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert curl(path, "http://any.name.at.all/healthz").stdout == b"ok\n"
    assert not any(path.exists() for path in paths)


def test_alone(tmp_path: Path, data: str) -> None:
    path = tmp_path / "bowshot.sock"
    with BowshotServer([data], "--no-tcp", "--listen", f"unix:{path}") as server:
        assert server.addresses == [f"unix:{path}"]
        sockets = Path(f"/proc/{server.pid}/net/tcp").read_text()
        inodes = {
            link.readlink().name for link in Path(f"/proc/{server.pid}/fd").iterdir()
            if link.is_symlink()
        }  # fmt: skip
        listening = [li.split()[9] for li in sockets.splitlines()[1:] if li.split()[3] == "0A"]
        assert not any(f"socket:[{inode}]" in inodes for inode in listening)
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
            answer = client.get("http://bowshot/v1/datasets/a/rows", params={"format": "arrow"})
            assert answer.status_code == 200
            assert pa.ipc.open_stream(answer.content).read_all().num_rows == 100_000
            # As on the same machine: bodies of Arrow are not compressed for it.
            assert "content-encoding" not in answer.headers
            assert client.get("http://x/", headers={"Origin": "http://evil"}).status_code == 403


def test_a_client_that_leaves_stops_its_query(tmp_path: Path, data: str) -> None:
    path = tmp_path / "bowshot.sock"
    with BowshotServer([data], "--listen", f"unix:{path}") as server:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"GET /v1/datasets/a/rows?format=csv HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(100)
        wait_until(lambda: server.metric("bowshot_queries_running") == 0, 5, "the query's end")


def test_a_leftover_is_replaced_a_live_one_is_not(tmp_path: Path, data: str) -> None:
    path = tmp_path / "bowshot.sock"
    flags = ["--listen", f"unix:{path}"]
    killed = BowshotServer([data], *flags)
    with pytest.raises(StartError) as caught:
        BowshotServer([data], *flags).kill()
    assert "another server" in caught.value.log
    assert curl(path, "http://x/healthz").stdout == b"ok\n"
    killed.kill()
    assert path.exists()
    with BowshotServer([data], *flags):
        assert curl(path, "http://x/healthz").stdout == b"ok\n"
    assert not path.exists()


def test_a_file_is_never_removed(tmp_path: Path, data: str) -> None:
    path = tmp_path / "precious"
    path.write_text("data")
    with pytest.raises(StartError) as caught:
        BowshotServer([data], "--listen", f"unix:{path}").kill()
    assert "no socket" in caught.value.log
    assert path.read_text() == "data"


def test_with_a_token(tmp_path: Path, data: str) -> None:
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123")
    token.chmod(0o600)
    path = tmp_path / "bowshot.sock"
    flags = ["--no-tcp", "--listen", f"unix:{path}", "--token-file", str(token)]
    with BowshotServer([data], *flags):
        assert b'"unauthorized"' in curl(path, "http://x/v1/datasets").stdout
        bearer = "Authorization: Bearer 0123456789abcdef0123"
        assert b'"datasets"' in curl(path, "http://x/v1/datasets", "-H", bearer).stdout


def test_relative_to_the_configuration(tmp_path: Path, data: str) -> None:
    (tmp_path / "c.toml").write_text('[server]\nno_tcp = true\nlisten = "unix:run.sock"\n')
    with BowshotServer([data], "--config", str(tmp_path / "c.toml"), port=None) as server:
        assert server.addresses == [f"unix:{tmp_path}/run.sock"]
