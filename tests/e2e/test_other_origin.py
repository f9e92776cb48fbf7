"""A page of another origin: with --allow-origin it gets rows, without it is told which flag."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest
from bowshot_server import BowshotServer
from outside import TOP, need, node

ARROW_IN_BROWSER = TOP / "clients/web/node_modules/apache-arrow/Arrow.es2015.min.js"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def other_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page that any other web server has: a script tag with apache-arrow, nothing of ours."""
    folder: Path = tmp_path_factory.mktemp("page")
    (folder / "arrow.js").write_bytes(ARROW_IN_BROWSER.read_bytes())
    text = '<!doctype html><title>another origin</title><script src="arrow.js"></script>'
    (folder / "index.html").write_text(text)
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{web.server_address[1]}"
        web.shutdown()
        thread.join(10)


def test_allowed(other_page: str) -> None:
    need("chromium")
    expected = pq.read_table(datasets.FLIGHTS, columns=["delay", "origin"]).slice(2_999_990)
    source = f"flights={datasets.FLIGHTS}"
    with BowshotServer([source], "--allow-origin", other_page) as server:
        seen = node("other_origin.mjs", f"{other_page}/index.html", server.url)
        version = server.get("/v1/datasets/flights").json()["version"]
    assert "error" not in seen, seen
    assert seen["rows"] == [[r["delay"], r["origin"]] for r in expected.to_pylist()]
    assert seen["posted"] == [[3_000_000]]
    assert seen["version"] == version, "the header must be exposed to the page"


def test_not_allowed_is_told_the_flag(other_page: str) -> None:
    need("chromium")
    with BowshotServer([f"flights={datasets.FLIGHTS}"]) as server:
        seen = node("other_origin.mjs", f"{other_page}/index.html", server.url)
        posted = {"Origin": other_page, "Content-Type": "application/json"}
        body = b'{"dataset": "flights", "shape": "count"}'
        refused = server.request("POST", "/v1/query", body, posted)
    assert seen["status"] == 403
    assert seen["problem"]["code"] == "forbidden_origin"
    assert f"--allow-origin {other_page}" in seen["problem"]["detail"]
    assert (refused.status, refused.code()) == (403, "forbidden_origin")
