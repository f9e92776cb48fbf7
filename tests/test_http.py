"""HTTP habits: caching, HEAD, QUERY, CORS, Host and Origin, service paths, limits as flags."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from bowshot_server import Answer, BowshotServer

ROWS = "/v1/datasets/people/rows"
COUNT = "/v1/datasets/people/count"
ORIGIN = "https://app.example.org"


@pytest.fixture(scope="module")
def shared(small_datasets: list[str]) -> Iterator[BowshotServer]:
    """A server that one foreign origin and one more host name may use."""
    flags = ["--allow-origin", ORIGIN, "--allow-host", "data.example.org"]
    with BowshotServer(small_datasets, *flags) as started:
        yield started


# Datasets.


def test_datasets(server: BowshotServer) -> None:
    listed = server.get("/v1/datasets").json()["datasets"]
    by_name = {d["name"]: d for d in listed}
    assert [d["name"] for d in listed] == sorted(by_name)
    assert (by_name["people"]["rows"], by_name["people"]["columns"]) == (18, 9)
    assert (by_name["empty"]["rows"], by_name["parts"]["rows"]) == (0, 12)
    assert by_name["flights"]["rows"] == 3_000_000
    assert all(d["version"] for d in listed)


def test_one_dataset(server: BowshotServer) -> None:
    people = server.get("/v1/datasets/people").json()
    assert people["name"] == "people"
    assert people["rows"] == 18
    assert people["row_numbers"] is True
    assert people["bytes"] > 0
    assert people["source"]["kind"]
    assert "/" not in json.dumps(people["source"]), "a path of the host"
    columns = {c["name"]: c for c in people["columns"]}
    assert columns["seen"] == {"name": "seen", "type": "timestamp[us, tz=UTC]", "nullable": True}
    assert columns["team"]["type"] == "dictionary<utf8>"


def test_version_is_the_same_everywhere(server: BowshotServer) -> None:
    version = server.get("/v1/datasets/people").json()["version"]
    assert server.get(ROWS).headers["bowshot-version"] == version
    pinned = server.get(ROWS, {"version": version})
    assert pinned.status == 200
    assert pinned.headers["cache-control"] == "private, max-age=31536000, immutable"
    other = server.get(ROWS, {"version": version + "x"})
    assert (other.status, other.code()) == (409, "version_changed")


# Caching.


def test_etag_and_304(server: BowshotServer) -> None:
    answer = server.get(ROWS, {"limit": 5, "filter": "age > 1"})
    tag = answer.headers["etag"]
    assert tag.startswith('W/"')
    assert answer.headers["cache-control"] == "private, no-cache"
    vary = {v.strip().lower() for v in answer.headers["vary"].split(",")}
    assert vary >= {"accept", "accept-encoding", "authorization", "origin"}
    for given in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = server.get(ROWS, {"limit": 5, "filter": "age > 1"}, {"If-None-Match": given})
        assert (again.status, again.body) == (304, b""), given
        assert again.headers["etag"] == tag
    stale = server.get(ROWS, {"limit": 5, "filter": "age > 1"}, {"If-None-Match": 'W/"other"'})
    assert (stale.status, stale.body) == (200, answer.body)


def test_etag_tells_answers_apart(server: BowshotServer) -> None:
    tags = [
        server.get(ROWS).headers["etag"],
        server.get(ROWS, {"limit": 5}).headers["etag"],
        server.get(ROWS, {"format": "csv"}).headers["etag"],
        server.get(ROWS, {"filter": "age > 1"}).headers["etag"],
        server.get(COUNT, {"filter": "age > 1"}).headers["etag"],
        server.get("/v1/datasets/names/rows").headers["etag"],
    ]
    assert len(set(tags)) == len(tags)


def test_etag_is_of_the_meaning(server: BowshotServer) -> None:
    one = server.request("GET", f"{ROWS}?limit=5&skip=2").headers["etag"]
    two = server.request("GET", f"{ROWS}?offset=2&limit=5").headers["etag"]
    assert one == two


# Methods.


@pytest.mark.parametrize("path", [ROWS, COUNT, "/v1/datasets", "/v1/datasets/people", "/healthz"])
def test_head_is_get_without_a_body(server: BowshotServer, path: str) -> None:
    get, head = server.get(path), server.request("HEAD", path)
    assert (head.status, head.body) == (get.status, b"")
    for name in ("content-type", "etag", "bowshot-version", "bowshot-rows"):
        assert head.headers.get(name) == get.headers.get(name)


def test_head_of_an_error(server: BowshotServer) -> None:
    head = server.request("HEAD", "/v1/datasets/nothing/rows")
    assert (head.status, head.body) == (404, b"")


def test_head_leaves_the_connection_usable(server: BowshotServer) -> None:
    with server.connect(10) as connection:
        request = "{} /v1/datasets/people/count?format=json HTTP/1.1\r\nHost: 127.0.0.1\r\n{}\r\n"
        connection.sendall(request.format("HEAD", "").encode())
        connection.sendall(request.format("GET", "Connection: close\r\n").encode())
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert received.count(b"HTTP/1.1 200") == 2
    assert received.count(b"\n[18]\n") == 1


def test_query_method(server: BowshotServer) -> None:
    body = {"dataset": "people", "shape": "count", "filter": "age > 30", "format": "json"}
    for method in ("POST", "QUERY"):
        answer = server.query(body, method)
        assert answer.json()["rows"] == [[9]]
    wrong = server.request("DELETE", "/v1/query")
    assert {"POST", "QUERY"} <= {m.strip() for m in wrong.headers["allow"].split(",")}
    options = server.request("OPTIONS", "/v1/query")
    accepted = options.headers.get("accept-query", "") + answer.headers.get("accept-query", "")
    assert "application/json" in accepted


def test_json_spellings(server: BowshotServer) -> None:
    """Arrays, objects and big integers as text mean what the URL's spelling does."""
    body = {
        "dataset": "people",
        "shape": "aggregate",
        "by": ["team", "m:member"],
        "measures": {"n": "count()", "oldest": "max(age)"},
        "compute": {"twice": "age * 2"},
        "filter": "twice > 10",
        "order": ["-n", "team"],
        "offset": "1",
        "limit": "2",
    }
    parameters = {
        "by": "team,m:member",
        "measures": "n:count(),oldest:max(age)",
        "compute": "twice:age * 2",
        "filter": "twice > 10",
        "order": "-n,team",
        "offset": 1,
        "limit": 2,
    }
    answers = [server.query(body), server.get("/v1/datasets/people/aggregate", parameters)]
    tables = [pa.ipc.open_stream(answer.body).read_all() for answer in answers]
    assert tables[0].num_rows == 2
    assert tables[0].equals(tables[1])


