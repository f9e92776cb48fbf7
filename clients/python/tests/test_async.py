"""The asyncio client: the same answers, many at once, cancelled with their tasks."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import bowshot
from bowshot import Server


def test_the_same_answers(server: Server, flights: pl.DataFrame) -> None:
    async def ask() -> None:
        async with bowshot.connect_async(server.url or "") as client:
            dataset = client["flights"]
            assert (await dataset.info()).rows == flights.height
            assert (await dataset.schema()).names == flights.columns
            rows = await dataset.filter("delay > 600").order("-delay").rows(limit=5).to_polars()
            expected = flights.filter(pl.col("delay") > 600).sort(
                "delay", descending=True, maintain_order=True
            )
            assert_frame_equal(rows, expected.head(5))
            sample = dataset.sample(100)
            assert (await sample.more(10).to_arrow()).num_rows == 110
            assert (await sample.via("parquet").to_arrow()).equals(await sample.to_arrow())
            assert await sample.population() == flights.height
            assert "flights" in [name async for name in client]
            estimate = await sample.aggregate(measures="mean(delay)")
            assert estimate.column_names == ["mean_delay", "mean_delay_error"]
            with pytest.raises(bowshot.RequestError):
                await dataset.filter("nope = 1").count().item()
            assert (await dataset.count().facts()).completeness == "exact"

    asyncio.run(ask())


def test_many_at_once(server: Server, flights: pl.DataFrame) -> None:
    async def ask() -> None:
        async with bowshot.connect_async(server.url or "", calls=8) as client:
            counts = await asyncio.gather(
                *(client["flights"].filter(f"delay > {i}").count().item() for i in range(20))
            )
        assert counts == [flights.filter(pl.col("delay") > i).height for i in range(20)]

    asyncio.run(ask())


def test_streams(server: Server, flights: pl.DataFrame) -> None:
    async def ask() -> None:
        async with bowshot.connect_async(server.url or "") as client:
            async with await client["flights"].stream() as batches:
                rows = 0
                async for batch in batches:
                    rows += batch.num_rows
            assert rows == flights.height
            async with await client["flights"].stream() as batches:
                async for _ in batches:
                    break
            assert await client["flights"].count().item() == flights.height

    asyncio.run(ask())


def test_a_server_that_dies_and_a_wrong_token(sources: dict[str, str]) -> None:
    async def ask(server: Server) -> None:
        address = server.url or ""
        async with bowshot.connect_async(address, token="wrong-token-wrong-token") as stranger:
            with pytest.raises(bowshot.AccessError) as refused:
                await stranger["flights"].count().item()
            assert refused.value.code == "unauthorized"
        async with bowshot.connect_async(address, token=server.token) as client:
            async with await client["flights"].stream() as batches:
                os.kill(server.pid, signal.SIGKILL)
                with pytest.raises(bowshot.IncompleteAnswerError):
                    async for _ in batches:
                        pass
            with pytest.raises(bowshot.ConnectionFailedError):
                await client["flights"].count().item()

    with bowshot.serve({"flights": sources["flights"]}, token=True, quiet=True) as server:
        asyncio.run(ask(server))


def test_a_cancelled_task_ends_at_once(server: Server) -> None:
    async def ask() -> None:
        async with bowshot.connect_async(server.url or "", calls=1) as client:
            heavy = client["flights"].aggregate(by="date", measures="count_distinct(delay)")
            for _ in range(3):
                task = asyncio.create_task(heavy.to_arrow())
                await asyncio.sleep(0.02)
                task.cancel()
                start = time.monotonic()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert time.monotonic() - start < 1
            # The one thread is free again: what was cancelled does not go on.
            assert await asyncio.wait_for(client["flights"].rows(limit=1).to_arrow(), 10)

    asyncio.run(ask())


def test_the_loop_goes_on(server: Server) -> None:
    async def ask() -> None:
        async with bowshot.connect_async(server.url or "") as client:
            ticks = 0

            async def tick() -> None:
                nonlocal ticks
                while True:
                    await asyncio.sleep(0.001)
                    ticks += 1

            ticking = asyncio.create_task(tick())
            await client["flights"].order("-delay").rows(limit=500_000).to_arrow()
            ticking.cancel()
            assert ticks > 10

    asyncio.run(ask())
