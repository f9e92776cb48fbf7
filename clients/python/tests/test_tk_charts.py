"""Charts: what they draw is what Polars computes, however close one looks."""

from __future__ import annotations

import datetime
import tkinter as tk

import polars as pl
import pytest

import bowshot
from bowshot.tk import BarChart, Histogram, LineChart
from bowshot.tk.axis import (
    DAY,
    SECOND,
    Scale,
    choose_bins,
    mark_text,
    microseconds,
    moment,
    number_marks,
    number_text,
    time_marks,
)
from tk_window import click, drag, gated, wait_for

SHIFT = 1


def settled(chart: LineChart | Histogram | BarChart) -> bool:
    return not chart.is_loading()


def shown(window: tk.Tk, chart: LineChart | Histogram | BarChart) -> None:
    chart.pack(fill="both", expand=True)
    window.update()


def between(low: float, high: float) -> pl.Expr:
    return pl.col("date").is_between(moment(low), moment(high))


# Lines.


def test_a_line_is_what_polars_computes(
    window: tk.Tk, client: bowshot.Client, flights: pl.DataFrame
) -> None:
    chart = LineChart(window)
    shown(window, chart)
    chart.open(client["flights"], "date", "delay")
    wait_for(window, lambda: settled(chart), "the line")
    line = chart.line
    assert line is not None
    assert line.bins.words == "1 day"
    days = flights.group_by(pl.col("date").dt.truncate("1d")).agg(
        pl.col("delay").mean().alias("mean"),
        pl.col("delay").std().alias("std"),
        pl.col("delay").max().alias("max"),
        pl.len(),
    )
    days = days.sort("date")
    assert [moment(place) for place in line.places] == days["date"].to_list()
    assert line.values == pytest.approx(days["mean"].to_list(), rel=1e-12)
    assert line.spreads == pytest.approx(days["std"].to_list(), rel=1e-9)
    assert line.highs == days["max"].to_list()
    assert line.rows == days["len"].to_list()


def test_a_line_looks_closer(window: tk.Tk, client: bowshot.Client, flights: pl.DataFrame) -> None:
    chart = LineChart(window)
    shown(window, chart)
    chart.open(client["flights"], "date")
    wait_for(window, lambda: settled(chart), "the line")
    area, whole = chart.area(), chart.range
    assert area is not None
    assert whole is not None
    assert chart.range_filter is None
    middle = (area.box[0] + area.box[2]) // 2
    drag(chart, (middle, 200), (middle + 12, 220))
    wait_for(window, lambda: settled(chart), "finer bins")
    assert chart.range is not None
    low, high = chart.range
    assert high - low == pytest.approx((whole[1] - whole[0]) * 12 / (area.box[2] - area.box[0]))
    line = chart.line
    assert line is not None
    assert line.bins.width < DAY
    step = line.bins.words.replace(" hour", "h").replace(" minute", "m").rstrip("s")
    counted = dict(
        flights.filter(between(low - 2 * DAY, high + 2 * DAY))
        .group_by(pl.col("date").dt.truncate(step))
        .len()
        .iter_rows()
    )
    drawn = list(zip(line.places, line.values, strict=True))
    assert len(drawn) > 30
    assert all(counted.get(moment(place), 0) == value for place, value in drawn)
    # Along, out again by the wheel, and all of it by a double click.
    drag(chart, (300, 200), (200, 200), SHIFT)
    assert chart.range[0] > low
    assert chart.range[1] - chart.range[0] == pytest.approx(high - low)
    chart.event_generate("<Button-5>", x=300, y=200)
    assert chart.range[1] - chart.range[0] > high - low
    wait_for(window, lambda: settled(chart), "the wheel")
    for _ in range(2):
        click(chart, (300, 200))
    assert chart.range == whole
    wait_for(window, lambda: settled(chart), "all")
    assert chart.line is not None
    assert chart.line.bins.words == "1 day"


