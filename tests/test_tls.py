"""TLS: requests, httpx, curl and Go; long, cut and slow answers; new certificates."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from bowshot_server import BowshotServer, StartError, wait_until

ROWS = 3_000_000
GO = shutil.which("go")


def make_certificate(folder: Path, name: str = "tls", kind: str = "ec") -> tuple[str, str]:
    """A certificate for 127.0.0.1 and localhost, signed by itself."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    algorithm = {"ec": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["rsa:2048"]}[kind]
    command = ["openssl", "req", "-x509", "-newkey", *algorithm, "-nodes", "-days", "2"]
    command += ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return str(certificate), str(key)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tls")
    numbers = pa.array(range(ROWS), pa.int64())
    pq.write_table(pa.table({"x": numbers}), made / "a.parquet")
    make_certificate(made)
    return made


def flags_of(folder: Path) -> list[str]:
    return ["--tls-cert", f"{folder}/tls.pem", "--tls-key", f"{folder}/tls.key"]


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[BowshotServer]:
    with BowshotServer([f"{folder}/a.parquet"], *flags_of(folder)) as started:
        yield started


@pytest.fixture(scope="module")
def session(folder: Path) -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.trust_env = False  # nor a bundle of the environment's
        made.verify = f"{folder}/tls.pem"
        yield made


def connect(server: BowshotServer, folder: Path, **options: object) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=f"{folder}/tls.pem")
    for name, value in options.items():
        setattr(context, name, value)
    raw = socket.create_connection(("127.0.0.1", server.port), 60)
    return context.wrap_socket(raw, server_hostname="127.0.0.1", suppress_ragged_eofs=False)


def read_to_end(client: ssl.SSLSocket) -> bytes:
    """Raises when the end comes without TLS's word for it."""
    text = b""
    while chunk := client.recv(1 << 16):
        text += chunk
    return text


def running(session: requests.Session, server: BowshotServer) -> float:
    text = session.get(f"{server.url}/metrics").text
    return next(
        float(li.split()[1]) for li in text.splitlines() if li.startswith("bowshot_queries_running")
    )


def test_says_https(server: BowshotServer) -> None:
    assert server.addresses == [f"https://127.0.0.1:{server.port}"]


def test_requests_and_httpx_read_long_answers(
    server: BowshotServer, folder: Path, session: requests.Session
) -> None:
    url = f"{server.url}/v1/datasets/a/rows"
    body = session.get(url).content
    assert pa.ipc.open_stream(body).read_all()["x"].to_pylist() == list(range(ROWS))
    context = ssl.create_default_context(cafile=f"{folder}/tls.pem")
    with httpx.Client(verify=context) as client:
        assert client.get(url).content == body
        for _ in range(50):  # on one connection
            answer = client.get(f"{server.url}/v1/datasets/a/count", params={"format": "csv"})
            assert answer.text == f"count\r\n{ROWS}\r\n"
    origin = {"Origin": server.url}
    assert session.get(f"{server.url}/version", headers=origin).status_code == 200
    origin = {"Origin": server.url.replace("https", "http")}
    assert session.get(f"{server.url}/version", headers=origin).status_code == 403


@pytest.mark.parametrize("version", ["--tlsv1.2", "--tlsv1.3"])
def test_curl(server: BowshotServer, folder: Path, version: str) -> None:
    command = [
        "curl",
        "-sS",
        "--cacert",
        f"{folder}/tls.pem",
        version,
        "--http2",
        "-w",
        "%{http_version}",
    ]
    command += ["--tls-max", version[-3:], f"{server.url}/healthz"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "ok\n1.1"), done.stderr


def test_old_versions_are_refused(server: BowshotServer, folder: Path) -> None:
    with pytest.raises(ssl.SSLError):
        connect(server, folder, maximum_version=ssl.TLSVersion.TLSv1_1)


