"""The source distribution: it has what a machine without the repository builds the wheel from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import backend
import pytest

PACKAGE = Path(__file__).resolve().parents[1]
DEPS = Path(os.environ["BOWSHOT_LIBRARY"]).resolve().parents[2] / "deps"  # of tools/bootstrap
PROGRAMS = ["bowshot", "libbowshot"]


def run(*command: object, cwd: Path) -> str:
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def tracked(folder: Path) -> list[str]:
    return run("git", "ls-files", "-z", "--", ".", cwd=folder).rstrip("\0").split("\0")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made of a copy, so that the repository's own folder is left alone."""
    folder = tmp_path_factory.mktemp("sdist")
    copy = folder / "package"
    for name in tracked(PACKAGE):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(PACKAGE / name, copy / name)
    page = backend.TOP / backend.PAGE
    if not page.exists():  # nothing was built here yet
        page = folder / "page"
        page.mkdir()
        (page / "index.html").write_text("<!doctype html>")
    backend.copy_sources(copy / "cpp", page)
    build = "import sys; sys.path.insert(0, 'native'); import backend; backend.build_sdist('..')"
    run(sys.executable, "-c", build, cwd=copy)
    (archive,) = folder.glob("bowshot-*.tar.gz")
    (folder / "unpacked").mkdir()
    run("tar", "-xzf", str(archive), cwd=folder / "unpacked")
    (top,) = (folder / "unpacked").iterdir()
    return top


def test_it_holds_all_sources_and_no_more(unpacked: Path) -> None:
    held = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    own = {name for name in tracked(PACKAGE) if not name.startswith("tests/")}
    assert own <= held
    assert held - own - {"PKG-INFO"} == {name for name in held if name.startswith("cpp/")}
    needed = {"cpp/CMakeLists.txt", "cpp/tools/bootstrap", "cpp/abi/bowshot.map"}
    assert {*needed, f"cpp/{backend.PAGE}/index.html"} <= held
    for name in ("native/compile", "cpp/tools/bootstrap", "cpp/tools/embed_page"):
        assert os.access(unpacked / name, os.X_OK), name
    license_text = (unpacked / "LICENSE").read_text()
    assert license_text == (unpacked / "cpp/LICENSE").read_text()
    assert "Apache License" in license_text


def test_its_cpp_configures_and_lacks_no_file(unpacked: Path, tmp_path: Path) -> None:
    cpp = unpacked / "cpp"
    run("cmake", "--preset", "release", "-B", tmp_path, f"-DBOWSHOT_DEPS={DEPS}", cwd=cpp)
    inputs = run("ninja", "-C", tmp_path, "-t", "inputs", *PROGRAMS, cwd=unpacked).splitlines()
    sources = {Path(name) for name in inputs if name.startswith(str(cpp))}
    assert {cpp / "server/main.cpp", cpp / "abi/bowshot.cpp"} <= sources
    assert [str(source) for source in sources if not source.exists()] == []
