"""Colours and ttk styles, light and dark."""

from __future__ import annotations

import tkinter as tk
from dataclasses import dataclass
from tkinter import font, ttk
from typing import Any
from weakref import WeakKeyDictionary

BOLD_FONT = "BowshotBold"
THEME_CHANGED = "<<BowshotTheme>>"  # sent to every widget when the palette changes


@dataclass(frozen=True)
class Palette:
    """Colours by what they are for."""

    is_dark: bool
    window: str
    surface: str
    header: str
    text: str
    muted: str
    line: str
    accent: str
    accent_text: str
    selection: str
    placeholder: str
    error: str
    thumb: str  # of scrollbars
    fill: str  # of areas in plots
    bar: str


LIGHT = Palette(
    is_dark=False,
    window="#f6f7f9",
    surface="#ffffff",
    header="#eef0f4",
    text="#1b1f27",
    muted="#667085",
    line="#dfe3ea",
    accent="#2563eb",
    accent_text="#ffffff",
    selection="#dbe7ff",
    placeholder="#eceff3",
    error="#b42318",
    thumb="#c3cad6",
    fill="#c9dafc",
    bar="#7aa2f7",
)
DARK = Palette(
    is_dark=True,
    window="#15181e",
    surface="#1b1f27",
    header="#232833",
    text="#e6e9ef",
    muted="#98a2b3",
    line="#303644",
    accent="#6ea0ff",
    accent_text="#10131a",
    selection="#2a3b5f",
    placeholder="#262b36",
    error="#ff8a7d",
    thumb="#444c5e",
    fill="#2c4270",
    bar="#4a72c4",
)

_palettes: WeakKeyDictionary[tk.Misc, Palette] = WeakKeyDictionary()  # by application


def palette_of(widget: tk.Misc) -> Palette:
    """What was applied to the widget's application; light where nothing was."""
    return _palettes.get(widget.nametowidget("."), LIGHT)


def apply_theme(root: tk.Misc, palette: Palette) -> None:
    """Sets ttk's styles and tells Bowshot's widgets; may be called again at any time."""
    _palettes[root.nametowidget(".")] = palette
    style = ttk.Style(root)
    style.theme_use("clam")
    _set_base(style, palette)
    _set_buttons(style, palette)
    _set_fields(style, palette)
    _set_tabs(style, palette)
    _set_lists(style, palette)
    top = root.winfo_toplevel()
    top.configure(background=palette.window)
    for option, value in (
        ("*Menu.background", palette.surface),
        ("*Menu.foreground", palette.text),
        ("*Menu.activeBackground", palette.accent),
        ("*Menu.activeForeground", palette.accent_text),
        ("*TCombobox*Listbox.background", palette.surface),
        ("*TCombobox*Listbox.foreground", palette.text),
        ("*TCombobox*Listbox.selectBackground", palette.accent),
        ("*TCombobox*Listbox.selectForeground", palette.accent_text),
    ):
        root.option_add(option, value)
    _tell(top, palette)


def _tell(widget: tk.Misc, palette: Palette) -> None:
    """Styles reach ttk's widgets by themselves; lists, menus and canvases have to be told."""
    listed = {"background": palette.surface, "foreground": palette.text}
    if isinstance(widget, tk.Menu):
        widget.configure(
            background=palette.surface,
            foreground=palette.text,
            activebackground=palette.accent,
            activeforeground=palette.accent_text,
        )
    elif isinstance(widget, ttk.Combobox):
        popdown = widget.tk.call("ttk::combobox::PopdownWindow", widget)
        colours = [item for name, value in listed.items() for item in (f"-{name}", value)]
        widget.tk.call(f"{popdown}.f.l", "configure", *colours)
    widget.event_generate(THEME_CHANGED)
    for child in widget.winfo_children():
        _tell(child, palette)


def _set_base(style: ttk.Style, palette: Palette) -> None:
    style.configure(
        ".",
        background=palette.window,
        foreground=palette.text,
        bordercolor=palette.line,
        darkcolor=palette.window,
        lightcolor=palette.window,
        troughcolor=palette.header,
        fieldbackground=palette.surface,
        insertcolor=palette.text,
        selectbackground=palette.selection,
        selectforeground=palette.text,
        focuscolor=palette.accent,
        font=font.nametofont("TkDefaultFont"),
    )
    style.configure("Surface.TFrame", background=palette.surface)
    style.configure("Muted.TLabel", foreground=palette.muted)
    style.configure("Error.TLabel", foreground=palette.error)
    style.configure("Hint.TLabel", foreground=palette.muted, background=palette.surface)
    style.configure("Title.TLabel", font=bold_font())


