"""How an answer ends that failed in the middle."""

from __future__ import annotations

import contextlib
from typing import NoReturn

from starlette.types import Send


async def break_off(send: Send, failure: Exception) -> NoReturn:
    """Raises `failure`, after which a server breaks the connection, so that no reader takes what it
    has for the whole.

    Starlette's BaseHTTPMiddleware, which is every `@app.middleware("http")`, ends the body properly
    before it lets an exception through. It hands on what is sent, though, and no server can send
    what is no bytes: that fails where no middleware is left to catch it.
    """
    with contextlib.suppress(Exception):
        await send({"type": "http.response.body", "body": failure, "more_body": True})
    raise failure
