"""Clients that leave, slots, deadlines, files that change while they stream, and SIGTERM."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import data
import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bowshot_server import BowshotServer, wait_until
from slow_reader import SlowReader

ROWS = "/v1/datasets/flights/rows"
COUNT = "/v1/datasets/big/count"
LONG_FILTER = {"filter": "(id * 7 + level) % 11 = 3 AND (id div 3) % 5 = 1"}
ENDLESS_FILTER = {"filter": "((((id ^ 0.5) ^ 0.7) ^ 1.1) ^ 0.9) ^ 1.3 < level"}
LONG_AGGREGATE = {"by": "bin(id, 1000)", "measures": "stddev(level),max(ts)", "limit": 10}
LONG_SORT = {"filter": "id < 60000000", "order": "-level,-id", "limit": 10, "offset": 5_000_000}
SCAN_CANCEL_SECONDS = 0.25
SORT_CANCEL_SECONDS = 1.0
NOTICE_SECONDS = 0.25  # how much later this test may see it, on two busy cores


@pytest.fixture(scope="module")
def billion() -> Path:
    return data.make("tiny-1B")


@pytest.fixture(scope="module")
def big(billion: Path) -> Iterator[BowshotServer]:
    with BowshotServer([f"big={billion}", f"flights={datasets.FLIGHTS}"]) as started:
        yield started


def running(server: BowshotServer) -> float:
    return server.metric("bowshot_queries_running")


def ask_and_leave(server: BowshotServer, path: str, parameters: dict[str, object]) -> float:
    """Starts a request, leaves once it runs; returns the seconds until nothing runs."""
    reader = SlowReader(server, path, parameters)
    wait_until(lambda: running(server) == 1, 10, "the query runs")
    reader.close()
    return wait_until(lambda: running(server) == 0, 10, "the query ends")


def cpu_stands_still(server: BowshotServer) -> bool:
    """No more than a clock tick or two of CPU time in a tenth of a second."""
    before = server.cpu_seconds()
    start = time.monotonic()
    while time.monotonic() - start < 0.1:
        os.sched_yield()
        time.sleep(0.01)
    return server.cpu_seconds() - before <= 0.02


# Cancelling.


@pytest.mark.parametrize(
    ("path", "parameters", "seconds"),
    [
        (COUNT, LONG_FILTER, SCAN_CANCEL_SECONDS),
        (
            "/v1/datasets/big/rows",
            {**LONG_FILTER, "limit": 90_000, "offset": 80_000_000},
            SCAN_CANCEL_SECONDS,
        ),
        ("/v1/datasets/big/aggregate", LONG_AGGREGATE, SORT_CANCEL_SECONDS),
        ("/v1/datasets/big/rows", LONG_SORT, SORT_CANCEL_SECONDS),
    ],
    ids=["count", "filtered rows", "aggregate", "sort"],
)
def test_a_client_that_leaves_stops_its_query(
    big: BowshotServer, path: str, parameters: dict[str, object], seconds: float
) -> None:
    taken = ask_and_leave(big, path, parameters)
    assert taken < seconds + NOTICE_SECONDS
    wait_until(lambda: cpu_stands_still(big), 2, "CPU time stands still")


def test_a_reader_that_leaves_a_stream_stops_it(big: BowshotServer) -> None:
    def fate() -> dict[str, Any]:
        return big.get(f"/v1/requests/{reader.headers['bowshot-request']}").json()

    for parameters in ({}, {"filter": "delay > -1000"}):
        with SlowReader(big, ROWS, parameters) as reader:
            reader.read_some(200_000)
            assert running(big) == 1
        wait_until(lambda: running(big) == 0, SCAN_CANCEL_SECONDS + NOTICE_SECONDS, "it stops")
        wait_until(lambda: fate()["state"] == "failed", 2, "what became of it")
        problem = fate()["problem"]
        assert (problem["code"], problem["status"]) == ("cancelled", 499)


def test_end_of_input_counts_as_leaving(big: BowshotServer) -> None:
    import socket as sockets

    with big.connect() as connection:
        head = "GET /v1/datasets/big/aggregate?by=bin(id,1000) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        connection.sendall(head.encode())
        wait_until(lambda: running(big) == 1, 10, "the query runs")
        connection.shutdown(sockets.SHUT_WR)
        wait_until(lambda: running(big) == 0, SORT_CANCEL_SECONDS + NOTICE_SECONDS, "it stops")


def test_a_pipelined_request_is_not_leaving(big: BowshotServer) -> None:
    line = (
        "GET /v1/datasets/flights/count?filter={}&format=json HTTP/1.1\r\nHost: 127.0.0.1\r\n{}\r\n"
    )
    with big.connect() as connection:
        connection.sendall(line.format("delay%20%3E%2010%20OR%20distance%20%3E%201", "").encode())
        connection.sendall(line.format("TRUE", "Connection: close\r\n").encode())
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert received.count(b"HTTP/1.1 200") == 2
    assert b"\n[3000000]\n" in received


def test_cancelled_requests_are_told_and_measured(big: BowshotServer) -> None:
    before = cancelled(big)
    ask_and_leave(big, COUNT, LONG_FILTER)
    wait_until(lambda: cancelled(big) > before, 2, "bowshot_cancel_seconds counts it")


def cancelled(server: BowshotServer) -> float:
    return server.metric("bowshot_cancel_seconds_count")


@pytest.mark.parametrize("media", ["arrow", "csv", "json"])
def test_an_error_late_in_a_stream_breaks_it_off(big: BowshotServer, media: str) -> None:
    late = {"compute": "x:(_row div 2900000) * 9223372036854775807 + _row", "select": "x,delay"}
    with SlowReader(big, "/v1/datasets/flights/rows", {**late, "format": media}) as reader:
        reader.read_rest()
        assert (reader.status, reader.was_reset, reader.is_complete) == (200, True, False)
        told = big.get(f"/v1/requests/{reader.headers['bowshot-request']}").json()
    assert (told["state"], told["problem"]["code"]) == ("failed", "overflow")


def test_memory_of_a_stalled_stream_is_bounded(big: BowshotServer) -> None:
    idle = big.memory_bytes()
    readers = [SlowReader(big, ROWS, {"filter": "delay > -1000"}) for _ in range(8)]
    for reader in readers:
        reader.read_some(100_000)
    assert big.memory_bytes() - idle < 600 << 20
    for reader in readers:
        reader.close()
    wait_until(lambda: running(big) == 0, 5, "all of them stop")


# Slots and deadlines.


def test_overloaded(billion: Path) -> None:
    flags = ["--interactive-running", "1", "--waiting", "0", "--streams-running", "1"]
    sources = [f"big={billion}", f"flights={datasets.FLIGHTS}"]
    with BowshotServer(sources, *flags) as server:
        with SlowReader(server, COUNT, LONG_FILTER):
            wait_until(lambda: running(server) == 1, 10, "the slot is taken")
            refused = server.get("/v1/datasets/flights/count", {"filter": "delay > 3"})
            assert (refused.status, refused.code()) == (503, "overloaded")
            assert int(refused.headers["retry-after"]) >= 1
            assert server.get("/healthz").status == 200
        wait_until(lambda: running(server) == 0, 5, "the slot is free")
        with SlowReader(server, ROWS) as stream:
            stream.read_some(100_000)
            second = server.get(ROWS)
            assert (second.status, second.code()) == (503, "overloaded")
            interactive = server.get(ROWS, {"limit": 10})
            assert interactive.status == 200, "a stream takes no interactive slot"


def test_waiting_requests_get_their_turn(billion: Path) -> None:
    flags = ["--interactive-running", "1", "--waiting", "4"]
    with BowshotServer([f"big={billion}", f"flights={datasets.FLIGHTS}"], *flags) as server:
        holder = SlowReader(server, COUNT, LONG_FILTER)
        wait_until(lambda: running(server) == 1, 10, "the slot is taken")
        waiting = SlowReader(server, "/v1/datasets/flights/count", {"filter": "delay > 3"})
        wait_until(lambda: server.metric("bowshot_queries_waiting") == 1, 5, "it waits")
        holder.close()
        waiting.read_head()
        assert waiting.status == 200
        waiting.close()


def test_deadline(billion: Path) -> None:
    with BowshotServer([f"big={billion}"], "--first-batch-seconds", "1") as server:
        start = time.monotonic()
        answer = server.get("/v1/datasets/big/aggregate", LONG_AGGREGATE)
        assert (answer.status, answer.code()) == (504, "deadline_exceeded")
        assert time.monotonic() - start < 4
        wait_until(lambda: running(server) == 0, 2, "the query ends")


def test_stalled_reader(billion: Path) -> None:
    flags = ["--stalled-reader-seconds", "1"]
    with BowshotServer([f"flights={datasets.FLIGHTS}"], *flags) as server:
        reader = SlowReader(server, ROWS)
        reader.read_some(100_000)
        wait_until(lambda: running(server) == 0, 10, "the stalled stream ends")
        told = server.get(f"/v1/requests/{reader.headers['bowshot-request']}").json()
        assert told["state"] == "failed"
        reader.close()


# Files that change.


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    path = tmp_path / "flights.parquet"
    shutil.copy(datasets.FLIGHTS, path)
    return path


def other_rows() -> pa.Table:
    return pa.table({"date": pa.array([1, 2, 3])})


def overwrite(path: Path) -> None:
    """Other rows into the same inode."""
    rows = path.with_suffix(".other")
    pq.write_table(other_rows(), rows)
    with path.open("r+b") as file:
        file.write(rows.read_bytes())
        file.truncate()


def scribble(path: Path) -> None:
    """The same size, other bytes in the last row groups."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(os.urandom(1 << 20))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 3)


