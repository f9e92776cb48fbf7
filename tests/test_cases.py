"""Every case of tests/cases/*.test against the real server, as a URL and as JSON."""

from __future__ import annotations

import json
import os
from typing import Any

import case_file
import pyarrow as pa
import pytest
import regenerate
import spelling
from bowshot_server import Answer, BowshotServer
from case_file import Case
from json_answer import same_as_json

TOLERANCE = 1e-12  # sums and means depend on the order of addition
ALL = case_file.read_all()
TABLES = [c for c in ALL if not c[1].error]
QUESTIONS = [c for c in ALL if not c[1].is_spelt_out]


def ids(cases: list[tuple[str, Case]]) -> list[str]:
    return [f"{stem}/{case_file.identifier(case.name)}" for stem, case in cases]


def ask(server: BowshotServer, case: Case, **more: str) -> Answer:
    return server.get(f"/v1/datasets/{case.request}", {**case.parameters, **more}, case.headers)


def ask_json(server: BowshotServer, case: Case) -> Answer:
    body: dict[str, Any] = {"dataset": case.dataset, "shape": case.shape}
    for name, value in case.parameters.items():
        is_number = name in ("limit", "offset", "skip") and value.isdigit()
        body[name] = int(value) if is_number and int(value) < 2**53 else value
    return server.query(body)


def read_arrow(answer: Answer) -> pa.Table:
    assert answer.status == 200, answer.body[:1000]
    with pa.ipc.open_stream(answer.body) as reader:
        return reader.read_all()


def check_table(case: Case, table: pa.Table) -> None:
    assert dict(spelling.schema_names(table.schema)) == case.columns
    rows = spelling.spell_table(table)
    if not spelling.same(rows, case.rows, TOLERANCE):
        assert rows == case.rows


def check_error(case: Case, answer: Answer) -> None:
    assert case.error
    status, code = case.error
    problem = answer.problem()
    assert (answer.status, problem["code"]) == (status, code), problem
    assert problem["status"] == status
    assert problem["detail"]
    assert problem["title"]
    assert problem["type"]
    for name, value in case.facts.items():
        if name == "detail":
            assert value in problem["detail"], problem
        elif name == "position":
            assert problem.get("position") == int(value), problem
        elif name == "suggestions":
            assert value in problem.get("suggestions", []), problem
        else:
            assert problem.get(name) == value, problem


@pytest.mark.parametrize(("stem", "case"), QUESTIONS, ids=ids(QUESTIONS))
def test_as_url(server: BowshotServer, stem: str, case: Case) -> None:
    if case.error:
        check_error(case, ask(server, case))
    else:
        check_table(case, read_arrow(ask(server, case)))


@pytest.mark.parametrize(
    ("stem", "case"),
    [c for c in QUESTIONS if not c[1].only_url],
    ids=ids([c for c in QUESTIONS if not c[1].only_url]),
)
def test_as_json_request(server: BowshotServer, stem: str, case: Case) -> None:
    if case.error:
        check_error(case, ask_json(server, case))
    else:
        check_table(case, read_arrow(ask_json(server, case)))


@pytest.mark.parametrize(("stem", "case"), TABLES, ids=ids(TABLES))
def test_as_json_answer(server: BowshotServer, stem: str, case: Case) -> None:
    answer = ask(server, case, format="json")
    assert answer.status == 200, answer.body[:1000]
    assert answer.headers["content-type"] == "application/json"
    body = json.loads(answer.body)
    assert {c["name"]: c["type"] for c in body["columns"]} == case.columns
    types = [c["type"] for c in body["columns"]]
    assert len(body["rows"]) == len(case.rows)
    for got, expected in zip(body["rows"], case.rows, strict=True):
        for value, wanted, kind in zip(got, expected, types, strict=True):
            assert same_as_json(value, wanted, kind, TOLERANCE), (kind, value, wanted)


SPELT_OUT = [c for c in ALL if c[1].is_spelt_out]


@pytest.mark.parametrize(("stem", "case"), SPELT_OUT, ids=ids(SPELT_OUT))
def test_spelt_out(server: BowshotServer, stem: str, case: Case) -> None:
    method, path = case.request.split(" ")
    body = None if case.body is None else case.body.encode()
    check_error(case, server.request(method, path, body, case.headers))


@pytest.mark.parametrize("path", sorted(case_file.CASES.glob("*.test")), ids=lambda p: p.stem)
def test_expected_rows_are_the_independent_ones(path: Any) -> None:
    text = regenerate.regenerate(path.stem)
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(text)
    assert path.read_text() == text, "run UPDATE_GOLDEN=1 ./bow test cases, and read the diff"