def test_plus_is_a_blank(server: BowshotServer) -> None:
    answer = server.request("GET", f"{COUNT}?filter=age+%3E+30&format=json")
    assert answer.json()["rows"] == [[9]]
    plus = server.request("GET", f"{COUNT}?filter=age%2B1=32&format=json")
    assert plus.json()["rows"] == [[4]]


def test_too_many_literals(server: BowshotServer) -> None:
    literals = ",".join(["1"] * 10_001)
    body = {"dataset": "people", "shape": "count", "filter": f"age IN ({literals})"}
    answer = server.query(body)
    assert (answer.status, answer.code()) == (400, "bad_filter")
    assert "10,000" in answer.problem()["detail"].replace("10000", "10,000")


def test_flat_chains_are_not_deep(server: BowshotServer) -> None:
    chain = " OR ".join(f"age = {i}" for i in range(900))
    body = {"dataset": "people", "shape": "count", "filter": chain, "format": "json"}
    assert server.query(body).json()["rows"] == [[15]]
    for wrap in (
        "NOT " * 5_000 + "member",
        "(" * 5_000 + "member" + ")" * 5_000,
        "-" * 5_000 + "1=1",
    ):
        answer = server.query({**body, "filter": wrap})
        assert (answer.status, answer.code()) == (400, "bad_filter")


# Access.


def cors(answer: Answer) -> str | None:
    return answer.headers.get("access-control-allow-origin")


def test_allowed_origin(shared: BowshotServer) -> None:
    headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"}
    answer = shared.get(ROWS, headers=headers)
    assert (answer.status, cors(answer)) == (200, ORIGIN)
    exposed = {
        v.strip().lower() for v in answer.headers["access-control-expose-headers"].split(",")
    }
    assert exposed >= {
        *("bowshot-version", "bowshot-completeness", "bowshot-rows"),
        *("bowshot-total-rows", "bowshot-request", "etag"),
    }
    problem = shared.get(ROWS, {"limit": "x"}, headers)
    assert (problem.status, cors(problem)) == (400, ORIGIN)


def test_preflight(shared: BowshotServer) -> None:
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "QUERY",
        "Access-Control-Request-Headers": "content-type, authorization",
        "Sec-Fetch-Site": "cross-site",
    }
    answer = shared.request("OPTIONS", "/v1/query", headers=headers)
    assert answer.status in (200, 204)
    assert cors(answer) == ORIGIN
    assert "QUERY" in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert "content-type" in allowed
    assert "authorization" in allowed
    refused = shared.request("OPTIONS", "/v1/query", headers={**headers, "Origin": "http://x.org"})
    assert (refused.status, refused.code()) == (403, "forbidden_origin")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://app.example.org:444"])
