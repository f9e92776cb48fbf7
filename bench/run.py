#!/usr/bin/env python3
"""Benchmarks of the whole way, beside peers in the same run. Started by ./bow bench.

    bench/run.py [--quick] [WORD...]      (WORDs choose sections by name)

Prints a table and writes build/bench.json; the machine's load stands beside each figure.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / "bench"), str(TOP / "tests"), str(TOP / "tools")]

from measure import available_bytes  # noqa: E402
from report import HEADER, Bench, Report  # noqa: E402
from sections import (  # noqa: E402
    by_hand,
    desktop,
    go_client,
    links,
    python,
    shapes,
    streams,
    tiny,
    window,
    windows,
)

MEMORY_FREE_MIN = 6 << 30

SECTIONS: dict[str, Callable[[Bench], None]] = {
    "stream": streams.streams,
    "wide": streams.wide,
    "slow": streams.slow,
    "jump": windows.jumps,
    "view": windows.views,
    "group": windows.groups,
    "shapes": shapes.shapes,
    "links": links.links,
    "fastapi": by_hand.by_hand,
    "python": python.python,
    "go": go_client.go_client,
    "desktop": desktop.desktop,
    "window": window.window,
    "tiny": tiny.tiny,
    "pages": tiny.pages,
    "cancel": tiny.cancel,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./bow bench", description="Benchmarks beside peers.")
    parser.add_argument("--quick", action="store_true", help="10M rows at most, short runs")
    parser.add_argument("section", nargs="*", choices=[*SECTIONS, []], help="default: all")
    arguments = parser.parse_args()
    free = available_bytes()
    if free < MEMORY_FREE_MIN:
        print(
            f"bench: needs {MEMORY_FREE_MIN / 2**30:.0f} GiB of free memory, has {free / 2**30:.1f}"
        )
        return 1
    report = Report()
    print(HEADER)
    for name in arguments.section or SECTIONS:
        report.section = name
        SECTIONS[name](Bench(report, arguments.quick))
    target = TOP / "build" / "bench.json"
    facts = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "quick": arguments.quick,
        "figures": [asdict(figure) for figure in report.figures],
    }
    target.write_text(json.dumps(facts, indent=1))
    missed = [figure for figure in report.figures if figure.is_met is False]
    print(f"bench: {len(report.figures)} figures, {len(missed)} beside their target; {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