def test_a_line_along_numbers(window: tk.Tk, client: bowshot.Client, flights: pl.DataFrame) -> None:
    chart = LineChart(window)
    shown(window, chart)
    chart.open(client["flights"], "distance", "delay", "max")
    wait_for(window, lambda: settled(chart), "the line")
    assert chart.line is not None
    width = int(chart.line.bins.width)
    expected = (
        flights.group_by((pl.col("distance") // width * width).alias("bin"))
        .agg(pl.col("delay").max())
        .sort("bin")
    )
    assert chart.line.places == expected["bin"].to_list()
    assert chart.line.values == expected["delay"].to_list()


def test_amounts_fall_to_zero_where_no_rows_are(window: tk.Tk, client: bowshot.Client) -> None:
    days = [datetime.datetime(2026, 1, day) for day in (1, 2, 3, 20, 21, 22)]
    client.publish("gaps", {"at": days, "n": [1.0, 2.0, 3.0, 4.0, float("nan"), None]})
    chart = LineChart(window)
    shown(window, chart)
    chart.open(client["gaps"].filter("at IS NOT NULL"), "at", "n", "sum")
    wait_for(window, lambda: settled(chart), "the line")
    assert chart.line is not None
    values = dict(zip(map(moment, chart.line.places), chart.line.values, strict=True))
    assert values[days[2]] == 3.0
    assert values[days[3]] == 4.0
    after = min(at for at in values if at > days[2])
    assert values[after] == 0.0
    assert values[days[4]] is None  # a sum with NaN is not a number


# Histograms.


def test_a_histogram_counts_what_is_there(
    window: tk.Tk, client: bowshot.Client, flights: pl.DataFrame
) -> None:
    chart = Histogram(window)
    shown(window, chart)
    chart.open(client["flights"], "delay", bins=40)
    wait_for(window, lambda: settled(chart), "the bars")
    assert chart.counts is not None
    low, high = flights["delay"].min(), flights["delay"].max()
    assert isinstance(low, int)
    assert isinstance(high, int)
    bins = ((flights["delay"] - low) * 40 / (high - low)).floor().clip(0, 39).cast(pl.Int64)
    expected = [bins.eq(index).sum() for index in range(40)]
    assert chart.counts.counts == expected
    area = chart.area()
    assert area is not None
    drag(chart, (round(area.x(0)), 100), (round(area.x(120)), 100))
    wait_for(window, lambda: settled(chart), "a part")
    assert chart.range_filter is not None
    part = client["flights"].filter(chart.range_filter)
    assert len(chart.counts.counts) == 40
    seen = sum(chart.counts.counts)
    first, last = round(chart.counts.starts[0]), round(chart.counts.ends[-1])
    assert seen == flights["delay"].is_between(first, last).sum()
    assert int(part.count()) == seen
    assert 0 < seen < flights.height


def test_a_histogram_of_times(window: tk.Tk, client: bowshot.Client, flights: pl.DataFrame) -> None:
    chart = Histogram(window)
    shown(window, chart)
    chart.open(client["flights"].filter("origin = 'ATL'"), "date")
    wait_for(window, lambda: settled(chart), "the bars")
    assert chart.counts is not None
    assert sum(chart.counts.counts) == (flights["origin"] == "ATL").sum()
    assert moment(chart.counts.starts[0]) == flights.filter(origin="ATL")["date"].min()
    assert chart.range is not None
    low, high = chart.range
    chart.show_range(low, low + (high - low) / 10)
    wait_for(window, lambda: settled(chart), "a tenth")
    expected = flights.filter(between(low, low + (high - low) / 10), origin="ATL").height
    assert sum(chart.counts.counts) == expected


def test_nothing_to_draw_and_what_is_refused(window: tk.Tk, client: bowshot.Client) -> None:
    for chart, question in (
        (histogram := Histogram(window), ("delay",)),
        (line := LineChart(window), ("date", "delay")),
        (bars := BarChart(window), ("origin",)),
    ):
        shown(window, chart)
        chart.open(client["flights"].filter("distance < 0"), *question)
        wait_for(window, lambda chart=chart: settled(chart), "no rows")
        assert chart.note == ""
        chart.open(client["flights"], *(f"no_{name}" for name in question))
        wait_for(window, lambda chart=chart: chart.note, "the server's words")
        assert "no_" in chart.note
        chart.pack_forget()
    histogram.open(None)
    line.open(None)
    bars.open(None)
    window.update()


def test_only_the_last_range_is_asked(window: tk.Tk, server: bowshot.Server) -> None:
    assert server.url is not None
    with gated(server.url) as proxy, bowshot.connect(proxy.url) as client:
        chart = Histogram(window)
        shown(window, chart)
        chart.open(client["flights"], "distance")
        wait_for(window, lambda: settled(chart), "the bars")
        asked = chart.requests
        proxy.gate.clear()
        for high in range(4_000, 1_000, -100):
            chart.show_range(0, high)
            window.update_idletasks()  # draws, but lets no timer run out, however slow this is
        wait_for(window, lambda: chart.requests > asked, "a request")
        proxy.gate.set()
        wait_for(window, lambda: settled(chart), "the answer")
        assert chart.requests == asked + 1
        assert chart.counts is not None
        assert chart.counts.ends[-1] == pytest.approx(chart.range[1] if chart.range else 0, abs=1)


# Bars.


def test_bars_are_groups_to_the_last(
    window: tk.Tk, client: bowshot.Client, flights: pl.DataFrame
) -> None:
    chart = BarChart(window)
    shown(window, chart)
    chart.open(client["flights"], "origin", "mean(delay)")
    wait_for(window, lambda: settled(chart), "the bars")
    expected = (
        flights.group_by("origin")
        .agg(pl.col("delay").mean())
        .sort(["delay", "origin"], descending=[True, False])
    )
    assert chart.bars is not None
    assert chart.total == expected.height
    assert chart.bars.keys == expected["origin"].to_list()[: len(chart.bars.keys)]
    assert chart.bars.values == pytest.approx(expected["delay"].to_list()[: len(chart.bars.keys)])
    chart.scroll_to(10_000)
    wait_for(window, lambda: settled(chart), "the end")
    assert chart.bars.first + len(chart.bars.keys) == expected.height
    assert chart.bars.keys[-1] == expected["origin"][-1]
    texts = [
        chart.canvas.itemcget(item, "text")
        for item in chart.canvas.find_all()
        if chart.canvas.type(item) == "text"
    ]
    assert expected["origin"][-1] in texts
    chosen: list[str | None] = []
    chart.bind("<<Selected>>", lambda _event: chosen.append(chart.selected_filter))
    chart.scroll_to(0)
    wait_for(window, lambda: settled(chart), "the begin")
    click(chart.canvas, (200, 40 + 5))
    assert chosen == [f"\"origin\" = '{expected['origin'][0]}'"]
    assert int(client["flights"].filter(str(chosen[0])).count()) == (
        flights.filter(origin=expected["origin"][0]).height
    )


def test_a_bar_of_nulls(window: tk.Tk, client: bowshot.Client) -> None:
    chart = BarChart(window)
    shown(window, chart)
    chart.open(client["people"], "name")
    wait_for(window, lambda: settled(chart), "the bars")
    assert chart.bars is not None
    assert chart.total == len(chart.bars.keys)
    place = chart.bars.keys.index(None)
    click(chart.canvas, (200, 40 + 5 + place * chart._bar_height))
    assert chart.selected_filter == '"name" IS NULL'


# Axes.


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0.0, 1.0, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-50.0, 170.0, ["-50", "0", "50", "100", "150"]),
        (0.0, 2.5e6, ["0", "500k", "1.0M", "1.5M", "2.0M", "2.5M"]),
        (3.0, 3.0, []),
        (0.0, float("inf"), []),
    ],
)
def test_marks_are_round(low: float, high: float, texts: list[str]) -> None:
    assert [text for _, text in number_marks(low, high, 5)] == texts