@pytest.mark.parametrize("change", [overwrite, scribble, cut])
@pytest.mark.parametrize("parameters", [{}, {"filter": "delay > -10000"}], ids=["window", "sql"])
def test_overwritten_while_it_streams(
    copy: Path, change: object, parameters: dict[str, object]
) -> None:
    assert callable(change)
    with BowshotServer([f"flights={copy}"]) as server:
        with SlowReader(server, ROWS, parameters) as reader:
            reader.read_some(100_000)
            change(copy)
            reader.read_rest()
            assert not reader.is_complete, "the chunked body must not end well"
            body = reader.rest_of_broken_body()
            with pytest.raises((pa.ArrowInvalid, OSError, EOFError)):
                pa.ipc.open_stream(body).read_all()
            told = server.get(f"/v1/requests/{reader.headers['bowshot-request']}").json()
        assert told["state"] == "failed"
        assert told["problem"]["code"] in ("version_changed", "bad_data")
        assert server.is_running()
        assert server.get("/healthz").status == 200


@pytest.mark.parametrize("change", [overwrite, scribble, cut])
def test_a_file_overwritten_while_it_is_sent(tmp_path: Path, change: object) -> None:
    """Longer than sockets hold, and read slowly: a part of it leaves after the change."""
    assert callable(change)
    path = tmp_path / "noise.parquet"
    noise = pa.array(np.random.default_rng(1).integers(0, 1 << 62, 6_000_000))
    pq.write_table(pa.table({"noise": noise}), path, compression="none", use_dictionary=False)
    contents = path.read_bytes()
    with BowshotServer([f"noise={path}"]) as server:
        target = "/v1/datasets/noise/files/0.parquet"
        assert server.get(target).body == contents
        with server.connect() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 << 10)
            client.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            answer = http.client.HTTPResponse(client)
            answer.begin()
            received = len(answer.read(1 << 20))
            change(path)
            with contextlib.suppress(ConnectionResetError, http.client.IncompleteRead):
                while piece := answer.read(1 << 20):
                    received += len(piece)
        assert received < len(contents), "the body must not end well"
        told = server.get(f"/v1/requests/{answer.headers['bowshot-request']}").json()
        assert told["problem"]["code"] in ("version_changed", "bad_data")
        assert server.get("/healthz").status == 200


