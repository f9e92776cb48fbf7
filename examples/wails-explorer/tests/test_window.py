"""The window as a reader uses it: under Xvfb, by mouse and keyboard, and by --self-test."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

from bowshot_server import BowshotServer
from driven_window import PATIENCE_S, SERVER, until, window
from picture import Picture

SELF_TEST_S = 600


def test_reports_on_itself(tmp_path: Path, display: str, bus: str, airports: Path) -> None:
    with window(tmp_path, display, bus, "--self-test", airports) as opened:
        output, _ = opened.process.communicate(timeout=SELF_TEST_S)
        report = json.loads(output)
        failed = [check for check in report["checks"] if not check["passed"]]
        assert not failed, json.dumps(failed, indent=2)
        assert opened.process.returncode == 0
        assert len(report["checks"]) >= 17
        assert report["figures"]["jump_ms_median"] > 0
        opened.has_ended()
        assert not list(opened.sockets.iterdir()), "a server's folder is left"


def test_opens_by_its_dialog(tmp_path: Path, display: str, bus: str, airports: Path) -> None:
    with window(tmp_path, display, bus) as opened:
        place = opened.await_title("Bowshot")
        opened.screenshot("start", Picture.shows_start)
        opened.do("windowactivate", "--sync", place, "key", "ctrl+o")
        plain = tmp_path / "airports.csv"
        shutil.copy(airports, plain)
        opened.answer_dialog("Open files", plain)
        opened.await_title("airports.csv – Bowshot")
        assert opened.servers()
        opened.screenshot("opened", Picture.shows_rows)
        opened.quit()
    recent = json.loads((tmp_path / "settings/settings.json").read_text())["recent"]
    assert recent == [str(plain)]


def test_opens_a_folder_by_its_dialog(
    tmp_path: Path, display: str, bus: str, airports: Path
) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    for part in ("1.csv", "2.csv"):
        shutil.copy(airports, folder / part)
    with window(tmp_path, display, bus) as opened:
        place = opened.await_title("Bowshot")
        opened.screenshot("start", Picture.shows_start)
        opened.do("windowactivate", "--sync", place, "key", "ctrl+shift+o")
        opened.answer_dialog("Open a folder as one dataset", folder)
        opened.await_title("parts – Bowshot")
        opened.screenshot("folder", Picture.shows_rows)
        opened.quit()


def test_saves_a_link_by_its_dialog(tmp_path: Path, display: str, bus: str, airports: Path) -> None:
    target = tmp_path / "saved.parquet"
    with window(tmp_path, display, bus, "--self-test", "--part", "save", airports) as opened:
        opened.answer_dialog("Save as", target)
        output, _ = opened.process.communicate(timeout=SELF_TEST_S)
        assert opened.process.returncode == 0, output
    counted = subprocess.run(
        [SERVER, "query", target, "--shape", "count", "--format", "csv"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert counted.stdout.split() == ["count", "5000"]
    assert not list(tmp_path.glob(".*.part"))


def test_opens_what_is_dropped(tmp_path: Path, display: str, bus: str, airports: Path) -> None:
    broken = tmp_path / "kaputt 1.parquet"
    broken.write_bytes(b"PAR1 and nothing of it")
    with window(tmp_path, display, bus) as opened:
        opened.await_title("Bowshot")
        opened.screenshot("start", Picture.shows_start)
        opened.drop(broken)
        until("words on it", lambda: opened.said("kaputt 1.parquet cannot be opened"))
        assert not opened.servers()
        opened.drop(airports)
        opened.await_title("Flughäfen 1.csv – Bowshot")
        opened.screenshot("dropped", Picture.shows_rows)
        opened.drop(broken)  # beside what can be read it is listed, as unreadable
        opened.await_title("kaputt 1.parquet – Bowshot")
        until("one server", lambda: len(opened.servers()) == 1)
        opened.screenshot("dropped-broken", Picture.shows_problem)
        opened.quit()


def test_says_what_cannot_be_opened(tmp_path: Path, display: str, bus: str, airports: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 and nothing of it")
    with window(tmp_path, display, bus, broken) as opened:
        until("words on it", lambda: opened.said("broken.parquet cannot be opened"))
        assert str(tmp_path) not in opened.log.read_text().split("broken.parquet cannot")[1]
        opened.screenshot("broken", Picture.shows_notice)
        second = opened.start([str(airports)])
        second.wait(PATIENCE_S)
        opened.await_title("Flughäfen 1.csv – Bowshot")
        opened.screenshot("second", Picture.shows_rows)
        opened.quit()


def test_says_that_nobody_answers(tmp_path: Path, display: str, bus: str) -> None:
    for address in ("http://127.0.0.1:9", f"unix:{tmp_path}/vanished"):
        with window(tmp_path, display, bus, "--server", address) as opened:
            until("words on it", lambda opened=opened: opened.said("Nobody answers there"))
            assert opened.process.poll() is None
            opened.quit()


def test_says_that_a_token_is_wrong(tmp_path: Path, display: str, bus: str, airports: Path) -> None:
    for name, words in (("right", "r1ght" * 8), ("wrong", "wr0ng" * 8)):
        (tmp_path / name).write_text(words + "\n")
        (tmp_path / name).chmod(0o600)
    flags = ["--token-file", str(tmp_path / "right")]
    with BowshotServer([f"a={airports}"], *flags) as server:
        words = ["--server", server.url, "--token-file"]
        with window(tmp_path, display, bus, *words, tmp_path / "wrong") as opened:
            until("words on it", lambda: opened.said("wants a token, and this is not the one"))
            opened.screenshot("wrong-token", Picture.shows_notice)
            assert opened.shows("Bowshot")
            opened.quit()
        with window(tmp_path, display, bus, *words, tmp_path / "right") as opened:
            opened.await_title(f"{server.url} – Bowshot")
            opened.quit()
    kept = (tmp_path / "settings/settings.json").read_text()
    assert "r1ght" not in kept
    assert "wr0ng" not in kept


def test_a_killed_window_leaves_no_server(
    tmp_path: Path, display: str, bus: str, airports: Path
) -> None:
    with window(tmp_path, display, bus, airports) as opened:
        opened.await_title("Flughäfen 1.csv – Bowshot")
        assert opened.servers()
        opened.process.kill()
        opened.has_ended()


def test_comes_back_from_a_killed_server(
    tmp_path: Path, display: str, bus: str, airports: Path
) -> None:
    """Its socket is gone with it: of a socket alone, connections that are kept would go on."""
    with window(tmp_path, display, bus, airports) as opened:
        opened.await_title("Flughäfen 1.csv – Bowshot")
        opened.screenshot("rows", Picture.shows_rows)
        (lost,) = opened.servers()
        (socket,) = opened.sockets.glob("bowshot-*/socket")
        socket.unlink()
        os.kill(lost, signal.SIGKILL)
        place = opened.await_title("Bowshot")
        assert opened.said("The server ended")
        until("the old server is gone", lambda: not opened.servers())
        opened.screenshot("gone", Picture.shows_problem)
        opened.press_until(place, "Return", "Flughäfen 1.csv – Bowshot")  # its button has the focus
        (found,) = opened.servers()
        assert found != lost
        opened.screenshot("back", Picture.shows_rows)
        opened.quit()
        assert not list(opened.sockets.glob("bowshot-*")), "a server's folder is left"


def test_comes_back_to_a_server_elsewhere(
    tmp_path: Path, display: str, bus: str, airports: Path
) -> None:
    socket = tmp_path / "elsewhere"
    address = f"unix:{socket}"
    flags = ["--no-tcp", "--listen", address]
    killed = BowshotServer([f"airports={airports}"], *flags)
    try:
        with window(tmp_path, display, bus) as opened:
            opened.await_title("Bowshot")
            second = opened.start(["--server", address])
            second.wait(PATIENCE_S)
            place = opened.await_title(f"{address} – Bowshot")
            opened.screenshot("elsewhere", Picture.shows_rows)
            killed.kill()
            socket.unlink()
            opened.press_until(place, "F5", "Bowshot")
            assert opened.said("The server cannot be reached")
            opened.screenshot("elsewhere-gone", Picture.shows_problem)
            with BowshotServer([f"airports={airports}"], *flags):
                opened.press_until(place, "Return", f"{address} – Bowshot")
                opened.screenshot("elsewhere-back", Picture.shows_rows)
                opened.quit()
    finally:
        killed.kill()


def test_is_as_dark_as_the_system(tmp_path: Path, display: str, bus: str, airports: Path) -> None:
    for name, theme in (("light", "Adwaita"), ("dark", "Adwaita:dark")):
        with window(tmp_path, display, bus, theme=theme) as opened:
            opened.await_title("Bowshot")
            start = opened.screenshot(f"start-{name}", Picture.shows_start)
            second = opened.start([str(airports)])
            second.wait(PATIENCE_S)
            opened.await_title("Flughäfen 1.csv – Bowshot")
            rows = opened.screenshot(f"rows-{name}", Picture.shows_rows)
            for page in (start, rows):
                assert (page.brightness() < 0.3) == (name == "dark")
            opened.quit()


def test_keeps_its_size(tmp_path: Path, display: str, bus: str, airports: Path) -> None:
    with window(tmp_path, display, bus, airports) as opened:
        place = opened.await_title("Flughäfen 1.csv – Bowshot")
        opened.do("windowsize", "--sync", place, "900", "640")
        until("the size", lambda: "900x640" in opened.do("getwindowgeometry", place))
        opened.screenshot("narrow", Picture.shows_rows)
        opened.do("windowactivate", "--sync", place, "key", "ctrl+q")
        opened.has_ended()
    with window(tmp_path, display, bus) as opened:
        place = opened.await_title("Bowshot")
        until("the size", lambda: "900x640" in opened.do("getwindowgeometry", place))
        opened.screenshot("recent", Picture.shows_start)
        opened.quit()
