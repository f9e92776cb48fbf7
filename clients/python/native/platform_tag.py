"""On which machines the programs run, as a wheel's platform tag (PEP 600).

Read from what is built: the newest symbol versions of glibc, libstdc++ and libgcc that the programs
and the libraries beside them ask for. The system is that old or older that has all of them.
"""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from bundle import PROGRAMS, linked

Version = tuple[int, ...]
LIBRARIES = ("GLIBC", "GLIBCXX", "CXXABI", "GCC")
# What systems of a glibc have, as auditwheel's policies list it (those in between add nothing).
POLICIES: dict[str, tuple[Version, ...]] = {
    "manylinux_2_28": ((2, 28), (3, 4, 24), (1, 3, 11), (7, 0, 0)),
    "manylinux_2_31": ((2, 31), (3, 4, 28), (1, 3, 12), (7, 0, 0)),
    "manylinux_2_34": ((2, 34), (3, 4, 29), (1, 3, 13), (7, 0, 0)),
    "manylinux_2_35": ((2, 35), (3, 4, 30), (1, 3, 13), (12, 0, 0)),
    "manylinux_2_36": ((2, 36), (3, 4, 30), (1, 3, 13), (12, 0, 0)),
    "manylinux_2_39": ((2, 39), (3, 4, 33), (1, 3, 15), (14, 0, 0)),
    "manylinux_2_41": ((2, 41), (3, 4, 33), (1, 3, 15), (14, 0, 0)),
}
NEEDED = re.compile(rf"Name: ({'|'.join(LIBRARIES)})_(\d+(?:\.\d+)*)\b")


def platform_tag(build: Path) -> str:
    """Of a build tree."""
    files = {build / program for program in PROGRAMS}
    for program in list(files):
        files.update(linked(program).values())
    return tag_of(newest_versions(files))


def newest_versions(files: Iterable[Path]) -> dict[str, Version]:
    newest: dict[str, Version] = {}
    for file in files:
        told = subprocess.run(
            ["readelf", "--version-info", "--wide", file],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        for library, spelt in NEEDED.findall(told.stdout):
            version = tuple(map(int, spelt.split(".")))
            newest[library] = max(newest.get(library, version), version)
    return newest


def tag_of(newest: dict[str, Version]) -> str:
    """`linux_...`, this machine's own kind, where no policy is known that has it all."""
    wanted = [newest.get(library, ()) for library in LIBRARIES]
    system = "linux"
    for name, had in POLICIES.items():
        if all(want <= have for want, have in zip(wanted, had, strict=True)):
            system = name
            break
    return f"{system}_{platform.machine()}"
