"""The client: datasets of a server, or of the core in process, and queries on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bowshot.errors import UnknownDatasetError
from bowshot.facts import DatasetInfo, DatasetSummary, protocol_members
from bowshot.query import ALL_ROWS, Query, Rows
from bowshot.request import Request
from bowshot.result import BatchStream, OnProgress, Result, check_form
from bowshot.sample import Sample
from bowshot.stop import Stop
from bowshot.transport import Transport

if TYPE_CHECKING:
    import pyarrow as pa


class Dataset(Query[Result, Sample]):
    """A dataset, or some of its rows and columns: see `Query` for what can be asked.

    late = client["flights"].filter("delay > 60").order("-delay")
    late.rows(limit=100).to_polars(); late.count().item()
    """

    def __init__(self, transport: Transport, form: str, name: str, rows: Rows = ALL_ROWS) -> None:
        super().__init__(name, rows)
        self._transport = transport
        self._form = form

    def info(self) -> DatasetInfo:
        """What the dataset is now; of the whole, whatever this query leaves out."""
        path = f"/v1/datasets/{quote(self.name, safe='')}"
        return DatasetInfo.from_json(self._transport.document(path))

    @property
    def version(self) -> str:
        """Of the dataset now; pin it by `at()`."""
        return self.info().version

    @property
    def schema(self) -> pa.Schema:
        """Of this query's rows."""
        table = self.rows(limit=0).to_arrow()
        return table.schema.remove_metadata()

    def __len__(self) -> int:
        """The number of rows of this query."""
        return self.info().rows if not self._rows.filters else int(self.count())

    def __bool__(self) -> bool:
        return True  # not a question to the server

    def stream(
        self, *, stop: Stop | None = None, progress: OnProgress | None = None
    ) -> BatchStream:
        """All rows of this query as record batches: `rows().stream()`."""
        return self.rows().stream(stop=stop, progress=progress)

    def run(self, shape: str, **parameters: Any) -> Result:
        if "format" in parameters:
            raise TypeError("the format is that of to_file(), or of via()")
        request = Request(self.name, shape).with_parameters(**parameters)
        return Result(self._transport, request, self._form)

    def _derived(self, rows: Rows) -> Dataset:
        return Dataset(self._transport, self._form, self._name, rows)

    def _result(self, shape: str, **parameters: Any) -> Result:
        return Result(self._transport, self._request(shape, **parameters), self._form)

    def _sample(self, request: Request) -> Sample:
        return Sample(self._transport, request, self._form)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class Client:
    """Datasets by name: `client["flights"]`. Thread-safe; close it, or use it in a `with`."""

    def __init__(self, transport: Transport, form: str = "arrow") -> None:
        self._transport = transport
        self._form = check_form(form)

    def __getitem__(self, name: str) -> Dataset:
        """Asks nothing: an unknown name is an UnknownDatasetError of what is asked of it."""
        if not isinstance(name, str):
            raise TypeError(f"a dataset's name is a text, not a {type(name).__name__}")
        return Dataset(self._transport, self._form, name)

    def __iter__(self) -> Iterator[str]:
        """The datasets' names."""
        return (summary.name for summary in self.datasets())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(name == known for known in self)

    def datasets(self) -> list[DatasetSummary]:
        document = self._transport.document("/v1/datasets")
        with protocol_members("list of datasets"):
            return [DatasetSummary.from_json(listed) for listed in document["datasets"]]

    def server_version(self) -> Mapping[str, Any]:
        """What `/version` says: the build, the shapes, the limits."""
        document = self._transport.document("/version")
        with protocol_members("version"):
            if document["name"] != "bowshot" or not isinstance(document["protocol"], int):
                raise ValueError(f"name {document['name']!r}, protocol {document['protocol']!r}")
        return document

    def publish(self, name: str, frame: Any, *, stop: Stop | None = None) -> Dataset:
        """Makes a frame a dataset, or replaces one that was published: pyarrow, Polars, pandas, a
        DuckDB relation, a dict of columns, anything with `__arrow_c_stream__`."""
        self._transport.publish(name, frame, stop)
        return self[name]

    def remove(self, name: str, *, missing_ok: bool = False) -> None:
        """Removes a dataset that was published."""
        try:
            self._transport.remove(name)
        except UnknownDatasetError:
            if not missing_ok:
                raise

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(
    url: str,
    *,
    token: str | None = None,
    transport: str = "arrow",
    timeout: float | None = None,
    retries: int = 2,
    **options: Any,
) -> Client:
    """A client of the server at `url`: `http://`, `https://` or `unix:PATH`. Asks nothing yet.

    `transport` is how tables are carried, `arrow` or `parquet`; `timeout` the longest wait between
    two bytes, in seconds; `retries` are made only where nothing of an answer was delivered.
    `options`: `connections` (kept in the pool), `connect_timeout`, `codecs` (of Arrow bodies; from
    another machine "zstd, lz4"), `ca_certs` (a PEM file), `headers`.
    """
    from bowshot.http_transport import WAIT_SECONDS, HttpTransport

    wait = WAIT_SECONDS if timeout is None else timeout
    return Client(
        HttpTransport(url, token=token, timeout=wait, retries=retries, **options), transport
    )
