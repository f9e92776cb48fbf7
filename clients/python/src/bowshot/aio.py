"""The same client for asyncio.

The requests, the transports and the decoding are those of `bowshot.client`: Arrow's reader pulls,
so a call runs in a thread of a small pool of the client's own, and cancelling a task shuts its
connection (or stops the core), which ends the thread and the server's query.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from bowshot.client import Client, Dataset, connect
from bowshot.estimate import DEFAULT_CONFIDENCE
from bowshot.facts import DatasetInfo, DatasetSummary, Facts
from bowshot.query import ALL_ROWS, Expressions, Query, Rows
from bowshot.request import Request
from bowshot.result import BatchStream, OnProgress, Result
from bowshot.sample import Sample
from bowshot.stop import Stop

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa

T = TypeVar("T")
CALLS_MAX = 32  # at once; more wait for a thread


class Runner:
    """Runs blocking calls in threads of its own, and stops those whose task is cancelled. A forked
    child has no thread of its parent's, and makes others."""

    def __init__(self, calls: int = CALLS_MAX) -> None:
        self._calls = calls
        self._owned_pool = self._make_pool()

    def _make_pool(self) -> tuple[int, ThreadPoolExecutor]:
        return os.getpid(), ThreadPoolExecutor(self._calls, thread_name_prefix="bowshot")

    def _pool(self) -> ThreadPoolExecutor:
        if self._owned_pool[0] != os.getpid():
            self._owned_pool = self._make_pool()
        return self._owned_pool[1]

    async def run(self, call: Callable[[], T], stop: Stop | None = None) -> T:
        future = asyncio.get_running_loop().run_in_executor(self._pool(), call)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if stop is not None:
                stop.request()
            future.cancel()  # if no thread has begun it
            future.add_done_callback(_let_go)
            raise

    def submit(self, call: Callable[[], None]) -> None:
        """After what its stream still does: a reader must not be closed under another thread."""
        with contextlib.suppress(RuntimeError):  # closed meanwhile: nothing is read then
            self._pool().submit(call)

    def close(self) -> None:
        self._pool().shutdown(wait=False)


def _let_go(done: asyncio.Future[Any]) -> None:
    """Of what nobody waits for any more: an error is looked at, a stream closed."""
    if not done.cancelled() and done.exception() is None and isinstance(done.result(), BatchStream):
        done.result().close()


class AsyncBatchStream:
    """Record batches as they arrive: `async for`, in an `async with` so that leaving closes it."""

    def __init__(self, runner: Runner, batches: BatchStream, stop: Stop) -> None:
        self._runner = runner
        self._batches = batches
        self._stop = stop
        self.facts = batches.facts

    @property
    def schema(self) -> pa.Schema:
        return self._batches.schema

    async def next_batch(self) -> pa.RecordBatch | None:
        return await self._runner.run(self._batches.next_batch, self._stop)

    async def __aiter__(self) -> AsyncIterator[pa.RecordBatch]:
        try:
            while (batch := await self.next_batch()) is not None:
                yield batch
        finally:
            self.close()

    @property
    def blocking(self) -> BatchStream:
        """The same for a thread, which may wait."""
        return self._batches

    def close(self) -> None:
        """Never waits: what still reads is stopped."""
        self._stop.request()
        self._runner.submit(self._batches.close)

    async def __aenter__(self) -> AsyncBatchStream:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


