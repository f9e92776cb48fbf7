"""What the server answers is what its /openapi.json says: bodies, media types, statuses, codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import case_file
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bowshot_server import Answer, BowshotServer
from case_file import Case
from json_schema import complaints, find
from test_cases import ask, ask_json
from test_views import ready

CASES = [case for _, case in case_file.read_all()]
QUESTIONS = [case for case in CASES if not case.is_spelt_out]


@pytest.fixture(scope="module")
def document(server: BowshotServer) -> Any:
    return server.get("/openapi.json").json()


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BowshotServer]:
    """A dataset that views are kept of, one of other files, and one that cannot be opened."""
    folder = tmp_path_factory.mktemp("varied")
    values = np.random.default_rng(1).integers(0, 10, 200_000)
    pq.write_table(pa.table({"a": values}), folder / "x.parquet", row_group_size=50_000)
    (folder / "half.parquet").write_bytes((folder / "x.parquet").read_bytes()[:5_000])
    (folder / "text.csv").write_text("a,b\n1,x\n")
    paths = [str(path) for path in sorted(folder.iterdir())]
    with BowshotServer([*paths, *["--cache-directory", str(folder / "cache")]]) as started:
        yield started


def check(document: Any, path: str, method: str, answer: Answer) -> None:
    """Status and media type are described, and a body of JSON fits its schema."""
    responses = document["paths"][path][method]["responses"]
    assert str(answer.status) in responses, (method, path, answer.status, answer.body[:300])
    response = responses[str(answer.status)]
    if "$ref" in response:
        response = find(document, response["$ref"])
    if answer.status == 304:
        assert "content" not in response
        return
    media_type = answer.headers["content-type"]
    assert media_type in response["content"], (method, path, media_type)
    if "json" in media_type and (schema := response["content"][media_type].get("schema")):
        assert list(complaints(document, schema, answer.json())) == []
    if answer.status >= 400:
        assert f"`{answer.code()}`" in response["description"]


@pytest.mark.parametrize(
    ("path", "described"),
    [
        ("/v1/datasets", "/v1/datasets"),
        ("/v1/datasets/x", "/v1/datasets/{dataset}"),
        ("/v1/datasets/text", "/v1/datasets/{dataset}"),
        ("/v1/datasets/half", "/v1/datasets/{dataset}"),
        ("/v1/datasets/nothing", "/v1/datasets/{dataset}"),
        ("/v1/datasets/x/files", "/v1/datasets/{dataset}/files"),
        ("/v1/datasets/x/files/0.parquet", "/v1/datasets/{dataset}/files/{file}"),
        ("/v1/datasets/x/files/9.parquet", "/v1/datasets/{dataset}/files/{file}"),
        ("/v1/datasets/half/count", "/v1/datasets/{dataset}/count"),
        ("/v1/requests/nothing", "/v1/requests/{id}"),
        ("/healthz", "/healthz"),
        ("/readyz", "/readyz"),
        ("/version", "/version"),
        ("/metrics", "/metrics"),
        ("/openapi.json", "/openapi.json"),
    ],
)
def test_fixed_answers(varied: BowshotServer, document: Any, path: str, described: str) -> None:
    answer = varied.get(path)
    check(document, described, "get", answer)
    if tag := answer.headers.get("etag"):
        check(document, described, "get", varied.get(path, headers={"If-None-Match": tag}))


def test_every_kind_of_view(varied: BowshotServer, document: Any) -> None:
    rows = "/v1/datasets/x/rows"
    for asked in ({"filter": "a < 9"}, {"order": "-a"}, {"order": "a", "filter": "a > 3"}):
        for offset in (100_000, 3):
            assert varied.get(rows, {**asked, "offset": offset, "limit": 5}).status == 200
            ready(varied, "x")
    described = varied.get("/v1/datasets/x")
    assert {view["kind"] for view in described.json()["views"]} == {"filter", "matches", "order"}
    check(document, "/v1/datasets/{dataset}", "get", described)


def test_states_of_requests(varied: BowshotServer, document: Any) -> None:
    for parameters in ({}, {"filter": "b = 1"}):
        asked = varied.get("/v1/datasets/x/count", parameters).headers["bowshot-request"]
        check(document, "/v1/requests/{id}", "get", varied.get(f"/v1/requests/{asked}"))


def test_answers_of_the_cases(server: BowshotServer, document: Any) -> None:
    for case in QUESTIONS:
        path = f"/v1/datasets/{{dataset}}/{case.shape}"
        if path not in document["paths"]:
            assert case.error == (404, "unknown_shape")
            continue
        more = {} if "format" in case.parameters or case.headers else {"format": "json"}
        check(document, path, "get", ask(server, case, **more))
        if not case.only_url:
            check(document, "/v1/query", "post", ask_json(server, case))


def request_of(case: Case) -> dict[str, Any]:
    return {"dataset": case.dataset, "shape": case.shape, **case.parameters}


def test_requests_of_the_cases(document: Any) -> None:
    """What is answered fits; other members, other shapes and numbers out of range do not."""
    schema = find(document, "#/components/schemas/Request")
    for case in QUESTIONS:
        found = list(complaints(document, schema, request_of(case)))
        if not case.error:
            assert found == [], case.name
        elif case.error[1] in ("unknown_parameter", "missing_parameter", "unknown_shape"):
            assert found, case.name


def test_the_check_itself(document: Any) -> None:
    dataset = find(document, "#/components/schemas/Dataset")
    good = {"name": "x", "version": "v", "rows": 1, "bytes": 2, "row_numbers": True}
    good |= {"source": {"kind": "parquet"}, "columns": [], "views": []}
    assert list(complaints(document, dataset, good)) == []
    bad = [{"rows": "1"}, {"rows": -1}, {"row_numbers": 1}, {"views": [{}]}, {"more": 1}]
    for change in [*bad, {"columns": {}}, {"source": {}}]:
        assert list(complaints(document, dataset, good | change)), change


def test_every_code_has_a_case(document: Any) -> None:
    """In cases/ where a request alone brings it about, else in the test that makes it happen."""
    table = (case_file.CASES / "raw_http.table").read_text()
    codes = set(find(document, "#/components/schemas/Problem")["properties"]["code"]["enum"])
    assert not codes & NEVER & MADE_TO_HAPPEN.keys()
    for code in sorted(codes - NEVER):
        if code in MADE_TO_HAPPEN:
            assert f'"{code}"' in Path(__file__).with_name(MADE_TO_HAPPEN[code]).read_text(), code
        elif code not in {case.error[1] for case in CASES if case.error}:
            assert f" {code} " in table, f"{code} has no case"


NEVER = {"no_row_numbers"}  # every dataset that is served so far has a natural order
MADE_TO_HAPPEN = {  # by files, other clients, the clock, or flags
    "bad_data": "test_start.py",
    "cancelled": "test_lifecycle.py",
    "deadline_exceeded": "test_lifecycle.py",
    "head_too_slow": "test_heads.py",
    "internal": "test_faults.py",
    "not_ready": "test_sources.py",
    "out_of_memory": "test_views.py",
    "out_of_space": "test_faults.py",
    "overloaded": "test_lifecycle.py",
    "precondition_failed": "test_preconditions.py",
    "range_not_satisfiable": "test_publish.py",
    "read_only_dataset": "test_publish.py",
    "unauthorized": "test_tokens.py",
}
