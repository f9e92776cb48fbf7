"""The queries behind responses: they end with their response, however early that is."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import polars as pl
import pytest
from fastapi import FastAPI, Request, Response

import bowshot
from bowshot.fastapi import TableResponse, mount
from faulty_server import read_request
from uvicorn_server import serving


def make_app(address: str, layers: int) -> FastAPI:
    """Its rows are those of the server at `address`."""
    client, async_client = bowshot.connect(address), bowshot.connect_async(address)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        client.close()
        await async_client.close()

    app = FastAPI(lifespan=lifespan)

    @app.get("/result")
    def result() -> TableResponse:
        return TableResponse(client["t"].rows())

    @app.get("/async_result")
    async def async_result() -> TableResponse:
        return TableResponse(async_client["t"].rows())

    async def hand_on(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        return await call_next(request)

    for _ in range(layers):
        app.middleware("http")(hand_on)
    return app


@pytest.mark.parametrize("layers", [0, 2])
@pytest.mark.parametrize("path", ["/result", "/async_result"])
def test_a_client_that_leaves_before_the_first_row_stops_the_query(path: str, layers: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with serving(make_app(address, layers)) as url:
            with socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1]))) as client:
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                query, _ = listener.accept()
                query.settimeout(20)
                assert b"/v1/query" in read_request(query)  # and never answers it
            with query, contextlib.suppress(ConnectionResetError):
                assert query.recv(1) == b"", "nobody waits for the answer, but it is still open"


def test_a_query_whose_answer_nobody_takes_is_not_kept() -> None:
    app = FastAPI()
    mounted = mount(app, "/bowshot", {"t": pl.DataFrame({"x": range(1_000_000)})})

    @app.get("/rows")
    def rows(format: str | None = None) -> TableResponse:
        return TableResponse(mounted.core["t"].rows(), format=format)

    with serving(app) as url:
        assert httpx.get(f"{url}/rows", headers={"accept": "image/png"}).status_code == 406
        assert httpx.get(f"{url}/rows", params={"format": "docx"}).status_code == 400
        deadline = time.monotonic() + 20
        while "bowshot_queries_running 0" not in httpx.get(f"{url}/bowshot/metrics").text:
            assert time.monotonic() < deadline, "the query still waits for a reader"
            time.sleep(0.05)
    mounted.close()