class AsyncResult:
    """As `Result`; what asks is awaited."""

    def __init__(self, runner: Runner, result: Result) -> None:
        self._runner = runner
        self._result = result

    @property
    def request(self) -> Request:
        return self._result.request

    @property
    def blocking(self) -> Result:
        """The same for a thread, which may wait."""
        return self._result

    def via(self, transport: str) -> AsyncResult:
        """As Result.via()."""
        return type(self)(self._runner, self._result.via(transport))

    async def facts(self) -> Facts:
        await self.to_arrow()
        return self._result.facts

    async def to_arrow(self, *, progress: OnProgress | None = None) -> pa.Table:
        return await self._call(self._result.to_arrow, progress=progress)

    async def to_polars(self, *, progress: OnProgress | None = None) -> pl.DataFrame:
        return await self._call(self._result.to_polars, progress=progress)

    async def to_pandas(
        self, *, progress: OnProgress | None = None, **options: Any
    ) -> pd.DataFrame:
        return await self._call(self._result.to_pandas, progress=progress, **options)

    async def to_numpy(
        self, *, progress: OnProgress | None = None
    ) -> dict[str, np.ndarray[Any, Any]]:
        return await self._call(self._result.to_numpy, progress=progress)

    async def to_dict(self, *, progress: OnProgress | None = None) -> dict[str, list[Any]]:
        return await self._call(self._result.to_dict, progress=progress)

    async def to_dicts(self, *, progress: OnProgress | None = None) -> list[dict[str, Any]]:
        return await self._call(self._result.to_dicts, progress=progress)

    async def item(self, *, progress: OnProgress | None = None) -> Any:
        return await self._call(self._result.item, progress=progress)

    async def stream(self, *, progress: OnProgress | None = None) -> AsyncBatchStream:
        """`async with await result.stream() as batches: async for batch in batches: ...`"""
        stop = Stop()
        batches = await self._runner.run(
            lambda: self._result.stream(stop=stop, progress=progress), stop
        )
        return AsyncBatchStream(self._runner, batches, stop)

    async def to_file(
        self,
        target: str | os.PathLike[str] | BinaryIO,
        format: str | None = None,
        *,
        progress: OnProgress | None = None,
    ) -> Facts:
        return await self._call(self._result.to_file, target, format, progress=progress)

    async def _call(self, call: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """A call that takes a `stop`, which is requested when the task is cancelled."""
        stop = Stop()
        return await self._runner.run(lambda: call(*arguments, stop=stop, **named), stop)


class AsyncSample(AsyncResult):
    """As `Sample`."""

    _result: Sample

    @property
    def size(self) -> int:
        return self._result.size

    @property
    def seed(self) -> int:
        return self._result.seed

    async def population(self) -> int | None:
        return (await self.facts()).population

    def more(self, rows: int) -> AsyncSample:
        return AsyncSample(self._runner, self._result.more(rows))

    def again(self, seed: int | None = None) -> AsyncSample:
        return AsyncSample(self._runner, self._result.again(seed))

    async def aggregate(
        self,
        by: Expressions = (),
        measures: Expressions = ("count()",),
        *,
        confidence: float = DEFAULT_CONFIDENCE,
        progress: OnProgress | None = None,
    ) -> pa.Table:
        """As Sample.aggregate()."""
        return await self._call(
            self._result.aggregate, by, measures, confidence=confidence, progress=progress
        )


class AsyncDataset(Query[AsyncResult, AsyncSample]):
    """As `Dataset`; what asks is awaited."""

    def __init__(self, runner: Runner, dataset: Dataset, rows: Rows = ALL_ROWS) -> None:
        super().__init__(dataset.name, rows)
        self._runner = runner
        self._dataset = dataset

    async def info(self) -> DatasetInfo:
        return await self._runner.run(self._dataset.info)

    async def version(self) -> str:
        return (await self.info()).version

    async def schema(self) -> pa.Schema:
        return await self._runner.run(lambda: self._same().schema)

    async def stream(self, *, progress: OnProgress | None = None) -> AsyncBatchStream:
        return await self.rows().stream(progress=progress)

    def run(self, shape: str, **parameters: Any) -> AsyncResult:
        return AsyncResult(self._runner, self._dataset.run(shape, **parameters))

    def _same(self) -> Dataset:
        return self._dataset._derived(self._rows)

    def _derived(self, rows: Rows) -> AsyncDataset:
        return AsyncDataset(self._runner, self._dataset, rows)

    def _result(self, shape: str, **parameters: Any) -> AsyncResult:
        return AsyncResult(self._runner, self._same()._result(shape, **parameters))

    def _sample(self, request: Request) -> AsyncSample:
        return AsyncSample(self._runner, self._dataset._sample(request))


class AsyncClient:
    """As `Client`, for asyncio. Close it, or use it in an `async with`."""

    def __init__(self, client: Client, calls: int = CALLS_MAX) -> None:
        self._client = client
        self._runner = Runner(calls)

    def __getitem__(self, name: str) -> AsyncDataset:
        return AsyncDataset(self._runner, self._client[name])

    async def __aiter__(self) -> AsyncIterator[str]:
        """The datasets' names."""
        for summary in await self.datasets():
            yield summary.name

    async def datasets(self) -> list[DatasetSummary]:
        return await self._runner.run(self._client.datasets)

    async def server_version(self) -> Mapping[str, Any]:
        return await self._runner.run(self._client.server_version)

    async def publish(self, name: str, frame: Any) -> AsyncDataset:
        stop = Stop()
        await self._runner.run(lambda: self._client.publish(name, frame, stop=stop), stop)
        return self[name]

    async def remove(self, name: str, *, missing_ok: bool = False) -> None:
        await self._runner.run(lambda: self._client.remove(name, missing_ok=missing_ok))

    async def close(self) -> None:
        await self._runner.run(self._client.close)
        self._runner.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def connect_async(url: str, *, calls: int = CALLS_MAX, **options: Any) -> AsyncClient:
    """As `connect()`, for asyncio; at most `calls` at once."""
    return AsyncClient(connect(url, **options), calls)
