"""Error bars: the formulas against ones written another way, and that intervals hold the truth."""

from __future__ import annotations

import math

import polars as pl
import pytest

from bowshot import Client


def test_against_polars(client: Client) -> None:
    sample = client["flights"].sample(2000, seed=3)
    rows = sample.to_polars()
    total = sample.population
    assert total is not None
    n = rows.height
    estimates = sample.aggregate(
        by=["origin"], measures={"n": "count()", "m": "mean(delay)", "s": "sum(distance)"}
    )
    correction = 1 - n / total
    assert estimates["origin"].to_pylist() == sorted(rows["origin"].unique().to_list())
    for row in estimates.to_pylist():
        inside = rows["origin"] == row["origin"]
        indicator = inside.cast(pl.Float64)
        spread = indicator.std()
        assert row["n"] == pytest.approx(total * indicator.mean())
        assert row["n_error"] == pytest.approx(
            1.959963984540054 * total * spread * math.sqrt(correction / n)
        )
        padded = indicator * rows["distance"]
        assert row["s"] == pytest.approx(total * padded.mean())
        assert row["s_error"] == pytest.approx(
            1.959963984540054 * total * padded.std() * math.sqrt(correction / n)
        )
        delays = rows.filter(inside)["delay"]
        assert row["m"] == pytest.approx(delays.mean())
        if delays.len() > 1:
            assert row["m_error"] == pytest.approx(
                1.959963984540054 * delays.std() * math.sqrt(correction / delays.len())
            )
        else:
            assert row["m_error"] is None


def test_intervals_hold_the_truth(client: Client, flights: pl.DataFrame) -> None:
    """About 90 of 100 intervals of 90 %; 78 or fewer would be a chance of 1 in 2,000."""
    rows = flights.head(20_000)
    dataset = client.publish("estimated", rows).compute(is_late="delay > 30")
    mean = rows["delay"].mean()
    late = rows.filter(pl.col("delay") > 30)["distance"].sum()
    assert isinstance(mean, float)
    held = {"mean": 0, "sum": 0}
    for seed in range(100):
        sample = dataset.sample(1500, seed=seed)
        row = sample.aggregate(measures={"m": "mean(delay)"}, confidence=0.9).to_pylist()[0]
        held["mean"] += abs(row["m"] - mean) <= row["m_error"]
        groups = sample.aggregate("is_late", {"s": "sum(distance)"}, confidence=0.9).to_pylist()
        group = next(g for g in groups if g["is_late"])
        held["sum"] += abs(group["s"] - late) <= group["s_error"]
    client.remove("estimated")
    assert held["mean"] > 78, held
    assert held["sum"] > 78, held


def test_a_sample_of_all_rows_has_no_error(client: Client) -> None:
    row = client["people"].sample(1000).aggregate(measures=["count()", "count(age)", "sum(age)"])
    ages = [age for age in client["people"].rows().to_dict()["age"] if age is not None]
    assert row.to_pylist() == [
        {
            "count": 18.0, "count_error": 0.0, "count_age": len(ages), "count_age_error": 0.0,
            "sum_age": sum(ages), "sum_age_error": 0.0,
        }
    ]  # fmt: skip


def test_groups_have_the_names_that_they_are_given(client: Client) -> None:
    sample = client["flights"].sample(500, seed=5)
    named = sample.aggregate({"from": "origin"}, "mean(delay)")
    assert named.column_names == ["from", "mean_delay", "mean_delay_error"]
    assert named.rename_columns(["origin", *named.column_names[1:]]).equals(
        sample.aggregate("origin", "mean(delay)")
    )


def test_what_cannot_be_estimated(client: Client) -> None:
    sample = client["people"].select("age", "team").sample(5)
    for measures in ("max(age)", "count_distinct(age)", "mean()", "age"):
        with pytest.raises(ValueError, match="cannot be estimated"):
            sample.aggregate(measures=measures)
    with pytest.raises(ValueError, match="no column"):
        sample.aggregate(measures="mean(height)")
    with pytest.raises(ValueError, match="stratified"):
        client["people"].sample(6, by="team").aggregate()
    with pytest.raises(ValueError, match="confidence"):
        sample.aggregate(confidence=95)
    nothing = client["people"].filter("id > 100").sample(5)
    assert nothing.aggregate(measures=["count()", "mean(age)"]).to_pylist() == [
        {"count": 0.0, "count_error": 0.0, "mean_age": None, "mean_age_error": None}
    ]
