"""Fills the rows of tests/cases/*.test from the Polars expressions in tests/expected/.

Never from the server: each case's question is written a second time, by hand, in another language.
`UPDATE_GOLDEN=1` writes the files; otherwise tests/test_cases.py compares them.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import case_file
import datasets
import polars as pl
import pyarrow as pa
import spelling

Frames = SimpleNamespace
Expected = dict[str, Callable[[Frames], Any]]


def frames() -> Frames:
    """Every dataset as a Polars frame, by attribute; `_arrow` has those that Polars cannot hold."""
    tables = datasets.tables()
    made = Frames(**{name: pl.from_arrow(t) for name, t in tables.items() if "types" not in name})
    made.arrow = tables
    return made


def to_arrow(result: pl.DataFrame | pa.Table) -> pa.Table:
    return result.to_arrow() if isinstance(result, pl.DataFrame) else result


def regenerate(stem: str) -> str:
    """The text that tests/cases/STEM.test must have."""
    path = case_file.CASES / f"{stem}.test"
    cases = case_file.read(path)
    tables = [case for case in cases if not case.error]
    expected: Expected = {}
    if tables:
        expected = importlib.import_module(f"expected.{stem}").EXPECTED
    unknown = expected.keys() - {case.name for case in tables}
    missing = {case.name for case in tables} - expected.keys()
    if unknown or missing:
        raise ValueError(f"{stem}: no case for {sorted(unknown)}, no rows for {sorted(missing)}")
    known = frames()
    for case in tables:
        table = to_arrow(expected[case.name](known))
        case.columns = dict(spelling.schema_names(table.schema))
        case.rows = spelling.spell_table(table)
    return "\n".join(case_file.spell(case) for case in cases)


def main() -> None:
    for path in sorted(case_file.CASES.glob("*.test")):
        text = regenerate(path.stem)
        if text != path.read_text():
            print(f"{path.name} differs")
            if os.environ.get("UPDATE_GOLDEN") == "1":
                path.write_text(text)


if __name__ == "__main__":
    main()
