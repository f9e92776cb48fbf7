"""Frames of every library as datasets, on a server and in process; and those that cannot be."""

from __future__ import annotations

import datetime
import importlib
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

import bowshot
from bowshot import Client, Core, frames

COLUMNS = {
    "i": [1, None, 3],
    "f": [1.5, float("nan"), None],
    "s": ["x", None, ""],
    "t": [datetime.datetime(2026, 1, 2, 3, 4, 5), None, datetime.datetime(1969, 1, 1)],
    "b": [True, None, False],
}
FRAME = pl.DataFrame(COLUMNS)


@pytest.fixture(params=["server", "core"])
def target(request: pytest.FixtureRequest) -> Iterator[Client]:
    if request.param == "server":
        yield request.getfixturevalue("client")
        return
    with Core({}) as core:
        yield core


MAKERS: dict[str, Callable[[], Any]] = {
    "polars": lambda: FRAME,
    "polars lazy": lambda: FRAME.lazy().filter(pl.lit(True)),
    "pyarrow table": FRAME.to_arrow,
    "pyarrow batch": lambda: FRAME.to_arrow().combine_chunks().to_batches()[0],
    "pyarrow reader": lambda: FRAME.to_arrow().to_reader(),
    "duckdb relation": lambda: duckdb.sql("from FRAME"),
    "dict of columns": lambda: COLUMNS,
}


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS.keys())
def test_the_same_rows_come_back(target: Client, maker: Callable[[], Any]) -> None:
    published = target.publish("frame", maker())
    assert_frame_equal(published.rows().to_polars(), FRAME)
    target.remove("frame")
    with pytest.raises(bowshot.UnknownDatasetError):
        target.remove("frame")
    target.remove("frame", missing_ok=True)


def test_pandas(target: Client) -> None:
    frame = pd.DataFrame({"x": [3, 1, 2], "s": pd.Categorical(["a", "b", "a"])}, index=[7, 8, 9])
    back = target.publish("frame", frame).rows().to_dicts()
    assert back == [{"x": 3, "s": "a"}, {"x": 1, "s": "b"}, {"x": 2, "s": "a"}]
    named = frame.set_index(pd.Index([1, 2, 3], name="key"))
    assert target.publish("frame", named).rows().to_dict()["key"] == [1, 2, 3]


def test_types_that_are_hard(target: Client) -> None:
    frame = pl.DataFrame(
        {
            "decimal": pl.Series([Decimal("1.10"), None], dtype=pl.Decimal(10, 2)),
            "zoned": pl.Series([0, None]).cast(pl.Datetime("us", "Europe/Paris")),
            "duration": pl.Series([1_000_000, None]).cast(pl.Duration("us")),
            "category": pl.Series(["a", None], dtype=pl.Categorical),
            "enum": pl.Series(["b", None], dtype=pl.Enum(["a", "b"])),
            "categories": pl.Series([["a", None], None], dtype=pl.List(pl.Categorical)),
            "enums": pl.Series([{"e": "b"}, None], dtype=pl.Struct({"e": pl.Enum(["a", "b"])})),
            "pairs": pl.Series([["b", "a"], None], dtype=pl.Array(pl.Enum(["a", "b"]), 2)),
            "list": [[1, None], None],
            "struct": [{"a": 1, "b": "x"}, None],
            "nested": [[{"k": [1.5]}], []],
            "date": [datetime.date(2026, 1, 2), None],
            "time": [datetime.time(1, 2, 3), None],
            "binary": [b"\x00\xff", None],
        }
    )
    rows = target.publish("frame", frame).rows()
    assert rows.to_dicts() == frame.with_columns(pl.col("category", "enum").cast(str)).to_dicts()
    assert str(rows.to_arrow().schema.field("zoned").type) == "timestamp[us, tz=Europe/Paris]"
    assert pa.types.is_dictionary(rows.to_arrow().schema.field("enum").type)


def test_list_views_and_decimals_of_whole_hundreds(target: Client) -> None:
    lists = [[1], None, [2, 3], []]
    views = {
        f"{kind}": pa.array(lists, kind(pa.int64())) for kind in (pa.list_view, pa.large_list_view)
    }
    hundreds = pa.array([Decimal("100"), None, Decimal("-20000"), Decimal(0)], pa.decimal128(5, -2))
    table = pa.table({**views, "hundreds": hundreds})
    assert target.publish("frame", table).rows().to_dicts() == table.to_pylist()


