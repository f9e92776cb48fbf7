"""What can go wrong, as exceptions that carry the server's own words.

Every exception of this package is an `Error`. The subclass says what a program can do about it;
`code` (section 7 of the protocol) says exactly what it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """An error as it travels: RFC 9457 with the protocol's fields."""

    code: str
    detail: str
    status: int = 0
    title: str = ""
    parameter: str | None = None
    position: int | None = None
    pointer: str | None = None
    suggestions: tuple[str, ...] = ()
    request_id: str | None = None
    retry_after: float | None = None
    text: str | None = None

    @staticmethod
    def from_json(
        document: Mapping[str, Any],
        *,
        request_id: str | None = None,
        retry_after: float | None = None,
        text: str | None = None,
    ) -> Problem:
        position = document.get("position")
        suggestions = document.get("suggestions")
        return Problem(
            code=str(document.get("code", "internal")),
            detail=str(document.get("detail", "")),
            status=int(document.get("status") or 0),
            title=str(document.get("title", "")),
            parameter=document.get("parameter"),
            position=position if isinstance(position, int) else None,
            pointer=document.get("pointer"),
            suggestions=tuple(map(str, suggestions)) if isinstance(suggestions, list) else (),
            request_id=request_id,
            retry_after=retry_after,
            text=text,
        )


class Error(Exception):
    """Base of all errors here.

    `code`, `status` (0 where no answer came), `detail`, `title`, `parameter`, `position` (a byte
    offset in the parameter's UTF-8 text), `pointer`, `suggestions`, `request_id`, `retry_after`
    (seconds, where the server said so) and `text` (of the parameter that `position` counts in).
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem

    code = property(lambda self: self.problem.code, doc="From the protocol's table.")
    status = property(lambda self: self.problem.status)
    detail = property(lambda self: self.problem.detail)
    title = property(lambda self: self.problem.title)
    parameter = property(lambda self: self.problem.parameter)
    position = property(lambda self: self.problem.position)
    pointer = property(lambda self: self.problem.pointer)
    suggestions = property(lambda self: self.problem.suggestions)
    request_id = property(lambda self: self.problem.request_id)
    retry_after = property(lambda self: self.problem.retry_after)
    text = property(lambda self: self.problem.text)

    def __str__(self) -> str:
        problem = self.problem
        lines = [f"{problem.code}: {problem.detail}"]
        if problem.pointer is not None:
            lines[0] += f" (at {problem.pointer})"
        elif problem.parameter is not None:
            lines[0] += f" (parameter {problem.parameter})"
        if problem.text is not None and problem.position is not None:
            before = problem.text.encode()[: problem.position].decode(errors="replace")
            if "\n" not in problem.text:
                lines += [f"  {problem.text}", f"  {' ' * len(before)}^"]
        if problem.suggestions:
            lines.append(f"  did you mean: {', '.join(problem.suggestions)}")
        return "\n".join(lines)


class RequestError(Error):
    """The request cannot be answered as it stands: a wrong filter, column, type or parameter."""


class UnknownDatasetError(RequestError):
    """No dataset has that name."""


class VersionChangedError(RequestError):
    """The dataset is no longer the version that was asked for."""


class AccessError(Error):
    """No token, a wrong one, or something that the server does not allow."""


class OverloadedError(Error):
    """The server has no room now, or the dataset is not ready; asking later may succeed."""


class DeadlineError(Error):
    """The answer took longer than the server, or `timeout`, allows."""


class ServerError(Error):
    """The server failed; `request_id` finds the reason in its log."""


class ConnectionFailedError(Error):
    """No server was reached, or it left before it began to answer."""


class IncompleteAnswerError(Error):
    """The answer broke off: what had come of it is not the whole table."""


class UnexpectedAnswerError(Error):
    """Something answered that does not speak the protocol: a proxy, another server."""


class StoppedError(Error):
    """The call was stopped by its `Stop`."""


class DataError(Error):
    """A frame cannot become a dataset; the detail names the column."""


class StartError(Error):
    """The server, or the core in process, could not start; the detail has its own words."""


class FileError(Error, OSError):
    """A file cannot be written; the system's own error is the cause."""


class BowshotWarning(UserWarning):
    """Something was done as asked, but is probably not what was meant."""


_BY_CODE: dict[str, type[Error]] = {
    "unknown_dataset": UnknownDatasetError,
    "version_changed": VersionChangedError,
    "bad_data": DataError,
    "overloaded": OverloadedError,
    "not_ready": OverloadedError,
    "deadline_exceeded": DeadlineError,
    "cancelled": StoppedError,
    "publish_disabled": AccessError,
}
_BY_STATUS: dict[int, type[Error]] = {401: AccessError, 403: AccessError}


def make_error(problem: Problem) -> Error:
    """The exception of the class that fits the code, else the status."""
    kind = _BY_CODE.get(problem.code) or _BY_STATUS.get(problem.status)
    if kind is None:
        kind = RequestError if 400 <= problem.status < 500 else ServerError
    return kind(problem)


def local_error(kind: type[Error], code: str, detail: str, **more: Any) -> Error:
    """An error that this side found."""
    return kind(Problem(code=code, detail=detail, **more))
