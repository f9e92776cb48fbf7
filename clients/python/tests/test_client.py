"""Results of the client against Polars on the same file."""

from __future__ import annotations

import asyncio
import csv
import datetime
import json
import re
import threading
import time
import warnings
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import spelling
from polars.testing import assert_frame_equal

import bowshot
from bowshot import Client, Server, column, descending, literal


def test_datasets_by_name(client: Client, flights: pl.DataFrame) -> None:
    listed = {summary.name: summary for summary in client.datasets()}
    assert listed["flights"].rows == flights.height
    assert listed["flights"].columns == flights.width
    assert "flights" in client
    assert "flight" not in client
    assert set(client) == set(listed)
    with pytest.raises(TypeError):
        client[0]  # type: ignore[index]


def test_info_and_schema(client: Client, flights: pl.DataFrame) -> None:
    dataset = client["flights"]
    info = dataset.info()
    assert [c.name for c in info.columns] == flights.columns
    assert info.version == dataset.version
    assert (info.rows, len(dataset)) == (flights.height, flights.height)
    assert dataset.select("delay").schema == pa.schema([("delay", pa.int64())])
    assert dataset  # no question to the server


def test_rows(client: Client, flights: pl.DataFrame) -> None:
    result = client["flights"].rows(offset=1_234_567, limit=100)
    assert_frame_equal(result.to_polars(), flights.slice(1_234_567, 100))
    assert result.facts.rows == 100
    assert result.facts.total_rows == flights.height
    assert result.facts.completeness == "exact"
    assert result.facts.version == client["flights"].version


def test_filter_compute_select_order(client: Client, flights: pl.DataFrame) -> None:
    rows = (
        client["flights"]
        .compute(late="delay - 60")
        .filter("delay > 60", f"origin = {literal('LAX')}")
        .filter("late < 400")
        .select("late", "destination", "date")
        .order("-late", "date", "destination")
        .rows(limit=50)
        .to_polars()
    )
    expected = (
        flights.with_columns(late=pl.col("delay") - 60)
        .filter(pl.col("delay") > 60, pl.col("origin") == "LAX", pl.col("late") < 400)
        .select("late", "destination", "date")
        .sort("late", "date", "destination", descending=[True, False, False])
        .head(50)
    )
    assert_frame_equal(rows, expected)


def test_queries_are_immutable(client: Client, flights: pl.DataFrame) -> None:
    base = client["flights"]
    base.filter("delay > 60").select("delay").order("delay")
    assert base.count().item() == flights.height
    assert base.rows(limit=1).to_arrow().num_columns == flights.width


def test_filter_as_json(client: Client, flights: pl.DataFrame) -> None:
    late = {"op": ">", "args": [{"property": "delay"}, 60]}
    west = {"op": "=", "args": [{"property": "origin"}, "LAX"]}
    count = client["flights"].filter(late).filter(west).count().item()
    assert count == flights.filter(pl.col("delay") > 60, pl.col("origin") == "LAX").height
    with pytest.raises(ValueError, match="all texts or all dicts"):
        client["flights"].filter(late, "delay > 3").count()


def test_aggregate(client: Client, flights: pl.DataFrame) -> None:
    answer = client["flights"].aggregate(
        by={"from": "origin"}, measures={"average": "mean(delay)", "n": "count()"}, order="-n"
    )
    expected = (
        flights.group_by(pl.col("origin").alias("from"))
        .agg(average=pl.col("delay").mean(), n=pl.len().cast(pl.Int64))
        .sort("n", "from", descending=[True, False])
    )
    assert_frame_equal(answer.to_polars(), expected)
    assert client["flights"].aggregate(by="origin").to_arrow().column_names == ["origin", "count"]


def test_other_shapes(client: Client, flights: pl.DataFrame) -> None:
    dataset = client["flights"]
    values = dataset.values("origin", prefix="la", limit=3).to_dicts()
    expected = flights.filter(pl.col("origin").str.to_lowercase().str.starts_with("la"))
    counted = expected["origin"].value_counts().sort(["count", "origin"], descending=[True, False])
    assert [(v["value"], v["count"]) for v in values] == counted.head(3).rows()
    bins = dataset.histogram("delay", 3, min=0, max=30).to_dict()
    inside = flights.filter(pl.col("delay").is_between(0, 30))["delay"]
    assert sum(bins["count"]) == inside.len()
    start = datetime.datetime(2001, 1, 1)
    assert dataset.histogram("date", 2, min=start).to_arrow()["bin_start"][0].as_py() == start
    profile = dataset.profile("delay").to_dicts()[0]
    assert float(profile["mean"]) == pytest.approx(flights["delay"].mean())
    assert dataset.run("count", filter="delay > 60").item() == (flights["delay"] > 60).sum()


