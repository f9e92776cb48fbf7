"""Errors of bowshot as answers."""

from __future__ import annotations

import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from bowshot.errors import ConnectionFailedError, Error, IncompleteAnswerError


def _status(error: Error) -> int:
    """The problem's own; of what this side found, by who is to blame."""
    if error.problem.status:
        return error.problem.status
    return 502 if isinstance(error, (ConnectionFailedError, IncompleteAnswerError)) else 500


def problem_response(error: Error, status: int | None = None) -> Response:
    """The problem document (RFC 9457) that a server would have answered with."""
    problem = error.problem
    document: dict[str, Any] = {
        "type": f"https://bowshot.dev/problems/{problem.code}",
        "status": status or _status(error),
        "detail": problem.detail,
        "code": problem.code,
    }
    if problem.title:
        document["title"] = problem.title
    for name in ("parameter", "position", "pointer"):
        if (value := getattr(problem, name)) is not None:
            document[name] = value
    if problem.suggestions:
        document["suggestions"] = list(problem.suggestions)
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after is not None:
        headers["Retry-After"] = f"{problem.retry_after:.0f}"
    return Response(
        json.dumps(document, ensure_ascii=False),
        status_code=document["status"],
        media_type="application/problem+json",
        headers=headers,
    )


def install_errors(app: Starlette) -> None:
    """Answers a bowshot Error that a route raises with its problem document, instead of a 500."""

    async def answer(_request: Request, error: Exception) -> Response:
        assert isinstance(error, Error)
        return problem_response(error)

    app.add_exception_handler(Error, answer)
