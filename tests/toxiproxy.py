"""A proxy that makes a link slow, late or broken: the pinned Toxiproxy as a child process.

with Toxiproxy() as links:
    port = links.open_link(server.port)
    links.add_toxic(port, "bandwidth", rate=1_220)  # KB/s
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

CACHE = Path(os.environ.get("BOWSHOT_CACHE", Path.home() / ".cache" / "bowshot"))
BINARY = CACHE / "deps" / "toxiproxy-2.7.0" / "toxiproxy-server"
START_SECONDS_MAX = 20.0
STOP_SECONDS_MAX = 10.0


class Toxiproxy:
    """Links to ports of this machine, each with its toxics; use it in a `with` statement."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._control_port = free.getsockname()[1]
        command = [str(BINARY), "-host", "127.0.0.1", "-port", str(self._control_port)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                self._ask("GET", "/version")
                return
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    self._process.kill()
                    self._process.wait()
                    raise
                time.sleep(0.02)

    def __enter__(self) -> Toxiproxy:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(STOP_SECONDS_MAX)

    @property
    def pid(self) -> int:
        return self._process.pid

    def open_link(self, port: int, host: str = "127.0.0.1") -> int:
        """The port of 127.0.0.1 through which `host`:`port` is reached from now on."""
        asked = {"listen": "127.0.0.1:0", "upstream": f"{host}:{port}"}
        name = f"link-{len(self._names)}"
        answer = self._ask("POST", "/proxies", {**asked, "name": name})
        link = int(answer["listen"].rpartition(":")[2])
        self._names[link] = name
        return link

    def add_toxic(
        self, link: int, kind: str, *, stream: str = "downstream", **attributes: int
    ) -> None:
        """`bandwidth` (rate in KB/s), `latency` (ms), `reset_peer` (timeout in ms), ..."""
        toxic = {"name": f"{kind}-{stream}", "type": kind, "stream": stream}
        path = f"/proxies/{self._names[link]}/toxics"
        self._ask("POST", path, {**toxic, "attributes": attributes})

    def clear(self, link: int) -> None:
        """The link is a plain one again."""
        for toxic in self._ask("GET", f"/proxies/{self._names[link]}/toxics"):
            self._ask("DELETE", f"/proxies/{self._names[link]}/toxics/{toxic['name']}")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._control_port, timeout=10)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text) if text.startswith((b"{", b"[")) else None
