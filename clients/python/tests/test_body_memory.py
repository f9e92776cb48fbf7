"""Large bodies are read into memory that is used again: never while anything points into it."""

from __future__ import annotations

import io
import time

import pyarrow as pa
import pytest

import bowshot
from bowshot.body_memory import BYTES_MAX, BYTES_MIN, BodyMemory
from faulty_server import answer, chunked, scripted

ARROW = "Content-Type: application/vnd.apache.arrow.stream"
ROWS = 2 * BYTES_MIN // 8  # of a batch
BATCHES = 6


def expected(batch: int) -> list[int]:
    first = batch * ROWS
    return [first, first + ROWS // 2, first + ROWS - 1]


def probed(column: pa.Array) -> list[int]:
    return [column[i].as_py() for i in (0, ROWS // 2, ROWS - 1)]


def arrow_bytes() -> bytes:
    sink = io.BytesIO()
    schema = pa.schema({"x": pa.int64()})
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in range(BATCHES):
            rows = pa.array(range(batch * ROWS, (batch + 1) * ROWS), pa.int64())
            writer.write_batch(pa.record_batch([rows], schema))
    return sink.getvalue()


@pytest.fixture(scope="module")
def whole() -> bytes:
    return arrow_bytes()


def framings(body: bytes) -> list[bytes]:
    """In chunks smaller than a body, in one for all, with a length."""
    return [chunked(body, ARROW, size=100_000), chunked(body, ARROW, size=len(body)),
            answer(body, ARROW)]  # fmt: skip


def test_what_is_kept_stays_as_it_was(whole: bytes) -> None:
    """All batches; every other one; a column of one; a slice of one."""
    for framed in framings(whole):
        with scripted(framed) as server, bowshot.connect(server.url) as client:
            table = client["x"].rows().to_arrow()
            for batch, column in enumerate(table["x"].chunks):
                assert probed(column) == expected(batch)
            with client["x"].stream() as batches:
                kept = [column for i, column in enumerate(b.column(0) for b in batches) if i % 2]
            assert [probed(column) for column in kept] == [expected(i) for i in (1, 3, 5)]
            with client["x"].stream() as batches:
                lasts = [batch.slice(ROWS - 1) for batch in batches]
            assert [one.column(0)[0].as_py() for one in lasts] == [
                (batch + 1) * ROWS - 1 for batch in range(BATCHES)
            ]


def test_dropped_batches_leave_their_memory_to_the_next(whole: bytes) -> None:
    addresses = set()
    with (
        scripted(framings(whole)[0]) as server,
        bowshot.connect(server.url) as client,
        client["x"].stream() as batches,
    ):
        for number, batch in enumerate(batches):
            assert probed(batch.column(0)) == expected(number)
            addresses.add(batch.column(0).buffers()[1].address)
    assert len(addresses) < BATCHES


def test_memory_that_is_pointed_into_is_not_given_again() -> None:
    memory = BodyMemory()
    first = memory.take(BYTES_MIN)
    first[:5] = b"first"
    slice_of_first = first[:5]
    del first
    for size in (BYTES_MIN, 2 * BYTES_MIN, BYTES_MIN + 1):
        other = memory.take(size)
        assert len(other) == size
        other[:5] = b"other"
        other[size - 1] = 1  # all of it can be written
        del other
    assert bytes(slice_of_first) == b"first"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_cut_within_a_large_body(whole: bytes, share: float) -> None:
    body = whole[: int(len(whole) * share)]
    head = len(answer(whole, ARROW)) - len(whole)
    for damaged in (
        chunked(body, ARROW, ended=False),
        chunked(body, ARROW),
        answer(body, ARROW),
        answer(whole, ARROW)[: head + len(body)],
        answer(body, ARROW, length=False),
    ):
        with (
            scripted(damaged) as server,
            bowshot.connect(server.url) as client,
            pytest.raises(bowshot.IncompleteAnswerError),
        ):
            client["x"].rows().to_arrow()


def test_silence_within_a_large_body(whole: bytes) -> None:
    begun = chunked(whole, ARROW)[: len(whole) // 2]
    with (
        scripted(begun, then_silent=True) as server,
        bowshot.connect(server.url, timeout=0.2) as client,
        pytest.raises(bowshot.DeadlineError) as caught,
    ):
        client["x"].rows().to_arrow()
    assert caught.value.code == "timeout"


def test_a_stop_within_a_large_body(whole: bytes) -> None:
    begun = chunked(whole, ARROW)[: len(whole) // 2]
    with scripted(begun, then_silent=True) as server, bowshot.connect(server.url) as client:
        stop = bowshot.Stop()
        start = time.monotonic()
        with client["x"].rows().stream(stop=stop) as batches:
            assert batches.next_batch() is not None
            stop.request()
            with pytest.raises(bowshot.StoppedError):
                list(batches)
        assert time.monotonic() - start < 30


def test_a_length_that_is_only_claimed_takes_no_memory(whole: bytes) -> None:
    """A message's head may claim any length: memory is taken for what a server sends in truth."""
    assert BYTES_MAX <= 64 << 20
    claimed = bytearray(whole)
    size = (2 * BYTES_MIN).to_bytes(8, "little")
    at = claimed.index(size, claimed.index(b"\xff\xff\xff\xff", 8))  # bodyLength of the first
    claimed[at : at + 8] = (1 << 40).to_bytes(8, "little")
    with (
        scripted(chunked(bytes(claimed), ARROW)) as server,
        bowshot.connect(server.url) as client,
        pytest.raises((bowshot.IncompleteAnswerError, MemoryError)),
    ):
        client["x"].rows().to_arrow()