@pytest.mark.parametrize("parameters", [{}, {"filter": "delay > -10000"}], ids=["window", "sql"])
def test_renamed_over_while_it_streams(copy: Path, parameters: dict[str, object]) -> None:
    """The old version goes on, whole; the next request sees the new one."""
    expected = pq.read_table(copy, columns=["delay", "origin"])
    with BowshotServer([f"flights={copy}"]) as server:
        before = server.get("/v1/datasets/flights").json()
        with SlowReader(server, ROWS, {**parameters, "select": "delay,origin"}) as reader:
            reader.read_some(100_000)
            fresh = copy.with_name("fresh")
            pq.write_table(other_rows(), fresh)
            fresh.rename(copy)
            after = server.get("/v1/datasets/flights").json()
            table = pa.ipc.open_stream(reader.read_rest()).read_all()
        assert reader.is_complete
        assert table.column("delay").equals(expected.column("delay"))
        assert table.num_rows == 3_000_000
        assert after["rows"] == 3
        assert after["version"] != before["version"]
        pinned = server.get(ROWS, {"version": before["version"]})
        assert (pinned.status, pinned.code()) == (409, "version_changed")


def test_a_file_that_goes_away_and_comes_back(copy: Path) -> None:
    aside = copy.with_name("aside")
    with BowshotServer([f"flights={copy}"]) as server:
        copy.rename(aside)
        gone = server.get(ROWS, {"limit": 1})
        assert gone.status in (200, 400, 409)  # the held file, or an error; never a crash
        copy.write_bytes(b"not Parquet")
        broken = server.get(ROWS, {"limit": 1})
        assert (broken.status, broken.code()) == (400, "bad_data")
        aside.rename(copy)
        assert server.get(ROWS, {"limit": 1}).status == 200


