#!/usr/bin/env python3
"""Writes the section `fastapi` of a run into README.md and docs/performance.md, between its marks:

./bow bench fastapi && python3 bench/table.py [build/bench.json]
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- bench/table.py -->", "<!-- end of bench/table.py -->"
ALL_SERVERS = {
    "Bowshot": "Bowshot",
    "FastAPI, responses, 1 worker": "FastAPI with bowshot.fastapi",
    "FastAPI, responses, 2 workers": "by 2 workers",
    "FastAPI, careful, 1 worker": "careful FastAPI",
    "FastAPI, careful, 2 workers": "by 2 workers",
    "FastAPI, naive, 1 worker": "naive FastAPI",
    "FastAPI, naive, 2 workers": "by 2 workers",
}
ALL_LINES = {
    "all rows: the first": "all rows, first",
    "all rows: the last": "all rows",
    "all rows: CPU": "all rows, CPU",
    "all rows: peak memory": "all rows, memory",
    "100 rows anywhere": "page anywhere, p50",
    "100 filtered rows anywhere": "filtered page anywhere, p50",
    "rows by category": "rows by category, p50",
    "4 clients, all rows: the slowest first": "4 clients, slowest first",
    "4 clients, all rows: the last": "4 clients, last end",
    "4 clients, all rows: peak memory": "4 clients, memory",
}
README_SERVERS = [name for name in ALL_SERVERS if not name.endswith("2 workers")]
README_LINES = [line for line in ALL_LINES if "slowest" not in line and "CPU" not in line]


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else TOP / "build" / "bench.json"
    every = json.loads(path.read_text())["figures"]
    figures = [figure for figure in every if figure["section"] == "fastapi"]
    if not figures:
        sys.exit(f"{path} has no section fastapi: ./bow bench fastapi")
    write(TOP / "README.md", table(figures, README_SERVERS, README_LINES))
    write(TOP / "docs" / "performance.md", table(figures, list(ALL_SERVERS), list(ALL_LINES)))


def table(figures: list[dict], servers: list[str], lines: list[str]) -> str:
    found = {each["name"]: spell(each["value"], each["unit"]) for each in figures}
    loads = [each["load"] for each in figures]
    heads = " | ".join(ALL_SERVERS[server] for server in servers)
    text = [
        f"{found['rows']} of 8 columns, two cores that the client shares, at a load of "
        f"{min(loads):.0f} to {max(loads):.0f}:",
        "",
        f"| | {heads} |",
        "|---|" + "---|" * len(servers),
    ]
    for line in lines:
        cells = [found.get(f"{server}: {ALL_LINES[line]}", "not run") for server in servers]
        text.append(f"| {line} | {' | '.join(cells)} |")
    return "\n".join(text)


def spell(value: float, unit: str) -> str:
    if unit == "ms" and value >= 1_000:
        value, unit = value / 1_000, "s"
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.2g} {unit}"


def write(path: Path, text: str) -> None:
    marked = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    before = path.read_text()
    if not marked.search(before):
        sys.exit(f"{path} has no marks {BEGIN} ... {END}")
    path.write_text(marked.sub(f"{BEGIN}\n{text}\n{END}", before))


if __name__ == "__main__":
    main()
