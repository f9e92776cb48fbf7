"""Filters in CQL2 JSON: the same answers as the text, by PyPI's cql2, an independent parser."""

from __future__ import annotations

import json
import random
from typing import Any

import cql2
import pytest
from bowshot_server import BowshotServer
from random_requests import Generator
from test_differential import SMALL, seed

QUESTIONS = 60


def whole(node: Any) -> Any:
    """cql2 reads every number as a float; what was an integer is one again."""
    if isinstance(node, dict):
        return {key: whole(value) for key, value in node.items()}
    if isinstance(node, list):
        return [whole(item) for item in node]
    return int(node) if isinstance(node, float) and node.is_integer() else node


def rows_of(server: BowshotServer, dataset: str, parameters: dict[str, Any]) -> Any:
    asked = {"select": "_row", "format": "json", **parameters}
    answer = server.get(f"/v1/datasets/{dataset}/rows", asked)
    assert answer.status == 200, (parameters, answer.body)
    return answer.json()["rows"]


@pytest.mark.parametrize("table", SMALL, ids=lambda t: t.name)
def test_random_filters(server: BowshotServer, table: Any) -> None:
    generator = Generator(table, random.Random(seed()))
    for _ in range(QUESTIONS):
        text = generator.predicate(3).cql
        # To cql2 a bare name begins with a letter; in JSON names have no quotes.
        node = whole(cql2.parse_text(text.replace("_row", '"_row"')).to_json())
        by_text = rows_of(server, table.name, {"filter": text})
        spelt = json.dumps(node)
        assert rows_of(server, table.name, {"filter": spelt, "filter-lang": "cql2-json"}) == by_text
        if not isinstance(node, dict):
            continue
        body = {"dataset": table.name, "shape": "rows", "filter": node, "select": ["_row"]}
        answer = server.query({**body, "format": "json"})
        assert answer.status == 200, (text, answer.body)
        assert answer.json()["rows"] == by_text, (text, spelt)


P = {"property": "age"}
SAME = [
    ("age > 30", {"op": ">", "args": [P, 30]}),
    ("age > -1.5e0", {"op": ">", "args": [P, -1.5]}),
    ("age >= 1e1", {"op": ">=", "args": [P, 1e1]}),
    ("age - 1 = 30", {"op": "=", "args": [{"op": "-", "args": [P, 1]}, 30]}),
    ("age NOT IN (25, 31)", {"op": "not", "args": [{"op": "in", "args": [P, [25, 31]]}]}),
    ("age BETWEEN 20 AND 40", {"op": "between", "args": [P, 20, 40]}),
    ("age IS NULL", {"op": "isNull", "args": [P]}),
    ("member", {"property": "member"}),
    ("name LIKE '%''%'", {"op": "like", "args": [{"property": "name"}, "%'%"]}),
    (
        "joined < DATE('2026-01-01')",
        {"op": "<", "args": [{"property": "joined"}, {"date": "2026-01-01"}]},
    ),
    ("age ^ 2 > 900", {"op": ">", "args": [{"op": "^", "args": [P, 2]}, 900]}),
]


@pytest.mark.parametrize(("text", "node"), SAME, ids=[text for text, _ in SAME])
def test_what_each_operation_means(server: BowshotServer, text: str, node: dict[str, Any]) -> None:
    by_json = {"filter": json.dumps(node), "filter-lang": "cql2-json"}
    assert rows_of(server, "people", by_json) == rows_of(server, "people", {"filter": text})


def test_names_are_plain(server: BowshotServer) -> None:
    for name in ("with space", 'quote"name', "日本", "and", "dotted.name"):
        node = {"op": "=", "args": [{"property": name}, {"property": name}]}
        by_json = {"filter": json.dumps(node), "filter-lang": "cql2-json"}
        assert len(rows_of(server, "names", by_json)) == 5
    # `_row` is the row number, and `"_row"` the column of that name.
    for name, value in (("_row", 3), ('"_row"', 308)):
        node = {"op": "=", "args": [{"property": name}, value]}
        by_json = {"filter": json.dumps(node), "filter-lang": "cql2-json"}
        assert rows_of(server, "names", by_json) == [[3]]


