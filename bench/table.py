#!/usr/bin/env python3
"""The README's table, in Markdown, from the section `fastapi` of a run:

./bow bench fastapi && python3 bench/table.py [build/bench.json]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

SERVERS = [
    "Bowshot",
    "FastAPI, careful, 1 worker",
    "FastAPI, careful, 2 workers",
    "FastAPI, naive, 1 worker",
    "FastAPI, naive, 2 workers",
]
LINES = {
    "all rows: first rows": "all rows, first",
    "all rows: the last": "all rows",
    "all rows: CPU": "all rows, CPU",
    "all rows: peak memory": "all rows, memory",
    "100 rows anywhere": "page anywhere, p50",
    "100 filtered rows anywhere": "filtered page anywhere, p50",
    "rows by category": "rows by category, p50",
    "4 clients, all rows: slowest first rows": "4 clients, slowest first",
    "4 clients, all rows: the last": "4 clients, last end",
    "4 clients, all rows: peak memory": "4 clients, memory",
}


def main() -> None:
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "build/bench.json")
    figures = [each for each in json.loads(path.read_text())["figures"] if is_ours(each)]
    if not figures:
        sys.exit(f"{path} has no section fastapi: ./bow bench fastapi")
    found = {each["name"]: f"{spell(each['value'])} {each['unit']}" for each in figures}
    loads = sorted(each["load"] for each in figures)
    print("| | " + " | ".join(SERVERS) + " |")
    print("|---|" + "---|" * len(SERVERS))
    for line, name in LINES.items():
        cells = [found.get(f"{server}: {name}", "not run") for server in SERVERS]
        print(f"| {line} | " + " | ".join(cells) + " |")
    print(f"\nLoad of the machine: {loads[0]:.0f} to {loads[-1]:.0f}.")


def is_ours(figure: dict[str, object]) -> bool:
    return figure["section"] == "fastapi"


def spell(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}" if value < 10 else f"{value:.3g}"


if __name__ == "__main__":
    main()
