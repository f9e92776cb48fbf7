"""Who may ask: addresses, tokens, the page's cookie, other sites."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from bowshot_server import BINARY, Answer, BowshotServer, StartError, wait_until

TOKEN = "0123456789abcdef-a-token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tokens")
    pq.write_table(pa.table({"x": [1, 2, 3]}), made / "a.parquet")
    token_file(made)
    return made


def token_file(folder: Path, text: str = TOKEN + "\n", mode: int = 0o600) -> str:
    path = folder / "token"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


@pytest.fixture(scope="module")
def guarded(folder: Path) -> Iterator[BowshotServer]:
    with BowshotServer([f"{folder}/a.parquet"], "--token-file", f"{folder}/token") as server:
        yield server


def is_refused(answer: Answer) -> bool:
    if answer.status != 401:
        return False
    assert answer.code() == "unauthorized"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert TOKEN not in answer.body.decode()
    return True


PATHS = ["/v1/datasets", "/v1/datasets/a", "/v1/datasets/a/count", "/v1/nope", "/version"]
PATHS += ["/metrics", "/readyz", "/openapi.json", "/nope", "/v1/requests/0123456789abcdef"]


@pytest.mark.parametrize("path", PATHS)
def test_every_path_needs_the_token(guarded: BowshotServer, path: str) -> None:
    assert is_refused(guarded.get(path))
    assert guarded.get(path, headers=BEARER).status in (200, 404)
    escaped = path.replace("e", "%65")  # the same path, spelt otherwise
    assert is_refused(guarded.get(escaped))


def test_query_and_put_need_it_too(guarded: BowshotServer) -> None:
    for method, path in (
        ("POST", "/v1/query"),
        ("QUERY", "/v1/query"),
        ("PUT", "/v1/datasets/b"),
        ("DELETE", "/v1/datasets/a"),
        ("OPTIONS", "/v1/datasets"),
        ("POST", "/v1/login"),
    ):
        assert is_refused(guarded.request(method, path)), (method, path)
    head = guarded.request("HEAD", "/v1/datasets")
    assert (head.status, head.body) == (401, b"")


@pytest.mark.parametrize(
    "value",
    ["", TOKEN, f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}",
     f"Bearer {TOKEN.upper()}", f"Bearer {TOKEN} {TOKEN}", f"Bearer {TOKEN}, Bearer {TOKEN}"],
)  # fmt: skip
def test_wrong_authorizations(guarded: BowshotServer, value: str) -> None:
    assert is_refused(guarded.get("/v1/datasets", headers={"Authorization": value}))


def test_the_scheme_has_no_case(guarded: BowshotServer) -> None:
    headers = {"Authorization": f"bEARER {TOKEN}"}
    assert guarded.get("/v1/datasets", headers=headers).status == 200


def test_what_is_open(guarded: BowshotServer) -> None:
    assert guarded.get("/healthz").status == 200
    assert guarded.get("/").status in (200, 404)  # 404: built without the page
    preflight = guarded.request(
        "OPTIONS",
        "/v1/query",
        headers={"Origin": guarded.url, "Access-Control-Request-Method": "POST"},
    )
    assert preflight.status == 204


def test_the_page_swaps_the_token_for_a_cookie(guarded: BowshotServer) -> None:
    answer = guarded.request("POST", "/v1/login", headers=BEARER)
    assert answer.status == 204
    assert answer.body == b""
    assert answer.headers["cache-control"] == "no-store"
    cookie, *attributes = answer.headers["set-cookie"].split("; ")
    assert set(attributes) == {"Path=/", "HttpOnly", "SameSite=Strict"}
    name, _, value = cookie.partition("=")
    assert name == f"bowshot_{guarded.port}"
    assert TOKEN not in value
    assert len(value) >= 32

    def ask(**headers: str) -> Answer:
        fields = {n.replace("_", "-"): v for n, v in headers.items()}
        return guarded.get("/v1/datasets", headers={"Cookie": f"x=1; {cookie}", **fields})

    assert ask().status == 200
    assert ask(Sec_Fetch_Site="same-origin").status == 200
    assert ask(Sec_Fetch_Site="none").status == 200
    assert ask(Origin=guarded.url).status == 200
    assert is_refused(ask(Sec_Fetch_Site="same-site"))
    assert ask(Sec_Fetch_Site="cross-site").status == 403
    assert ask(Origin="http://evil.example").status == 403
    assert is_refused(guarded.get("/v1/datasets", headers={"Cookie": f"{name}={value[:-1]}"}))
    assert is_refused(guarded.get("/v1/datasets", headers={"Cookie": f"{name}="}))
    login = guarded.request("POST", "/v1/login", headers={"Cookie": cookie})
    assert is_refused(login)
    assert "Cookie" in answer.headers["vary"]


def test_a_cookie_of_another_origin_does_not_count(folder: Path) -> None:
    """An allowed origin's page may ask with the token, not with what the browser adds."""
    origin = "https://app.example.org"
    with BowshotServer(
        [f"{folder}/a.parquet"], "--token-file", f"{folder}/token", "--allow-origin", origin
    ) as server:
        cookie = server.request("POST", "/v1/login", headers=BEARER).headers["set-cookie"]
        headers = {"Origin": origin, "Cookie": cookie.split(";")[0]}
        assert is_refused(server.get("/v1/datasets", headers=headers))
        answer = server.get("/v1/datasets", headers={**headers, **BEARER})
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == origin
        refused = server.get("/v1/datasets", headers={"Origin": origin})
        assert refused.headers["access-control-allow-origin"] == origin  # the page may read it


