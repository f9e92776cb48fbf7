"""The real server as a child process: started on port 0, stopped by its own pid."""

from __future__ import annotations

import http.client
import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

TOP = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("BOWSHOT_BINARY", TOP / "build" / "bowshot"))
START_SECONDS_MAX = 60.0
ANSWER_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 20.0
LISTENING = "bowshot: listening on "


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def problem(self) -> dict[str, Any]:
        """The RFC 9457 body of an error."""
        assert self.headers.get("content-type") == "application/problem+json", self.body[:500]
        return self.json()

    def code(self) -> str:
        return self.problem()["code"]


class StartError(Exception):
    """The server ended before it listened; `code` is its exit code, `log` its standard error."""

    def __init__(self, code: int | None, log: str) -> None:
        super().__init__(f"exit code {code}: {log[-2000:]}")
        self.code = code
        self.log = log


class BowshotServer:
    """Serves `datasets` (arguments of `bowshot serve`) until stop(); use it in a `with` statement.

    with BowshotServer(["flights=a.parquet"], "--waiting", "0") as server:
        server.get("/v1/datasets")

    `under` is a command that runs it in its own process (strace -D). `addresses` are all that it
    listens on; `url`, `host` and `port` are of TCP, if it does.
    """

    def __init__(
        self, datasets: list[str], *flags: str, port: int | None = 0, under: tuple[str, ...] = ()
    ) -> None:
        self._log = tempfile.TemporaryFile(mode="w+b")  # noqa: SIM115 (closed by stop)
        command = [*under, str(BINARY), "serve", *datasets, *flags]
        if port is not None:
            command += ["--port", str(port)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._log, stdin=subprocess.DEVNULL
        )
        try:
            self.addresses = self._read_addresses(1 + flags.count("--listen"))
        except BaseException:
            self.kill()
            raise
        self.url = self.addresses[0]
        parts = urlsplit(self.url)
        self.host, self.port = parts.hostname or "", parts.port or 0

    def _read_addresses(self, count_max: int) -> list[str]:
        """The lines come in one write; with --no-tcp there is one less."""
        assert self._process.stdout
        deadline = time.monotonic() + START_SECONDS_MAX
        text = b""
        while time.monotonic() < deadline:
            ready, _, _ = select.select([self._process.stdout], [], [], 0.1)
            chunk = os.read(self._process.stdout.fileno(), 4096) if ready else b""
            text += chunk
            lines = text.decode().splitlines()
            told = [li.removeprefix(LISTENING) for li in lines if li.startswith(LISTENING)]
            if told and text.endswith(b"\n"):
                assert len(told) <= count_max
                return told
            if ready and not chunk:
                raise StartError(self._process.wait(STOP_SECONDS_MAX), self.log())
        raise StartError(None, self.log())

    def __enter__(self) -> BowshotServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.is_running():
            code = self.stop()
            if error is None:
                assert code == 0, f"the server ended with {code}: {self.log()[-3000:]}"
        elif error is None:
            raise AssertionError(f"the server died: {self.log()[-3000:]}")
        self.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.poll() is None

    def log(self) -> str:
        if self._log.closed:
            return ""
        # The child writes at the offset that the two share: it must not be moved.
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def reload(self) -> None:
        self._process.send_signal(signal.SIGHUP)

    def terminate(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float = STOP_SECONDS_MAX) -> int:
        return self._process.wait(seconds)

    def stop(self) -> int:
        """SIGTERM, then the exit code."""
        if self.is_running():
            self.terminate()
        try:
            return self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        if self.is_running():
            self._process.kill()
            self._process.wait(STOP_SECONDS_MAX)
        self.close()

    def close(self) -> None:
        if self._process.stdout:
            self._process.stdout.close()

    # Requests.

    def request(
        self,
        method: str,
        target: str,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=ANSWER_SECONDS_MAX)
        try:
            connection.request(method, target, body=body, headers=dict(headers or {}))
            answer = connection.getresponse()
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, fields, answer.read())
        finally:
            connection.close()

    def get(
        self,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        return self.request("GET", target(path, parameters), headers=headers)

    def query(self, body: Mapping[str, Any], method: str = "POST") -> Answer:
        headers = {"Content-Type": "application/json"}
        return self.request(method, "/v1/query", json.dumps(body).encode(), headers)

    def connect(self, seconds: float = ANSWER_SECONDS_MAX) -> socket.socket:
        return socket.create_connection((self.host, self.port), seconds)

    # What the process and its metrics say.

    def metrics(self) -> dict[str, float]:
        """Everything /metrics says at one moment; of a metric with labels, its first sample."""
        told: dict[str, float] = {}
        for line in self.get("/metrics").body.decode().splitlines():
            if not line.startswith("#"):
                sample, _, value = line.rpartition(" ")
                told.setdefault(sample.partition("{")[0], float(value))
        return told

    def metric(self, name: str) -> float:
        return self.metrics()[name]

    def cpu_seconds(self) -> float:
        """User and system time of the process, from /proc."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise KeyError("VmRSS")


def target(path: str, parameters: Mapping[str, Any] | None = None) -> str:
    if not parameters:
        return path
    return f"{path}?{urlencode({k: str(v) for k, v in parameters.items()}, quote_via=quote)}"


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Polls until the condition holds; returns how long that took, fails after `seconds`."""
    start = time.monotonic()
    while not condition():
        elapsed = time.monotonic() - start
        assert elapsed < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.002)
    return time.monotonic() - start
