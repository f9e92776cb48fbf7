#!/usr/bin/python3
"""A small window to drag a file from, at the lower left corner of the screen: drag_source.py PATH

For the system's Python, which has GTK. Prints a line when it is there.
"""

import sys
from pathlib import Path

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gtk  # noqa: E402

TITLE, SIZE = "drag source", 80


def main() -> None:
    uri = Path(sys.argv[1]).absolute().as_uri()
    area = Gtk.EventBox()
    area.add(Gtk.Label(label="drag"))
    area.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
    area.drag_source_add_uri_targets()
    area.connect("drag-data-get", lambda _area, _context, data, *_: data.set_uris([uri]))
    window = Gtk.Window(type=Gtk.WindowType.POPUP)  # no window manager moves or covers it
    window.set_title(TITLE)
    window.add(area)
    window.resize(SIZE, SIZE)
    window.move(0, Gdk.Screen.get_default().get_height() - SIZE)
    window.show_all()
    window.connect("map-event", lambda *_: print("ready", flush=True))
    Gtk.main()


main()
