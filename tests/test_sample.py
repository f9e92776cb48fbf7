"""The shape sample against the protocol's permutation, written a second time in permutation.py."""

from __future__ import annotations

import json
from typing import Any

import datasets
import numpy as np
import permutation
import polars as pl
import pyarrow as pa
import pytest
from bowshot_server import BowshotServer
from test_shapes import ask

FLIGHTS = 3_000_000


def numbers(table: pa.Table) -> list[int]:
    return table["_row"].to_pylist()


def test_the_vectors_are_those_of_the_text() -> None:
    assert permutation.VECTORS.read_text() == permutation.spell()


def test_samples_of_all_rows(server: BowshotServer) -> None:
    """Every seed of the vectors, on a small table of several files."""
    table = datasets.tables()["types_parts"]
    for seed in permutation.SEEDS:
        for size in (0, 1, 5, 48, 100):
            got = ask(server, "types_parts/sample", size=size, seed=seed, select="_row,id")
            assert numbers(got) == permutation.sample([*range(48)], size, seed)
            assert got["id"].to_pylist() == [table["id"][row].as_py() for row in numbers(got)]


def test_a_sample_of_flights(server: BowshotServer) -> None:
    answer = server.get("/v1/datasets/flights/sample", {"size": 100, "seed": 7})
    assert answer.headers["bowshot-completeness"] == "sampled"
    assert answer.headers["bowshot-population"] == str(FLIGHTS)
    assert answer.headers["bowshot-rows"] == "100"
    with pa.ipc.open_stream(answer.body) as reader:
        got = reader.read_all()
    assert got.schema.metadata[b"bowshot.population"] == str(FLIGHTS).encode()
    assert got.schema.metadata[b"bowshot.completeness"] == b"sampled"
    frame = pl.read_parquet(datasets.FLIGHTS)
    assert got.column_names == frame.columns
    rows = numbers(ask(server, "flights/sample", size=100, seed=7, select="_row"))
    wanted = frame[rows]
    for name in frame.columns:
        assert got[name].to_pylist() == wanted[name].to_list(), name
    places = [permutation.permute(row, permutation.round_keys(7)) for row in rows]
    assert places == sorted(places)
    assert places[-1] < 2**64 * 200 / FLIGHTS  # among the least of three million


def test_a_filtered_sample(server: BowshotServer) -> None:
    frame = pl.read_parquet(datasets.FLIGHTS).with_row_index("_row")
    matching = frame.filter((pl.col("delay") > 300) & (pl.col("origin") != "ATL"))["_row"].to_list()
    asked = {"filter": "delay > 300 AND origin <> 'ATL'", "select": "_row", "seed": 5}
    answer = server.get("/v1/datasets/flights/sample", {**asked, "size": 50})
    assert answer.headers["bowshot-population"] == str(len(matching))
    got = ask(server, "flights/sample", size=50, **asked)
    assert numbers(got) == permutation.sample(matching, 50, 5)


def test_prefixes_and_seeds(server: BowshotServer) -> None:
    samples = {
        size: numbers(ask(server, "flights/sample", size=size, select="_row", seed=3))
        for size in (1, 10, 5_000, 20_000)
    }
    longest = samples[20_000]
    assert len(set(longest)) == 20_000
    for size, rows in samples.items():
        assert rows == longest[:size]
    other = numbers(ask(server, "flights/sample", size=20_000, select="_row", seed=4))
    assert len(set(other) & set(longest)) < 400  # 133 expected