def test_no_rows(target: Client) -> None:
    empty = FRAME.clear()
    published = target.publish("frame", empty)
    assert_frame_equal(published.rows().to_polars(), empty)
    assert published.count().item() == 0
    assert published.sample(5).aggregate(measures="count()").to_pylist() == [
        {"count": 0.0, "count_error": 0.0}
    ]


WIDE = pl.List(pl.Struct({"x": pl.Int128}))
INTERVAL = pa.month_day_nano_interval()


def fail() -> Iterator[pa.RecordBatch]:
    yield pa.record_batch({"x": [1]})
    raise ValueError("the disk is gone")


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "polars objects": (lambda: pl.DataFrame({"o": pl.Series([object()], dtype=pl.Object)}), "o"),
    "integers of 128 bits": (
        lambda: pl.DataFrame({"wide": pl.Series([2**100], dtype=pl.Int128)}),
        "128 bits .*: wide",
    ),
    "integers of 128 bits in others": (
        lambda: pl.DataFrame({"n": [[{"x": 1}]]}, schema={"n": WIDE}).lazy(),
        "128 bits .*: n",
    ),
    "a zero byte in a name": (lambda: pl.DataFrame({"a\0b": [1]}), "zero byte"),
    "a zero byte in a name of a LazyFrame": (
        lambda: pl.LazyFrame({"a\0b": [1]}).filter(pl.lit(True)),
        "zero byte",
    ),
    "a zero byte in a field's name": (lambda: pl.DataFrame({"s": [[{"a\0b": 1}]]}), "zero byte"),
    "a zero byte in a name of Arrow": (lambda: pa.table({"a\0b": [1]}), "zero byte"),
    "polars column": (lambda: pl.Series("x", [1]), "a Series is a column"),
    "pandas column": (lambda: pd.Series([1]), "a Series is a column"),
    "arrow column": (lambda: pa.chunked_array([[1]]), "a ChunkedArray is a column"),
    "too large": (lambda: {"x": [2**70]}, "too large"),
    "pandas objects": (lambda: pd.DataFrame({"mixed": [1, "a", b"b"]}), "mixed"),
    "pandas doubled": (lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]), "a"),
    "arrow doubled": (lambda: pa.table([[1], [2]], ["a", "a"]), "two columns of one name: a"),
    "no columns": (lambda: pl.DataFrame(), "without columns"),
    "ragged": (lambda: {"a": [1], "b": [1, 2]}, "length"),
    "no frame": (lambda: 17, "int"),
    "fails in the middle": (
        lambda: pa.RecordBatchReader.from_batches(pa.schema([("x", pa.int64())]), fail()),
        "the disk is gone$",
    ),
    "a type of no protocol": (lambda: pa.table({"m": pa.array([(1, 2, 3)], INTERVAL)}), '"m"'),
}


@pytest.mark.parametrize(("maker", "said"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_a_dataset(target: Client, maker: Callable[[], Any], said: str) -> None:
    with pytest.raises(bowshot.Error, match=said):
        target.publish("frame_bad", maker())
    assert "frame_bad" not in target
    target.publish("frame", FRAME)  # and the next one is taken


def test_a_lazy_frame_beyond_the_limit(target: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bowshot.frames.COLLECT_BYTES_MAX", 1000)
    lazy = pl.LazyFrame({"x": range(1000)}).filter(pl.col("x") >= 0)
    with pytest.raises(bowshot.DataError, match="more than 1000 bytes"):
        target.publish("frame", lazy)


def test_publishing_must_be_allowed(sources: dict[str, str]) -> None:
    with bowshot.serve({"people": sources["people"]}, quiet=True) as server:
        with pytest.raises(bowshot.AccessError) as caught:
            server.connect().publish("frame", FRAME)
        assert caught.value.code == "publish_disabled"
        with pytest.raises(bowshot.AccessError):
            server.connect().remove("people")
    with bowshot.serve({"people": sources["people"]}, allow_publish=True, quiet=True) as server:
        with pytest.raises(bowshot.RequestError) as refused:
            server.connect().remove("people")
        assert refused.value.code == "read_only_dataset"


def test_a_module_that_another_thread_imports_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As pyarrow is, by the first requests of an application."""
    (tmp_path / "half_imported.py").write_text("import time\ntime.sleep(0.5)\nTable = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert frames.imported("half_imported") is None
    importer = threading.Thread(target=importlib.import_module, args=("half_imported",))
    importer.start()
    while (module := frames.imported("half_imported")) is None:
        pass
    assert module.Table == 1
    importer.join()
