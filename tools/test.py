#!/usr/bin/env python3
"""Every suite of the project, one after the other: a line each, and one closing line.

tools/test.py [WORD...]     (WORDs choose whole-server tests, as in pytest -k)
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
REPORTS = TOP / "build" / "test-reports"
SUITE_SECONDS_MAX = 3000


@dataclass
class Result:
    passed: int
    failed: int
    skipped: int = 0


@dataclass(frozen=True)
class Suite:
    name: str
    command: list[str]
    count: Callable[[int, str], Result]  # from the exit code and the output
    folder: Path = TOP
    unechoed: str = r"(?!)"  # lines that are only counted


def by_exit_code(code: int, _output: str) -> Result:
    return Result(1, 0) if code == 0 else Result(0, 1)


def by_junit(name: str) -> Callable[[int, str], Result]:
    """Counts of a JUnit file; a runner that failed without a failing test counts as one."""

    def count(code: int, _output: str) -> Result:
        path = REPORTS / f"{name}.xml"
        result = Result(0, 0)
        if path.exists():
            for suite in ElementTree.parse(path).iter("testsuite"):
                number = {
                    key: int(suite.get(key) or 0)
                    for key in ("tests", "failures", "errors", "skipped", "disabled")
                }
                failed = number["failures"] + number["errors"]
                skipped = number["skipped"] + number["disabled"]
                result.failed += failed
                result.skipped += skipped
                result.passed += number["tests"] - failed - skipped
        if code != 0 and result.failed == 0:
            result.failed = 1
        if code == 0 and result.passed == 0:
            result.failed = 1  # a suite that ran nothing is no success
        return result

    return count


def by_web_lines(code: int, output: str) -> Result:
    """Vitest's `Tests  3 failed | 12 passed (15)` and Node's `# pass 12`, summed."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    lines = re.findall(r"^\s*Tests\s+(.*)$", plain, re.MULTILINE)
    words = " ".join(lines)
    passed = sum(map(int, re.findall(r"(\d+) passed", words)))
    passed += sum(map(int, re.findall(r"^# pass (\d+)", plain, re.MULTILINE)))
    failed = sum(map(int, re.findall(r"(\d+) failed", words)))
    failed += sum(map(int, re.findall(r"^# fail (\d+)", plain, re.MULTILINE)))
    return Result(passed, failed or int(code != 0 or passed == 0))


def by_go_lines(code: int, output: str) -> Result:
    """`--- PASS: TestRows (0.01s)` of `go test -v`, subtests too."""
    words = re.findall(r"^\s*--- (PASS|FAIL|SKIP): ", output, re.MULTILINE)
    result = Result(words.count("PASS"), words.count("FAIL"), words.count("SKIP"))
    if result.failed == 0 and (code != 0 or result.passed == 0):
        result.failed = 1
    return result


def suites() -> list[Suite]:
    python = sys.executable
    ctest = [
        "ctest",
        "--test-dir",
        "build/release",
        "-j2",
        "--output-on-failure",
        "--timeout",
        "60",
    ]
    # Two at a time: a test's server and its client are seldom both at work. A file's tests share
    # their servers, and so stay together.
    pytest = [python, "-m", "pytest", "-q", "-n2", "--dist=loadfile", "--durations=10"]
    return [
        Suite("unit", [*ctest, "--output-junit", str(REPORTS / "unit.xml")], by_junit("unit")),
        Suite("web", ["npm", "test", "--silent"], by_web_lines, TOP / "clients/web"),
        Suite(
            "page",  # the built page in Chromium, before a server that does what it is told to
            ["node_modules/.bin/vitest", "run", "--config", "vitest.browser.config.ts"],
            by_web_lines,
            TOP / "clients/web",
        ),
        Suite(
            "go",
            ["go", "test", "-race", "-v", "-timeout=600s", "./..."],
            by_go_lines,
            TOP / "clients/go",
            unechoed=r"=== (RUN|NAME)|\s*--- PASS|PASS$",
        ),
        Suite("server", [*pytest, f"--junitxml={REPORTS}/server.xml", "tests"], by_junit("server")),
        Suite(
            "python",
            [*pytest, f"--junitxml={REPORTS}/python.xml"],
            by_junit("python"),
            TOP / "clients/python",
        ),
        *window_suites(),
        Suite("lint", [python, "tools/lint.py", "--quick"], by_exit_code),
    ]


def window_suites() -> list[Suite]:
    """The desktop window's: its code, its build, and the window driven on a screen of its own."""
    folder = TOP / "examples/wails-explorer"
    # Each of the two has a screen of its own.
    pytest = [sys.executable, "-m", "pytest", "-q", "-n2", "--durations=10"]
    go_test = ["go", "test", "-v", "-tags", "desktop,production,webkit2_41", "./..."]
    return [
        Suite("wails", go_test, by_go_lines, folder, unechoed=r"=== (RUN|NAME)|\s*--- PASS|PASS$"),
        Suite("window build", ["tools/build_wails"], by_exit_code),
        Suite(
            "window",
            [*pytest, f"--junitxml={REPORTS}/window.xml", "tests"],
            by_junit("window"),
            folder,
        ),
    ]


def run(suite: Suite) -> Result:
    print(f"\n== {suite.name}: {' '.join(suite.command)}", flush=True)
    process = subprocess.Popen(
        suite.command,
        cwd=suite.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    lines: list[str] = []
    deadline = time.monotonic() + SUITE_SECONDS_MAX
    assert process.stdout
    for line in process.stdout:
        lines.append(line)
        if not re.match(suite.unechoed, line):
            sys.stdout.write(line)
        sys.stdout.flush()
        if time.monotonic() > deadline:
            process.kill()
    return suite.count(process.wait(), "".join(lines))


def whole_server(words: list[str]) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "-k", " or ".join(words), "tests"]
    return subprocess.run(command, cwd=TOP, check=False).returncode


def main() -> int:
    if words := sys.argv[1:]:
        return whole_server(words)
    REPORTS.mkdir(parents=True, exist_ok=True)
    for old in REPORTS.glob("*.xml"):
        old.unlink()
    os.environ["BOWSHOT_PYTHON"] = sys.executable
    os.environ["BOWSHOT_REQUIRE_ALL"] = "1"  # a test that would be skipped for a missing tool fails
    results: dict[str, tuple[Result, float]] = {}
    for suite in suites():
        start = time.monotonic()
        results[suite.name] = (run(suite), time.monotonic() - start)
    print()
    for name, (result, seconds) in results.items():
        counts = f"{result.passed} passed, {result.failed} failed, {result.skipped} skipped"
        print(f"test: {name:8} {seconds:6.1f} s   {counts}")
    totals = [result for result, _ in results.values()]
    passed, failed = sum(r.passed for r in totals), sum(r.failed for r in totals)
    print(f"{passed} passed, {failed} failed, {sum(r.skipped for r in totals)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