def _set_buttons(style: ttk.Style, palette: Palette) -> None:
    pressed = [("pressed", palette.line), ("active", palette.header)]
    style.configure(
        "TButton", background=palette.surface, bordercolor=palette.line, padding=(10, 4)
    )
    style.configure(
        "TMenubutton",
        background=palette.surface,
        bordercolor=palette.line,
        arrowcolor=palette.muted,
        padding=(10, 4),
        relief="raised",
    )
    for button in ("TButton", "TMenubutton"):
        style.map(button, background=pressed, foreground=[("disabled", palette.muted)])
    style.configure(
        "Accent.TButton",
        background=palette.accent,
        foreground=palette.accent_text,
        bordercolor=palette.accent,
    )
    style.map(
        "Accent.TButton",
        background=[("disabled", palette.line), ("active", palette.accent)],
        foreground=[("disabled", palette.muted)],
    )


def _set_fields(style: ttk.Style, palette: Palette) -> None:
    for field in ("TEntry", "TCombobox", "TSpinbox"):
        style.configure(field, padding=(6, 4), arrowcolor=palette.text)
        style.map(
            field,
            bordercolor=[("focus", palette.accent), ("invalid", palette.error)],
            lightcolor=[("focus", palette.accent)],
            fieldbackground=[("readonly", palette.surface)],
            foreground=[("disabled", palette.muted)],
        )


def _set_tabs(style: ttk.Style, palette: Palette) -> None:
    style.configure(
        "TNotebook",
        background=palette.window,
        bordercolor=palette.line,
        lightcolor=palette.window,
        darkcolor=palette.window,
        tabmargins=(4, 0, 4, 0),
    )
    style.configure(
        "TNotebook.Tab",
        padding=(16, 7),
        background=palette.window,
        foreground=palette.muted,
        bordercolor=palette.window,
        lightcolor=palette.window,
    )
    style.map(
        "TNotebook.Tab",
        padding=[("selected", (16, 7))],
        expand=[("selected", (0, 0, 0, 0))],
        background=[("selected", palette.surface)],
        foreground=[("selected", palette.accent), ("active", palette.text)],
        bordercolor=[("selected", palette.line)],
        lightcolor=[("selected", palette.surface)],
    )


def _set_lists(style: ttk.Style, palette: Palette) -> None:
    style.configure(
        "Treeview",
        background=palette.surface,
        fieldbackground=palette.surface,
        foreground=palette.text,
        rowheight=line_height() + 8,
        borderwidth=0,
    )
    style.map(
        "Treeview",
        background=[("selected", palette.selection)],
        foreground=[("selected", palette.text)],
    )
    style.configure("Treeview.Heading", background=palette.header, relief="flat", padding=(6, 4))
    for side in ("Vertical", "Horizontal"):
        bar = f"{side}.TScrollbar"
        thumb: Any = [(f"{side}.Scrollbar.thumb", {"expand": "1", "sticky": "nswe"})]
        style.layout(bar, [(f"{side}.Scrollbar.trough", {"children": thumb, "sticky": "nswe"})])
        style.configure(
            bar,
            arrowsize=11,
            gripcount=0,
            background=palette.thumb,
            troughcolor=palette.window,
            bordercolor=palette.window,
            lightcolor=palette.thumb,
            darkcolor=palette.thumb,
        )
        style.map(
            bar,
            background=[("disabled", palette.window), ("active", palette.muted)],
            lightcolor=[("disabled", palette.window), ("active", palette.muted)],
            darkcolor=[("disabled", palette.window), ("active", palette.muted)],
        )
    style.configure(
        "TProgressbar", background=palette.accent, troughcolor=palette.header, thickness=6
    )
    style.configure("TPanedwindow", background=palette.window)
    style.configure("Sash", sashthickness=6)


def bold_font() -> font.Font:
    """Of heads and titles."""
    try:
        return font.nametofont(BOLD_FONT)
    except tk.TclError:
        default = font.nametofont("TkDefaultFont").actual()
        made = font.Font(
            name=BOLD_FONT, family=default["family"], size=default["size"], weight="bold"
        )
        made.delete_font = False  # it lives as long as the application
        return made


def line_height() -> int:
    return int(font.nametofont("TkDefaultFont").metrics("linespace"))
