"""The worker: the latest wins, nothing is heard of others; exports and dialogs on it."""

from __future__ import annotations

import threading
import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import ttk

import polars as pl
import pytest

import bowshot
from bowshot.tk import ErrorDialog, ExportDialog, Progress, Worker, show_error
from tk_window import SECONDS_MAX, gated, wait_for


def test_the_latest_of_a_key_wins(window: tk.Tk) -> None:
    worker = Worker(window)
    begun, stopped = threading.Event(), threading.Event()
    heard: list[object] = []

    def first(stop: bowshot.Stop) -> str:
        stop.attach(stopped.set)
        begun.set()
        assert stopped.wait(SECONDS_MAX)
        return "first"

    worker.ask("a", first, heard.append, heard.append)
    assert begun.wait(SECONDS_MAX)
    for number in range(5):  # while the first one runs
        worker.ask("a", lambda _stop, number=number: number, heard.append, heard.append)
    worker.ask("b", lambda _stop: "b", heard.append, heard.append)
    wait_for(window, lambda: not worker.is_busy(), "all")
    assert heard == [4, "b"]
    assert stopped.is_set()


def test_results_come_in_the_loop_and_errors_too(window: tk.Tk) -> None:
    worker = Worker(window)
    heard: list[tuple[str, bool]] = []
    main = threading.current_thread()

    def listen(value: object) -> None:
        heard.append((str(value), threading.current_thread() is main))

    def work(_stop: bowshot.Stop, tell: Callable[[object], None]) -> str:
        assert threading.current_thread() is not main
        tell("half")
        return "whole"

    worker.ask("a", work, listen, listen, listen)
    wait_for(window, lambda: not worker.is_busy(), "the work")
    worker.ask("a", lambda _stop: 1 // 0, listen, listen)
    wait_for(window, lambda: not worker.is_busy(), "the error")
    texts = [text for text, _ in heard]
    assert texts == ["half", "whole", "integer division or modulo by zero"]
    assert all(is_main for _, is_main in heard)


def test_a_worker_ends_with_its_widget(window: tk.Tk) -> None:
    frame = ttk.Frame(window)
    worker = Worker(frame)
    begun, stopped = threading.Event(), threading.Event()

    def work(stop: bowshot.Stop) -> None:
        stop.attach(stopped.set)
        begun.set()
        assert stopped.wait(SECONDS_MAX)

    worker.ask("a", work, pytest.fail, pytest.fail)
    assert begun.wait(SECONDS_MAX)
    threads = [thread for thread in threading.enumerate() if thread.name == "bowshot-tk"]
    frame.destroy()
    assert stopped.is_set()
    for thread in threads:
        if thread is worker._thread:
            thread.join(SECONDS_MAX)
            assert not thread.is_alive()
    worker.ask("a", work, pytest.fail, pytest.fail)  # nothing happens
    assert not worker.is_busy()


def test_an_export_is_whole(
    window: tk.Tk, client: bowshot.Client, flights: pl.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "late.parquet"
    query = client["flights"].filter("delay > 30").order("-delay")
    dialog = ExportDialog(window, query, path)
    done: list[bool] = []
    dialog.progress.bind("<<Done>>", lambda _event: done.append(path.exists()))
    wait_for(window, lambda: done, "the export")
    wait_for(window, lambda: dialog.progress.text.startswith("Written"))
    late = flights.filter(pl.col("delay") > 30)
    written = pl.read_parquet(path)
    assert written.height == late.height
    assert written["delay"].to_list() == late["delay"].sort(descending=True).to_list()
    dialog.progress.button.invoke()
    assert not dialog.winfo_exists()


def test_a_cancelled_export_leaves_nothing(
    window: tk.Tk, server: bowshot.Server, tmp_path: Path
) -> None:
    assert server.url is not None
    with gated(server.url) as proxy, bowshot.connect(proxy.url) as client:
        shown: list[str] = []
        dialog = ExportDialog(window, client["flights"], tmp_path / "all.csv")
        wait_for(window, lambda: dialog.progress.last is not None, "some bytes")
        proxy.gate.clear()
        shown.append(dialog.progress.text)
        assert list(tmp_path.iterdir())  # under another name
        dialog.progress.button.invoke()
        assert not dialog.winfo_exists()
        wait_for(window, lambda: not list(tmp_path.iterdir()), "nothing")
        assert "B" in shown[0]


def test_a_failed_export_says_why(window: tk.Tk, client: bowshot.Client, tmp_path: Path) -> None:
    dialog = ExportDialog(window, client["flights"].filter("dely > 1"), tmp_path / "x.csv")
    wait_for(window, lambda: not dialog.winfo_exists(), "the end")
    shown = [child for child in window.winfo_children() if isinstance(child, ErrorDialog)]
    assert shown
    assert "dely" in str(shown[0].error)
    assert not list(tmp_path.iterdir())


def test_progress_says_how_far_it_is(window: tk.Tk) -> None:
    progress = Progress(window)
    progress.pack()
    go_on = threading.Event()

    def work(_stop: bowshot.Stop, tell: Callable[[bowshot.Progress], None]) -> str:
        tell(bowshot.Progress(500, 2_000, 4_000_000, None, 2.0))
        assert go_on.wait(SECONDS_MAX)
        return "done"

    ended: list[str] = []
    progress.run(work, ended.append)
    wait_for(window, lambda: progress.last is not None, "progress")
    assert progress.text == "500 rows, 4.0MB, 2.0MB/s"
    assert float(str(progress.bar.cget("value"))) == 0.25
    go_on.set()
    wait_for(window, lambda: ended == ["done"], "the end")
    assert not progress.is_running()


def test_an_error_in_the_servers_words(window: tk.Tk, client: bowshot.Client) -> None:
    with pytest.raises(bowshot.RequestError) as caught:
        client["flights"].filter("delay > 3 AND dely > 1").rows(limit=1).to_arrow()
    dialog = show_error(window, caught.value)
    window.update()
    texts = _texts_of(dialog)
    assert any("dely" in text for text in texts)
    assert any("delay" in text and "meant" in text for text in texts)
    place = next(text for text in texts if "^" in text)
    line, mark = place.splitlines()[:2]
    assert line.index("dely") == mark.index("^")
    dialog.focus_force()
    window.update()
    dialog.event_generate("<Escape>")
    assert not dialog.winfo_exists()
    other = show_error(window, ZeroDivisionError("of something"), title="It failed")
    assert "It failed" in _texts_of(other)
    assert any("of something" in text for text in _texts_of(other))


def _texts_of(widget: tk.Misc) -> list[str]:
    texts = []
    if isinstance(widget, ttk.Label):
        texts.append(str(widget.cget("text")))
    if isinstance(widget, tk.Text):
        texts.append(widget.get("1.0", "end"))
    return texts + [text for child in widget.winfo_children() for text in _texts_of(child)]
