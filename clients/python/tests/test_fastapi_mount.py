"""Mounted where applications really stand: behind prefixes, within others, in forked workers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin

import httpx
import polars as pl
import pytest
from fastapi import FastAPI

import bowshot
from bowshot.fastapi import BowshotApp
from test_fork import run
from uvicorn_server import serving

FRAME = pl.DataFrame({"x": [1, 2, 3]})


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BowshotApp]:
    path = tmp_path_factory.mktemp("data") / "t.parquet"
    FRAME.write_parquet(path)
    app = BowshotApp({"t": FRAME, "stored": path})
    yield app
    app.close()


class Stripping:
    """A proxy that takes a prefix off the paths of its clients."""

    def __init__(self, app: Any, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            assert scope["path"].startswith(self._prefix)
            raw = scope["raw_path"][len(self._prefix) :]
            scope = {**scope, "path": scope["path"][len(self._prefix) :], "raw_path": raw}
        await self._app(scope, receive, send)


class Prefixed:
    """What uvicorn makes of a stripping proxy's requests where it has a `root_path`."""

    def __init__(self, app: Any, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app({**scope, "root_path": self._prefix}, receive, send)


def at(path: str, app: Any, **options: Any) -> FastAPI:
    outer = FastAPI(**options)
    outer.mount(path, app)
    return outer


PLACES: dict[str, tuple[Callable[[BowshotApp], Any], str]] = {
    "below a path": (lambda app: at("/bowshot", app), "/bowshot"),
    "at the root": (lambda app: at("/", app, openapi_url=None), ""),
    "below an escaped path": (lambda app: at("/böw shot", app), "/b%C3%B6w%20shot"),
    "below a parameter": (lambda app: at("/of/{tenant}", app), "/of/17"),
    "in a sub-application": (lambda app: at("/sub", at("/bowshot", app)), "/sub/bowshot"),
    "behind a proxy": (lambda app: Stripping(at("/bowshot", app), "/api"), "/api/bowshot"),
    "behind a proxy, told by the server": (
        lambda app: Prefixed(at("/sub", at("/bowshot", app)), "/api"),
        "/api/sub/bowshot",
    ),
    "behind a proxy, told by the application": (
        lambda app: Stripping(at("/bowshot", app, root_path="/api"), "/api"),
        "/api/bowshot",
    ),
    "told of a proxy that is not there": (
        lambda app: at("/bowshot", app, root_path="/api"),
        "/bowshot",
    ),
}


@pytest.mark.filterwarnings("ignore:The `root_path` parameter is deprecated")
@pytest.mark.parametrize("place", PLACES)
def test_every_link_holds_wherever_it_is_mounted(mounted: BowshotApp, place: str) -> None:
    make, seen = PLACES[place]
    with serving(make(mounted)) as url:
        check_links(url + seen)


def test_a_websocket_is_refused(mounted: BowshotApp) -> None:
    sent: list[str] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(mounted({"type": "websocket", "path": "/v1/live"}, receive, send))
    assert sent == ["websocket.close"]


def test_a_root_path_of_uvicorn_goes_before_what_it_gets(mounted: BowshotApp) -> None:
    with serving(at("/sub", at("/bowshot", mounted)), root_path="/api") as url:
        check_links(f"{url}/sub/bowshot")


def check_links(base: str) -> None:
    """What a client, a reader of /openapi.json, of files, and a browser come to from `base`."""
    with bowshot.connect(base) as client:
        assert client["t"].rows().to_dict() == {"x": [1, 2, 3]}
    described = httpx.get(f"{base}/openapi.json")
    document = described.json()
    root = urljoin(str(described.url), document["servers"][0]["url"]).rstrip("/")
    assert root == base
    assert "/v1/datasets" in document["paths"]
    listed = httpx.get(f"{base}/v1/datasets/stored/files").json()["files"]
    file = httpx.get(base + listed[0]["url"]).content
    assert pl.read_parquet(file).equals(FRAME)
    assert httpx.get(f"{base}/v1/datasets/t/files").json()["files"] == []  # a frame has none
    missing = httpx.get(f"{base}/v1/datasets/t/files/0.parquet")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_path")
    assert "in memory" in missing.json()["detail"]
    page = httpx.get(f"{base}/")
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) > 2
    for link in links:
        assert httpx.get(urljoin(str(page.url), link)).status_code == 200, link


