"""A server that holds: slow, mute, resetting and too many clients; at length in ./bow stress.

Judged is what a busy machine cannot blur: nobody healthy is refused, memory is bounded, refusals
are what the protocol says, and afterwards nothing runs. Times are for ./bow stress.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import data
import datasets
import load
import pytest
from bowshot_server import BowshotServer, wait_until
from slow_reader import SlowReader
from test_lifecycle import COUNT, LONG_FILTER

WINDOW = "/v1/datasets/flights/rows?offset=1000000&limit=100"
ALL_ROWS = "/v1/datasets/flights/rows"
THREE_COLUMNS = "/v1/datasets/flights/rows?select=delay,distance,date"  # 36 MB
MANY_ROWS = "/v1/datasets/flights/rows?limit=100000"
WIDE = ",".join(f"c{i}:delay%2B0.{i}" for i in range(10))
WIDE_ROWS = f"{MANY_ROWS}&compute={WIDE}"  # more than sockets take
ENDED = "bowshot_slow_readers_ended_total"
MIB = 1 << 20


@pytest.fixture(scope="module")
def billion() -> Path:
    return data.make("tiny-1B")


def serve(*flags: str) -> BowshotServer:
    return BowshotServer([f"flights={datasets.FLIGHTS}"], *flags)


def held(bytes_max: int, streams: int = 32) -> list[str]:
    """What answers may hold for slow readers, all together."""
    return ["--answer-bytes-held", str(bytes_max // streams), "--streams-running", str(streams)]


@pytest.fixture(scope="module")
def flights() -> Iterator[BowshotServer]:
    with serve() as started:
        yield started


BUSY = (
    "bowshot_queries_running",
    "bowshot_interactive_running",
    "bowshot_slots_lent",
    "bowshot_slow_readers",
    "bowshot_slow_reader_bytes",
)


def assert_nothing_runs(server: BowshotServer) -> None:
    """At one moment; a healthy client that still asks may be between two of its requests."""

    def rests() -> bool:
        metrics = server.metrics()
        return all(metrics[name] == 0 for name in BUSY)

    wait_until(rests, 10, "nothing runs and nobody is waited for")


def test_slow_readers_hold_no_more_than_they_may() -> None:
    limit = MIB
    with serve(*held(limit, streams=16)) as server, load.Probe(server, WINDOW) as probe:
        readers = begin_to_read(server, ALL_ROWS, 12)
        wait_until(lambda: server.metric(ENDED) > 0, 10, "the sum has a limit")
        wait_until(lambda: is_kept(server, limit), 10, "it is kept")
        wait_until(lambda: len(codes_of(server, readers)) == server.metric(ENDED), 10, "all told")
        assert set(codes_of(server, readers)) == {"overloaded"}
        assert server.metric("bowshot_slow_readers") >= 1, "who fits in stays"
        for reader in readers:
            reader.close()
        assert_nothing_runs(server)
    assert len(probe.times.seconds) > 0
    assert probe.failures == []


def is_kept(server: BowshotServer, limit: int) -> bool:
    """Who holds bytes alone may hold more."""
    metrics = server.metrics()
    return metrics["bowshot_slow_reader_bytes"] <= limit or metrics["bowshot_slow_readers"] == 1


def begin_to_read(server: BowshotServer, path: str, count: int) -> list[SlowReader]:
    """Each stops at another place: what of a batch its socket has not taken is then not the same
    for all, which would be all or nothing."""
    readers = [SlowReader(server, path) for _ in range(count)]
    for i, reader in enumerate(readers):
        reader.read_some((i + 1) * 100_000)
    return readers


def codes_of(server: BowshotServer, readers: list[SlowReader]) -> list[str]:
    """Of those whose answers ended as errors, as the request table has it."""
    ids = [reader.headers["bowshot-request"] for reader in readers]
    told = [server.get(f"/v1/requests/{request}").json() for request in ids]
    return [answer["problem"]["code"] for answer in told if answer["state"] == "failed"]


def test_a_reader_that_is_ended_takes_no_part_for_the_whole() -> None:
    with serve(*held(MIB // 2, streams=8)) as server:
        readers = begin_to_read(server, THREE_COLUMNS, 8)
        wait_until(lambda: server.metric(ENDED) > 0, 10, "the sum has a limit")
        for reader in readers:
            reader.read_rest()
        cut = [reader for reader in readers if not reader.is_complete]
        assert len(cut) == server.metric(ENDED)
        assert len(cut) < len(readers), "one alone is never ended"
        assert_nothing_runs(server)


def test_readers_that_read_go_on_beside_those_that_do_not() -> None:
    with serve(*held(8 * MIB)) as server:
        mute = [SlowReader(server, ALL_ROWS) for _ in range(8)]
        for reader in mute:
            reader.read_some(100_000)
        answer = server.get(ALL_ROWS, {"select": "delay", "format": "csv"})
        assert answer.body.count(b"\n") == 3_000_001
        for reader in mute:
            reader.close()
        assert_nothing_runs(server)


def test_slow_readers_of_screens_take_no_slot() -> None:
    """More answers that nobody reads than interactive slots."""
    with serve("--interactive-running", "2") as server:
        with load.mute_clients(server.port, 12, load.get(MANY_ROWS)):
            wait_until(lambda: server.metric("bowshot_slots_lent") == 12, 20, "all are unread")
            assert server.metric("bowshot_interactive_running") == 0
            assert server.get(WINDOW).status == 200
        assert_nothing_runs(server)


def test_a_slow_reader_gets_its_rows_all_the_same() -> None:
    """Its slot is lent out while it does not read, and taken back for the next batch."""
    with serve("--interactive-running", "1") as server:
        with SlowReader(server, WIDE_ROWS) as reader:
            reader.read_some(100_000)
            wait_until(lambda: server.metric("bowshot_slots_lent") == 1, 10, "it is unread")
            for _ in range(5):
                assert server.get(WINDOW).status == 200
            reader.read_rest()
            assert reader.is_complete
        assert_nothing_runs(server)


def test_who_waits_for_the_view_of_another_takes_no_slot(billion: Path) -> None:
    """More requests for one count of a billion rows than interactive slots; only the first has
    one, for it is what the work is done for."""
    sources = [f"big={billion}", f"flights={datasets.FLIGHTS}"]
    with BowshotServer(sources, "--interactive-running", "2") as server:
        waiting = []
        for asked in range(8):
            waiting.append(SlowReader(server, COUNT, LONG_FILTER))
            wait_until(
                lambda n=asked + 1: server.metric("bowshot_queries_running") == n, 10, "runs"
            )
            wait_until(lambda n=asked: server.metric("bowshot_slots_lent") == n, 10, "it waits")
        for _ in range(5):
            assert server.get(WINDOW).status == 200
        assert server.metric("bowshot_slots_lent") == 7, "all that time"
        assert server.metric("bowshot_view_builds_running") == 1
        for reader in waiting:
            reader.close()
        assert_nothing_runs(server)


def test_connects_and_resets(flights: BowshotServer) -> None:
    flights.get(WINDOW)
    with (
        load.Memory(flights) as memory,
        load.Probe(flights, WINDOW) as probe,
        load.resets(flights.port, rate=200, seconds=2),
    ):
        pass
    assert probe.failures == []
    assert memory.grown_bytes < 400 * MIB  # up to 64 exports begin before their reset is seen
    assert_nothing_runs(flights)
    wait_until(lambda: flights.metric("bowshot_connections_open") <= 1, 5, "all are closed")


def test_heads_that_never_end_keep_nobody_out() -> None:
    """As many as there may be connections; the oldest give way."""
    with serve("--connections", "64") as server:
        with load.mute_clients(server.port, 64, b"GET / HTTP/1.1\r\nHost: "):
            opened = time.monotonic()
            wait_until(lambda: time.monotonic() - opened > 1.2, 5, "they are old enough")
            with load.Probe(server, WINDOW) as probe:
                wait_until(lambda: len(probe.times.seconds) > 50, 20, "healthy answers")
            assert probe.failures == []
            assert server.metric("bowshot_connections_evicted_total") >= 1
        assert_nothing_runs(server)


def test_readers_that_never_read_keep_nobody_out_of_memory_or_slots() -> None:
    with serve("--connections", "40", *held(32 * MIB)) as server:
        before = server.memory_bytes()
        with load.mute_clients(server.port, 30, load.get(ALL_ROWS)):
            with load.Probe(server, WINDOW) as probe:
                wait_until(lambda: len(probe.times.seconds) > 20, 20, "healthy answers")
            assert probe.failures == []
            assert server.memory_bytes() - before < 400 * MIB
        assert_nothing_runs(server)


def test_no_descriptor_left() -> None:
    """Accepting rests, without spinning, until there is one again."""
    limit = ("prlimit", "--nofile=80:80")
    with BowshotServer([f"flights={datasets.FLIGHTS}"], under=limit) as server:
        assert server.get(WINDOW).status == 200
        with load.mute_clients(server.port, 120, b""):
            start, used = time.monotonic(), server.cpu_seconds()
            wait_until(lambda: time.monotonic() - start > 0.5, 5, "half a second")
            assert server.cpu_seconds() - used < 0.3
        wait_until(lambda: is_answered(server), 10, "it answers again")


def is_answered(server: BowshotServer) -> bool:
    try:
        return server.get(WINDOW).status == 200
    except OSError:
        return False


def test_ten_times_the_load_it_can_carry() -> None:
    targets = [
        f"/v1/datasets/flights/aggregate?by=origin&filter=delay%3E{i}&format=json"
        for i in range(200)
    ]
    with serve("--waiting", "8") as server:
        can = load.Load(server.port, targets, seconds=1.5, connections=8).run()
        assert can.wrong == []
        much = load.Load(
            server.port, targets, seconds=2, connections=400, rate=max(10 * can.good, 100)
        ).run()
        print(f"good {can.good:.1f} -> {much.good:.1f} a second", much.statuses, much.unsent)
        assert much.wrong == []
        assert set(much.statuses) == {200, 503}
        assert much.statuses[503] > much.statuses[200]
        assert_nothing_runs(server)
