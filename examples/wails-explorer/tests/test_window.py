"""The window as a reader uses it: under Xvfb, by mouse and keyboard (xdotool), and by --self-test.

BOWSHOT_EXPLORER names the program, else build/bowshot-explorer; BOWSHOT_BINARY the server. Pictures
of the screen go to SCREENSHOTS, where that names a folder.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[3]
PROGRAM = Path(os.environ.get("BOWSHOT_EXPLORER", TOP / "build/bowshot-explorer"))
SERVER = Path(os.environ.get("BOWSHOT_BINARY", TOP / "build/bowshot"))
PATIENCE_S = 90
DIALOG_ATTEMPTS = 5  # web views start slowly on a machine that is busy
SELF_TEST_S = 600
COLOURS_OF_A_PAGE = 700  # an empty window has 500


def until(what: str, found: Callable[[], object]) -> object:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {PATIENCE_S} s: {what}")


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """An X server and a window manager of this run's own."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as told:
        name = f":{told.readline().strip()}"
    manager = subprocess.Popen(
        ["openbox"], env={**os.environ, "DISPLAY": name}, stderr=subprocess.DEVNULL
    )
    yield name
    for process in (manager, server):
        process.terminate()
        process.wait()


@pytest.fixture(scope="session")
def bus() -> Iterator[str]:
    """A session bus, by which a second instance finds the first."""
    command = ["dbus-daemon", "--session", "--nofork", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as daemon:
        assert daemon.stdout
        yield daemon.stdout.readline().decode().strip()
        daemon.terminate()


class Window:
    """One run of the program, with folders of its own."""

    def __init__(self, folder: Path, display: str, bus: str, words: list[str]) -> None:
        self.folder = folder
        self.sockets = folder / "run"
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        self.environment = {
            **os.environ,
            "DISPLAY": display,
            "DBUS_SESSION_BUS_ADDRESS": bus,
            "XDG_RUNTIME_DIR": str(self.sockets),
            "XDG_DATA_HOME": str(folder / "share"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "BOWSHOT_BINARY": str(SERVER),
            "GDK_BACKEND": "x11",
            "LC_ALL": "C.UTF-8",  # titles are not ASCII
            "NO_AT_BRIDGE": "1",
        }
        self.log = folder / "log"
        self.process = self.start(words)

    def start(self, words: list[str]) -> subprocess.Popen[bytes]:
        command = [str(PROGRAM), "--settings", str(self.folder / "settings"), *words]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command, env=self.environment, stdout=subprocess.PIPE, stderr=log
            )

    def do(self, *words: str) -> str:
        command = ["xdotool", *words]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        return done.stdout.strip()

    def title(self) -> str:
        return self.do("search", "--onlyvisible", "--pid", str(self.process.pid), "getwindowname")

    def shows(self, title: str) -> bool:
        return bool(self.do("search", "--onlyvisible", "--name", f"^{re.escape(title)}$"))

    def await_title(self, title: str) -> str:
        until(f"a window of the title {title}", lambda: self.shows(title))
        return self.do("search", "--onlyvisible", "--name", f"^{re.escape(title)}$").split()[0]

    def said(self, text: str) -> bool:
        return text in self.log.read_text()

    def servers(self) -> list[int]:
        """The pids of this window's servers: they listen in its folder."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if any(str(self.sockets) in word for word in words) and "serve" in words:
                found.append(int(entry.parent.name))
        return found

    def picture(self, name: str = "") -> int:
        """How many colours the screen has; kept as a file where SCREENSHOTS names a folder."""
        kept = Path(os.environ.get("SCREENSHOTS") or self.folder) / f"{name or 'screen'}.png"
        for command in (["import", "-window", "root", kept], ["identify", "-format", "%k", kept]):
            done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        return int(done.stdout or 0)

    def screenshot(self, name: str) -> None:
        """Once the page is drawn: text has many shades."""
        until(f"{name} is drawn", lambda: self.picture(name) > COLOURS_OF_A_PAGE)

    def has_ended(self) -> None:
        """And left nothing behind."""
        self.process.wait(PATIENCE_S)
        until("no server is left", lambda: not self.servers())

    def quit(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.has_ended()


@contextmanager
def window(folder: Path, display: str, bus: str, *words: str | Path) -> Iterator[Window]:
    opened = Window(folder, display, bus, [str(word) for word in words])
    try:
        yield opened
    except BaseException:
        opened.picture("failed")
        raise
    finally:
        opened.process.kill()
        opened.process.wait()


@pytest.fixture
def airports(tmp_path: Path) -> Path:
    """A path that is not easy."""
    folder = tmp_path / "Flüge & [mehr]"
    folder.mkdir()
    path = folder / "Flughäfen 1.csv"
    path.write_text("code,name,delay\n" + "".join(f"A{i},Ort {i},{i % 7}\n" for i in range(5000)))
    return path


def test_reports_on_itself(tmp_path: Path, display: str, bus: str, airports: Path) -> None:
    with window(tmp_path, display, bus, "--self-test", airports) as opened:
        output, _ = opened.process.communicate(timeout=SELF_TEST_S)
        report = json.loads(output)
        failed = [check for check in report["checks"] if not check["passed"]]
        assert not failed, json.dumps(failed, indent=2)
        assert opened.process.returncode == 0
        assert len(report["checks"]) >= 14
        assert report["figures"]["jump_ms_median"] > 0
        opened.has_ended()
        assert not list(opened.sockets.iterdir()), "a server's folder is left"


def test_opens_by_its_dialog(tmp_path: Path, display: str, bus: str, airports: Path) -> None:
    with window(tmp_path, display, bus) as opened:
        place = opened.await_title("Bowshot")
        opened.screenshot("start")
        opened.do("windowactivate", "--sync", place, "key", "ctrl+o")
        plain = tmp_path / "airports.csv"  # a keyboard has no letters beyond its layout's
        shutil.copy(airports, plain)
        for _attempt in range(DIALOG_ATTEMPTS):
            dialog = opened.await_title("Open files")
            # The dialog's box for a path, which takes a moment to have the keyboard; what is typed
            # before it has is lost.
            opened.do("windowactivate", "--sync", dialog, "key", "ctrl+l", "sleep", "2")
            opened.do("key", "ctrl+a", "type", "--delay", "50", str(plain))
            opened.do("key", "--delay", "50", "Return", "sleep", "3")
            if not opened.shows("Open files"):
                break
        opened.await_title("airports.csv – Bowshot")
        assert opened.servers()
        opened.screenshot("opened")
        opened.quit()
    recent = json.loads((tmp_path / "settings/settings.json").read_text())["recent"]
    assert recent == [str(plain)]


def test_says_what_cannot_be_opened(tmp_path: Path, display: str, bus: str, airports: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 and nothing of it")
    with window(tmp_path, display, bus, broken) as opened:
        until("words on it", lambda: opened.said("broken.parquet cannot be opened"))
        assert str(tmp_path) not in opened.log.read_text().split("broken.parquet cannot")[1]
        opened.screenshot("broken")
        second = opened.start([str(airports)])
        second.wait(PATIENCE_S)
        opened.await_title("Flughäfen 1.csv – Bowshot")
        opened.screenshot("second")
        opened.quit()


def test_says_that_nobody_answers(tmp_path: Path, display: str, bus: str) -> None:
    for address in ("http://127.0.0.1:9", f"unix:{tmp_path}/vanished"):
        with window(tmp_path, display, bus, "--server", address) as opened:
            until("words on it", lambda opened=opened: opened.said("Nobody answers there"))
            assert opened.process.poll() is None
            opened.quit()


def test_a_killed_window_leaves_no_server(
    tmp_path: Path, display: str, bus: str, airports: Path
) -> None:
    with window(tmp_path, display, bus, airports) as opened:
        opened.await_title("Flughäfen 1.csv – Bowshot")
        assert opened.servers()
        opened.process.kill()
        opened.has_ended()


def test_keeps_its_size(tmp_path: Path, display: str, bus: str, airports: Path) -> None:
    with window(tmp_path, display, bus, airports) as opened:
        place = opened.await_title("Flughäfen 1.csv – Bowshot")
        opened.do("windowsize", "--sync", place, "900", "640")
        until("the size", lambda: "900x640" in opened.do("getwindowgeometry", place))
        opened.screenshot("narrow")
        opened.do("windowactivate", "--sync", place, "key", "ctrl+q")
        opened.has_ended()
    with window(tmp_path, display, bus) as opened:
        place = opened.await_title("Bowshot")
        until("the size", lambda: "900x640" in opened.do("getwindowgeometry", place))
        opened.screenshot("recent")
        opened.quit()