# As gunicorn --preload: the application is made, then its workers are forked.
PRELOADED = """
import socket
import httpx, polars as pl, pyarrow as pa, uvicorn
from fastapi import FastAPI
from bowshot.fastapi import TableResponse, mount

app = FastAPI()
frame = pl.DataFrame({"x": [1, 2, 3], "name": ["a", "b", "c"]})
mounted = mount(app, "/bowshot", {"people": path, "frame": frame, "columns": {"y": [1]}})
assert mounted.core["people"].count().item() == 18

@app.get("/page")
def page():
    return TableResponse(mounted.core["people"].rows(limit=3))

@app.get("/pid")
def pid():
    return os.getpid()

def ask(url):
    with bowshot.connect(url + "/bowshot") as client:
        assert client["people"].filter("id > 3").order("-id").rows().to_arrow().num_rows == 15
        assert client["frame"].rows().to_polars().equals(frame)
        assert client["columns"].rows().to_dict() == {"y": [1]}
    assert len(httpx.get(url + "/page", headers={"accept": "application/json"}).json()["rows"]) == 3
    return httpx.get(url + "/pid").json()

listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
workers = [
    fork(lambda: uvicorn.Server(uvicorn.Config(app, log_level="critical")).run([listener]))
    for listener in listeners
]
for listener, worker in zip(listeners, workers):
    assert ask(f"http://127.0.0.1:{listener.getsockname()[1]}") == worker
assert mounted.core["people"].count().item() == 18
for worker in workers:
    os.kill(worker, signal.SIGTERM)
    status = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    assert status in (0, 1, -signal.SIGTERM), status
mounted.close()
"""


def test_workers_that_were_forked_after_the_mount_serve_it(sources: dict[str, str]) -> None:
    run(PRELOADED, sources["people"])


READ_ONCE = """
import pyarrow as pa
from starlette.applications import Starlette
from starlette.testclient import TestClient
from bowshot.fastapi import mount

def ask():
    answer = TestClient(app).get("/bowshot/v1/datasets")
    assert answer.status_code == 500, answer.text
    assert answer.json()["code"] == "forked"
    assert "rows of 'once'" in answer.json()["detail"]
    mounted.close()

app = Starlette()
mounted = mount(app, "/bowshot", {"people": path, "once": pa.table({"x": [1]}).to_reader()})
assert mounted.core["once"].count().item() == 1
wait(fork(ask))
assert mounted.core["once"].count().item() == 1
mounted.close()
"""


def test_a_forked_worker_serves_no_empty_table_for_one_that_was_read(
    sources: dict[str, str],
) -> None:
    run(READ_ONCE, sources["people"])


def test_a_mount_is_closed_while_it_answers(sources: dict[str, str]) -> None:
    """By the loop that its answers are on: nothing that close() waits for may need it."""
    mounted = BowshotApp({"flights": sources["flights"]}, allow_publish=True)
    outer = at("/bowshot", mounted)

    @outer.get("/close")
    async def close() -> None:
        mounted.close()

    def body() -> Iterator[bytes]:
        yield b"the beginning"
        with httpx.stream("GET", f"{url}/bowshot/v1/datasets/flights/rows") as rows:
            pieces = rows.iter_raw()
            next(pieces)
            assert httpx.get(f"{url}/close", timeout=60).status_code == 200
            with pytest.raises(httpx.RemoteProtocolError):
                list(pieces)
        yield b"the end"

    with serving(outer) as url:
        kind = {"Content-Type": "application/vnd.apache.arrow.stream"}
        answer = httpx.put(f"{url}/bowshot/v1/datasets/x", content=body(), headers=kind)
        assert answer.status_code == 500
        after = httpx.get(f"{url}/bowshot/v1/datasets")
        assert after.json()["code"] == "closed"
