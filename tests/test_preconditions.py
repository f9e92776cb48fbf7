"""If-Match and If-None-Match: of reads, of files, of tables that are put and removed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from bowshot_server import BowshotServer
from test_publish import ARROW_STREAM, TABLE, TIMEOUT, as_stream, rows

WRITERS = 4  # more are refused as overloaded


def small(number: int) -> bytes:
    return as_stream(pa.table({"writer": pa.array([number] * 3, pa.int64())}))


@pytest.fixture(name="server", params=["memory", "folder"])
def publishing_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BowshotServer]:
    flags = ["--allow-publish"]
    if request.param == "folder":
        flags += ["--publish-dir", str(tmp_path / "published")]
    pq.write_table(TABLE, tmp_path / "fixed.parquet")
    with BowshotServer([str(tmp_path / "fixed.parquet")], *flags) as server:
        yield server


def put(server: BowshotServer, body: bytes, **conditions: str) -> requests.Response:
    headers = {name.replace("_", "-"): value for name, value in conditions.items()}
    return requests.put(
        f"{server.url}/v1/datasets/t",
        data=body,
        headers={"Content-Type": ARROW_STREAM, **headers},
        timeout=TIMEOUT,
    )


def delete(server: BowshotServer, name: str = "t", **conditions: str) -> requests.Response:
    headers = {name.replace("_", "-"): value for name, value in conditions.items()}
    return requests.delete(f"{server.url}/v1/datasets/{name}", headers=headers, timeout=TIMEOUT)


def described(server: BowshotServer) -> requests.Response:
    return requests.get(f"{server.url}/v1/datasets/t", timeout=TIMEOUT)


def failed(answer: requests.Response) -> bool:
    problem = answer.json() if answer.status_code == 412 else {}
    return problem.get("code") == "precondition_failed" and problem.get("status") == 412


def test_a_new_table_is_not_put_over_another(server: BowshotServer) -> None:
    assert failed(put(server, small(0), If_Match="*"))
    assert described(server).status_code == 404
    assert put(server, small(1), If_None_Match="*").status_code == 201
    refused = put(server, small(2), If_None_Match="*")
    assert failed(refused)
    assert refused.headers["content-type"] == "application/problem+json"
    assert described(server).headers["bowshot-version"] in refused.json()["detail"]
    assert set(rows(server, "t")["writer"].to_pylist()) == {1}
    assert put(server, small(3), If_Match="*").status_code == 200


def test_a_change_is_of_the_version_that_was_seen(server: BowshotServer) -> None:
    first = put(server, small(1)).headers["bowshot-version"]
    tag = described(server).headers["etag"]
    assert not tag.startswith("W/")
    second = put(server, small(2), If_Match=tag).headers["bowshot-version"]
    assert second != first
    assert failed(put(server, small(3), If_Match=tag))
    assert failed(put(server, small(3), If_Match=f'"{first}"'))
    assert failed(put(server, small(3), If_Match=f'W/"{second}"'))  # compared strongly
    assert failed(put(server, small(3), If_None_Match=f'"x", W/"{second}"'))  # and weakly
    assert failed(delete(server, If_Match=f'"{first}"'))
    assert set(rows(server, "t")["writer"].to_pylist()) == {2}
    # What is kept for a filter changes the description, not the version.
    server.get("/v1/datasets/t/rows", {"filter": "writer > 1", "order": "-writer", "limit": 1})
    assert put(server, small(4), If_Match=f'"{first}", "{second}"').status_code == 200
    tag = described(server).headers["etag"]
    assert delete(server, If_Match=tag).status_code == 204
    assert described(server).status_code == 404


def test_conditions_come_after_everything_else(server: BowshotServer) -> None:
    assert delete(server, If_Match='"x"').json()["code"] == "unknown_dataset"
    assert delete(server, "fixed", If_Match='"x"').json()["code"] == "read_only_dataset"
    wrong_type = requests.put(
        f"{server.url}/v1/datasets/t",
        data=b"a,b\n",
        headers={"Content-Type": "text/csv", "If-Match": "*"},
        timeout=TIMEOUT,
    )
    assert wrong_type.json()["code"] == "unsupported_media_type"
    put(server, small(1))
    for text in ("x", '"x', "", '*, "x"', 'W/x, "y"'):
        for header in ("If_Match", "If_None_Match"):
            problem = put(server, small(2), **{header: text}).json()
            assert problem["code"] == "bad_parameter", text
            assert problem["parameter"] == header.replace("_", "-")
    assert set(rows(server, "t")["writer"].to_pylist()) == {1}
    # Refused before its body is asked for.
    assert failed(put(server, b"no table at all", If_None_Match="*"))


@pytest.mark.parametrize("condition", ["new", "version"])
def test_one_of_many_writers_wins(server: BowshotServer, condition: str) -> None:
    for attempt in range(5):
        delete(server)
        conditions = {"If_None_Match": "*"}
        if condition == "version":
            version = put(server, small(100 + attempt)).headers["bowshot-version"]
            conditions = {"If_Match": f'"{version}"'}
        ready = threading.Barrier(WRITERS)

        def write(
            number: int,
            ready: threading.Barrier = ready,
            conditions: dict[str, str] = conditions,
        ) -> requests.Response:
            body = small(number)

            def late() -> Iterator[bytes]:  # all heads are looked at before any body is whole
                yield body[:100]
                ready.wait(TIMEOUT)
                yield body[100:]

            headers = {name.replace("_", "-"): value for name, value in conditions.items()}
            return requests.put(
                f"{server.url}/v1/datasets/t",
                data=late(),
                headers={"Content-Type": ARROW_STREAM, **headers},
                timeout=TIMEOUT,
            )

        with ThreadPoolExecutor(WRITERS) as threads:
            answers = list(threads.map(write, range(WRITERS)))
        won = [number for number, answer in enumerate(answers) if answer.ok]
        assert len(won) == 1, [answer.text for answer in answers]
        assert all(failed(answer) for answer in answers if not answer.ok)
        assert set(rows(server, "t")["writer"].to_pylist()) == set(won)


def test_files_and_answers_take_conditions(server: BowshotServer) -> None:
    url = f"{server.url}/v1/datasets/fixed/files/0.parquet"
    tag = requests.head(url, timeout=TIMEOUT).headers["etag"]

    def status(url: str, method: str = "GET", **conditions: str) -> int:
        headers = {name.replace("_", "-"): value for name, value in conditions.items()}
        return requests.request(method, url, headers=headers, timeout=TIMEOUT).status_code

    assert status(url, If_Match=tag) == 200
    assert status(url, If_Match="*") == 200
    assert status(url, If_Match=f'"other", {tag}', Range="bytes=0-3") == 206
    assert status(url, If_Match='"other"') == 412
    assert status(url, "HEAD", If_Match='"other"') == 412
    assert status(url, If_Match='"other"', Range="bytes=0-3") == 412
    assert status(url, If_Match=f"W/{tag}") == 412
    assert status(url, If_Match='"other"', If_None_Match=tag) == 412
    assert status(url, If_None_Match=f"W/{tag}") == 304
    assert status(url, If_None_Match=f'"other", {tag}') == 304
    assert status(url, If_None_Match=f'"x{tag[1:]}') == 200

    answer = f"{server.url}/v1/datasets/fixed/rows?limit=3"
    weak = requests.get(answer, timeout=TIMEOUT).headers["etag"]
    assert weak.startswith("W/")
    assert status(answer, If_None_Match=weak) == 304
    assert status(answer, If_None_Match=weak[2:]) == 304
    assert status(answer, If_Match=weak) == 412  # a weak tag never compares strongly
    assert status(answer, If_Match="*") == 200
    problem = requests.get(answer, headers={"If-Match": weak}, timeout=TIMEOUT)
    assert failed(problem)
    assert problem.headers["cache-control"] == "no-store"
    for path in ("/v1/datasets", "/v1/datasets/fixed", "/v1/datasets/fixed/files", "/openapi.json"):
        seen = requests.get(server.url + path, timeout=TIMEOUT).headers["etag"]
        assert status(server.url + path, If_None_Match=seen) == 304
        assert status(server.url + path, If_Match='"other"') == 412
