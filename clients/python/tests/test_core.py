"""The core in process: the same answers as the server's, its memory, its threads, its end."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import spelling
from polars.testing import assert_frame_equal

import bowshot
from bowshot import Client, Core


@pytest.fixture(scope="module")
def core(sources: dict[str, str]) -> Iterator[Core]:
    with Core(sources) as opened:
        yield opened


@pytest.mark.parametrize("name", ["people", "names", "types", "extremes", "empty", "parts"])
@pytest.mark.parametrize("transport", ["arrow", "parquet"])
def test_the_server_and_the_core_are_of_one_mind(
    core: Core, client: Client, name: str, transport: str
) -> None:
    mine = core[name].rows().via(transport)
    theirs = client[name].rows().via(transport)
    assert spelling.spell_table(mine.to_arrow()) == spelling.spell_table(theirs.to_arrow())
    assert mine.to_arrow().schema.remove_metadata() == theirs.to_arrow().schema.remove_metadata()
    assert mine.facts.rows == theirs.facts.rows
    assert mine.facts.version == theirs.facts.version


def test_shapes(core: Core, flights: pl.DataFrame) -> None:
    dataset = core["flights"]
    late = flights.filter(pl.col("delay") > 600)
    assert dataset.filter("delay > 600").count().item() == late.height
    rows = dataset.filter("delay > 600").order("-delay").rows(limit=10).to_polars()
    assert_frame_equal(rows, late.sort("delay", descending=True, maintain_order=True).head(10))
    sample = dataset.sample(50)
    assert sample.facts.completeness == "sampled"
    assert sample.population == flights.height
    assert {summary.name for summary in core.datasets()} >= {"flights", "people"}
    assert core.server_version()["name"] == "bowshot"


def test_errors_are_the_servers(core: Core, client: Client) -> None:
    for target in (core, client):
        with pytest.raises(bowshot.RequestError) as caught:
            target["people"].filter("nmae = 'x'").rows().to_arrow()
        assert caught.value.suggestions == ("name",)
        assert caught.value.text == "nmae = 'x'"
        with pytest.raises(bowshot.UnknownDatasetError):
            target["peopel"].info()
        with pytest.raises(bowshot.RequestError):
            target["people"].rows(limit=-1).to_file("/tmp/never.csv")
    assert not Path("/tmp/never.csv").exists()


def test_batches_outlive_the_core(sources: dict[str, str]) -> None:
    with Core({"people": sources["people"]}) as opened:
        table = opened["people"].rows().to_arrow()
        before = table.to_pylist()
    assert str(table.to_pylist()) == str(before)


def test_streams_that_are_left(core: Core, flights: pl.DataFrame) -> None:
    for _ in range(3):
        for batch in core["flights"].order("distance").stream():
            assert batch.num_rows
            break
    stream = core["flights"].stream()
    assert stream.next_batch() is not None
    stream.close()
    with pytest.raises(bowshot.StoppedError):
        stream.next_batch()
    assert not core._core._open


def test_streams_that_are_dropped(sources: dict[str, str]) -> None:
    with Core({"flights": sources["flights"]}, streams_running=2, first_batch_seconds=5) as small:
        for _ in range(5):
            assert small["flights"].stream().next_batch() is not None
            gc.collect()
        assert next(iter(small["flights"].stream())) is not None


def test_closing_ends_what_is_open(sources: dict[str, str]) -> None:
    opened = Core({"flights": sources["flights"]})
    stream = opened["flights"].stream()
    assert stream.next_batch() is not None
    opened.close()
    opened.close()
    with pytest.raises(bowshot.StoppedError):
        stream.next_batch()
    with pytest.raises(bowshot.Error, match="closed"):
        opened["flights"].count().item()


def test_closing_waits_for_calls_of_other_threads(sources: dict[str, str]) -> None:
    """A frame that is being published is the core's until its rows have ended."""
    opened = Core({"people": sources["people"]})
    began, goes_on = threading.Event(), threading.Event()
    batch = pa.record_batch({"x": [1, 2, 3]})

    def rows() -> Iterator[pa.RecordBatch]:
        yield batch
        began.set()
        goes_on.wait(60)
        yield batch

    failures: list[Exception] = []

    def publish() -> None:
        try:
            opened.publish("slow", pa.RecordBatchReader.from_batches(batch.schema, rows()))
        except bowshot.Error as error:
            failures.append(error)

    publishing = threading.Thread(target=publish)
    publishing.start()
    assert began.wait(60)
    closing = threading.Thread(target=opened.close)
    closing.start()
    closing.join(0.2)
    is_waiting = closing.is_alive()
    goes_on.set()
    publishing.join()
    closing.join()
    assert is_waiting
    assert [type(failure) for failure in failures] == [bowshot.StoppedError]


