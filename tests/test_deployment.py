"""docs/deployment: the systemd unit parses, the nginx configuration carries streams."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from bowshot_server import BINARY, TOP, BowshotServer, wait_until

FOLDER = TOP / "docs" / "deployment"
ANALYZE = shutil.which("systemd-analyze")
NGINX = os.environ.get("BOWSHOT_NGINX") or shutil.which("nginx")
ROWS = 5_000_000


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
def test_the_unit_parses(tmp_path: Path) -> None:
    text = (FOLDER / "bowshot.service").read_text()
    unit = tmp_path / "bowshot.service"
    unit.write_text(text.replace("/usr/bin/bowshot", str(BINARY.resolve())))
    assert ANALYZE
    command = [ANALYZE, "verify", "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_uses_flags_that_exist() -> None:
    done = subprocess.run(
        [str(BINARY), "serve", "--help"], capture_output=True, text=True, timeout=30, check=True
    )
    text = "".join(path.read_text() for path in FOLDER.iterdir())
    flags = set(
        re.findall(r"(?<= )--[a-z-]+", re.sub(r"#.*|podman.*|.*apt.*|.*useradd.*|COPY.*", "", text))
    )
    assert len(flags) >= 3
    assert {flag for flag in flags if flag not in done.stdout} == set()


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[tuple[BowshotServer, str]]:
    if not NGINX:
        pytest.skip("nginx is not installed (BOWSHOT_NGINX names one elsewhere)")
    pq.write_table(pa.table({"x": pa.array(range(ROWS), pa.int64())}), tmp_path / "a.parquet")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=x", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", str(tmp_path / "x.key"), "-out", str(tmp_path / "x.pem")],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with BowshotServer([f"{tmp_path}/a.parquet"]) as server:
        site = (FOLDER / "nginx.conf").read_text()
        for documented, ours in (
            ("127.0.0.1:8765", f"127.0.0.1:{server.port}"),
            ("listen 443", f"listen 127.0.0.1:{port}"),
            ("/etc/ssl/data.example.org.pem", f"{tmp_path}/x.pem"),
            ("/etc/ssl/private/data.example.org.key", f"{tmp_path}/x.key"),
            ("data.example.org", "localhost"),
        ):
            assert documented in site
            site = site.replace(documented, ours)
        temporary = "".join(
            f"{kind}_temp_path {tmp_path}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (tmp_path / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {tmp_path}/pid; error_log stderr;\n"
            f"events {{}}\nhttp {{ access_log off;\n{temporary}{site} }}\n"
        )
        command = [NGINX, "-p", str(tmp_path), "-e", "stderr", "-c", f"{tmp_path}/nginx.conf"]
        with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
            url = f"https://localhost:{port}"

            def answers() -> bool:
                assert process.poll() is None, process.stderr and process.stderr.read()
                with socket.socket() as probe:
                    return probe.connect_ex(("127.0.0.1", port)) == 0

            try:
                wait_until(answers, 20, "nginx listens")
                yield server, url
            finally:
                process.terminate()


def test_nginx_carries_streams_and_departures(
    tmp_path: Path, proxied: tuple[BowshotServer, str]
) -> None:
    server, url = proxied
    with requests.Session() as session:
        session.trust_env = False
        session.verify = f"{tmp_path}/x.pem"
        session.headers["Accept-Encoding"] = "identity"  # more than buffers on the way hold
        body = session.get(f"{url}/v1/datasets/a/rows").content
        assert pa.ipc.open_stream(body).read_all().num_rows == ROWS
        before = server.metric("bowshot_http_sent_bytes_total")
        with session.get(f"{url}/v1/datasets/a/rows?format=csv", stream=True) as answer:
            assert answer.headers["transfer-encoding"] == "chunked"
            pieces = answer.iter_content(1000)  # kept: without it the connection closes
            assert next(pieces).startswith(b"x\r\n0\r\n")
            # Nothing on the way holds the answer whole.
            assert server.metric("bowshot_http_sent_bytes_total") - before < ROWS * 7
            path = f"/v1/requests/{answer.headers['bowshot-request']}"
            assert server.get(path).json()["state"] == "running"
        wait_until(lambda: server.get(path).json()["state"] == "failed", 10, "the query's end")
        assert server.get(path).json()["problem"]["code"] == "cancelled"
        own = {"Origin": url.rsplit(":", 1)[0], "Sec-Fetch-Site": "same-origin"}
        assert session.get(f"{url}/v1/datasets", headers=own).status_code == 200
