"""The build backend: scikit-build-core, and sources of the C++ in a source distribution.

The C++ lies beside clients/python in the repository. A source distribution holds a copy, cpp/, so
that it builds where there is no repository.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scikit_build_core import build as _backend
from scikit_build_core.build import *  # noqa: F403 (every hook but one is its own)

PACKAGE = Path(__file__).resolve().parents[1]
TOP = PACKAGE.parents[1]
COPY = PACKAGE / "cpp"
SOURCES = ["CMakeLists.txt", "CMakePresets.json", "LICENSE", "abi", "cmake", "core", "server"]
SOURCES += ["docs", "tests/fuzz", "tools"]
PAGE = "clients/web/packages/page/dist"


@contextmanager
def _cpp_copied() -> Iterator[None]:
    """Only what git knows, and the built page."""
    if COPY.exists():  # this is a source distribution itself
        yield
        return
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *SOURCES], cwd=TOP, check=True, capture_output=True
    )
    subprocess.run([TOP / "tools/bootstrap", "web"], check=True)
    subprocess.run([TOP / "tools/build_page"], check=True)
    try:
        for name in filter(None, listed.stdout.decode().split("\0")):
            target = COPY / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, target)
        shutil.copytree(TOP / PAGE, COPY / PAGE)
        yield
    finally:
        shutil.rmtree(COPY, ignore_errors=True)


def build_sdist(sdist_directory: str, config_settings: dict[str, Any] | None = None) -> str:
    with _cpp_copied():
        return _backend.build_sdist(sdist_directory, config_settings)
