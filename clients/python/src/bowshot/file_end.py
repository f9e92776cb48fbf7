"""Whether the bytes of a file are all of it: a proxy may cut a body and still end it properly."""

from __future__ import annotations

from bowshot.arrow_body import END_MARKER

# What a whole file ends with, and the fewest bytes of one: some begin with the same.
_ENDS = {
    "arrow": (END_MARKER, len(END_MARKER)),
    "arrow-file": (b"ARROW1", 20),
    "parquet": (b"PAR1", 12),
    "json": (b"}\n", 2),
    "csv": (b"\r\n", 2),
    "ndjson": (b"\n", 0),
}


class FileEnd:
    """Is fed the bytes of a file as they come. Of CSV and NDJSON, which say nothing of their end,
    it sees a cut within a row, and one between two where it was announced how many come."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._tail = b""
        self._bytes = 0
        self._lines = 0
        self._is_quoted = False  # in CSV

    def feed(self, piece: bytes) -> None:
        self._bytes += len(piece)
        self._tail = (self._tail + piece[-len(END_MARKER) :])[-len(END_MARKER) :]
        if self._form == "ndjson":
            self._lines += piece.count(b"\n")
        elif self._form == "csv":
            self._feed_csv(piece)

    def _feed_csv(self, piece: bytes) -> None:
        for number, part in enumerate(piece.split(b'"')):
            if number > 0:
                self._is_quoted = not self._is_quoted
            if not self._is_quoted:
                self._lines += part.count(b"\n")

    def missing(self, rows: int | None) -> str | None:
        """What the file lacks; `rows` as they were announced."""
        end, bytes_min = _ENDS[self._form]
        is_ended = self._tail.endswith(end) and not self._is_quoted
        is_empty = self._bytes == 0 and bytes_min == 0
        if self._bytes < bytes_min or not (is_ended or is_empty):
            return f"the file has no end after {self._bytes} bytes"
        read = {"ndjson": self._lines, "csv": self._lines - 1}.get(self._form)
        if rows is None or read is None or read == rows:
            return None
        return f"{read} rows came, {rows} were announced"