def test_without_a_token_a_login_is_nothing(folder: Path) -> None:
    with BowshotServer([f"{folder}/a.parquet"]) as server:
        answer = server.request("POST", "/v1/login", headers=BEARER)
        assert answer.status == 204
        assert "set-cookie" not in answer.headers


def test_with_requests(guarded: BowshotServer) -> None:
    with requests.Session() as session:
        assert session.get(f"{guarded.url}/v1/datasets").status_code == 401
        assert session.post(f"{guarded.url}/v1/login", headers=BEARER).status_code == 204
        answer = session.get(f"{guarded.url}/v1/datasets/a/rows", params={"format": "csv"})
        assert answer.text == "x\r\n1\r\n2\r\n3\r\n"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]"])
def test_any_other_address_needs_a_token(folder: Path, host: str) -> None:
    command = [str(BINARY), "serve", f"{folder}/a.parquet", "--port", "0", "--host", host]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert "--token-file" in done.stderr
    assert "--tls-cert" in done.stderr
    with BowshotServer(
        [f"{folder}/a.parquet"], "--host", host, "--token-file", f"{folder}/token"
    ) as server:
        assert server.addresses[0].startswith("http://")
        server.host = "127.0.0.1"
        assert server.get("/healthz").status == 200
        assert is_refused(server.get("/v1/datasets"))
        assert server.get("/v1/datasets", headers=BEARER).status == 200
        assert server.get("/healthz", headers={"Host": "data.example.org"}).status == 403


@pytest.mark.parametrize(
    ("text", "mode", "word"),
    [
        (TOKEN, 0o644, "chmod"),
        (TOKEN, 0o604, "chmod"),
        ("0123456789abcde", 0o600, "16"),
        ("", 0o600, "16"),
        ("x" * 5_000, 0o600, "4096"),
        (f"{TOKEN}\n{TOKEN}\n", 0o600, "one token"),
        ("0123456789 abcdefgh", 0o600, "ASCII"),
        ("0123456789äabcdefgh", 0o600, "ASCII"),
    ],
)
def test_token_files_that_are_refused(tmp_path: Path, text: str, mode: int, word: str) -> None:
    pq.write_table(pa.table({"x": [1]}), tmp_path / "a.parquet")
    path = token_file(tmp_path, text, mode)
    with pytest.raises(StartError) as caught:
        BowshotServer([f"{tmp_path}/a.parquet"], "--token-file", path).kill()
    assert caught.value.code == 1
    assert path in caught.value.log
    assert word in caught.value.log
    assert not text or text not in caught.value.log


def test_a_new_token_ends_the_old_one_and_its_sessions(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), tmp_path / "a.parquet")
    path = token_file(tmp_path)
    with BowshotServer([f"{tmp_path}/a.parquet"], "--token-file", path) as server:
        login = server.request("POST", "/v1/login", headers=BEARER)
        cookie = {"Cookie": login.headers["set-cookie"].split(";")[0]}
        reloads = 0

        def reload() -> None:
            nonlocal reloads
            reloads += 1
            server.reload()
            wait_until(
                lambda: server.log().count("configuration reloaded") == reloads, 20, "reload"
            )

        reload()
        assert server.get("/v1/datasets", headers=cookie).status == 200
        token_file(tmp_path, "another-token-of-some-length")
        reload()
        assert is_refused(server.get("/v1/datasets", headers=cookie))
        assert is_refused(server.get("/v1/datasets", headers=BEARER))
        new = {"Authorization": "Bearer another-token-of-some-length"}
        assert server.get("/v1/datasets", headers=new).status == 200
        assert "another-token" not in server.log()
