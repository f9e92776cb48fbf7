"""Bowshot: exactly the part of a table that a screen shows, from a server or in process.

    import bowshot
    with bowshot.serve({"trades": "data/*.parquet"}) as server:
        trades = server.connect()["trades"]
        trades.filter("price > 10").order("-time").rows(offset=5_000_000, limit=100).to_polars()

Importing this imports neither pyarrow nor a frame library: they come with the first answer.
"""

from __future__ import annotations

from bowshot._version import __version__
from bowshot.aio import AsyncClient, AsyncDataset, AsyncResult, AsyncSample, connect_async
from bowshot.client import Client, Dataset, connect
from bowshot.core import Core
from bowshot.errors import (
    AccessError,
    BowshotWarning,
    ConnectionFailedError,
    DataError,
    DeadlineError,
    Error,
    FileError,
    IncompleteAnswerError,
    OverloadedError,
    RequestError,
    ServerError,
    StartError,
    StoppedError,
    UnexpectedAnswerError,
    UnknownDatasetError,
    VersionChangedError,
)
from bowshot.facts import ColumnInfo, DatasetInfo, DatasetSummary, Facts, Progress
from bowshot.request import Request
from bowshot.result import BatchStream, Result
from bowshot.sample import Sample
from bowshot.server import Server, serve
from bowshot.spelling import column, descending, literal
from bowshot.stop import Stop

__all__ = [
    "AccessError",
    "AsyncClient",
    "AsyncDataset",
    "AsyncResult",
    "AsyncSample",
    "BatchStream",
    "BowshotWarning",
    "Client",
    "ColumnInfo",
    "ConnectionFailedError",
    "Core",
    "DataError",
    "Dataset",
    "DatasetInfo",
    "DatasetSummary",
    "DeadlineError",
    "Error",
    "Facts",
    "FileError",
    "IncompleteAnswerError",
    "OverloadedError",
    "Progress",
    "Request",
    "RequestError",
    "Result",
    "Sample",
    "Server",
    "ServerError",
    "StartError",
    "Stop",
    "StoppedError",
    "UnexpectedAnswerError",
    "UnknownDatasetError",
    "VersionChangedError",
    "__version__",
    "column",
    "connect",
    "connect_async",
    "descending",
    "literal",
    "serve",
]
