"""Stopping a call from another thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bowshot.errors import Error, StoppedError, local_error


class Stop:
    """Ends the calls that were given it, from any thread; the server's query ends with them.

    stop = Stop()
    threading.Thread(target=lambda: result.to_arrow(stop=stop)).start()
    stop.request()                  # to_arrow() raises StoppedError
    """

    def __init__(self) -> None:
        # Reentrant: a stream that nobody has any more is closed wherever Python finds it.
        self._lock = threading.RLock()
        self._requested = False
        self._actions: dict[int, Callable[[], None]] = {}
        self._next = 0

    @property
    def requested(self) -> bool:
        return self._requested

    def request(self) -> None:
        """Idempotent. Calls that begin later end at once."""
        with self._lock:
            self._requested = True
            actions = list(self._actions.values())
            self._actions.clear()
            # Under the lock: once an action is withdrawn it never runs, so that what it would
            # stop can go to somebody else. Actions do not wait.
            for action in actions:
                action()

    def raise_if_requested(self) -> None:
        if self._requested:
            raise stopped()

    def attach(self, action: Callable[[], None]) -> Callable[[], None]:
        """Runs `action` when stopped, at once if that was already; returns what withdraws it."""
        with self._lock:
            if self._requested:
                action()
                return lambda: None
            number = self._next
            self._next += 1
            self._actions[number] = action

        def withdraw() -> None:
            with self._lock:
                self._actions.pop(number, None)

        return withdraw

    @contextmanager
    def attached(self, action: Callable[[], None]) -> Iterator[None]:
        withdraw = self.attach(action)
        try:
            yield
        finally:
            withdraw()


def stopped() -> Error:
    return local_error(StoppedError, "cancelled", "the call was stopped", status=499)
