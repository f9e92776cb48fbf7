"""The seam between requests and what answers them: a server over HTTP, or the core in process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from bowshot.facts import Facts
from bowshot.request import Request
from bowshot.stop import Stop

if TYPE_CHECKING:
    import pyarrow as pa


class TableStream(Protocol):
    """A table as it comes. One thread's at a time."""

    @property
    def facts(self) -> Facts: ...

    @property
    def bytes_read(self) -> int: ...

    @property
    def schema(self) -> pa.Schema: ...

    def next_batch(self) -> pa.RecordBatch | None:
        """None at the end, which is only where the server said so; else an Error."""
        ...

    def close(self) -> None:
        """Stops what is still to come. Idempotent."""
        ...


class ByteStream(Protocol):
    """An answer's bytes in a format that was asked for."""

    @property
    def facts(self) -> Facts: ...

    @property
    def bytes_total(self) -> int | None: ...

    def read(self, size: int) -> bytes:
        """At most `size` bytes; empty at the end of the whole answer; else an Error."""
        ...

    def close(self) -> None: ...


class Transport(Protocol):
    """Thread-safe."""

    def table(self, request: Request, form: str, stop: Stop | None) -> TableStream:
        """Asks, and waits for the first batch or the end. `form`: `arrow` or `parquet`."""
        ...

    def download(self, request: Request, form: str, stop: Stop | None) -> ByteStream:
        """Asks for the answer in any format of the protocol."""
        ...

    def document(self, path: str) -> Mapping[str, Any]:
        """The JSON at a path such as `/v1/datasets`."""
        ...

    def publish(self, name: str, frame: Any, stop: Stop | None) -> None:
        """`frame` is anything that `frames.to_reader` takes."""
        ...

    def remove(self, name: str) -> None: ...

    def close(self) -> None: ...
