"""The protocol's own cases (tests/cases), asked by this client: of a server that reads the files,
and of a core that keeps what they hold as frames."""

from __future__ import annotations

from collections.abc import Iterator
from glob import glob
from pathlib import Path
from typing import Any

import case_file
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import spelling
from case_file import Case

import bowshot
from bowshot import Client, Core

CASES = [
    (stem, case)
    for stem, case in case_file.read_all()
    if not case.is_spelt_out
    and not case.only_url
    and not case.headers
    and "format" not in case.parameters
]
TOLERANCE = 1e-12


@pytest.fixture(scope="module")
def frames(sources: dict[str, str]) -> Iterator[Core]:
    """The same tables, in memory."""
    with Core({name: read(path) for name, path in sources.items()}) as core:
        yield core


def read(path: str) -> pa.Table:
    """Of a file, a folder or a glob, in the order that a server takes."""
    where = Path(path)
    files = sorted(where.rglob("*.parquet")) if where.is_dir() else sorted(map(Path, glob(path)))
    tables = [pq.ParquetFile(file).read() for file in files]
    return pa.concat_tables(tables)


def ask(client: Client, case: Case) -> Any:
    parameters: dict[str, Any] = dict(case.parameters)
    for name in ("limit", "offset", "skip"):
        if parameters.get(name, "").isdigit() and int(parameters[name]) < 2**53:
            parameters[name] = int(parameters[name])
    return client[case.dataset].run(case.shape, **parameters).to_arrow()


@pytest.mark.parametrize("where", ["client", "frames"])
@pytest.mark.parametrize(
    ("stem", "case"), CASES, ids=[f"{s}/{case_file.identifier(c.name)}" for s, c in CASES]
)
def test_case(request: pytest.FixtureRequest, where: str, stem: str, case: Case) -> None:
    client: Client = request.getfixturevalue(where)
    if case.error is None:
        table = ask(client, case)
        assert dict(spelling.schema_names(table.schema)) == case.columns
        rows = spelling.spell_table(table)
        assert spelling.same(rows, case.rows, TOLERANCE) or rows == case.rows
        return
    with pytest.raises(bowshot.Error) as caught:
        ask(client, case)
    error = caught.value
    assert (error.status, error.code) == case.error
    assert error.request_id or where == "frames"  # the core in process has no such ids
    for name, value in case.facts.items():
        if name == "detail":
            assert value in error.detail
        elif name == "suggestions":
            assert value in error.suggestions
        elif name == "position":
            assert error.position == int(value)
        elif name == "parameter":
            # JSON requests may say the same by a pointer.
            assert value in (error.parameter, (error.pointer or "").split("/")[-1]) or (
                f"/{value}" in (error.pointer or "")
            )