WRONG = [
    ({"op": "==", "args": [P, 1]}, "bad_filter", "/op"),
    ({"op": "=", "args": [P]}, "bad_filter", "/args"),
    ({"op": "="}, "bad_filter", ""),
    ({"op": "=", "args": {"a": 1}}, "bad_filter", "/args"),
    ({"op": "=", "args": [P, None]}, "bad_filter", "/args/1"),
    ({"op": "=", "args": [P, [1]]}, "bad_filter", "/args/1"),
    ({"op": "=", "args": [P, 1], "more": 1}, "bad_filter", "/more"),
    ({"op": "in", "args": [P, []]}, "bad_filter", "/args/1"),
    ({"op": "in", "args": [P, [1, {"a/b": 1}]]}, "bad_filter", "/args/1/1/a~1b"),
    ({"op": "like", "args": [{"property": "name"}, "x\\"]}, "bad_filter", "/args/1"),
    (
        {"op": "<", "args": [{"property": "joined"}, {"date": "2026-02-30"}]},
        "bad_filter",
        "/args/1/date",
    ),
    ({"op": "s_intersects", "args": [P, P]}, "bad_filter", "/op"),
    ({"op": "=", "args": [{"property": "agge"}, 1]}, "unknown_column", "/args/0/property"),
    ({"op": "and", "args": [{"op": "=", "args": [P, "x"]}, True]}, "type_mismatch", "/args/0"),
    ({"op": "not", "args": [P]}, "type_mismatch", "/args/0/property"),
]


@pytest.mark.parametrize(("node", "code", "pointer"), WRONG)
def test_errors_point_at_the_place(
    server: BowshotServer, node: dict[str, Any], code: str, pointer: str
) -> None:
    by_url = {"filter": json.dumps(node), "filter-lang": "cql2-json"}
    body = {"dataset": "people", "shape": "count", "filter": node}
    for answer, prefix in (
        (server.get("/v1/datasets/people/count", by_url), ""),
        (server.query(body), "/filter"),
    ):
        problem = answer.problem()
        assert (problem["code"], problem["parameter"]) == (code, "filter"), problem
        assert problem.get("pointer", "").startswith(prefix + pointer), problem
        assert "position" not in problem


def test_languages_that_do_not_agree(server: BowshotServer) -> None:
    node = {"op": ">", "args": [P, 1]}
    body = {"dataset": "people", "shape": "count"}
    problem = server.query({**body, "filter": node, "filter-lang": "cql2-text"}).problem()
    assert (problem["code"], problem["parameter"]) == ("bad_parameter", "filter-lang")
    problem = server.query({**body, "filter": "age > 1", "filter-lang": "cql2-json"}).problem()
    assert (problem["code"], problem["parameter"]) == ("bad_filter", "filter")
    for wrong in (5, None, [1], True):
        body = {"dataset": "people", "shape": "count", "filter": wrong}
        assert server.query(body).problem()["code"] == "bad_parameter"
    asked = {"filter": "age > 1", "filter-lang": "cql2-json"}
    problem = server.get("/v1/datasets/people/count", asked).problem()
    assert (problem["code"], problem["parameter"]) == ("bad_filter", "filter")
    asked["filter-lang"] = "sql"
    assert server.get("/v1/datasets/people/count", asked).code() == "bad_parameter"


def test_a_string_of_json_is_read_as_its_language_says(server: BowshotServer) -> None:
    node = {"op": ">", "args": [P, 30]}
    body = {"dataset": "people", "shape": "rows", "select": ["_row"], "format": "json"}
    as_text = server.query({**body, "filter": json.dumps(node), "filter-lang": "cql2-json"})
    assert as_text.status == 200, as_text.body
    assert as_text.json()["rows"] == rows_of(server, "people", {"filter": "age > 30"})
    assert server.query({**body, "filter": json.dumps(node)}).code() == "bad_filter"


def test_limits(server: BowshotServer) -> None:
    node: Any = {"op": "=", "args": [P, 1]}
    for _ in range(98):
        node = {"op": "not", "args": [node]}
    body = {"dataset": "people", "shape": "count"}
    assert server.query({**body, "filter": {"op": "not", "args": [node]}}).status == 200
    deeper = {"op": "not", "args": [{"op": "not", "args": [node]}]}
    problem = server.query({**body, "filter": deeper}).problem()
    assert problem["code"] == "bad_filter"
    assert "100" in problem["detail"]
    flat = {"op": "or", "args": [{"op": "=", "args": [P, i]} for i in range(900)]}
    assert server.query({**body, "filter": flat}).status == 200
    many = {"op": "in", "args": [P, [*range(10_001)]]}
    problem = server.query({**body, "filter": many}).problem()
    assert (problem["code"], problem["pointer"]) == ("bad_filter", "/filter/args/1/10000")
    assert "10000" in problem["detail"]


def test_one_meaning_has_one_etag(server: BowshotServer) -> None:
    one, other = (
        '{"op":">","args":[{"property":"age"},30]}',
        '{ "args" : [{"property":"age"}, 30], "op": ">" }',
    )
    tags = {
        server.get("/v1/datasets/people/count", {"filter": f, "filter-lang": "cql2-json"}).headers[
            "etag"
        ]
        for f in (one, other)
    }
    tags.add(
        server.query({"dataset": "people", "shape": "count", "filter": json.loads(one)}).headers[
            "etag"
        ]
    )
    assert len(tags) == 1
