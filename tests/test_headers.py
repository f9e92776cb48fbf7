"""What headers say: HEAD beside GET, entity tags, 304, downloads, preflights; limits by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import unquote

import datasets
import pytest
from bowshot_server import Answer, BowshotServer, target, wait_until

ROWS = "/v1/datasets/people/rows"
FILES = "/v1/datasets/people/files"
FLIGHTS = "/v1/datasets/flights/rows"
ZSTD_ARROW = 'application/vnd.apache.arrow.stream; codecs="zstd, lz4"'


# HEAD.

UNLIKE = {"date", "bowshot-request", "server-timing"}  # one's own in every answer


@pytest.mark.parametrize(
    ("path", "parameters", "headers"),
    [
        (ROWS, {"limit": 3, "format": "csv"}, {}),
        (ROWS, {"filter": "age > 3", "format": "json"}, {}),
        (ROWS, {"limit": 1, "download": "é.csv", "format": "csv"}, {}),
        (FLIGHTS, {"limit": 30_000, "format": "csv"}, {"Accept-Encoding": "gzip"}),
        (FLIGHTS, {"limit": 30_000}, {"Accept": ZSTD_ARROW}),
        ("/v1/datasets/people/aggregate", {"by": "team"}, {}),
        ("/v1/datasets/extremes/rows", {"compute": "x:big + 1"}, {}),
        ("/v1/datasets/nothing/rows", {}, {}),
        (ROWS, {"limit": "x"}, {}),
        ("/v1/datasets", {}, {}),
        ("/openapi.json", {}, {}),
        ("/version", {}, {}),
        ("/", {}, {}),
    ],
    ids=str,
)
def test_head_has_the_headers_of_get(
    server: BowshotServer, path: str, parameters: dict[str, object], headers: dict[str, str]
) -> None:
    whole = server.get(path, parameters, headers)
    head = server.request("HEAD", target(path, parameters), headers=headers)

    def told(answer: Answer) -> dict[str, str]:
        return {name: value for name, value in answer.headers.items() if name not in UNLIKE}

    assert (head.status, head.body) == (whole.status, b"")
    assert told(head) == told(whole)
    assert set(head.headers) == set(whole.headers)


def test_head_of_a_stream_runs_no_more_than_its_beginning(server: BowshotServer) -> None:
    before = server.metric("bowshot_body_bytes_total")
    assert server.request("HEAD", FLIGHTS).headers["bowshot-rows"] == "3000000"
    assert server.metric("bowshot_body_bytes_total") == before
    wait_until(lambda: server.metric("bowshot_queries_running") == 0, 5, "nothing runs on")


# Entity tags.


def tag(server: BowshotServer, path: str, **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.request("GET", path, headers=named).headers["etag"]


def test_etag_tells_format_codec_and_coding_apart(server: BowshotServer) -> None:
    path = f"{FLIGHTS}?limit=3000"
    tags = [
        tag(server, path),
        tag(server, path, Accept=ZSTD_ARROW),
        tag(server, path, Accept=ZSTD_ARROW.replace("zstd, ", "")),
        tag(server, path, Accept="text/csv"),
        tag(server, path, Accept="text/csv", Accept_Encoding="gzip"),
        tag(server, path, Accept="text/csv", Accept_Encoding="br"),
        tag(server, path, Accept="text/csv", Accept_Encoding="zstd"),
        tag(server, path, Accept="application/json"),
    ]
    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("limit=5&skip=2", "offset=2&limit=5"),
        ("filter=age%3E1", "filter=+age%3E1+"),
        ("filter=age%3E1", "filter=age>1&filter-lang=cql2-text"),
        ("select=id,name", "select=%20id%20,%22name%22"),
        ("order=-id", "order=-%22id%22"),
        ("offset=0", ""),
    ],
)
def test_etag_is_of_the_canonical_request(server: BowshotServer, one: str, other: str) -> None:
    assert tag(server, f"{ROWS}?{one}") == tag(server, f"{ROWS}?{other}")


def test_etag_of_a_json_request_is_that_of_its_url(server: BowshotServer) -> None:
    body = {"dataset": "people", "shape": "rows", "select": ["id", "name"], "offset": 2}
    assert server.query(body).headers["etag"] == tag(server, f"{ROWS}?skip=2&select=id,name")


@pytest.mark.parametrize("method", ["GET", "HEAD", "QUERY"])
def test_304_keeps_what_a_cache_needs(server: BowshotServer, method: str) -> None:
    version = server.get("/v1/datasets/people").json()["version"]
    body = None
    path, headers = f"{ROWS}?limit=2&version={version}", {}
    if method == "QUERY":
        fields = {"dataset": "people", "shape": "rows", "limit": 2, "version": version}
        path, body, headers = "/v1/query", json.dumps(fields), {"Content-Type": "application/json"}
    whole = server.request(method, path, body, headers)
    again = server.request(method, path, body, {**headers, "If-None-Match": whole.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    for name in ("etag", "cache-control", "vary", "bowshot-version", "x-content-type-options"):
        assert again.headers[name] == whole.headers[name]
    assert "immutable" in again.headers["cache-control"]
    assert "bowshot-request" in again.headers
    assert "content-length" not in again.headers
    assert "transfer-encoding" not in again.headers


def test_post_is_never_304(server: BowshotServer) -> None:
    body = json.dumps({"dataset": "people", "shape": "count"})
    headers = {"Content-Type": "application/json", "If-None-Match": "*"}
    assert server.request("POST", "/v1/query", body, headers).status == 200


def test_an_error_is_not_kept(server: BowshotServer) -> None:
    version = server.get("/v1/datasets/extremes").json()["version"]
    parameters = {"compute": "x:big + 1", "version": version}
    answer = server.get("/v1/datasets/extremes/rows", parameters)
    assert answer.status == 400
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


# Downloads.


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("flights.csv", "flights.csv"),
        ("é b.csv", "_ b.csv"),
        ("日本.csv", "__.csv"),
        ('a"b;c.csv', "a_b;c.csv"),
        ("x%41.csv", "x_41.csv"),
        ("it's.csv", "it's.csv"),
    ],
)
def test_download_name(server: BowshotServer, name: str, plain: str) -> None:
    answer = server.get(ROWS, {"limit": 1, "format": "csv", "download": name})
    kind, simple, extended = answer.headers["content-disposition"].split("; filename")
    assert kind == "attachment"
    assert simple == f'="{plain}"'
    assert extended.startswith("*=UTF-8''")
    assert unquote(extended.removeprefix("*=UTF-8''")) == name
    assert extended.isascii()


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", "..", "a\r\nX: 1", "a\x7f", "x" * 300])
def test_download_name_that_is_none(server: BowshotServer, name: str) -> None:
    answer = server.get(ROWS, {"limit": 1, "download": name})
    assert (answer.status, answer.code()) == (400, "bad_parameter")
    assert answer.problem()["parameter"] == "download"


# Options.


def words(text: str) -> set[str]:
    return {word.strip() for word in text.split(",")}


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (ROWS, {"GET", "HEAD", "OPTIONS"}),
        ("/v1/query", {"POST", "QUERY", "OPTIONS"}),
        ("/v1/datasets/people", {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}),
        ("*", {"GET", "HEAD", "OPTIONS", "POST", "QUERY", "PUT", "DELETE"}),
    ],
)
def test_options_tell_the_methods(server: BowshotServer, path: str, methods: set[str]) -> None:
    answer = server.request("OPTIONS", path)
    assert (answer.status, answer.body) == (204, b"")
    assert words(answer.headers["allow"]) == methods
    if "GET" in methods and path != "*":
        wrong = server.request("POST", path, b"")
        assert (wrong.status, wrong.code()) == (405, "method_not_allowed")
        assert words(wrong.headers["allow"]) == methods


def test_preflights_may_be_kept(small_datasets: list[str]) -> None:
    origin = "https://app.example.org"
    with BowshotServer(small_datasets[:1], "--allow-origin", origin) as server:
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        answer = server.request("OPTIONS", ROWS, headers=headers)
        assert int(answer.headers["access-control-max-age"]) >= 60
        assert words(answer.headers["access-control-allow-methods"]) >= {"GET", "HEAD"}
        told = server.get(ROWS, headers={"Origin": origin})
        ours = {name for name in told.headers if name.startswith("bowshot-")}
        exposed = words(told.headers["access-control-expose-headers"].lower())
        assert ours | {"etag", "server-timing", "content-disposition", "retry-after"} <= exposed
        part = server.get(f"{FILES}/0.parquet", headers={"Origin": origin, "Range": "bytes=0-3"})
        exposed = words(part.headers["access-control-expose-headers"].lower())
        assert {"accept-ranges", "content-range"} <= part.headers.keys() & exposed


# Bodies.


def test_a_coded_request_body_is_refused(server: BowshotServer) -> None:
    body = json.dumps({"dataset": "people", "shape": "count"})
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = server.request("POST", "/v1/query", body, headers)
    assert (answer.status, answer.code()) == (415, "unsupported_media_type")
    assert "gzip" in answer.problem()["detail"]


@pytest.mark.parametrize("path", ["nothing/rows", "people/rowz", "people/rows?limit=x"])
def test_every_refused_query_has_an_id(server: BowshotServer, path: str) -> None:
    answer = server.get(f"/v1/datasets/{path}")
    told = server.get(f"/v1/requests/{answer.headers['bowshot-request']}").json()
    assert told["state"] == "failed"
    assert told["problem"] == answer.problem()


def test_a_client_that_has_everything_may_leave(server: BowshotServer) -> None:
    """By Content-Length an answer is whole: closing then is no cancelling."""
    requests = []
    for _ in range(50):
        answer = server.get(ROWS, {"limit": 5})  # closes as soon as it has the last byte
        assert "content-length" in answer.headers
        requests.append(answer.headers["bowshot-request"])
    wait_until(lambda: server.metric("bowshot_queries_running") == 0, 5, "all have ended")
    states = [server.get(f"/v1/requests/{request}").json()["state"] for request in requests]
    assert states == ["done"] * len(requests)


# Limits: the error names limit and value, and /version shows every one.

LIMITS = {
    *("head_bytes", "target_bytes", "body_bytes", "publish_bytes", "filter_depth"),
    *("filter_literals", "connections", "interactive_running", "streams_running", "waiting"),
    *("head_seconds", "idle_seconds", "first_batch_seconds", "stalled_reader_seconds"),
    *("answer_bytes_held", "engine_memory_bytes", "page_cache_bytes", "view_bytes"),
    *("cache_bytes",),
}


def test_every_limit_is_a_flag_and_shown(small_datasets: list[str]) -> None:
    with BowshotServer(small_datasets[:1]) as server:
        shown = server.get("/version").json()["limits"]
        assert set(shown) == LIMITS | {"cache_directory"}
    changed = {name: shown[name] + 1 for name in LIMITS}
    flags = [w for name, v in changed.items() for w in (f"--{name.replace('_', '-')}", str(v))]
    with BowshotServer(small_datasets[:1], *flags) as server:
        assert server.get("/version").json()["limits"].items() >= changed.items()


def check_limit(problem: Mapping[str, str], name: str, value: int) -> None:
    assert name in problem["detail"], problem
    assert str(value) in problem["detail"].replace(",", ""), problem


def test_errors_name_the_limit_and_its_value(small_datasets: list[str]) -> None:
    limits = {
        "target_bytes": 301,
        "head_bytes": 2_003,
        "body_bytes": 203,
        "filter_depth": 3,
        "filter_literals": 4,
        "first_batch_seconds": 1,
        "head_seconds": 1,
        "interactive_running": 1,
        "waiting": 0,
    }
    flags = [w for k, v in limits.items() for w in (f"--{k.replace('_', '-')}", str(v))]
    sets = [*small_datasets, f"flights={datasets.FLIGHTS}"]
    long = {"compute": "h:CASEI(CASEI(origin))", "by": "date,h,delay", "measures": "median(delay)"}
    with BowshotServer(sets, *flags) as server:
        count = "/v1/datasets/people/count"
        body = {"dataset": "people", "shape": "count", "filter": "x" * 300}
        problems = {
            "target_bytes": server.get("/" + "a" * 400),
            "head_bytes": server.get("/healthz", headers={"X-A": "a" * 3_000}),
            "body_bytes": server.query(body),
            "filter_depth": server.get(count, {"filter": "((((age > 1))))"}),
            "filter_literals": server.get(count, {"filter": "age IN (1,2,3,4,5)"}),
        }
        for name, answer in problems.items():
            check_limit(answer.problem(), name, limits[name])
        with server.connect(20) as slow:
            slow.sendall(b"GET /healthz HTTP/1.1\r\n")
            received = b"".join(iter(lambda: slow.recv(65_536), b""))
        head, _, text = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        check_limit(json.loads(text), "head_seconds", 1)
        with server.connect(20) as holder:
            path = target("/v1/datasets/flights/aggregate", long)
            holder.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            wait_until(lambda: server.metric("bowshot_interactive_running") == 1, 5, "it runs")
            busy = server.get(count, {"filter": "age > 1"})
            assert (busy.status, busy.code()) == (503, "overloaded")
            check_limit(busy.problem(), "waiting", 0)
            assert int(busy.headers["retry-after"]) >= 1
            late = holder.recv(65_536)
        assert late.startswith(b"HTTP/1.1 504 ")
        check_limit(json.loads(late.partition(b"\r\n\r\n")[2]), "first_batch_seconds", 1)