def test_forbidden_origin_names_the_flag(shared: BowshotServer, origin: str) -> None:
    """The refusal, and nothing else, may be read by the page: so it is told."""
    answer = shared.get(ROWS, headers={"Origin": origin})
    assert (answer.status, answer.code(), cors(answer)) == (403, "forbidden_origin", origin)
    assert "--allow-origin" in answer.problem()["detail"]


def test_the_page_itself_is_allowed(server: BowshotServer) -> None:
    headers = {"Origin": server.url, "Sec-Fetch-Site": "same-origin"}
    assert server.query({"dataset": "people", "shape": "count"}).status == 200
    assert server.get(ROWS, headers=headers).status == 200
    port = server.url.rsplit(":", 1)[1]
    foreign = {"Origin": f"http://localhost:{int(port) ^ 1}"}
    assert server.get(ROWS, headers=foreign).status == 403


def test_cross_site_without_an_origin(server: BowshotServer, shared: BowshotServer) -> None:
    for one in (server, shared):
        answer = one.get(ROWS, headers={"Sec-Fetch-Site": "cross-site"})
        assert (answer.status, answer.code()) == (403, "forbidden_origin")
    for site in ("none", "same-origin"):
        assert server.get(ROWS, headers={"Sec-Fetch-Site": site}).status == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "127.0.0.1:99"])
def test_allowed_hosts(server: BowshotServer, host: str) -> None:
    assert server.get(ROWS, headers={"Host": host}).status == 200


def test_other_hosts(server: BowshotServer, shared: BowshotServer) -> None:
    assert shared.get(ROWS, headers={"Host": "data.example.org:80"}).status == 200
    for host in ("data.example.org", "127.0.0.1.nip.example", "10.0.0.1"):
        answer = server.get(ROWS, headers={"Host": host})
        assert (answer.status, answer.code()) == (403, "forbidden_host")
        assert "--allow-host" in answer.problem()["detail"]


# Service paths.


def test_service_paths(server: BowshotServer) -> None:
    assert server.get("/healthz").status == 200
    assert server.get("/readyz").status == 200
    version = server.get("/version").json()
    assert version["limits"]["target_bytes"] == 16 << 10
    assert version["limits"]["waiting"] == 256
    metrics = server.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    assert server.metric("bowshot_queries_running") == 0
    assert b"bowshot_cancel_seconds" in metrics.body


def test_metrics_are_prometheus_text(server: BowshotServer) -> None:
    line = re.compile(r"[a-zA-Z_:][\w:]*(\{[^}]*\})? [-+]?(\d+(\.\d+)?([eE][-+]?\d+)?|Inf|NaN)$")
    for text in server.get("/metrics").body.decode().splitlines():
        assert not text or text.startswith(("# HELP ", "# TYPE ")) or line.match(text), text


def test_openapi_tells_what_is_served(server: BowshotServer) -> None:
    document = server.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    text = json.dumps(document)
    for word in ("rows", "count", "aggregate", "filter", "measures", "bad_filter", "/v1/query"):
        assert word in text


