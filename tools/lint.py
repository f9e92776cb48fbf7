#!/usr/bin/env python3
"""Formatters, linters and the rules of CONVENTIONS.md. Started by ./bow lint and ./bow format.

    tools/lint.py [--all] [--quick] [--fix]

clang-tidy is slow (about 20 CPU minutes for every file): --quick, which ./bow test uses, leaves it
out. It gives clang's own warnings too, under the project's -W options (for a whole build by clang:
BOWSHOT_PRESET=clang ./bow unit). A file that was clean is not looked at again until it, one of the
project's headers that it includes, or the rules change; --all looks at every file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import tidy

TOP = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ["BOWSHOT_CACHE"])
CLANG_VERSION = "19"
SECONDS_MAX = 1800
WINDOW_PAGES = ("clients/go/", "examples/")
# Without the window's tags: with them Wails needs GTK's headers, and no code of ours is behind one.
GO_MODULES = ["clients/go", "examples/wails-explorer"]
RUFF = [sys.executable, "-m", "ruff"]
# The -W options stay, so that clang's own warnings count too; g++'s names among them are not ours.
FOREIGN_OPTIONS = re.compile(r"-Winvalid-pch|-include \S*cmake_pch\S*|-fpch-preprocess")
# Deprecated functions are g++'s to find: libstdc++ 12 calls one of its own in stable_sort.
CLANG_OPTIONS = ["-Wno-unknown-warning-option", "-Wno-deprecated-declarations"]


@dataclass(frozen=True)
class Outcome:
    name: str
    passed: bool
    output: str
    seconds: float


def run(command: list[str], cwd: Path = TOP) -> tuple[bool, str]:
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )
    return done.returncode == 0, done.stdout + done.stderr


def files_of(suffixes: set[str]) -> list[str]:
    return [path for path in tidy.project_files() if Path(path).suffix in suffixes]


def check_tidy(_fix: bool) -> tuple[bool, str]:
    findings = tidy.check(tidy.read_sources(tidy.project_files()))
    return not findings, "\n".join(map(str, findings))


def check_clang_format(fix: bool) -> tuple[bool, str]:
    mode = ["-i"] if fix else ["--dry-run", "-Werror"]
    return run([f"clang-format-{CLANG_VERSION}", *mode, *files_of(tidy.CPP)])


def check_ruff(fix: bool) -> tuple[bool, str]:
    checked, output = run([*RUFF, "check", "--no-cache", *(["--fix"] if fix else []), "."])
    formatted, more = run([*RUFF, "format", "--no-cache", *([] if fix else ["--check"]), "."])
    return checked and formatted, output + more


def check_mypy(_fix: bool) -> tuple[bool, str]:
    """The Python package, which is typed; its configuration is in its pyproject.toml."""
    return run([sys.executable, "-m", "mypy"], cwd=TOP / "clients/python")


def check_gofmt(fix: bool) -> tuple[bool, str]:
    files = files_of({".go"})
    if not files:
        return True, ""
    passed, output = run(["gofmt", "-w" if fix else "-l", *files])
    return passed and not output.strip(), output


def check_golangci(fix: bool) -> tuple[bool, str]:
    program = next((CACHE / "deps").glob("golangci-lint-*/golangci-lint"), None)
    if program is None:
        return False, "golangci-lint is missing: run tools/bootstrap lint"
    command = [
        str(program),
        "run",
        "--allow-parallel-runners",
        *(["--fix"] if fix else []),
        "./...",
    ]
    done = [run(command, cwd=TOP / module) for module in GO_MODULES]
    return all(passed for passed, _ in done), "".join(output for _, output in done)


def check_shell(_fix: bool) -> tuple[bool, str]:
    outputs = []
    for path in [
        "bow",
        ".ci/run",
        "tools/bootstrap",
        "tools/build_page",
        "tools/build_wails",
        "tools/environment.sh",
    ]:
        passed, output = run(["bash", "-n", path])
        if not passed:
            outputs.append(output)
    return not outputs, "".join(outputs)


WEB = TOP / "clients/web"


def web_tool(name: str, *words: str, cwd: Path = WEB) -> tuple[bool, str]:
    tool = WEB / "node_modules/.bin" / name
    if not tool.exists():
        return False, f"{tool.relative_to(TOP)} is missing: run ./bow build"
    return run([str(tool), *words], cwd=cwd)


def check_eslint(_fix: bool) -> tuple[bool, str]:
    return web_tool("eslint", ".")


def check_typescript(_fix: bool) -> tuple[bool, str]:
    return web_tool("tsc", "-p", "tsconfig.json")


def check_prettier(fix: bool) -> tuple[bool, str]:
    what = "--write" if fix else "--check"
    passed, output = web_tool("prettier", what, ".")
    window = [p for p in files_of({".js", ".css", ".html"}) if p.startswith(WINDOW_PAGES)]
    config = str(WEB / ".prettierrc.json")
    formatted, more = web_tool("prettier", "--config", config, what, *window, cwd=TOP)
    return passed and formatted, output + more


# Two at a time, what takes longest first.
CHECKS: dict[str, Callable[[bool], tuple[bool, str]]] = {
    "eslint": check_eslint,
    "prettier": check_prettier,
    "typescript": check_typescript,
    "golangci-lint": check_golangci,
    "conventions": check_tidy,
    "clang-format": check_clang_format,
    "mypy": check_mypy,
    "ruff": check_ruff,
    "gofmt": check_gofmt,
    "shell": check_shell,
}


class CleanFiles:
    """The hashes of files that clang-tidy found clean, kept in the cache for every clone."""

    def __init__(self) -> None:
        self._folder = CACHE / "clang-tidy"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._rules = (TOP / ".clang-tidy").read_bytes()

    def record(self, path: str) -> Path:
        """The file that stands for `path` as it is now, once it was found clean."""
        digest = hashlib.sha256(self._rules)
        for included in sorted(project_includes(path)):
            digest.update(included.encode() + (TOP / included).read_bytes())
        return self._folder / digest.hexdigest()


def project_includes(path: str) -> set[str]:
    """The file and the project's headers that it includes, directly or not."""
    found: set[str] = set()
    ahead = [path]
    while ahead:
        current = ahead.pop()
        if current in found:
            continue
        found.add(current)
        for name in re.findall(r'#include "([^"]+)"', (TOP / current).read_text()):
            for folder in ("core", "server", str(Path(current).parent)):
                if (TOP / folder / name).is_file():
                    ahead.append(f"{folder}/{name}")
                    break
    return found


