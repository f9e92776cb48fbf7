"""What is known of an answer and of a dataset beside the rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bowshot.errors import UnexpectedAnswerError, local_error


@contextlib.contextmanager
def protocol_members(what: str) -> Iterator[None]:
    """JSON without the members that the protocol names is another server's."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        detail = f"the JSON is not the protocol's {what}: {type(error).__name__} {error}"
        raise local_error(UnexpectedAnswerError, "unexpected_answer", detail) from error


@dataclass(frozen=True)
class Facts:
    """What the server says of an answer; None where it did not know before the first row.

    `completeness` is exact, sampled or approximate. `rows` are those of this answer, `total_rows`
    those of the same request without offset and limit, `population` those a sample was drawn from.
    """

    version: str | None = None
    completeness: str = "exact"
    rows: int | None = None
    total_rows: int | None = None
    population: int | None = None
    request_id: str | None = None

    @staticmethod
    def from_headers(headers: Mapping[str, str]) -> Facts:
        def number(name: str) -> int | None:
            text = headers.get(name, "")
            return int(text) if text.isdigit() else None

        return Facts(
            version=headers.get("Bowshot-Version"),
            completeness=headers.get("Bowshot-Completeness", "exact"),
            rows=number("Bowshot-Rows"),
            total_rows=number("Bowshot-Total-Rows"),
            population=number("Bowshot-Population"),
            request_id=headers.get("Bowshot-Request"),
        )

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Facts:
        return Facts(
            version=document.get("version"),
            completeness=str(document.get("completeness", "exact")),
            rows=document.get("rows"),
            total_rows=document.get("total_rows"),
            population=document.get("population"),
        )


@dataclass(frozen=True)
class ColumnInfo:
    """A column: its type by the protocol's name, such as `timestamp[us, tz=UTC]`."""

    name: str
    type: str
    nullable: bool


@dataclass(frozen=True)
class DatasetInfo:
    """A dataset as the server describes it. `document` is all that it said."""

    name: str
    version: str
    rows: int
    bytes: int
    row_numbers: bool
    columns: tuple[ColumnInfo, ...]
    source: Mapping[str, Any] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> DatasetInfo:
        with protocol_members("dataset"):
            columns = tuple(
                ColumnInfo(column["name"], column["type"], bool(column.get("nullable", True)))
                for column in document["columns"]
            )
            return DatasetInfo(
                name=document["name"],
                version=document["version"],
                rows=int(document["rows"]),
                bytes=int(document["bytes"]),
                row_numbers=bool(document.get("row_numbers", True)),
                columns=columns,
                source=document.get("source", {}),
                document=document,
            )


@dataclass(frozen=True)
class DatasetSummary:
    """A line of the server's list of datasets; `problem` says why one cannot be opened now."""

    name: str
    version: str
    rows: int
    columns: int
    problem: Mapping[str, Any] | None = None

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> DatasetSummary:
        """Within `protocol_members`."""
        rows, columns = int(document["rows"]), int(document["columns"])
        problem = document.get("problem")
        return DatasetSummary(document["name"], document["version"], rows, columns, problem)


@dataclass(frozen=True)
class Progress:
    """How far a long answer has come; totals are None where the server did not know them."""

    rows: int
    rows_total: int | None
    bytes: int
    bytes_total: int | None
    seconds: float

    @property
    def fraction(self) -> float | None:
        """From 0 to 1, where a total is known."""
        if self.rows_total and self.rows:
            return min(1.0, self.rows / self.rows_total)
        if self.bytes_total:
            return min(1.0, self.bytes / self.bytes_total)
        return None
