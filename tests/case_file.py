"""Reads and writes tests/cases/*.test; the format is told in tests/cases/README.md."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CASES = Path(__file__).resolve().parent / "cases"


@dataclass
class Case:
    """One request and what must come back: a table, or an error."""

    name: str
    request: str  # `people/rows`, or `GET /v1/path` for requests that are spelt out
    parameters: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    only_url: bool = False  # the same request cannot be written as JSON
    error: tuple[int, str] | None = None
    facts: dict[str, str] = field(default_factory=dict)  # of the error
    columns: dict[str, str] | None = None
    rows: list[list[Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # comment lines before the case

    @property
    def dataset(self) -> str:
        return self.request.split("/")[0]

    @property
    def shape(self) -> str:
        return self.request.split("/")[1]

    @property
    def is_spelt_out(self) -> bool:
        return " " in self.request


def parse(text: str) -> list[Case]:
    cases: list[Case] = []
    notes: list[str] = []
    is_answer = False
    for number, line in enumerate(text.splitlines(), 1):
        try:
            if line.startswith("== "):
                cases.append(Case(name=line[3:], request="", notes=notes))
                notes, is_answer = [], False
            elif line.startswith("#") and (is_answer or not cases or not cases[-1].request):
                notes.append(line)
            elif line.startswith("---"):
                is_answer = True
                if words := line.split()[1:]:
                    cases[-1].error = (int(words[0]), words[1])
            elif line and is_answer:
                read_answer_line(cases[-1], line)
            elif line:
                read_request_line(cases[-1], line)
        except (ValueError, IndexError, KeyError) as error:
            raise ValueError(f"line {number}: {line!r}: {error}") from error
    return cases


def read_request_line(case: Case, line: str) -> None:
    if not case.request:
        case.request = line
        return
    name, _, value = line.partition(": ")
    if name == "header":
        header, _, content = value.partition(": ")
        case.headers[header] = content
    elif name == "body":
        case.body = value
    elif name == "only url":
        case.only_url = True
    elif name.endswith(":"):
        case.parameters[name[:-1]] = ""
    else:
        case.parameters[name] = value


def read_answer_line(case: Case, line: str) -> None:
    if case.error:
        name, _, value = line.partition(": ")
        case.facts[name] = value
    elif line.startswith("{"):
        case.columns = json.loads(line)
    else:
        case.rows.append(json.loads(line))


def spell(case: Case) -> str:
    """The case as text; parse(spell(case)) is the case."""
    lines = [*case.notes, f"== {case.name}", case.request]
    lines += [f"{name}: {value}" for name, value in case.parameters.items()]
    lines += [f"header: {name}: {value}" for name, value in case.headers.items()]
    lines += [f"body: {case.body}"] if case.body is not None else []
    lines += ["only url"] if case.only_url else []
    if case.error:
        lines.append(f"--- {case.error[0]} {case.error[1]}")
        lines += [f"{name}: {value}" for name, value in case.facts.items()]
    else:
        lines.append("---")
        if case.columns is not None:
            lines.append(json.dumps(case.columns, ensure_ascii=False))
        lines += [json.dumps(row, ensure_ascii=False) for row in case.rows]
    return "\n".join(lines) + "\n"


def read(path: Path) -> list[Case]:
    cases = parse(path.read_text())
    names = [case.name for case in cases]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise ValueError(f"{path.name}: two cases of one name: {doubled}")
    return cases


def read_all() -> list[tuple[str, Case]]:
    return [(path.stem, case) for path in sorted(CASES.glob("*.test")) for case in read(path)]


def identifier(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
