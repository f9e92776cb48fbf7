"""Threads for what waits or works outside of Python: never those that FastAPI runs handlers on, so
that long answers do not fill these up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

T = TypeVar("T")

THREADS_MAX = 128
_limiter: anyio.lowlevel.RunVar[anyio.CapacityLimiter] = anyio.lowlevel.RunVar("bowshot threads")


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """`function` on one of at most THREADS_MAX threads an event loop."""
    try:
        limiter = _limiter.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(THREADS_MAX)
        _limiter.set(limiter)
    return await anyio.to_thread.run_sync(function, *arguments, limiter=limiter)
