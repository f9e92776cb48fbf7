"""The grid, driven by events of mouse and keyboard on a screen of its own."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator
from pathlib import Path

import data
import polars as pl
import pytest

import bowshot
from bowshot.tk import DataGrid
from bowshot.tk.cell_text import type_name
from tk_window import (
    cell_place,
    click,
    drag,
    gated,
    header_place,
    loaded,
    shown_numbers,
    shown_rows,
    wait_for,
    xdotool,
)

BILLION = 1_000_000_000
SHIFT = 1


@pytest.fixture(scope="module")
def billion() -> Iterator[bowshot.Dataset]:
    with (
        bowshot.serve({"tiny": str(data.make("tiny-1B"))}, quiet=True) as server,
        server.connect() as client,
    ):
        yield client["tiny"]


def opened(window: tk.Tk, dataset: bowshot.Dataset, **options: str) -> DataGrid:
    grid = DataGrid(window)
    grid.pack(fill="both", expand=True)
    grid.open(dataset, **options)
    wait_for(window, lambda: loaded(grid), "first rows")
    grid.canvas.focus_force()
    window.update()
    return grid


def tenth_first(grid: DataGrid) -> str:
    """The first cell of the tenth row that is seen."""
    return shown_rows(grid)[9][0]


# 10^9 rows.


def test_the_last_of_a_billion_rows(window: tk.Tk, billion: bowshot.Dataset) -> None:
    grid = opened(window, billion)
    asked = grid.window.requests
    grid.canvas.event_generate("<Control-End>")
    wait_for(window, lambda: loaded(grid), "the last rows")
    expected = billion.rows(offset=BILLION - 1, limit=1).to_dicts()[0]
    last = shown_rows(grid)[-1]
    assert last[0] == str(expected["id"]) == "999999999"
    assert last[1] == str(expected["ts"])
    assert last[2:] == [expected["category"], str(expected["level"])]
    assert shown_numbers(grid)[-1] == "999,999,999"
    assert grid.window.requests == asked + 1
    assert grid.canvas.top == BILLION - grid.canvas.rows_seen


def test_a_row_is_gone_to_by_its_number(window: tk.Tk, billion: bowshot.Dataset) -> None:
    """Typed on a keyboard, as the X server has it."""
    grid = opened(window, billion)
    entry = grid.toolbar.row_entry
    place = (entry.winfo_rootx() + 20, entry.winfo_rooty() + 8)
    xdotool(window, "mousemove", *map(str, place), "click", "1")
    wait_for(window, lambda: window.focus_get() is entry, "the entry's focus")
    xdotool(window, "type", "--delay", "20", "123,456,789")
    wait_for(window, lambda: grid.toolbar.row.get() == "123,456,789", "what was typed")
    xdotool(window, "key", "Return")
    wait_for(window, lambda: grid.canvas.top > 0 and loaded(grid), "those rows")
    assert "123456789" in [row[0] for row in shown_rows(grid)]
    assert grid.canvas.selection is not None
    assert grid.canvas.selection.row == 123_456_789
    grid.toolbar.row.set("many")
    entry.focus_force()
    entry.event_generate("<Return>")
    assert entry.instate(["invalid"])


def test_the_thumb_is_exact(window: tk.Tk, billion: bowshot.Dataset) -> None:
    grid = opened(window, billion)
    bar = grid.bar
    begin, length = bar.thumb
    assert begin == 0
    drag(bar, (6, length // 2), (6, bar.winfo_height() + 50))  # as far as it goes
    wait_for(window, lambda: loaded(grid), "the end")
    assert shown_rows(grid)[-1][0] == "999999999"
    assert sum(bar.thumb) == bar.winfo_height()
    middle = (BILLION - grid.canvas.rows_seen) // 2
    grid.canvas.scroll_to(middle)
    free = bar.winfo_height() - length
    assert abs(bar.thumb[0] - free / 2) <= 1
    begin = bar.thumb[0]
    drag(bar, (6, begin + 5), (6, begin + 5 + free // 4))
    wait_for(window, lambda: loaded(grid), "three quarters")
    assert abs(grid.canvas.top / BILLION - 0.75) < 2 / free
    drag(bar, (6, bar.thumb[0] + 5), (6, -50))
    assert grid.canvas.top == 0


def test_wheel_and_keys(window: tk.Tk, billion: bowshot.Dataset) -> None:
    grid = opened(window, billion)
    canvas = grid.canvas
    centre = (canvas.winfo_rootx() + 300, canvas.winfo_rooty() + 200)
    xdotool(window, "mousemove", *map(str, centre), "click", "5", "click", "5", "click", "4")
    wait_for(window, lambda: canvas.top == 3, "the wheel")
    wait_for(window, lambda: loaded(grid))
    assert tenth_first(grid) == "12"
    click(canvas, cell_place(grid, 5, 1))
    assert canvas.selection is not None
    assert (canvas.selection.row, canvas.selection.column) == (5, 1)
    for key in ("<Right>", "<Down>", "<Shift-Down>"):
        canvas.event_generate(key)
    assert (list(canvas.selection.rows), list(canvas.selection.columns)) == ([6, 7], [2])
    canvas.event_generate("<Next>")
    assert canvas.top == 3 + canvas.rows_seen
    canvas.event_generate("<Home>")
    assert canvas.selection.column == 0
    canvas.event_generate("<End>")
    assert canvas.selection.column == 3
    canvas.event_generate("<Control-Home>")
    wait_for(window, lambda: loaded(grid))
    assert canvas.top == 0


def test_the_loop_goes_on_while_a_server_is_slow(
    window: tk.Tk, billion: bowshot.Dataset, server: bowshot.Server
) -> None:
    """While no answer comes the loop turns, rows are placeholders; the last wish is what is asked
    for then."""
    assert server.url is not None
    with gated(server.url) as proxy, bowshot.connect(proxy.url) as client:
        grid = opened(window, client["flights"])
        proxy.gate.clear()
        turns = 0

        def turn() -> None:
            nonlocal turns
            turns += 1
            window.after(1, turn)

        turn()
        for row in range(100_000, 1_100_000, 100_000):
            grid.canvas.scroll_to(row)
            window.update()
        reached = turns
        wait_for(window, lambda: turns > reached + 200, "a loop that turns")
        assert grid.window.is_loading()
        assert shown_rows(grid) == []
        assert shown_numbers(grid)[0] == "1,000,000"
        proxy.gate.set()
        wait_for(window, lambda: loaded(grid), "the last wish")
        assert shown_numbers(grid)[0] == "1,000,000"
        expected = client["flights"].rows(offset=1_000_000, limit=1).to_dicts()[0]
        assert shown_rows(grid)[0][1] == str(expected["delay"])
        assert grid.window.requests <= 12


# Order, filter, columns.


def test_headers_sort(window: tk.Tk, client: bowshot.Client, flights: pl.DataFrame) -> None:
    grid = opened(window, client["flights"])
    count = grid.canvas.rows_seen

    def expect(order: list[str], descending: list[bool]) -> None:
        wait_for(window, lambda: loaded(grid), "sorted rows")
        ordered = flights.with_row_index("at").sort(
            [*order, "at"], descending=[*descending, False], nulls_last=True
        )
        head = ordered.head(count)
        shown = [[row[1], row[3]] for row in shown_rows(grid)[:count]]
        assert shown == [[str(d), o] for d, o in zip(head["delay"], head["origin"], strict=True)]

    click(grid.canvas, header_place(grid, "delay"))
    expect(["delay"], [False])
    click(grid.canvas, header_place(grid, "delay"))
    expect(["delay"], [True])
    click(grid.canvas, header_place(grid, "origin"), SHIFT)
    expect(["delay", "origin"], [True, False])
    click(grid.canvas, header_place(grid, "origin"))
    expect(["origin"], [True])
    click(grid.canvas, header_place(grid, "origin"))
    assert grid.canvas.order == {}


def test_a_filter_is_typed(window: tk.Tk, client: bowshot.Client, flights: pl.DataFrame) -> None:
    grid = opened(window, client["flights"])
    grid.go_to(1_000)
    entry = grid.toolbar.filter_entry
    entry.focus_force()
    window.update()
    xdotool(window, "type", "--delay", "10", "delay > 60 AND origin = 'ATL'")
    late = flights.filter((pl.col("delay") > 60) & (pl.col("origin") == "ATL"))
    wait_for(window, lambda: grid.window.rows == late.height and loaded(grid), "the filter")
    assert shown_rows(grid)[0][1] == str(late["delay"][0])
    assert grid.canvas.top == 0
    before = shown_rows(grid)
    xdotool(window, "type", " AND dely = 1")
    xdotool(window, "key", "Return")
    wait_for(window, lambda: entry.instate(["invalid"]), "the refusal")
    said = [
        child.cget("text")
        for child in grid.toolbar.winfo_children()
        if "TLabel" in child.winfo_class() and child.winfo_ismapped()
    ]
    assert any("dely" in text and "Is delay meant?" in text for text in said), said
    assert entry.index("insert") == len("delay > 60 AND origin = 'ATL' AND ")
    assert shown_rows(grid)[:9] == before[:9]  # what is said takes some place
    assert grid.filter_text == "delay > 60 AND origin = 'ATL'"
    grid.set_filter("distance < 0")
    wait_for(window, lambda: grid.window.rows == 0, "no rows")
    assert not entry.instate(["invalid"])
    xdotool(window, "key", "Escape")
    wait_for(window, lambda: grid.window.rows == flights.height, "all rows again")


def test_columns_are_resized_and_stay(window: tk.Tk, client: bowshot.Client) -> None:
    grid = opened(window, client["flights"])
    canvas = grid.canvas
    width = canvas.columns.items[0].width
    border = canvas.gutter + canvas.columns.edges[1] - 1
    drag(canvas, (border, 10), (border + 90, 10))
    assert canvas.columns.items[0].width == width + 90
    assert canvas.order == {}
    drag(canvas, (border + 90, 10), (0, 10))
    narrow = canvas.columns.items[0].width
    assert 0 < narrow < width
    assert shown_rows(grid)[0][0].endswith("…")
    grid.refresh()
    grid.sort_by({"delay": True})
    wait_for(window, lambda: loaded(grid))
    assert canvas.columns.items[0].width == narrow
    border = canvas.gutter + canvas.columns.edges[1] - 1
    for _ in range(2):  # a double click
        click(canvas, (border, 10))
    assert canvas.columns.items[0].width >= width - 10


# Copies.


def test_what_is_selected_is_copied(
    window: tk.Tk, client: bowshot.Client, flights: pl.DataFrame
) -> None:
    grid = opened(window, client["flights"])
    drag(grid.canvas, cell_place(grid, 3, 1), cell_place(grid, 5, 3))
    grid.canvas.event_generate("<Control-c>")
    copied: list[str] = []
    grid.bind("<<Copied>>", lambda _event: copied.append(window.clipboard_get()))
    wait_for(window, lambda: copied, "the clipboard")
    part = flights.select("delay", "distance", "origin")[3:6]
    expected = ["delay\tdistance\torigin", *("\t".join(map(str, row)) for row in part.rows())]
    assert copied[0].split("\n") == expected
    grid.canvas.event_generate("<Control-a>")
    grid.canvas.event_generate("<Control-c>")
    assert "at most 1,000,000 are copied" in grid.banner.text


# Other data.


def test_a_refresh_keeps_the_place(window: tk.Tk, client: bowshot.Client) -> None:
    client.publish("grows", {"n": list(range(5_000))})
    grid = opened(window, client["grows"])
    grid.go_to(4_000)
    wait_for(window, lambda: loaded(grid))
    top = grid.canvas.top
    client.publish("grows", {"n": [-n for n in range(6_000)]})
    grid.refresh()
    assert shown_rows(grid)[0] == [str(top)]  # until the new ones are there
    wait_for(window, lambda: grid.window.rows == 6_000 and loaded(grid), "the new rows")
    assert grid.canvas.top == top
    assert shown_rows(grid)[0] == [str(-top)]
    assert grid.canvas.selection is not None
    assert grid.canvas.selection.row == 4_000


def test_rows_of_two_versions_never_mix(window: tk.Tk, client: bowshot.Client) -> None:
    client.publish("changes", {"n": list(range(5_000))})
    grid = opened(window, client["changes"])
    client.publish("changes", {"n": [-n for n in range(4_000)]})
    grid.canvas.scroll_to(3_000)  # rows that were not here yet
    wait_for(window, lambda: grid.window.rows == 4_000 and loaded(grid), "the newer version")
    assert shown_rows(grid)[0] == ["-3000"]
    grid.canvas.scroll_to(0)  # rows that were
    wait_for(window, lambda: loaded(grid))
    assert shown_rows(grid)[1] == ["-1"]


def test_types_have_the_protocols_names(client: bowshot.Client, sources: dict[str, str]) -> None:
    for name in sources:
        told = {column.name: column.type for column in client[name].info().columns}
        assert {each.name: type_name(each.type) for each in client[name].schema} == told


def test_every_type_is_shown(window: tk.Tk, client: bowshot.Client) -> None:
    """Nulls, NaN, nested values, times beyond Python's, names that nobody would choose."""
    grid = DataGrid(window)
    grid.pack(fill="both", expand=True)
    for summary in client.datasets():
        dataset = client[summary.name]
        grid.open(dataset)
        wait_for(window, lambda: loaded(grid), summary.name)
        assert len(shown_rows(grid)) == (
            min(summary.rows, grid.canvas.rows_seen + 1) if summary.columns else 0
        )
        assert [column.name for column in grid.canvas.columns.items] == dataset.schema.names
        for place in range(0, grid.canvas.columns.width, 300):
            grid.canvas.scroll_sideways(place)
            grid.canvas.draw()
        if summary.columns:
            grid.sort_by({dataset.schema.names[0]: True})
            wait_for(window, lambda: loaded(grid), f"{summary.name}, sorted")
    grid.open(client["people"])
    wait_for(window, lambda: loaded(grid))
    assert shown_rows(grid)[2][1:4] == ["null", "null", "NaN"]
    assert shown_rows(grid)[12][1] == "line ↵ break"


