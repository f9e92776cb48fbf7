"""A server of one's own: the program that the package holds, as a child process."""

from __future__ import annotations

import os
import secrets
import select
import shutil
import subprocess
import sys
import time
import weakref
from pathlib import Path
from typing import IO, Any

from bowshot.client import Client, connect
from bowshot.datasets import Datasets, read_datasets, spell_configuration
from bowshot.errors import Error, StartError, local_error
from bowshot.private_folder import PrivateFolder

LISTENING = "bowshot: listening on "
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 15.0
SOCKET_PATH_BYTES_MAX = 100  # of the 108 that a Unix socket's address has
LOG_BYTES_SHOWN = 4000


def find_binary() -> Path:
    """The server's program: BOWSHOT_BINARY, else that of the package, else the one on PATH."""
    if told := os.environ.get("BOWSHOT_BINARY"):
        return Path(told)
    held = Path(__file__).parent / "_native" / "bowshot"
    if held.exists():
        return held
    if found := shutil.which("bowshot"):
        return Path(found)
    raise _start_error(
        "no server program: the package was installed without one; "
        "set BOWSHOT_BINARY or put `bowshot` on PATH"
    )


class Server:
    """A running server; made by `serve()`. Ends with `stop()`, with its `with` block, and with this
    process, however that ends. A forked child of this process can ask it, and does not end it.

    `url` is its TCP address (None without), `addresses` all of them, `token` what it asks for.
    """

    def __init__(
        self, datasets: Datasets, settings: dict[str, Any], token: str | None, tcp: bool
    ) -> None:
        self._folder = PrivateFolder()
        self._owner = os.getpid()
        self._process: subprocess.Popen[bytes] | None = None
        self._client: Client | None = None
        self.token = token
        _servers.add(self)
        try:
            self._start(datasets, settings, tcp)
        except BaseException:
            self.stop()
            raise

    def _start(self, datasets: Datasets, settings: dict[str, Any], tcp: bool) -> None:
        folder = Path(self._folder.name)
        sources = read_datasets(datasets, folder / "datasets")
        socket = folder / "socket"
        if len(os.fsencode(socket)) <= SOCKET_PATH_BYTES_MAX:
            settings["listen"] = [*settings.get("listen", []), f"unix:{socket}"]
        if self.token is not None:
            settings["token_file"] = _write_private(folder / "token", self.token)
        if sources.frames:
            settings["allow_publish"] = True
        settings["no_tcp"] = not tcp or None
        configuration = _write_private(
            folder / "bowshot.toml", spell_configuration(sources, settings)
        )
        # Standard error goes to a file: a pipe that nobody reads would stop the server one day.
        command = [str(find_binary()), "serve", "--config", configuration, "--stop-with-input"]
        with open(folder / "log", "wb") as log:
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,  # the end that closes when this process ends
                    stdout=subprocess.PIPE,
                    stderr=log,
                )
            except OSError as error:
                raise _start_error(f"{command[0]}: {error.strerror}") from error
        self.addresses = self._read_addresses()
        web = [address for address in self.addresses if not address.startswith("unix:")]
        self.url = web[0] if web else None
        self._client = self.connect()
        for name, frame in sources.frames.items():
            self._client.publish(name, frame)

    def _read_addresses(self) -> tuple[str, ...]:
        """They come in one write."""
        assert self._process
        assert self._process.stdout
        pipe = self._process.stdout.fileno()
        deadline = time.monotonic() + START_SECONDS_MAX
        text = b""
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([pipe], [], [], left)[0]:
                break
            piece = os.read(pipe, 4096)
            text += piece
            if LISTENING.encode() in text and text.endswith(b"\n"):
                lines = text.decode().splitlines()
                return tuple(li[len(LISTENING) :] for li in lines if li.startswith(LISTENING))
            if not piece:
                code = self._process.wait(STOP_SECONDS_MAX)
                raise _start_error(f"the server ended with code {code}: {self.log().strip()}")
        raise _start_error(f"the server does not listen after {START_SECONDS_MAX:.0f} s")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def is_running(self) -> bool:
        if self._process is not None and os.getpid() != self._owner:
            return _is_written(self._process.stdout)  # only its parent can wait for it
        return self._process is not None and self._process.poll() is None

    def connect(self, **options: Any) -> Client:
        """A client; `options` are those of `bowshot.connect`."""
        near = [address for address in self.addresses if address.startswith("unix:")]
        options.setdefault("token", self.token)
        return connect((near or list(self.addresses))[-1], **options)

    def publish(self, name: str, frame: Any) -> None:
        """Makes a frame a dataset, or replaces one, where `allow_publish` is set."""
        assert self._client is not None
        self._client.publish(name, frame)

    def log(self) -> str:
        """The end of what the server wrote to its standard error."""
        try:
            with open(Path(self._folder.name) / "log", "rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - LOG_BYTES_SHOWN))
                return file.read().decode(errors="replace")
        except OSError:
            return ""

    def _let_go(self) -> None:
        """In a forked child: the server ends with its parent, though the child has the pipe."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def stop(self) -> None:
        """Idempotent; returns when the server has ended. Nothing in a forked child."""
        if os.getpid() != self._owner:
            return
        if self._client is not None:
            self._client.close()
        process = self._process
        if process is not None:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(STOP_SECONDS_MAX)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        self._folder.remove()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url or self.addresses}>"


_servers: weakref.WeakSet[Server] = weakref.WeakSet()


def _let_go_of_servers() -> None:
    for server in list(_servers):
        server._let_go()


os.register_at_fork(after_in_child=_let_go_of_servers)


def serve(
    datasets: Datasets,
    *,
    port: int = 0,
    tcp: bool = True,
    token: str | bool | None = None,
    quiet: bool = False,
    **settings: Any,
) -> Server:
    """Starts a server and prints its address.

    `datasets` are files (a path, a directory, a glob, several paths) or frames, by name. Files are
    read where they are, and so is a LazyFrame that only scans Parquet files; other frames are
    published into the server's memory. The server listens on a free port of the loopback interface
    (`port=0`; `tcp=False`: not at all) and on a private Unix socket, by which `server.connect()`
    reaches it. `token=True` makes up a token that every request needs.

    `settings` are keys of `[server]` and `[limits]` in docs/configuration.md, such as
    `allow_origin=["https://app.example.org"]`. A StartError says what kept it from starting.

    with bowshot.serve({"trades": "data/*.parquet", "live": frame}) as server:
        server.connect()["trades"].rows(limit=100).to_polars()
    """
    if token is True:
        token = secrets.token_urlsafe(32)
    server = Server(datasets, {"port": port, "log_level": "warn", **settings}, token or None, tcp)
    if not quiet:
        fragment = f"/#token={server.token}" if server.token else ""
        print(f"bowshot: {server.url or server.addresses[0]}{fragment}", file=sys.stderr)
    return server


def _write_private(path: Path, text: str) -> str:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return str(path)


def _is_written(pipe: IO[bytes] | None) -> bool:
    """Whether somebody has its other end."""
    if pipe is None or pipe.closed:
        return False
    watched = select.poll()
    watched.register(pipe, 0)
    return not watched.poll(0)


def _start_error(detail: str) -> Error:
    return local_error(StartError, "start_failed", detail)