def test_a_new_file_in_a_directory_is_a_new_version(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1, 2]}), tmp_path / "a.parquet")
    with BowshotServer([f"all={tmp_path}"]) as server:
        first = server.get("/v1/datasets/all").json()
        pq.write_table(pa.table({"x": [3]}), tmp_path / "b.parquet")
        second = server.get("/v1/datasets/all").json()
        assert (first["rows"], second["rows"]) == (2, 3)
        assert first["version"] != second["version"]


# SIGTERM.


def test_sigterm_when_idle(small_datasets: list[str]) -> None:
    server = BowshotServer(small_datasets)
    start = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - start < 3
    server.close()


def test_sigint_ends_as_well(small_datasets: list[str]) -> None:
    server = BowshotServer(small_datasets)
    os.kill(server.pid, signal.SIGINT)
    assert server.wait() == 0
    server.close()


def is_refused(server: BowshotServer) -> bool:
    """Whether nothing listens. A connection that waits to be accepted when the listening socket
    closes is reset: that says nothing yet."""
    try:
        server.connect(1).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        return False
    return False


def test_sigterm_lets_answers_finish(copy: Path) -> None:
    server = BowshotServer([f"flights={copy}"])
    with SlowReader(server, ROWS) as reader:
        reader.read_some(100_000)
        server.terminate()
        wait_until(lambda: is_refused(server), 5, "nothing listens")
        table = pa.ipc.open_stream(reader.read_rest()).read_all()
        assert reader.is_complete
        assert table.num_rows == 3_000_000
    assert server.wait() == 0
    server.close()


def test_sigterm_ends_what_does_not_finish(copy: Path, billion: Path) -> None:
    """A stream is broken off; what has no first batch yet, or no slot, is told why."""
    flags = ["--interactive-running", "1"]
    server = BowshotServer([f"flights={copy}", f"big={billion}"], *flags)
    with (
        SlowReader(server, ROWS) as reader,
        SlowReader(server, COUNT, ENDLESS_FILTER) as endless,
        server.connect() as idle,
    ):
        reader.read_some(100_000)
        wait_until(lambda: server.metric("bowshot_interactive_running") == 1, 10, "it runs")
        with SlowReader(server, "/v1/datasets/flights/count", {"filter": "delay > 3"}) as waiting:
            wait_until(lambda: server.metric("bowshot_queries_waiting") == 1, 5, "it waits")
            start = time.monotonic()
            server.terminate()
            assert idle.recv(1) == b"", "an idle connection is closed at once"
            assert time.monotonic() - start < 3
            assert server.wait() == 0
            assert time.monotonic() - start < 13
            for told in (endless, waiting):
                told.read_head()
                assert told.status == 503
                assert told.headers["content-type"] == "application/problem+json"
                assert "retry-after" in told.headers
        reader.read_rest()
        assert not reader.is_complete
    server.close()