def test_openapi_has_the_formats_that_are_served(server: BowshotServer) -> None:
    document = server.get("/openapi.json").json()

    def whole(part: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in part:
            found: Any = document
            for key in part["$ref"].split("/")[1:]:
                found = found[key]
            part = found
        return part

    rows = document["paths"]["/v1/datasets/{dataset}/rows"]["get"]
    parameters = [whole(parameter) for parameter in rows["parameters"]]
    listed = next(p for p in parameters if p["name"] == "format")["schema"]["enum"]
    protocol = ["arrow", "arrow-file", "parquet", "csv", "json", "ndjson", "png", "webp"]
    answers = {name: server.get(ROWS, {"format": name}) for name in protocol}
    assert sorted(listed) == sorted(n for n, answer in answers.items() if answer.status == 200)
    media_types = {answers[name].headers["content-type"] for name in listed}
    assert set(whole(rows["responses"]["200"])["content"]) == media_types


def test_request_table(server: BowshotServer) -> None:
    done = server.get(ROWS).headers["bowshot-request"]
    assert server.get(f"/v1/requests/{done}").json() | {"problem": None} == {
        "id": done,
        "state": "done",
        "problem": None,
    }
    failed = server.get("/v1/datasets/extremes/rows", {"compute": "x:big + 1"})
    told = server.get(f"/v1/requests/{failed.headers['bowshot-request']}").json()
    assert told["state"] == "failed"
    assert told["problem"]["code"] == "overflow"


def test_server_timing(server: BowshotServer) -> None:
    timing = server.get(ROWS, {"filter": "age > 1"}).headers["server-timing"]
    assert "queue" in timing
    assert "plan" in timing


def test_page(server: BowshotServer) -> None:
    page = server.get("/")
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    scripts = re.findall(r'(?:src|href)="(/?[^":]+\.(?:js|css))"', page.body.decode())
    assert scripts
    for script in scripts:
        asset = server.get("/" + script.removeprefix("./").removeprefix("/"))
        assert asset.status == 200
        assert asset.headers["content-type"].startswith(("text/javascript", "text/css"))
    assert not re.search(rb'(?:src|href)="https?://', page.body), "the page needs no network"


@pytest.mark.parametrize("path", ["/..%2f..%2fetc/passwd", "/../etc/passwd", "/assets/..", "//"])
def test_no_way_out_of_the_page(server: BowshotServer, path: str) -> None:
    answer = server.get(path)
    assert answer.status in (400, 404)
    assert b"root:" not in answer.body


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        ("/v1/%64atasets", "/v1/datasets"),
        ("/%76%31/datasets/p%65ople/%72ows?limit=2", "/v1/datasets/people/rows?limit=2"),
        ("/%68ealthz", "/healthz"),
        ("/index%2Ehtml", "/index.html"),
    ],
)
def test_needless_escapes_change_nothing(server: BowshotServer, escaped: str, plain: str) -> None:
    """RFC 3986, 6.2.2.2: an escaped letter, digit or mark is the same as itself."""
    one, other = server.get(escaped), server.get(plain)
    assert (one.status, one.body) == (200, other.body)


def test_an_escaped_api_path_is_no_page(server: BowshotServer) -> None:
    """A link from another site may lead to the page, however it spells the path of data."""
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    for path in ("/v1/datasets", "/%76%31/datasets", "/%76%31/%64atasets"):
        assert server.get(path, headers=link).status == 403, path


@pytest.mark.parametrize("path", ["/v1%2Fdatasets", "/v1/datasets%2Fpeople", "/v1/%2564atasets"])
def test_other_escapes_stay(server: BowshotServer, path: str) -> None:
    assert server.get(path).status == 404


def test_errors_never_tell_paths_or_sql(server: BowshotServer, data_folder: object) -> None:
    for path, parameters in (
        (ROWS, {"filter": "nme = 1"}),
        ("/v1/datasets/extremes/rows", {"compute": "x:big + 1"}),
        ("/v1/datasets/nothing/rows", {}),
        (ROWS, {"version": "x"}),
    ):
        text = server.get(path, parameters).body.decode()
        assert str(data_folder) not in text
        assert "SELECT" not in text
        assert "/tmp" not in text


# Limits as flags.


def test_limits_are_flags(small_datasets: list[str]) -> None:
    flags = {
        "target_bytes": 300,
        "head_bytes": 2_000,
        "body_bytes": 200,
        "filter_depth": 3,
        "filter_literals": 4,
    }
    words = [w for k, v in flags.items() for w in (f"--{k.replace('_', '-')}", str(v))]
    with BowshotServer(small_datasets[:1], *words) as server:
        assert flags.items() <= server.get("/version").json()["limits"].items()
        long = server.request("GET", "/" + "a" * 400)
        assert (long.status, long.code()) == (414, "target_too_long")
        head = server.get("/healthz", headers={"X-A": "a" * 3_000})
        assert (head.status, head.code()) == (431, "head_too_large")
        body = server.query({"dataset": "people", "shape": "count", "filter": "x" * 300})
        assert (body.status, body.code()) == (413, "body_too_large")
        deep = server.get(COUNT, {"filter": "((((age > 1))))"})
        assert (deep.status, deep.code()) == (400, "bad_filter")
        many = server.get(COUNT, {"filter": "age IN (1,2,3,4,5)"})
        assert (many.status, many.code()) == (400, "bad_filter")
        assert server.get(COUNT, {"filter": "age IN (1,2,3,4)"}).status == 200


def test_many_clients_at_once(server: BowshotServer) -> None:
    """A hundred connections, each with three requests; every answer is right."""
    request = (
        "GET /v1/datasets/people/count?filter=age%3E30&format=json HTTP/1.1\r\n"
        "Host: 127.0.0.1\r\n{}\r\n"
    )
    raw = (request.format("") * 2 + request.format("Connection: close\r\n")).encode()
    connections: list[socket.socket] = [server.connect(30) for _ in range(100)]
    for connection in connections:
        connection.sendall(raw)
    for connection in connections:
        received = b"".join(iter(lambda c=connection: c.recv(65_536), b""))
        connection.close()
        assert received.count(b"\n[9]\n") == 3, received[-500:]