def test_marks_of_times() -> None:
    begin = microseconds(datetime.datetime(2025, 11, 20, 22, 5))
    month = time_marks(begin, begin + 90 * DAY, 4)
    assert [text for _, text in month] == ["Dec 2025", "Jan 2026", "Feb 2026"]
    assert moment(month[1][0]) == datetime.datetime(2026, 1, 1)
    hours = time_marks(begin, begin + 4 * 3600 * SECOND, 4)
    assert [text for _, text in hours] == ["23:00", "21 Nov", "01:00", "02:00"]
    weeks = time_marks(begin, begin + 30 * DAY, 5)
    assert all(moment(place).weekday() == 0 for place, _ in weeks)
    years = time_marks(begin, begin + 40 * 365 * DAY, 5)
    assert [text for _, text in years] == ["2030", "2040", "2050", "2060"]


def test_bins_fit_what_is_wanted() -> None:
    number, integer = Scale("v", "number"), Scale("v", "integer")
    assert choose_bins(number, 0, 1, 100).expression == 'bin("v", 0.01)'
    assert choose_bins(number, -3e9, 7e9, 150).expression == 'bin("v", 100000000)'
    assert choose_bins(integer, 0, 20, 300).expression == 'bin("v", 1)'
    time = Scale("t", "time")
    assert choose_bins(time, 0, 60 * SECOND, 300).words == "1 second"
    assert choose_bins(time, 0, 366 * DAY, 12).words == "1 quarter"
    assert choose_bins(Scale("d", "date"), 0, 3 * DAY, 300).words == "1 day"


def test_numbers_as_texts() -> None:
    assert number_text(None) == "–"
    assert number_text(1234567) == "1,234,567"
    assert number_text(0.123456789) == "0.123457"
    assert mark_text(12_500_000.0, 500_000) == "12.5M"
    assert mark_text(0.00001, 0.00001) == "1e-05"
    assert Scale("t", "time").label(1.5 * SECOND) == "1970-01-01 00:00:01"
    assert Scale("q", "integer").condition(0.2, 7.9) == '"q" BETWEEN 0 AND 7'