def test_a_server_that_fails_is_told(window: tk.Tk, server: bowshot.Server) -> None:
    assert server.url is not None
    with gated(server.url) as proxy:
        client = bowshot.connect(proxy.url, retries=0)
        grid = opened(window, client["flights"])
        before = shown_rows(grid)
        proxy.close()
        client.close()
        grid.canvas.scroll_to(1_000_000)
        wait_for(window, lambda: grid.banner.text, "the banner")
        grid.canvas.scroll_to(0)
        window.update()
        assert shown_rows(grid)[:9] == before[:9]  # the banner takes some place
    grid.open(bowshot.connect(server.url)["nothing_of_that_name"])
    wait_for(window, lambda: "nothing_of_that_name" in grid.banner.text, "the server's words")


def test_a_file_that_is_still_converted(window: tk.Tk, tmp_path: Path) -> None:
    rows = pl.DataFrame({"n": range(200_000), "t": [f"text {n}" for n in range(200_000)]})
    rows.write_csv(tmp_path / "numbers.csv")
    with bowshot.serve(
        {"numbers": str(tmp_path / "numbers.csv")}, quiet=True, cache_directory=str(tmp_path)
    ) as server:
        grid = opened(window, server.connect()["numbers"])
        assert grid.window.rows == rows.height
        assert shown_rows(grid)[4] == ["4", "text 4"]
        wait_for(window, lambda: not grid.banner.text, "a banner that goes by itself")
