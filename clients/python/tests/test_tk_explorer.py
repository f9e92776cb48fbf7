"""examples/tk-explorer, from a file, a folder and an address to every tab."""

from __future__ import annotations

import contextlib
import os
import tkinter as tk
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from explorer import Explorer
from pivot_view import PivotView
from source import dataset_name, open_source

import bowshot
from bowshot.tk import Dialog, ErrorDialog
from tk_window import loaded, open_window, shown_rows, wait_for


@pytest.fixture
def explorer(screen: None) -> Iterator[Explorer]:
    with open_window("1200x760") as root:
        made = Explorer(root)
        made.pack(fill="both", expand=True)
        root.update()
        yield made
        with contextlib.suppress(tk.TclError):  # some tests have closed it
            made.close()


def show(explorer: Explorer, tab: str, done: Callable[[], bool]) -> None:
    explorer.tabs.select(explorer.views[tab])
    wait_for(explorer.root, done, tab)


def opened(explorer: Explorer, place: str) -> None:
    explorer.open(place)
    wait_for(explorer.root, lambda: explorer.source is not None, f"{place} to open")
    wait_for(explorer.root, lambda: loaded(explorer.grid_view), "rows")


def test_every_tab_of_a_server(
    explorer: Explorer, server: bowshot.Server, flights: pl.DataFrame
) -> None:
    assert server.url is not None
    opened(explorer, server.url)
    explorer.datasets.selection_set("flights")
    grid = explorer.grid_view
    wait_for(explorer.root, lambda: grid.window.rows == flights.height and loaded(grid), "rows")
    assert [explorer.columns.item(i, "text") for i in explorer.columns.get_children()] == (
        flights.columns
    )
    show(explorer, "Profile", lambda: bool(explorer.profile.rows))
    delay = next(row for row in explorer.profile.rows if row["column"] == "delay")
    assert delay["mean"] == pytest.approx(flights["delay"].mean())
    show(explorer, "Histogram", lambda: explorer.histogram.histogram.counts is not None)
    show(explorer, "Lines", lambda: explorer.lines.chart.line is not None)
    show(explorer, "Pivot", lambda: explorer.pivot.pivot is not None)
    pivot = explorer.pivot.pivot
    assert pivot is not None
    counted = flights.group_by("origin", pl.col("date").dt.truncate("1mo")).len()
    assert sum(len(cells) for cells in pivot.cells.values()) == counted.height
    assert all(pivot.cells[origin][at] == count for origin, at, count in counted.iter_rows())
    assert len(explorer.pivot.table.get_children()) == flights["origin"].n_unique()


def test_what_is_seen_becomes_the_filter(
    explorer: Explorer, server: bowshot.Server, flights: pl.DataFrame
) -> None:
    """Of a bar, then of a range; every tab shows the rows that are left."""
    assert server.url is not None
    opened(explorer, server.url)
    explorer.datasets.selection_set("flights")
    wait_for(explorer.root, lambda: explorer.grid_view.window.rows == flights.height, "rows")
    explorer.profile.selected = "origin"
    explorer.profile.event_generate("<<Selected>>")
    view = explorer.histogram
    wait_for(explorer.root, lambda: view.bars.bars is not None, "bars")
    assert str(view.filter_button.state()) == "('disabled',)"
    view.bars.canvas.event_generate("<ButtonPress-1>", x=200, y=45)
    view.filter_button.invoke()
    largest = flights["origin"].value_counts(sort=True)["origin"][0]
    part = flights.filter(origin=largest)
    wait_for(explorer.root, lambda: explorer.grid_view.window.rows == part.height, "the filter")
    view.column.value = "distance"
    view.draw()
    wait_for(explorer.root, lambda: view.histogram.counts is not None, "a histogram of the rest")
    counts = view.histogram.counts
    assert counts is not None
    assert sum(counts.counts) == part.height
    view.histogram.show_range(100, 500)
    wait_for(explorer.root, lambda: not view.histogram.is_loading(), "a part")
    view.filter_button.invoke()
    near = part.filter(pl.col("distance").is_between(100, 500)).height
    wait_for(explorer.root, lambda: explorer.grid_view.window.rows == near, "both filters")
    assert f"= '{largest}') AND" in explorer.grid_view.filter_text


def test_a_column_chosen_before_the_schema_is_there(
    explorer: Explorer, server: bowshot.Server
) -> None:
    assert server.url is not None
    opened(explorer, server.url)
    explorer.datasets.selection_set("flights")
    while explorer.grid_view.window.schema is not None:  # of the dataset before
        explorer.root.tk.dooneevent()
    explorer.profile.selected = "origin"
    explorer.profile.event_generate("<<Selected>>")
    wait_for(explorer.root, lambda: explorer.histogram.bars.bars is not None, "bars")
    assert explorer.histogram.column.value == "origin"


