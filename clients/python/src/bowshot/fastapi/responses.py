"""Responses whose body is a table. Rows leave as they are made, memory stays bounded, and the work
stops when the client leaves."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from starlette.background import BackgroundTask
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bowshot.errors import DataError, Error
from bowshot.fastapi.breaking import break_off
from bowshot.fastapi.errors import problem_response
from bowshot.fastapi.sources import digest, to_stream
from bowshot.fastapi.threads import in_thread
from bowshot.library import BrokenTableError, EncodedTable
from bowshot.result import BatchStream
from bowshot.stop import Stop

logger = logging.getLogger("bowshot.fastapi")

EXTENSIONS = {
    "application/vnd.apache.arrow.stream": ".arrows",
    "application/vnd.apache.arrow.file": ".arrow",
    "application/vnd.apache.parquet": ".parquet",
    "text/csv": ".csv",
    "application/json": ".json",
    "application/x-ndjson": ".ndjson",
}
TAG_SIGNS = "!#$&'()*+,-./:;<=>?@[]^_`{|}~"  # RFC 9110, 8.8.3; the others are percent-encoded


class TableResponse(Response):
    """A table in the format that the request's `Accept` asks for, as section 5 of the protocol
    says: Arrow by default, also Parquet, Arrow files, CSV, JSON and NDJSON; Arrow's codecs, and
    `Accept-Encoding`. What cannot be sent is a problem document: 406, or 400.

    `table`: a Polars DataFrame or LazyFrame, a pyarrow Table or RecordBatchReader, a DuckDB
    relation, a pandas DataFrame, a result or stream of a bowshot query (the asyncio client's, too),
    anything with `__arrow_c_stream__`; in an Arrow file the dictionaries of what is read once are
    values. `format`: a name of the protocol; the client is not asked then. `download`: a file's
    name, or True for "data" with the format's extension. `etag`: a text that changes when the table
    does (without quotes), or True to hash a table that is in memory; a request that has it gets
    304.
    """

    format: str | None = None

    def __init__(
        self,
        table: Any,
        *,
        format: str | None = None,
        download: str | bool = False,
        etag: str | bool = False,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        background: BackgroundTask | None = None,
    ) -> None:
        self.table = table
        if format is not None:
            self.format = format
        self.download = download
        self.etag = etag
        self.status_code = status_code
        self.background = background
        self.body = b""
        self.init_headers(headers)
        del self.headers["content-length"]  # there is no body yet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for name in self._varies_with():
            self.headers.add_vary_header(name)
        try:
            if not await self._answer_unchanged(scope, receive, send):
                await self._answer(scope, receive, send)
        finally:
            # A reader that was not read to its end holds its query; a connection is its owner's.
            close = None if hasattr(self.table, "cursor") else getattr(self.table, "close", None)
            if callable(close):
                with contextlib.suppress(Exception):
                    await in_thread(close)
        if self.background is not None:
            await self.background()

    async def _answer_unchanged(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Whether the client has the table already, and was told so."""
        if not self.etag:
            return False
        try:
            content = await in_thread(digest, self.table) if self.etag is True else self.etag
        except DataError:
            return False  # it cannot be sent either, which tells why
        asked = Headers(scope=scope)
        form = ";".join([self.format or "", *(_all(asked, name) for name in self._varies_with())])
        tag = f"{quote(content, safe=TAG_SIGNS)}-{_short_hash(form)}"
        self.headers["ETag"] = f'W/"{tag}"'
        is_known = scope["method"] in ("GET", "HEAD") and 200 <= self.status_code < 300
        if not is_known or not _is_listed(tag, _all(asked, "if-none-match")):
            return False
        unchanged = Response(status_code=304)
        unchanged.raw_headers = self.raw_headers
        await unchanged(scope, receive, send)
        return True

    def _varies_with(self) -> list[str]:
        """The request's headers that the body follows; Arrow's codecs are in Accept."""
        is_fixed = self.format is not None and not self.format.startswith("arrow")
        return ["Accept-Encoding"] if is_fixed else ["Accept", "Accept-Encoding"]

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As long as the client is there, also while it waits for the first row."""
        stop = Stop()
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(_stop_when_left, receive, stop, group.cancel_scope)
            try:
                await self._encode_and_send(scope, receive, send, stop)
            except Exception as error:  # raised as it is, not as one of the group's
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def _encode_and_send(
        self, scope: Scope, receive: Receive, send: Send, stop: Stop
    ) -> None:
        asked = Headers(scope=scope)
        try:
            encoded = await in_thread(
                _encode,
                self.table,
                self.format,
                _all(asked, "accept"),
                _all(asked, "accept-encoding"),
                stop,
            )
        except DataError as error:  # of the application's own table: no mistake of the client
            logger.error("a table cannot be sent: %s", error, exc_info=error)
            return await problem_response(error, status=500)(scope, receive, send)
        except Error as error:
            return await problem_response(error)(scope, receive, send)
        try:
            with stop.attached(encoded.stop):
                await self._send(encoded, scope, send)
        finally:
            encoded.stop()
            with anyio.CancelScope(shield=True):
                await in_thread(encoded.close)

    async def _send(self, encoded: EncodedTable, scope: Scope, send: Send) -> None:
        self._set_headers(encoded)
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        await send(start)
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        failure: BrokenTableError | None = None
        async with anyio.create_task_group() as group:
            pieces_in, pieces = anyio.create_memory_object_stream[bytes](1)
            broken: list[BrokenTableError] = []
            group.start_soon(_make_pieces, encoded, pieces_in, broken)
            async with pieces:
                async for piece in pieces:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            if broken:
                failure = broken[0]
            else:
                await send({"type": "http.response.body", "body": b""})
        if failure is not None:
            await send({"type": "http.response.body", "body": failure.last, "more_body": True})
            await break_off(send, failure)

    def _set_headers(self, encoded: EncodedTable) -> None:
        self.headers["Content-Type"] = encoded.media_type
        self.headers.setdefault("X-Content-Type-Options", "nosniff")
        if encoded.coding != "identity":
            self.headers["Content-Encoding"] = encoded.coding
        if encoded.length is not None:
            self.headers["Content-Length"] = str(encoded.length)
        if self.download:
            name = self.download if isinstance(self.download, str) else "data"
            extension = EXTENSIONS[encoded.media_type.split(";")[0]]
            name = name if name.endswith(extension) else name + extension
            self.headers["Content-Disposition"] = content_disposition(name)


class ArrowResponse(TableResponse):
    """A table as an Arrow stream: its first rows leave before the last are made."""

    media_type = "application/vnd.apache.arrow.stream"
    format = "arrow"


class ArrowFileResponse(TableResponse):
    """A table in Arrow's file format, which readers can open anywhere once they have all of it."""

    media_type = "application/vnd.apache.arrow.file"
    format = "arrow-file"


class ParquetResponse(TableResponse):
    """A table as Parquet: the smallest on the wire; readers need all of it."""

    media_type = "application/vnd.apache.parquet"
    format = "parquet"


def content_disposition(name: str) -> str:
    """RFC 6266: any name, for every client; a name, never a path."""
    name = re.sub(r"[/\\\x00-\x1f\x7f]", "_", name)
    plain = re.sub(r"[^ !#-\[\]-~]", "_", name)
    encoded = quote(name, safe="", errors="replace")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


def _encode(
    table: Any, format: str | None, accept: str, accept_encoding: str, stop: Stop
) -> EncodedTable:
    """Waits for the first bytes; `stop` ends a query of bowshot's before them."""
    is_file = format == "arrow-file" or (format is None and "arrow.file" in accept)
    stream = to_stream(table, is_file=is_file, stop=stop)
    try:
        return EncodedTable(stream, format=format, accept=accept, accept_encoding=accept_encoding)
    except BaseException:
        if isinstance(stream, BatchStream):  # perhaps nothing was read, and so nothing let go of it
            stream.close()
        raise


async def _make_pieces(
    encoded: EncodedTable,
    pieces: MemoryObjectSendStream[bytes],
    broken: list[BrokenTableError],
) -> None:
    """One piece ahead of the socket: the next is made while this one is sent."""

    def next_piece() -> bytes | None:
        view = encoded.next()
        return None if view is None else bytes(view)  # its memory is the next piece's too

    async with pieces:
        try:
            while (piece := await in_thread(next_piece)) is not None:
                await pieces.send(piece)
        except BrokenTableError as error:
            broken.append(error)


async def _stop_when_left(receive: Receive, stop: Stop, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stop.request()
    scope.cancel()


def _all(headers: Headers, name: str) -> str:
    """A header's list, whichever lines it came in."""
    return ", ".join(headers.getlist(name))


def _is_listed(tag: str, if_none_match: str) -> bool:
    """The weak comparison of RFC 9110, 13.1.2: `"x"` and `W/"x"` are one."""
    return if_none_match.strip() == "*" or tag in re.findall(r'"([^"]*)"', if_none_match)


def _short_hash(text: str) -> str:
    import hashlib

    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