def test_count_is_a_number(client: Client, flights: pl.DataFrame) -> None:
    late = client["flights"].filter("delay > 60")
    expected = flights.filter(pl.col("delay") > 60).height
    assert (late.count().item(), int(late.count()), len(late)) == (expected,) * 3
    with pytest.raises(ValueError, match="not one value"):
        late.rows(limit=2).item()


def test_forms_of_results(client: Client, flights: pl.DataFrame) -> None:
    result = client["flights"].select("delay", "origin").rows(limit=1000)
    expected = flights.select("delay", "origin").head(1000)
    assert result.to_dict() == expected.to_dict(as_series=False)
    assert result.to_dicts() == expected.to_dicts()
    assert result.to_arrow() is result.to_arrow()  # asked once
    arrays = result.to_numpy()
    np.testing.assert_array_equal(arrays["delay"], expected["delay"].to_numpy())
    pandas = pytest.importorskip("pandas")
    pandas.testing.assert_frame_equal(result.to_pandas(), expected.to_pandas())
    assert_frame_equal(pl.DataFrame(result), expected)  # by __arrow_c_stream__


@pytest.mark.parametrize("transport", ["arrow", "parquet"])
def test_every_type_in_both_transports(
    server: Server, client: Client, sources: dict[str, str], transport: str
) -> None:
    expected = client["types"].order("id").rows(limit=48).to_arrow()
    for address in server.addresses:
        with bowshot.connect(address, transport=transport) as other:
            table = other["types"].order("id").rows(limit=48).to_arrow()
        assert table.schema.remove_metadata().types == expected.schema.remove_metadata().types
        assert spelling.spell_table(table) == spelling.spell_table(expected)
    stored = pq.read_table(sources["types"])
    assert expected.column("int64").equals(stored.column("int64"))
    assert expected.column("decimal38").equals(stored.column("decimal38"))


