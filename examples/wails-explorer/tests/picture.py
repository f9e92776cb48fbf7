"""What a screen shows, by its pixels: a title says what is open, not whether it is drawn yet."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt

TEXT_CONTRAST = 90  # to the background, of 255: lines, and what stands for rows to come, have less
TEXT_SHARE_MIN = 0.002  # of the pixels of a part that has text
RED_PIXELS_MIN = 100  # of a heading


class Picture:
    """One look at the screen. Parts are fractions of the window: left, top, right, bottom."""

    def __init__(self, environment: dict[str, str]) -> None:
        command = ["import", "-window", "root", "-depth", "8", "ppm:-"]
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        self._file = done.stdout
        _, size, _, pixels = self._file.split(b"\n", 3)
        width, height = map(int, size.split())
        screen = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
        self._window = without_border(screen)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Picture) and self._file == other._file

    def save(self, path: Path) -> None:
        subprocess.run(["convert", "ppm:-", path], input=self._file, check=True)

    def brightness(self) -> float:
        """From 0 for black to 1 for white."""
        return float(self._window.mean()) / 255

    def shows_start(self) -> bool:
        has_sidebar = self._has_text(0.02, 0.05, 0.15, 0.5)
        return self._has_text(0.3, 0.1, 0.6, 0.2) and not has_sidebar

    def shows_problem(self) -> bool:
        """Its heading is all that is red."""
        colours = self._window.astype(np.int16)
        is_red = (colours[..., 0] - colours[..., 1:].max(axis=2)) > 60
        return int(is_red.sum()) >= RED_PIXELS_MIN

    def shows_rows(self) -> bool:
        """Their cells, right of their numbers."""
        return self._has_text(0.38, 0.7, 0.7, 0.9) and not self.shows_problem()

    def shows_notice(self) -> bool:
        return self._has_text(0.6, 0.9, 0.98, 0.97)

    def _has_text(self, left: float, top: float, right: float, bottom: float) -> bool:
        height, width = self._window.shape[:2]
        part = self._window[
            int(top * height) : int(bottom * height), int(left * width) : int(right * width)
        ]
        if not part.size:
            return False
        grey = part.mean(axis=2)
        return float((abs(grey - np.median(grey)) > TEXT_CONTRAST).mean()) > TEXT_SHARE_MIN


def without_border(screen: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The smallest part that has all that is not black, as the screen is around a window."""
    drawn = screen.any(axis=2)
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    if not rows.size:
        return screen[:0]
    return screen[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
