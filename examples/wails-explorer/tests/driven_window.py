"""The window's program under a screen of its own, driven by mouse and keyboard (xdotool).

BOWSHOT_EXPLORER names the program, else build/bowshot-explorer; BOWSHOT_BINARY the server. Pictures
of the screen go to SCREENSHOTS, where that names a folder.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from picture import Picture

TOP = Path(__file__).resolve().parents[3]
PROGRAM = Path(os.environ.get("BOWSHOT_EXPLORER", TOP / "build/bowshot-explorer"))
SERVER = Path(os.environ.get("BOWSHOT_BINARY", TOP / "build/bowshot"))
T = TypeVar("T")
PATIENCE_S = 90
KEY_ATTEMPTS = 5  # web views start slowly on a machine that is busy
DRAG_SOURCE = Path(__file__).with_name("drag_source.py")
DRAG_FROM, DRAG_TO, DRAG_STEPS = (40, 860), (700, 450), 12  # on a screen of 1400 x 900


def until(what: str, found: Callable[[], T]) -> T:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {PATIENCE_S} s: {what}")


class Window:
    """One run of the program, with folders of its own."""

    def __init__(self, folder: Path, display: str, bus: str, words: list[str], theme: str) -> None:
        self.folder = folder
        # Not below `folder`: the path of a socket has 107 bytes at most.
        self.sockets = Path(tempfile.mkdtemp(prefix="bowshot-window-"))
        self.environment = {
            **os.environ,
            "DISPLAY": display,
            "DBUS_SESSION_BUS_ADDRESS": bus,
            "XDG_RUNTIME_DIR": str(self.sockets),
            "XDG_DATA_HOME": str(folder / "share"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "BOWSHOT_BINARY": str(SERVER),
            "GDK_BACKEND": "x11",
            "GTK_THEME": theme,
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

    def titled(self, title: str) -> list[str]:
        """The windows that show it."""
        return self.do("search", "--onlyvisible", "--name", f"^{re.escape(title)}$").split()

    def shows(self, title: str) -> bool:
        return bool(self.titled(title))

    def await_title(self, title: str) -> str:
        # One look: the next may miss a window that is just then drawn anew.
        found = until(f"a window of the title {title}", lambda: self.titled(title))
        return found[0]

    def answer_dialog(self, title: str, path: Path) -> None:
        """Types a path into a dialog: in ASCII, as a keyboard has its layout's letters only."""
        for _attempt in range(KEY_ATTEMPTS):
            dialog = self.await_title(title)
            # The dialog's box for a path takes a moment to have the keyboard; what is typed before
            # it has is lost.
            self.do("windowactivate", "--sync", dialog, "key", "ctrl+l", "sleep", "2")
            self.do("key", "ctrl+a", "type", "--delay", "50", str(path))
            self.do("key", "--delay", "50", "Return", "sleep", "3")
            if not self.shows(title):
                return
        raise AssertionError(f"the dialog {title} stays")

    def press_until(self, place: str, key: str, title: str) -> None:
        for _ in range(KEY_ATTEMPTS):
            self.do("windowactivate", "--sync", place, "key", key, "sleep", "3")
            if self.shows(title):
                return
        raise AssertionError(f"{key} does not bring {title}")

    def drop(self, path: Path) -> None:
        """Drags a file from a window beside this one into its middle."""
        command = ["/usr/bin/python3", "-W", "ignore", str(DRAG_SOURCE), str(path)]
        with subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE) as source:
            assert source.stdout
            assert source.stdout.readline() == b"ready\n"
            self.do("mousemove", *map(str, DRAG_FROM), "mousedown", "1")
            for step in range(1, DRAG_STEPS + 1):
                place = [
                    a + (b - a) * step // DRAG_STEPS
                    for a, b in zip(DRAG_FROM, DRAG_TO, strict=True)
                ]
                self.do("mousemove", *map(str, place), "sleep", "0.05")
            self.do("sleep", "0.5", "mouseup", "1", "sleep", "0.5")
            source.terminate()

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

    def keep(self, picture: Picture, name: str) -> None:
        picture.save(Path(os.environ.get("SCREENSHOTS") or self.folder) / f"{name}.png")

    def screenshot(self, name: str, shows: Callable[[Picture], bool]) -> Picture:
        """Once it shows what it should, and nothing moves any more."""
        seen = Picture(self.environment)

        def is_drawn() -> bool:
            nonlocal seen
            before, seen = seen, Picture(self.environment)
            return seen == before and shows(seen)

        try:
            until(f"{name} is drawn", is_drawn)
        finally:
            self.keep(seen, name)
        return seen

    def has_ended(self) -> None:
        """And left nothing behind."""
        self.process.wait(PATIENCE_S)
        until("no server is left", lambda: not self.servers())

    def quit(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.has_ended()


@contextmanager
def window(
    folder: Path, display: str, bus: str, *words: str | Path, theme: str = "Adwaita"
) -> Iterator[Window]:
    opened = Window(folder, display, bus, [str(word) for word in words], theme)
    try:
        yield opened
    except BaseException:
        opened.keep(Picture(opened.environment), "failed")
        raise
    finally:
        opened.process.kill()
        opened.process.wait()
        shutil.rmtree(opened.sockets, ignore_errors=True)
