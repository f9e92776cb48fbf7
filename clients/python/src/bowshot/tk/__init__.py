"""Widgets for Tkinter that show tables of any size: a grid, charts, progress.

import tkinter as tk, bowshot
from bowshot.tk import DataGrid, apply_theme, LIGHT

root = tk.Tk()
apply_theme(root, LIGHT)
grid = DataGrid(root)
grid.pack(fill="both", expand=True)
grid.open(bowshot.connect("http://127.0.0.1:8765")["flights"])
root.mainloop()
"""

from __future__ import annotations

from bowshot.tk.bar_chart import BarChart
from bowshot.tk.charts import Histogram, LineChart
from bowshot.tk.dialog import Dialog
from bowshot.tk.error_dialog import ErrorDialog, show_error
from bowshot.tk.grid import DataGrid
from bowshot.tk.plot import Plot
from bowshot.tk.progress import ExportDialog, Progress, export
from bowshot.tk.scrollbar import Scrollbar
from bowshot.tk.theme import DARK, LIGHT, THEME_CHANGED, Palette, apply_theme, palette_of
from bowshot.tk.worker import Worker

__all__ = [
    "DARK",
    "LIGHT",
    "THEME_CHANGED",
    "BarChart",
    "DataGrid",
    "Dialog",
    "ErrorDialog",
    "ExportDialog",
    "Histogram",
    "LineChart",
    "Palette",
    "Plot",
    "Progress",
    "Scrollbar",
    "Worker",
    "apply_theme",
    "export",
    "palette_of",
    "show_error",
]