def test_parquet_beyond_memory_waits_on_disk(
    client: Client, flights: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bowshot.arrow_body.PARQUET_MEMORY_MAX", 1000)
    table = client["flights"].rows(limit=200_000).via("parquet").to_polars()
    assert_frame_equal(table, flights.head(200_000))


def test_awkward_names(client: Client) -> None:
    dataset = client["names"]
    names = dataset.schema.names
    assert len(names) > 20
    # A bare _row is the row's number; the column of that name is spelt with quotes.
    spelt = [column(name) if name == "_row" else name for name in names]
    reverse = list(reversed(spelt))
    table = dataset.select(*reverse).rows().to_arrow()
    assert table.column_names == list(reversed(names))
    for name, wanted in zip(names, spelt, strict=True):
        first = dataset.order(descending(name)).select(wanted).rows(limit=1).to_arrow()
        number = names.index(name)
        assert first.column(0)[0].as_py() == 400 + number
        assert dataset.filter(f"{column(name)} = {100 + number}").count().item() == 1
        groups = dataset.aggregate(by={name: column(name)}, measures={"number of": "count()"})
        assert groups.to_arrow().column_names == [name, "number of"]
    assert dataset.order("with space").rows().to_arrow().num_rows == 5


@pytest.mark.parametrize(
    "value", ["O'Brien", "", "' OR TRUE OR '", "a\\'b", 'say "hi"', "日本", "%"]
)
def test_literals_are_one_value(client: Client, value: str) -> None:
    frame = client["people"].select("name").rows().to_polars()
    count = client["people"].filter(f"name = {literal(value)}").count().item()
    assert count == frame.filter(pl.col("name") == value).height


def test_literals_of_other_types() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=2))
    assert literal(datetime.datetime(2026, 1, 2, 3, tzinfo=zone)) == (
        "TIMESTAMP('2026-01-02T01:00:00Z')"
    )
    assert literal(datetime.date(2026, 1, 2)) == "DATE('2026-01-02')"
    assert (literal(True), literal(2**70), literal(1.5)) == ("TRUE", str(2**70), "1.5")
    assert literal(np.int8(3)) == "3"
    for value in (float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")):
        with pytest.raises(ValueError, match="no literal"):
            literal(value)


def test_times_of_numpy_and_numbers_that_are_none(client: Client) -> None:
    instant = np.datetime64("2026-01-02T03:04:05.123456789", "ns")
    people = client["people"]
    assert literal(instant) == "TIMESTAMP('2026-01-02T03:04:05.123456789Z')"
    assert people.filter(f"seen > {literal(instant)}").count().item() == 17
    bounds = people.histogram("seen", min=instant, max=np.datetime64("2027-01-01", "ns"))
    assert bounds.request.parameters["min"] == "2026-01-02T03:04:05.123456789Z"
    for value in (np.datetime64("NaT", "ns"), np.datetime64(1, "ps")):
        with pytest.raises(ValueError, match="no time"):
            literal(value)
        with pytest.raises(ValueError, match="no time"):
            people.histogram("seen", min=value)
    with pytest.raises(ValueError, match="cannot be NaN"):
        people.histogram("age", min=Decimal("NaN"))
    with pytest.raises(TypeError):
        literal(None)


def test_stream_is_whole_and_bounded(client: Client, flights: pl.DataFrame) -> None:
    with client["flights"].stream() as batches:
        assert batches.facts.rows == flights.height
        sizes = [batch.num_rows for batch in batches]
    assert sum(sizes) == flights.height
    assert max(sizes) <= 65_536
    assert sizes[0] <= 4096


def test_leaving_a_stream_stops_the_query(server: Server, client: Client) -> None:
    for batch in client["flights"].order("distance", "-delay").stream():
        assert batch.num_rows
        break
    deadline = time.monotonic() + 10
    while running(client) > 0:
        assert time.monotonic() < deadline, "the query runs on"
    assert server.is_running()


@pytest.mark.parametrize("transport", ["arrow", "parquet"])
def test_a_closed_stream_is_no_end(client: Client, transport: str) -> None:
    with client["flights"].rows(limit=100_000).via(transport).stream() as batches:
        assert batches.next_batch() is not None
    with pytest.raises(bowshot.StoppedError):
        batches.next_batch()
    with client["people"].rows().via(transport).stream() as whole:
        assert len(list(whole)) == 1
    assert whole.next_batch() is None


def running(client: Client) -> float:
    body = client._transport._send("GET", "/metrics", {}, None, None)[0].data.decode()  # type: ignore[attr-defined]
    lines = [li for li in body.splitlines() if li.startswith("bowshot_queries_running")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def test_stop_from_another_thread(client: Client) -> None:
    stop = bowshot.Stop()
    heavy = client["flights"].aggregate(by="date", measures="count_distinct(delay)")
    timer = threading.Timer(0.05, stop.request)
    timer.start()
    with pytest.raises(bowshot.StoppedError):
        ask_on(heavy, stop)
    timer.join()
    with pytest.raises(bowshot.StoppedError):
        heavy.to_arrow(stop=stop)
    assert client["flights"].count().item()


def ask_on(result: bowshot.Result, stop: bowshot.Stop) -> None:
    for _ in range(1000):
        result.via("arrow").to_arrow(stop=stop)


def test_many_rows_warn(client: Client) -> None:
    with pytest.warns(bowshot.BowshotWarning, match="3,000,000 rows of flights") as told:
        client["flights"].select("delay").rows().to_arrow()
    assert told[0].filename == __file__
    # How many a filter keeps is told where it is known by then.
    words = r"(more than 1|\d),\d{3},\d{3} rows of flights"
    with pytest.warns(bowshot.BowshotWarning, match=words) as told:
        client["flights"].select("delay").filter("distance >= 0").rows().to_polars()
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client["flights"].select("delay").rows(limit=2_000_000).to_arrow()
        client["flights"].filter("delay > 600").rows().to_arrow()


def test_progress(client: Client, flights: pl.DataFrame) -> None:
    seen: list[bowshot.Progress] = []
    client["flights"].rows(limit=100_000).to_arrow(progress=seen.append)
    assert (seen[-1].rows, seen[-1].rows_total) == (100_000, 100_000)
    assert seen[-1].fraction == 1
    assert seen[-1].bytes > 100_000


READS = ["to_arrow", "to_polars", "to_pandas", "to_numpy", "to_dict", "to_dicts", "item"]


@pytest.mark.parametrize("name", READS)
def test_whatever_reads_tells_its_progress(server: Server, name: str) -> None:
    if name == "to_pandas":
        pytest.importorskip("pandas")
    seen: list[bowshot.Progress] = []
    with server.connect() as client:
        getattr(client["flights"].count(), name)(progress=seen.append)
        client["flights"].sample(100).aggregate(progress=seen.append)

    async def ask() -> None:
        async with bowshot.connect_async(server.url or "") as asking:
            await getattr(asking["flights"].count(), name)(progress=seen.append)
            await asking["flights"].sample(100).aggregate(progress=seen.append)

    asyncio.run(ask())
    assert [one.rows for one in seen] == [1, 100, 1, 100]


def test_files(client: Client, flights: pl.DataFrame, tmp_path: Path) -> None:
    result = client["flights"].select("delay", "origin").rows(limit=1000)
    expected = flights.select("delay", "origin").head(1000)
    readers = {
        "x.parquet": pl.read_parquet,
        "x.arrow": pl.read_ipc,
        "x.arrows": pl.read_ipc_stream,
        "x.csv": pl.read_csv,
        "x.ndjson": pl.read_ndjson,
    }
    for name, read in readers.items():
        facts = result.to_file(tmp_path / name)
        assert facts.version == client["flights"].version
        assert_frame_equal(read(tmp_path / name), expected)
    result.to_file(tmp_path / "x.txt", "json")
    assert len(json.loads((tmp_path / "x.txt").read_text())["rows"]) == 1000
    with open(tmp_path / "y", "wb") as file:
        result.to_file(file, "csv")
    with open(tmp_path / "y", newline="") as text:
        assert len(list(csv.reader(text))) == 1001
    with pytest.raises(ValueError, match="format"):
        result.to_file(tmp_path / "x.unknown")
    with pytest.raises(bowshot.RequestError):
        client["flights"].filter("nope = 1").rows().to_file(tmp_path / "z.csv")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {*readers, "x.txt", "y"}  # nothing half-written is left


def test_a_file_that_cannot_be_written(client: Client, tmp_path: Path) -> None:
    result = client["flights"].select("delay").rows(limit=10)
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").touch()
    for name, said, kind in [
        ("missing/x.csv", f"there is no folder {tmp_path / 'missing'}", FileNotFoundError),
        ("file/x.csv", "Not a directory", NotADirectoryError),
        ("folder.csv", "Is a directory", IsADirectoryError),
    ]:
        with pytest.raises(bowshot.FileError, match=re.escape(said)) as caught:
            result.to_file(tmp_path / name)
        assert isinstance(caught.value, OSError)
        assert isinstance(caught.value.__cause__, kind)
        assert caught.value.errno == caught.value.__cause__.errno
        assert caught.value.filename == str(tmp_path / name)
    assert {path.name for path in tmp_path.iterdir()} == {"folder.csv", "file"}


def test_sample(client: Client, flights: pl.DataFrame) -> None:
    sample = client["flights"].filter("delay > 60").select("delay", "origin").sample(500, seed=7)
    rows = sample.to_arrow().to_pylist()
    assert sample.population == flights.filter(pl.col("delay") > 60).height
    more = sample.more(100)
    assert more.size == 600
    assert more.to_arrow().to_pylist()[:500] == rows
    again = sample.again()
    assert again.seed == 8
    assert again.to_arrow().to_pylist() != rows
    largest = client["flights"].sample(3, seed=2**64 - 1)
    assert largest.to_arrow().num_rows == 3
    assert largest.request.parameters["seed"] == str(2**64 - 1)


def test_pinned_version(client: Client) -> None:
    dataset = client["flights"]
    assert dataset.at(dataset.version).count().item()
    with pytest.raises(bowshot.VersionChangedError) as caught:
        dataset.at("another").count().item()
    assert caught.value.status == 409
