"""The build backend: scikit-build-core, the C++ compiled before it, and the C++ in a source
distribution.

The C++ lies beside clients/python in the repository. A source distribution holds a copy, cpp/, so
that it builds where there is no repository.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from platform_tag import platform_tag
from scikit_build_core import build as _backend
from scikit_build_core.build import *  # noqa: F403 (every hook but these is its own)

PACKAGE = Path(__file__).resolve().parents[1]
TOP = PACKAGE.parents[1]
COPY = PACKAGE / "cpp"
SOURCES = ["CMakeLists.txt", "CMakePresets.json", "LICENSE", "abi", "cmake", "core", "server"]
SOURCES += ["docs", "tests/fuzz", "tools"]
PAGE = Path("clients/web/packages/page/dist")

Settings = dict[str, Any] | None


def build_wheel(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    del metadata_directory  # made before the tag was known
    return _backend.build_wheel(wheel_directory, _compiled(config_settings))


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    del metadata_directory
    return _backend.build_editable(wheel_directory, _compiled(config_settings))


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    with _cpp_copied():
        return _backend.build_sdist(sdist_directory, config_settings)


def _compiled(settings: Settings) -> dict[str, Any]:
    """The programs are in BOWSHOT_PREBUILT, or are compiled; the wheel says what they need."""
    prebuilt = os.environ.get("BOWSHOT_PREBUILT")
    if not prebuilt:
        top = COPY if COPY.exists() else TOP
        subprocess.run([PACKAGE / "native/compile", top], check=True)
        prebuilt = os.environ["BOWSHOT_PREBUILT"] = str(top / "build/release")
    return {"wheel.tags": f"py3-none-{platform_tag(Path(prebuilt))}", **(settings or {})}


@contextmanager
def _cpp_copied() -> Iterator[None]:
    if COPY.exists():  # this is a source distribution itself
        yield
        return
    subprocess.run([TOP / "tools/bootstrap", "web"], check=True)
    subprocess.run([TOP / "tools/build_page"], check=True)
    try:
        copy_sources(COPY, TOP / PAGE)
        yield
    finally:
        shutil.rmtree(COPY, ignore_errors=True)


def copy_sources(folder: Path, page: Path) -> None:
    """Only what git knows, and the built page."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *SOURCES], cwd=TOP, check=True, capture_output=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, target)
    shutil.copytree(page, folder / PAGE)
