"""Filters that keep most rows, few, or other shares in other places: of more rows than a statement
goes through, in several files, and the way they are read changes in between. Polars computes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from bowshot_server import BowshotServer
from test_windows import table_of

FILE_ROWS = (600_000, 70_000, 130_000)
ROWS = sum(FILE_ROWS)


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    source = np.random.default_rng(11)
    share = source.random(ROWS)
    number = np.arange(ROWS)
    words = pl.Series(["", "a", "zürich", "a longer text than others", None])
    return pl.DataFrame(
        {
            "number": number,
            "share": share,
            # All of the first rows, then none, then all but a few.
            "front": np.where(number < 20_000, 1.0, np.where(number < 610_000, 0.0, share + 0.01)),
            # None of the first rows, then all of the first file, half of the second.
            "back": np.where(number < 20_000, 0.0, np.where(number < 600_000, 1.0, share)),
            "word": words[source.integers(0, len(words), ROWS)],
            "when": pl.Series(source.integers(0, 2_000_000_000, ROWS) * 1_000_000).cast(
                pl.Datetime("us", "Europe/Berlin")
            ),
            "kind": pl.Series(source.integers(0, 9, ROWS)).cast(pl.String).cast(pl.Categorical),
            "list": pl.Series([[i, i + 1] if i % 3 else None for i in range(ROWS)]),
        }
    ).with_columns(pl.when(pl.col("number") % 7 != 0).then(pl.col("share")).alias("holes"))


@pytest.fixture(scope="module")
def server(rows: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BowshotServer]:
    folder: Path = tmp_path_factory.mktemp("kept")
    begin = 0
    for index, count in enumerate(FILE_ROWS):
        part = rows.slice(begin, count)
        part.write_parquet(folder / f"{index}.parquet", row_group_size=50_000)
        begin += count
    rows.write_parquet(folder / "long-groups", row_group_size=ROWS)
    with BowshotServer([f"short={folder}/*.parquet", f"long={folder}/long-groups"]) as started:
        yield started


FILTERS = {
    "share >= 0": pl.lit(True),
    "share > 0.1": pl.col("share") > 0.1,
    "share > 0.9": pl.col("share") > 0.9,
    "front > 0.05": pl.col("front") > 0.05,
    "back > 0.5": pl.col("back") > 0.5,
    "holes > 0.01": pl.col("holes") > 0.01,
    "number < 0": pl.lit(False),
}


@pytest.mark.parametrize("dataset", ["short", "long"])
@pytest.mark.parametrize("text", FILTERS)
def test_all_of_a_filter(
    server: BowshotServer, rows: pl.DataFrame, dataset: str, text: str
) -> None:
    kept = rows.filter(FILTERS[text])
    found = pl.from_arrow(table_of(server, dataset, {"filter": text}))
    assert isinstance(found, pl.DataFrame)
    assert found.with_columns(pl.col("kind").cast(pl.Categorical)).equals(kept)


@pytest.mark.parametrize("dataset", ["short", "long"])
@pytest.mark.parametrize(("offset", "limit"), [(0, 599_999), (15_000, 550_000), (590_000, None)])
def test_a_part_of_a_filter(
    server: BowshotServer, rows: pl.DataFrame, dataset: str, offset: int, limit: int | None
) -> None:
    kept = rows.filter(pl.col("share") > 0.1).select("number", "word").slice(offset, limit)
    words = {"filter": "share > 0.1", "select": "number,word", "offset": offset}
    found = table_of(server, dataset, words if limit is None else {**words, "limit": limit})
    assert pl.DataFrame(found).equals(kept)


@pytest.mark.parametrize("dataset", ["short", "long"])
def test_computed_columns_beside(server: BowshotServer, rows: pl.DataFrame, dataset: str) -> None:
    kept = rows.filter(pl.col("share") > 0.1).select("number", twice=pl.col("number") * 2)
    words = {"filter": "share > 0.1", "compute": "twice:number * 2", "select": "number,twice"}
    assert pl.DataFrame(table_of(server, dataset, words)).equals(kept)