def test_a_core_that_others_use_is_closed(sources: dict[str, str]) -> None:
    """Whatever they are at; it ended the process once."""

    def use(core: Core, number: int, ends: list[Exception]) -> None:
        flights = core["flights"]
        uses: list[Callable[[], object]] = [
            lambda: flights.rows(limit=100).to_arrow(),
            lambda: flights.aggregate(by="origin").to_arrow(),
            lambda: flights.rows(limit=1000).via("parquet").to_arrow(),
            lambda: next(iter(flights.stream())),
            lambda: core.publish(f"of_{number}", {"x": np.arange(1000)}),
            core.datasets,
        ]
        try:
            while True:
                uses[number % len(uses)]()
                number += 1
        except Exception as error:
            ends.append(error)

    for _ in range(3):
        opened = Core({"flights": sources["flights"]})
        ends: list[Exception] = []
        threads = [threading.Thread(target=use, args=(opened, n, ends)) for n in range(12)]
        for thread in threads:
            thread.start()
        opened["flights"].count().item()
        opened.close()
        for thread in threads:
            thread.join()
        assert len(ends) == 12
        assert all(isinstance(end, bowshot.Error) for end in ends), ends


def test_a_process_ends_while_threads_use_a_core(sources: dict[str, str]) -> None:
    """The core's threads read the requests' bodies from Python, which must not be gone then."""
    program = f"""
import threading
import bowshot
core = bowshot.Core({{"flights": {sources["flights"]!r}}})
began = threading.Barrier(5)
def use():
    began.wait()
    while True:
        core["flights"].rows(limit=1000).via("parquet").to_arrow()
for _ in range(4):
    threading.Thread(target=use, daemon=True).start()
began.wait()
core["flights"].count().item()
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(bowshot.__file__).parents[1])}
    command = [sys.executable, "-c", program]
    for _ in range(3):
        subprocess.run(command, env=environment, check=True, timeout=120)


def test_stop(core: Core) -> None:
    stop = bowshot.Stop()
    threading.Timer(0.05, stop.request).start()
    start = time.monotonic()
    with pytest.raises(bowshot.StoppedError):
        ask_on(core, stop)
    assert time.monotonic() - start < 20


def ask_on(core: Core, stop: bowshot.Stop) -> None:
    for _ in range(1000):
        core["flights"].aggregate(by="date", measures="count_distinct(delay)").to_arrow(stop=stop)


def test_other_threads_run_meanwhile(core: Core) -> None:
    """The GIL is free while the core works."""
    ticks = 0
    done = threading.Event()

    def ask() -> None:
        core["flights"].aggregate(by="date", measures="median(delay)").to_arrow()
        done.set()

    thread = threading.Thread(target=ask)
    thread.start()
    while not done.wait(0.001):
        ticks += 1
    thread.join()
    assert ticks > 10


def test_many_threads(core: Core, flights: pl.DataFrame) -> None:
    counts: list[int] = []

    def ask(delay: int) -> None:
        counts.append(core["flights"].filter(f"delay > {delay}").count().item())

    threads = [threading.Thread(target=ask, args=(d,)) for d in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == sorted(flights.filter(pl.col("delay") > d).height for d in range(16))


def test_what_cannot_be_opened(tmp_path: Path, sources: dict[str, str]) -> None:
    with pytest.raises(bowshot.StartError, match="gone"):
        Core({"x": tmp_path / "gone.parquet"})
    with pytest.raises(bowshot.StartError, match="no_such"):
        Core({"x": sources["people"]}, no_such=1)


def test_publish(core: Core) -> None:
    table = pa.table({"x": pa.array(range(100_000), pa.int64())})
    assert core.publish("numbers", table).aggregate(measures="sum(x)").item() == sum(range(100_000))
    core.remove("numbers")


def address(column: pa.ChunkedArray) -> int:
    return column.chunk(0).buffers()[1].address


def test_a_frame_is_neither_copied_in_nor_out(core: Core) -> None:
    values = np.arange(200_000, dtype=np.float64)
    texts = pl.Series("text", [f"a text of more than twelve bytes: {i}" for i in range(200_000)])
    table = pa.table({"x": values, "text": texts.to_arrow()})
    frame = core.publish("frame", table)
    info = frame.info()
    assert info.bytes <= table.nbytes * 1.01
    out = frame.select("x").rows(offset=5, limit=1000).to_arrow()
    assert address(out["x"]) == values.ctypes.data
    assert out["x"].to_numpy().tolist() == list(range(5, 1005))
    matching = frame.filter("x >= 0").select("x").rows().to_arrow()  # a filter that keeps all
    assert address(matching["x"]) == values.ctypes.data
    last = frame.order("-x").rows(limit=2).to_polars()
    assert last["text"].to_list() == texts[-2:].reverse().to_list()


def test_every_format_of_a_frame(core: Core, tmp_path: Path) -> None:
    """Slices of its buffers begin at any bit, and their offsets at any number."""
    n = 150_000
    frame = pl.DataFrame(
        {
            "integer": [None if i % 5 == 0 else i for i in range(n)],
            "truth": [None if i % 7 == 0 else i % 3 == 0 for i in range(n)],
            "text": [None if i % 11 == 0 else f"text {i}" * (i % 3) for i in range(n)],
            "list": [list(range(i % 4)) if i % 5 else None for i in range(n)],
            "struct": [{"a": i, "b": f"x{i}"} if i % 3 else None for i in range(n)],
        }
    )
    dataset = core.publish("frame", frame)
    for offset, limit in ((13, 1_000), (65_535, 70_001), (3, n)):
        even = frame.filter(pl.col("integer") % 2 == 0).slice(offset, limit)
        for name, read in FORMATS.items():
            dataset.rows(offset=offset, limit=limit).to_file(tmp_path / name)
            assert_frame_equal(read(tmp_path / name), frame.slice(offset, limit))
            matching = dataset.filter("integer % 2 = 0").rows(offset=offset, limit=limit)
            matching.to_file(tmp_path / name)
            assert_frame_equal(read(tmp_path / name), even)


FORMATS: dict[str, Callable[[Path], pl.DataFrame]] = {
    "x.arrows": pl.read_ipc_stream,
    "x.arrow": pl.read_ipc,
    "x.parquet": pl.read_parquet,
}


def test_a_frame_lives_as_long_as_its_answers(core: Core) -> None:
    released: list[str] = []
    values = np.arange(1_000_000, dtype=np.int64)
    weakref.finalize(values, released.append, "gone")
    frame = core.publish("frame", pa.table({"x": pa.array(values)}))
    del values
    stream = frame.stream()
    first = stream.next_batch()
    core.publish("frame", pa.table({"x": [1]}))
    assert not released
    rest = [first, *stream]
    assert sum(batch.num_rows for batch in rest if batch) == 1_000_000
    assert frame.rows().to_dict() == {"x": [1]}
    del first, rest, stream
    gc.collect()
    assert released


def test_frames_take_no_more_than_their_limit() -> None:
    with Core({}, publish_bytes=1_000_000) as small:
        with pytest.raises(bowshot.Error, match="publish_bytes") as caught:
            small.publish("frame", {"x": np.zeros(1_000_000)})
        assert caught.value.code == "out_of_memory"
        assert small.publish("frame", {"x": np.zeros(100_000)}).count().item() == 100_000
        with pytest.raises(bowshot.Error, match="of which 200"):
            small.publish("other", {"x": np.zeros(100_000)})
        small.remove("frame")
        assert small.publish("other", {"x": np.zeros(100_000)}).count().item() == 100_000


def test_text_that_is_not_utf8(core: Core) -> None:
    broken = pa.StringArray.from_buffers(
        1, pa.py_buffer(np.array([0, 2], np.int32)), pa.py_buffer(b"\xff\xfe")
    )
    with pytest.raises(bowshot.Error, match="not UTF-8"):
        core.publish("frame", pa.table({"text": broken}))