@pytest.mark.skipif(GO is None, reason="Go is not installed")
def test_go(server: BowshotServer, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text("""package main

import ("crypto/tls"; "crypto/x509"; "fmt"; "io"; "net/http"; "os")

func main() {
	pem, _ := os.ReadFile(os.Args[1])
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	http.DefaultTransport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
	answer, err := http.Get(os.Args[2])
	if err != nil { fmt.Println(err); os.Exit(1) }
	bytes, err := io.Copy(io.Discard, answer.Body)
	fmt.Println(answer.StatusCode, answer.Proto, bytes > 8*3000000, err)
}
""")
    assert GO
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GO111MODULE": "off"}
    command = [GO, "run", "main.go", f"{folder}/tls.pem", f"{server.url}/v1/datasets/a/rows"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.stdout == "200 HTTP/1.1 true <nil>\n", done.stdout + done.stderr


def test_plain_http_gets_a_clear_end(server: BowshotServer) -> None:
    answer = requests.get(server.url.replace("https", "http") + "/healthz", timeout=20)
    assert answer.status_code == 400
    assert "https" in answer.json()["detail"]


def test_a_client_that_leaves_stops_its_query(
    server: BowshotServer, folder: Path, session: requests.Session
) -> None:
    for is_reset in (True, False):
        client = connect(server, folder)
        client.sendall(b"GET /v1/datasets/a/rows?format=csv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert client.recv(1000)
        wait_until(lambda: running(session, server) == 1, 10, "the query runs")
        if is_reset:
            linger = struct.pack("ii", 1, 0)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        client.close()
        seconds = wait_until(lambda: running(session, server) == 0, 10, "the query has ended")
        assert seconds < 5


def test_a_slow_reader_gets_all(server: BowshotServer, folder: Path) -> None:
    with connect(server, folder) as client:
        client.sendall(
            b"GET /v1/datasets/a/rows?format=csv&limit=2000000 HTTP/1.1\r\n"
            b"Host: 127.0.0.1\r\nConnection: close\r\n\r\n"
        )
        size, pause = 0, 0.2
        tail = b""
        while chunk := client.recv(1 << 16):
            size += len(chunk)
            tail = (tail + chunk)[-200:]
            if size < 1_000_000:
                time.sleep(pause / 10)
        assert tail.endswith(b"0\r\n\r\n")  # and close_notify, or recv() would have raised


def test_a_cut_answer_ends_without_a_word(folder: Path, tmp_path: Path) -> None:
    """The server stops within a stream: the client sees a cut, not an end."""
    server = BowshotServer([f"{folder}/a.parquet"], *flags_of(folder))
    with connect(server, folder) as client:
        client.sendall(b"GET /v1/datasets/a/rows?format=csv HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        assert client.recv(1000)
        server.terminate()
        assert server.wait(20) == 0
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            read_to_end(client)
    server.close()


SMUGGLED = [
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n",
]


@pytest.mark.parametrize("head", SMUGGLED)
def test_smuggling_is_refused(server: BowshotServer, folder: Path, head: bytes) -> None:
    with connect(server, folder) as client:
        client.sendall(head + b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        text = read_to_end(client)
        assert text.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501"))
        assert text.count(b"HTTP/1.1 ") == 1


def test_a_new_certificate_at_sighup(folder: Path, tmp_path: Path) -> None:
    make_certificate(tmp_path)
    with BowshotServer([f"{folder}/a.parquet"], *flags_of(tmp_path)) as server:

        def ask() -> int:
            return requests.get(
                f"{server.url}/healthz", verify=f"{tmp_path}/tls.pem", timeout=20
            ).status_code

        kept = connect(server, tmp_path)
        assert ask() == 200
        make_certificate(tmp_path, kind="rsa")
        with pytest.raises(requests.exceptions.SSLError):
            ask()  # the old one still
        server.reload()
        wait_until(lambda: "configuration reloaded" in server.log(), 20, "the reload")
        assert ask() == 200
        (tmp_path / "tls.pem").rename(tmp_path / "kept.pem")
        (tmp_path / "tls.pem").write_text("no certificate")
        server.reload()
        wait_until(lambda: "not reloaded" in server.log(), 20, "the refusal")
        (tmp_path / "kept.pem").rename(tmp_path / "tls.pem")
        assert ask() == 200
        kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert kept.recv(100).startswith(b"HTTP/1.1 200")
        kept.close()


def test_silent_handshakes_do_not_hold_the_loop(server: BowshotServer, folder: Path) -> None:
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
    for one in silent[:50]:
        one.sendall(b"\x16\x03\x01\x02\x00\x01")
    begun = time.monotonic()
    url = f"{server.url}/healthz"
    assert requests.get(url, verify=f"{folder}/tls.pem", timeout=20).status_code == 200
    assert time.monotonic() - begun < 5
    for one in silent:
        one.close()


@pytest.mark.parametrize("broken", ["missing", "swapped", "foreign", "encrypted"])
def test_files_that_cannot_be_used(folder: Path, tmp_path: Path, broken: str) -> None:
    certificate, key = make_certificate(tmp_path, "own")
    if broken == "missing":
        certificate = f"{tmp_path}/none.pem"
    elif broken == "swapped":
        certificate, key = key, certificate
    elif broken == "foreign":
        key = f"{folder}/tls.key"
    else:
        locked = f"{tmp_path}/locked.key"
        command = ["openssl", "ec", "-in", key, "-aes256", "-passout", "pass:x", "-out", locked]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        key = locked
    flags = ["--tls-cert", certificate, "--tls-key", key]
    with pytest.raises(StartError) as caught:
        BowshotServer([f"{folder}/a.parquet"], *flags).kill()
    assert caught.value.code == 1
    assert "certificate" in caught.value.log or "key" in caught.value.log


def test_the_cookie_is_secure(folder: Path, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    token.chmod(0o600)
    flags = [*flags_of(folder), "--token-file", str(token), "--host", "0.0.0.0"]
    with BowshotServer([f"{folder}/a.parquet"], *flags) as server:
        url = f"https://127.0.0.1:{server.port}"
        answer = requests.post(
            f"{url}/v1/login",
            headers={"Authorization": "Bearer 0123456789abcdef"},
            verify=f"{folder}/tls.pem",
            timeout=20,
        )
        assert answer.status_code == 204
        assert "Secure" in answer.headers["Set-Cookie"].split("; ")