def test_a_file_and_its_own_server(explorer: Explorer, sources: dict[str, str]) -> None:
    opened(explorer, sources["people"])
    assert explorer.source is not None
    server = explorer.source.server
    assert server is not None
    assert shown_rows(explorer.grid_view)[0][1] == "Ann"
    explorer.change_theme()
    explorer.root.update()
    opened(explorer, sources["people"])
    wait_for(explorer.root, lambda: not server.is_running(), "the former server's end")
    last = explorer.source.server
    assert last is not None
    pid = last.pid
    explorer.close()
    assert not last.is_running()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_an_address_is_asked_for(explorer: Explorer, server: bowshot.Server) -> None:
    assert server.url is not None
    explorer.ask_address()
    dialog = next(child for child in explorer.winfo_children() if isinstance(child, Dialog))
    wait_for(explorer.root, dialog.winfo_viewable, "the dialog")
    dialog.focus_force()
    explorer.root.update()
    dialog.address.set(server.url)  # type: ignore[attr-defined]
    dialog.event_generate("<Return>")
    wait_for(explorer.root, lambda: explorer.source is not None, "the server")
    assert not dialog.winfo_exists()
    assert explorer.source is not None
    assert "people" in [dataset.name for dataset in explorer.source.datasets]


def test_a_refresh_keeps_what_is_looked_at(
    explorer: Explorer, server: bowshot.Server, client: bowshot.Client
) -> None:
    client.publish("refreshed", {"n": list(range(1_000))})
    assert server.url is not None
    opened(explorer, server.url)
    explorer.datasets.selection_set("refreshed")
    wait_for(explorer.root, lambda: explorer.grid_view.window.rows == 1_000, "rows")
    view = explorer.histogram
    show(explorer, "Histogram", lambda: view.histogram.counts is not None)
    view.histogram.show_range(100, 200)
    wait_for(explorer.root, lambda: not view.histogram.is_loading(), "a part")
    seen = view.histogram.range
    client.publish("refreshed", {"n": [n // 2 for n in range(1_000)]})
    explorer.refresh()
    wait_for(explorer.root, lambda: not view.histogram.is_loading(), "the newer rows")
    assert view.histogram.range == seen == (100, 200)
    assert view.histogram.counts is not None
    assert sum(view.histogram.counts.counts) == 202
    show(explorer, "Rows", lambda: loaded(explorer.grid_view))
    assert shown_rows(explorer.grid_view)[3] == ["1"]


def test_folders(tmp_path: Path) -> None:
    """Of one schema: a dataset; of several: one a file."""
    same, other = tmp_path / "same", tmp_path / "other files"
    for folder, tables in (
        (same, {"a": {"x": [1, 2]}, "b": {"x": [3]}}),
        (other, {"p": {"x": [1, 2]}, "q": {"y": ["z"]}}),
    ):
        folder.mkdir()
        for name, columns in tables.items():
            pl.DataFrame(columns).write_parquet(folder / f"{name}.parquet")
    source = open_source(str(same))
    try:
        assert [(d.name, d.rows) for d in source.datasets] == [("same", 3)]
    finally:
        source.close()
    source = open_source(str(other))
    try:
        assert sorted((d.name, d.rows) for d in source.datasets) == [("p", 2), ("q", 1)]
    finally:
        source.close()
    assert dataset_name(Path("/x/My data (2).csv")) == "My_data__2_"


def test_what_cannot_be_opened(explorer: Explorer, tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 this is not a table PAR1")
    (tmp_path / "empty").mkdir()
    for place in ("http://127.0.0.1:9", str(tmp_path / "none.parquet"), str(tmp_path / "empty")):
        explorer.open(place)
        dialog = wait_for(explorer.root, lambda: _dialog(explorer), f"words about {place}")
        dialog.destroy()
        assert explorer.source is None
    explorer.open(str(broken))  # refused at the start, or listed with its problem
    wait_for(explorer.root, lambda: _dialog(explorer) or explorer.grid_view.banner.text, "words")


def test_a_pivot_says_what_it_leaves_out(
    window: tk.Tk, client: bowshot.Client, flights: pl.DataFrame
) -> None:
    view = PivotView(window)
    view.pack(fill="both", expand=True)
    query = client["flights"]
    view.offer(query.schema)
    view.down.value, view.across.value = "origin", "destination"
    view.show(query)
    wait_for(window, lambda: view.pivot is not None, "the table")
    groups = flights.select("origin", "destination").n_unique()
    said = str(view.note.cget("text"))
    assert view.pivot is not None
    shown = sum(len(cells) for cells in view.pivot.cells.values())
    assert shown == min(groups, 5_000)
    assert ("only the first 5,000 groups" in said) == (groups > 5_000)
    assert "the first 60 columns are shown" in said


def _dialog(explorer: Explorer) -> ErrorDialog | None:
    found = [child for child in explorer.winfo_children() if isinstance(child, ErrorDialog)]
    return found[0] if found else None