@pytest.mark.parametrize("filtered", [False, True])
def test_samples_are_uniform(server: BowshotServer, filtered: bool) -> None:
    """Chi-square of 20,000 rows over 100 equal ranges, of several seeds: 99 degrees of freedom."""
    asked: dict[str, Any] = {"select": "_row", "size": 20_000}
    population = np.arange(FLIGHTS)
    if filtered:
        asked["filter"] = "_row % 3 = 1"
        population = population[population % 3 == 1]
    for seed in (0, 1, 2**63):
        rows = np.array(numbers(ask(server, "flights/sample", seed=seed, **asked)))
        assert np.isin(rows, population).all()
        for parts in (rows * 100 // FLIGHTS, rows // 3 % 100):
            counts = np.bincount(parts, minlength=100)
            chi_square = ((counts - 200) ** 2 / 200).sum()
            assert 45 < chi_square < 175, (seed, chi_square)  # beyond: less than once in 10^5


def test_a_size_beyond_the_rows(server: BowshotServer) -> None:
    got = ask(server, "people/sample", size=1_000_000, select="_row")
    assert numbers(got) == permutation.sample([*range(18)], 18, 0)
    assert ask(server, "empty/sample", size=10).num_rows == 0
    nothing = server.get("/v1/datasets/people/sample", {"size": 9, "filter": "FALSE"})
    assert nothing.headers["bowshot-population"] == "0"


def stratified(table: pa.Table, column: str, size: int, seed: int) -> tuple[list[int], list[float]]:
    """One row for each group in turn, each group in the permutation's order."""
    groups: dict[Any, list[int]] = {}
    for row, value in enumerate(table[column].to_pylist()):
        key = "nan" if isinstance(value, float) and np.isnan(value) else value
        groups.setdefault(key + 0.0 if isinstance(key, float) else key, []).append(row)
    special = {"nan": 1}

    def rank(key: Any) -> tuple[Any, ...]:
        return (key is None, special.get(key, 0), 0 if key in (None, "nan") else key)

    ordered = [
        permutation.sample(groups[key], len(groups[key]), seed) for key in sorted(groups, key=rank)
    ]
    taken: list[list[int]] = [[] for _ in ordered]
    while sum(map(len, taken)) < min(size, table.num_rows):
        for rows, chosen in zip(ordered, taken, strict=True):
            if len(chosen) < len(rows) and sum(map(len, taken)) < size:
                chosen.append(rows[len(chosen)])
    weights = {
        row: len(rows) / len(chosen)
        for rows, chosen in zip(ordered, taken, strict=True)
        for row in chosen
    }
    order = permutation.sample([*weights], len(weights), seed)
    return order, [weights[row] for row in order]


@pytest.mark.parametrize("column", ["age", "team", "member", "height", "joined", "name", "seen"])
def test_stratified_samples(server: BowshotServer, column: str) -> None:
    table = datasets.tables()["people"]
    groups = len(set(table[column].to_pylist()))
    for size in (groups, max(groups, 17), 30):
        got = ask(server, "people/sample", size=size, by=column, seed=size, select="_row,id")
        rows, weights = stratified(table, column, size, size)
        assert got.column_names == ["_row", "id", "_weight"]
        assert numbers(got) == rows
        assert got["_weight"].to_pylist() == weights


def test_every_type_groups(server: BowshotServer) -> None:
    """Six groups of eight rows; two rows of each."""
    for field in datasets.tables()["types"].schema:
        asked = {"by": field.name, "size": 12, "select": "_row"}
        if pa.types.is_nested(field.type):
            answer = server.get("/v1/datasets/types/sample", asked)
            assert answer.code() == "type_mismatch", field
        elif field.name not in ("id", "bool", "dictionary", "timestamp_ns_zone"):
            got = ask(server, "types/sample", **asked)
            assert sorted(row % 6 for row in numbers(got)) == sorted([*range(6)] * 2), field
            assert got["_weight"].to_pylist() == [4.0] * 12


def test_zoned_nanoseconds_group(server: BowshotServer) -> None:
    """To the engine they are microseconds: with the one a nanosecond before 1970, two are one."""
    asked = {"by": "timestamp_ns_zone", "select": "_row"}
    got = ask(server, "types/sample", size=10, filter="id % 6 <> 1", **asked)
    assert sorted(row % 6 for row in numbers(got)) == sorted([0, 2, 3, 4, 5] * 2)
    assert got["_weight"].to_pylist() == [4.0] * 10
    everything = ask(server, "types/sample", size=48, **asked)
    assert everything["_weight"].to_pylist() == [1.0] * 48


def test_strata_of_flights(server: BowshotServer) -> None:
    frame = pl.read_parquet(datasets.FLIGHTS).filter(pl.col("delay") > 30)
    asked = {"by": "origin", "filter": "delay > 30", "seed": 1}
    got = pl.from_arrow(ask(server, "flights/sample", size=3_000, **asked, select="_row,origin"))
    population = dict(frame.group_by("origin").len().iter_rows())
    drawn = dict(got.group_by("origin").len().iter_rows())
    assert drawn.keys() == population.keys()
    most = max(drawn.values())
    for origin, rows in drawn.items():
        assert rows in (most, most - 1) or rows == population[origin]
    weights = dict(got.group_by("origin").agg(pl.col("_weight").first()).iter_rows())
    assert all(weights[o] == pytest.approx(population[o] / drawn[o]) for o in drawn)
    assert sum(weights[o] * drawn[o] for o in drawn) == pytest.approx(frame.height)
    more = pl.from_arrow(ask(server, "flights/sample", size=4_000, **asked, select="_row,origin"))
    for origin in ("ATL", "ORD"):
        fewer = got.filter(pl.col("origin") == origin)["_row"].to_list()
        assert more.filter(pl.col("origin") == origin)["_row"].to_list()[: len(fewer)] == fewer
    problem = server.get("/v1/datasets/flights/sample", {"by": "origin", "size": 100}).problem()
    assert (problem["code"], problem["parameter"]) == ("bad_parameter", "size")


def test_head_and_text(server: BowshotServer) -> None:
    head = server.request("HEAD", "/v1/datasets/flights/sample?size=10")
    assert head.headers["bowshot-population"] == str(FLIGHTS)
    assert head.headers["bowshot-completeness"] == "sampled"
    answer = server.get("/v1/datasets/people/sample", {"size": 3, "format": "json", "by": "member"})
    body = json.loads(answer.body)
    assert body["columns"][-1] == {"name": "_weight", "type": "float64"}
    assert len(body["rows"]) == 3
    assert answer.headers["bowshot-population"] == "18"