def write_compile_commands(folder: Path) -> list[str]:
    """Compile commands as clang understands them; returns the files that they are for."""
    commands = json.loads((TOP / "build/release/compile_commands.json").read_text())
    for command in commands:
        options = FOREIGN_OPTIONS.sub("", command["command"])
        compiler, *rest = (o for o in shlex.split(options) if o != "ccache")
        command["command"] = shlex.join([compiler, *CLANG_OPTIONS, *rest])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps(commands))
    files = {os.path.relpath(command["file"], TOP) for command in commands}  # some in two targets
    return sorted(files & set(files_of({".cpp"})))


def check_clang_tidy(look_at_all: bool) -> tuple[bool, str]:
    if not (TOP / "build/release/compile_commands.json").exists():
        return False, "build/release/compile_commands.json is missing: run ./bow build"
    folder = TOP / "build/lint"
    clean = CleanFiles()
    files = [
        p for p in write_compile_commands(folder) if look_at_all or not clean.record(p).exists()
    ]
    command = ["nice", f"clang-tidy-{CLANG_VERSION}", "--quiet", "-p", str(folder)]

    def look(path: str) -> str:
        record = clean.record(path)  # of what is looked at, should the file change meanwhile
        passed, output = run([*command, path])
        if passed:
            record.touch()
        return "" if passed else output

    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        outputs = [output for output in pool.map(look, files) if output]
    return not outputs, "\n".join(outputs)


def timed(name: str, check: Callable[[], tuple[bool, str]]) -> Outcome:
    start = time.monotonic()
    passed, output = check()
    return Outcome(name, passed, output, time.monotonic() - start)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--all", action="store_true", help="clang-tidy on every file")
    parser.add_argument("--quick", action="store_true", help="without clang-tidy")
    parser.add_argument("--fix", action="store_true", help="rewrite instead of reporting")
    arguments = parser.parse_args()
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(timed, name, lambda check=check: check(arguments.fix))
            for name, check in CHECKS.items()
        ]
        outcomes = [job.result() for job in jobs]
    if not (arguments.fix or arguments.quick):
        outcomes.append(timed("clang-tidy", lambda: check_clang_tidy(arguments.all)))
    for outcome in outcomes:
        verdict = "ok" if outcome.passed else "FAILED"
        print(f"lint: {outcome.name:14} {verdict:7} {outcome.seconds:5.1f} s")
        if not outcome.passed:
            print(outcome.output.rstrip())
    failed = sum(not outcome.passed for outcome in outcomes)
    print(f"{len(outcomes) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
