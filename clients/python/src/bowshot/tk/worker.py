"""Work outside of Tk's loop, so that a window never freezes."""

from __future__ import annotations

import queue
import threading
import tkinter as tk
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bowshot.errors import StoppedError
from bowshot.stop import Stop
from bowshot.tk.timer import Timer

POLL_MS = 4  # how often results are looked for while something is under way
IDLE_SECONDS_MAX = 60.0  # then the thread looks whether its widget is still there

Tell = Callable[[Any], None]


@dataclass(frozen=True)
class _Job:
    """What the thread knows of it: nothing of Tk's, which may not be freed there."""

    number: int
    key: str
    work: Callable[..., Any]
    stop: Stop
    tells: bool


@dataclass(frozen=True)
class _Listener:
    """Who is told of a job."""

    job: _Job
    on_result: Callable[[Any], None]
    on_error: Callable[[Exception], None]
    on_progress: Callable[[Any], None] | None


@dataclass(frozen=True)
class _Event:
    """From the thread: a value of a job; `kind` is result, error or progress."""

    job: _Job
    kind: str
    value: Any


class _Jobs:
    """What both threads share: jobs that wait, and what has come of others."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.waiting: deque[_Job] = deque()
        self.events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        self.is_open = True

    def run(self) -> None:
        while (job := self._next()) is not None:
            self.events.put(self._event_of(job))
            del job  # it may hold much, and the next one may come late

    def _next(self) -> _Job | None:
        with self.changed:
            while self.is_open and not self.waiting:
                self.changed.wait(IDLE_SECONDS_MAX)
            return self.waiting.popleft() if self.is_open else None

    def _event_of(self, job: _Job) -> _Event:
        def tell(value: Any) -> None:
            self.events.put(_Event(job, "progress", value))

        try:
            arguments = (job.stop, tell) if job.tells else (job.stop,)
            return _Event(job, "result", job.work(*arguments))
        except Exception as error:  # whatever it is, it is the widget's to show
            return _Event(job, "error", error)


class Worker:
    """One thread that works for a widget, started when there is work. The latest job of a key
    wins: an older one that waits is forgotten, one that runs is stopped, and neither is heard of
    again. Results enter Tk's loop by `after`; every method is Tk's thread's. Ends with the widget.

    worker.ask("page", lambda stop: rows.to_arrow(stop=stop), self._show, self._show_error)
    """

    def __init__(self, widget: tk.Misc) -> None:
        self._widget = widget
        self._jobs = _Jobs()
        self._latest: dict[str, _Listener] = {}
        self._number = 0
        self._polling = Timer(widget, self._poll)
        self._thread: threading.Thread | None = None
        widget.bind("<Destroy>", self._on_destroy, add="+")

    def ask(
        self,
        key: str,
        work: Callable[..., Any],
        on_result: Callable[[Any], None],
        on_error: Callable[[Exception], None],
        on_progress: Callable[[Any], None] | None = None,
    ) -> None:
        """`work(stop)` runs on the thread, and so should hold nothing of Tk's; `on_result` or
        `on_error` is called with what came of it, neither where it was stopped. With `on_progress`
        it is `work(stop, tell)`, and what it tells is heard."""
        self.cancel(key)
        if not self._jobs.is_open:
            return
        self._number += 1
        job = _Job(self._number, key, work, Stop(), on_progress is not None)
        self._latest[key] = _Listener(job, on_result, on_error, on_progress)
        with self._jobs.changed:
            self._jobs.waiting.append(job)
            self._jobs.changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._jobs.run, name="bowshot-tk", daemon=True)
            self._thread.start()
        if not self._polling.is_pending:
            self._polling.start(POLL_MS)

    def cancel(self, key: str) -> None:
        """Nothing is heard of that job any more."""
        listener = self._latest.pop(key, None)
        if listener is None:
            return
        listener.job.stop.request()
        with self._jobs.changed:
            if listener.job in self._jobs.waiting:
                self._jobs.waiting.remove(listener.job)

    def is_busy(self, key: str | None = None) -> bool:
        return bool(self._latest) if key is None else key in self._latest

    def close(self) -> None:
        """Idempotent. What runs is stopped; the thread ends by itself."""
        for key in list(self._latest):
            self.cancel(key)
        self._polling.cancel()
        with self._jobs.changed:
            self._jobs.is_open = False
            self._jobs.changed.notify()

    def _on_destroy(self, event: tk.Event[tk.Misc]) -> None:
        if event.widget is self._widget:
            self.close()

    def _poll(self) -> None:
        while self._jobs.is_open and not self._jobs.events.empty():
            self._tell(self._jobs.events.get())
        if self._latest and self._jobs.is_open and not self._polling.is_pending:
            self._polling.start(POLL_MS)

    def _tell(self, event: _Event) -> None:
        listener = self._latest.get(event.job.key)
        if listener is None or listener.job is not event.job:
            return  # a later one has taken its place
        if event.kind == "progress":
            if listener.on_progress is not None:
                listener.on_progress(event.value)
            return
        del self._latest[event.job.key]
        if event.kind == "result":
            listener.on_result(event.value)
        elif not isinstance(event.value, StoppedError):
            listener.on_error(event.value)
