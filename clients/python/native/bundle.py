"""Puts the server, libbowshot.so and the libraries that they link into one folder of the wheel.

bundle.py BUILD_TREE FOLDER

The libraries are found beside their users by $ORIGIN. Each gets a name of its own (a hash of what
is in it), and symbols that the loader would make one for the whole process become ordinary ones: so
whatever other Arrow or DuckDB the process has loaded, neither side ever sees the other's.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PROGRAMS = ["server/bowshot", "abi/libbowshot.so"]
# What every Linux with a C++ runtime has, and what must be one for the whole process.
OF_THE_SYSTEM = re.compile(
    r"linux-vdso|ld-linux|lib(c|m|dl|rt|pthread|resolv|util|gcc_s|stdc\+\+)\.so"
)

ELF_MAGIC_64_LITTLE = b"\x7fELF\x02\x01"
SECTION_DYNAMIC_SYMBOLS = 11
SYMBOL_BYTES = 24
BINDING_UNIQUE, BINDING_GLOBAL = 10, 1


def run(*command: str | Path) -> str:
    done = subprocess.run([*map(str, command)], check=True, capture_output=True, text=True)
    return done.stdout


def needed(path: Path) -> list[str]:
    return run("patchelf", "--print-needed", path).split()


def linked(path: Path) -> dict[str, Path]:
    """Every library that a program loads, by the name it asks for."""
    found: dict[str, Path] = {}
    for line in run("ldd", path).splitlines():
        name, arrow, rest = line.strip().partition(" => ")
        if not arrow or OF_THE_SYSTEM.match(name):
            continue
        if rest.startswith("not found"):
            raise SystemExit(f"bundle: {path.name} links {name}, which is not on this machine")
        found[name] = Path(rest.split(" (")[0])
    return found


def own_name(name: str, path: Path) -> str:
    """libarrow.so.2600 -> libarrow-1a2b3c4d.so.2600"""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    stem, _, version = name.partition(".so")
    return f"{stem}-{digest}.so{version}"


def make_symbols_ordinary(path: Path) -> int:
    """Unique symbols (STB_GNU_UNIQUE: statics of inline functions) become global ones, which a
    library that is loaded locally keeps to itself. Returns how many there were."""
    data = bytearray(path.read_bytes())
    if not data.startswith(ELF_MAGIC_64_LITTLE):
        raise SystemExit(f"bundle: {path.name} is no 64-bit little-endian ELF file")
    (sections_at,) = struct.unpack_from("<Q", data, 0x28)
    section_bytes, section_count = struct.unpack_from("<HH", data, 0x3A)
    changed = 0
    for number in range(section_count):
        header = sections_at + number * section_bytes
        (kind,) = struct.unpack_from("<I", data, header + 4)
        if kind != SECTION_DYNAMIC_SYMBOLS:
            continue
        start, size = struct.unpack_from("<QQ", data, header + 0x18)
        for info in range(start + 4, start + size, SYMBOL_BYTES):
            if data[info] >> 4 == BINDING_UNIQUE:
                data[info] = BINDING_GLOBAL << 4 | data[info] & 0xF
                changed += 1
    path.write_bytes(data)
    return changed


def copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o755)
    run("strip", "--strip-debug", target)


def bundle(build: Path, folder: Path) -> list[Path]:
    """Returns the libraries, where they came from."""
    folder.mkdir(parents=True, exist_ok=True)
    libraries: dict[str, Path] = {}
    for program in PROGRAMS:
        if not (build / program).exists():
            raise SystemExit(f"bundle: {build} has no {program}")
        libraries |= linked(build / program)
    names = {name: own_name(name, path) for name, path in libraries.items()}
    files = [folder / Path(program).name for program in PROGRAMS]
    for program, target in zip(PROGRAMS, files, strict=True):
        copy(build / program, target)
    for name, source in libraries.items():
        target = folder / names[name]
        copy(source, target)
        make_symbols_ordinary(target)
        run("patchelf", "--set-soname", names[name], target)
        files.append(target)
    for target in files:
        renamed = [(old, names[old]) for old in needed(target) if old in names]
        options = [word for pair in renamed for word in ("--replace-needed", *pair)]
        run("patchelf", *options, "--set-rpath", "$ORIGIN", target)
    return list(libraries.values())


def debian_package(path: Path) -> str | None:
    """/lib is a link to /usr/lib, and packages know their files by either."""
    target = path.resolve()
    for known in (target, Path(str(target).removeprefix("/usr"))):
        found = subprocess.run(["dpkg", "-S", known], capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    return None


def copy_licenses(libraries: Iterable[Path], folder: Path) -> None:
    """Of a library from Debian, what its package says; of another one, what lies beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in libraries:
        if package := debian_package(path):
            shutil.copyfile(f"/usr/share/doc/{package}/copyright", folder / package)
            continue
        place = path.resolve().parent
        texts = [*place.glob("LICENSE*"), *place.glob("*.dist-info/**/LICENSE*")]
        if not texts:
            raise SystemExit(f"bundle: no license lies beside {path}")
        for text in texts:
            shutil.copyfile(text, folder / f"{place.name}-{text.name}")


if __name__ == "__main__":
    build_tree, destination = map(Path, sys.argv[1:])
    copy_licenses(bundle(build_tree, destination), destination / "licenses")
