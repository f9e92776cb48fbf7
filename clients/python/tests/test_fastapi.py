"""The responses and the mounted protocol, through a real uvicorn on a socket of its own."""

from __future__ import annotations

import asyncio
import datetime
import gzip
import http.client
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import httpx
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi import Depends, FastAPI

import bowshot
from bowshot.fastapi import (
    Aggregate,
    ArrowFileResponse,
    ArrowResponse,
    BowshotApp,
    Page,
    ParquetResponse,
    Sample,
    TableResponse,
    install_errors,
    mount,
)
from uvicorn_server import serving

ROWS = 300_000
STREAM = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"

FRAME = pl.DataFrame(
    {
        "id": range(ROWS),
        "category": [f"c{i % 20}" for i in range(ROWS)],
        "value": [i * 0.5 if i % 11 else None for i in range(ROWS)],
    }
)

HARD = pl.DataFrame(
    {
        "decimal": pl.Series([Decimal("1.10"), None], dtype=pl.Decimal(10, 2)),
        "zoned": pl.Series([0, None]).cast(pl.Datetime("us", "Europe/Paris")),
        "category": pl.Series(["a", None], dtype=pl.Categorical),
        "list": [[1, None], None],
        "struct": [{"a": 1, "b": "x"}, None],
        "nested": [[{"k": [1.5]}], []],
        "date": [datetime.date(2026, 1, 2), None],
        "binary": [b"\x00\xff", None],
    }
)
CATEGORIES = pl.DataFrame(
    {"list": [["a"], ["b", "a"]], "struct": [{"x": "a"}, {"x": None}]},
    schema={"list": pl.List(pl.Categorical), "struct": pl.Struct({"x": pl.Categorical})},
)
DOUBLED = pa.table([[1], [2]], ["a", "a"])
RESPONSES: dict[str, Any] = {
    "arrow": ArrowResponse,
    "file": ArrowFileResponse,
    "parquet": ParquetResponse,
    "any": TableResponse,
}


class Source:
    """Batches that are made when they are asked for, and whether somebody still asks."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.made = 0
        self.closed = threading.Event()
        self._fails_at = fails_at

    def reader(self) -> pa.RecordBatchReader:
        schema = pa.schema([("x", pa.int64())])
        return pa.RecordBatchReader.from_batches(schema, self._batches(schema))

    def _batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        batch = pa.record_batch([pa.array(range(65_536))], schema=schema)
        try:
            while self.made < 1_000_000:
                if self.made == self._fails_at:
                    raise ValueError("the source is gone")
                self.made += 1
                yield batch
        finally:
            self.closed.set()


def make_app(path: str) -> FastAPI:
    app = FastAPI()
    install_errors(app)
    mounted = mount(app, "/bowshot", {"table": path, "live": FRAME.head(1_000)})
    table = mounted.core["table"]
    app.state.mounted = mounted
    app.state.endless = Source()
    app.state.failing = Source(fails_at=3)

    tables: dict[str, Any] = {
        "frame": lambda: FRAME,
        "lazy": lambda: FRAME.lazy().filter(pl.col("id") % 2 == 0),
        "table": lambda: FRAME.to_arrow(),
        "reader": lambda: FRAME.to_arrow().to_reader(),
        "pandas": lambda: FRAME.to_arrow().to_pandas(),
        "result": lambda: table.filter("id < 1000").rows(),
        "no_rows": lambda: FRAME.clear(),
        "no_columns": lambda: pl.DataFrame(),
        "hard": lambda: HARD,
        "no_hard_rows": lambda: HARD.clear().lazy(),
        "categories": lambda: CATEGORIES.lazy(),
        "categories_in_memory": lambda: CATEGORIES,
        "doubled": lambda: DOUBLED,
        "interval": lambda: pa.table({"m": pa.array([(1, 2, 3)], pa.month_day_nano_interval())}),
        "number": lambda: 17,
        "objects": lambda: pl.DataFrame({"o": [object()]}),
        "wide": lambda: pl.DataFrame({"w": pl.Series([1], dtype=pl.Int128)}),
        "lazy_wide": lambda: pl.LazyFrame({"w": pl.Series([1], dtype=pl.Int128)}),
        "zero_byte": lambda: pl.LazyFrame({"a\0b": [1]}),
        "column": lambda: pl.Series("x", [1]),
        "too_large": lambda: {"x": [2**70]},
        "endless": lambda: app.state.endless.reader(),
        "failing": lambda: app.state.failing.reader(),
        "huge": lambda: FRAME.lazy().join(FRAME.lazy(), how="cross"),
        "wrong": lambda: table.filter("valeu > 1").rows(),
    }

    @app.api_route("/send/{kind}/{name}", methods=["GET", "HEAD"])
    def send(kind: str, name: str, etag: bool = False, download: str = "") -> TableResponse:
        response = RESPONSES[kind](tables[name](), etag=etag, download=download or False)
        assert isinstance(response, TableResponse)
        return response

    @app.api_route("/missing", methods=["GET", "POST"])
    def missing() -> TableResponse:
        return TableResponse(FRAME.head(1), etag="1", status_code=404)

    @app.get("/page")
    def page(page: Annotated[Page, Depends()]) -> TableResponse:
        return TableResponse(page.of(table))

    @app.get("/frame-page")
    def frame_page(page: Annotated[Page, Depends()]) -> TableResponse:
        return TableResponse(page.of(FRAME.lazy()))

    @app.get("/sample")
    def sample(sample: Annotated[Sample, Depends()]) -> TableResponse:
        return TableResponse(sample.of(table))

    @app.get("/aggregate")
    def aggregate(aggregate: Annotated[Aggregate, Depends()]) -> TableResponse:
        return TableResponse(aggregate.of(table))

    return app


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    path = tmp_path_factory.mktemp("data") / "table.parquet"
    FRAME.write_parquet(path, row_group_size=50_000)
    made = make_app(str(path))
    yield made
    made.state.mounted.close()


@pytest.fixture(scope="module")
def url(app: FastAPI) -> Iterator[str]:
    with serving(app) as address:
        yield address


def get(url: str, path: str, **headers: str) -> httpx.Response:
    return httpx.get(url + path, headers=headers, timeout=60)


def read_stream(answer: httpx.Response) -> pl.DataFrame:
    assert answer.status_code == 200, answer.text
    return pl.read_ipc_stream(io.BytesIO(answer.content))


EVEN = FRAME.filter(pl.col("id") % 2 == 0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("frame", FRAME),
        ("lazy", EVEN),
        ("table", FRAME),
        ("reader", FRAME),
        ("pandas", FRAME),
        ("result", FRAME.head(1_000)),
        ("no_rows", FRAME.clear()),
        ("no_columns", pl.DataFrame()),
    ],
)
def test_every_kind_of_table_is_an_arrow_stream(
    url: str, name: str, expected: pl.DataFrame
) -> None:
    if name == "pandas":
        pytest.importorskip("pandas")
    answer = get(url, f"/send/arrow/{name}")
    assert answer.headers["content-type"] == STREAM
    table = pa.ipc.open_stream(answer.content).read_all()  # Arrow's own reader
    assert table.num_rows == len(expected)
    read = read_stream(answer)
    if name == "pandas":  # which has no other null for a float
        read = read.with_columns(pl.col("value").fill_nan(None))
    assert read.equals(expected)


def test_files_and_parquet(url: str) -> None:
    file = get(url, "/send/file/frame")
    assert file.headers["content-type"] == "application/vnd.apache.arrow.file"
    assert pl.read_ipc(io.BytesIO(file.content)).equals(FRAME)
    parquet = get(url, "/send/parquet/lazy?download=even numbers")
    assert parquet.headers["content-type"] == PARQUET
    assert 'filename="even numbers.parquet"' in parquet.headers["content-disposition"]
    assert pq.read_table(io.BytesIO(parquet.content)).num_rows == ROWS // 2


def test_the_client_chooses_the_format(url: str) -> None:
    csv = get(url, "/send/any/result", accept="text/csv")
    assert csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert "Accept" in csv.headers["vary"]
    assert pl.read_csv(csv.content).equals(FRAME.head(1_000))
    rows = get(url, "/send/any/result", accept="application/json").json()["rows"]
    assert rows[1] == [1, "c1", 0.5]
    assert get(url, "/send/any/frame", accept="*/*").headers["content-type"] == STREAM
    coded = get(url, "/send/any/frame", accept=f'{STREAM};codecs="zstd, lz4"')
    assert coded.headers["content-type"] == f"{STREAM}; codecs=zstd" or (
        "codecs=zstd" in coded.headers["content-type"]
    )
    assert read_stream(coded).equals(FRAME)


def test_texts_are_compressed_where_the_client_takes_it(url: str) -> None:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    fields = {"Accept": "text/csv", "Accept-Encoding": "gzip"}
    connection.request("GET", "/send/any/frame", headers=fields)
    answer = connection.getresponse()
    assert answer.getheader("Content-Encoding") == "gzip"
    assert pl.read_csv(gzip.decompress(answer.read())).equals(FRAME)
    connection.close()


def test_what_cannot_be_sent_is_a_problem(url: str) -> None:
    refused = get(url, "/send/any/frame", accept="image/png")
    assert refused.status_code == 406
    assert refused.json()["code"] == "not_acceptable"
    assert refused.headers["content-type"] == "application/problem+json"
    wrong = get(url, "/send/arrow/wrong")
    assert wrong.status_code == 400
    assert wrong.json()["code"] == "unknown_column"
    assert wrong.json()["suggestions"] == ["value"]


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("arrow", "objects", "o"),
        ("arrow", "wide", "128 bits"),
        ("parquet", "lazy_wide", "128 bits"),
        ("arrow", "zero_byte", "zero byte"),
        ("any", "column", "a Series is a column"),
        ("file", "too_large", "too large"),
        ("parquet", "interval", '"m"'),
        ("any", "number", "int"),
    ],
)
def test_a_table_that_cannot_be_sent_is_no_mistake_of_the_client(
    url: str, kind: str, name: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = get(url, f"/send/{kind}/{name}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]
    assert answer.json()["code"] == "bad_data"
    assert answer.status_code == answer.json()["status"] == 500
    (logged,) = [record for record in caplog.records if record.name == "bowshot.fastapi"]
    assert said in logged.getMessage()
    assert logged.exc_info


def plain(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return frame.with_columns(pl.col("category").cast(pl.String)).to_dicts()


@pytest.mark.parametrize(("name", "expected"), [("hard", HARD), ("no_hard_rows", HARD.clear())])
def test_types_that_are_hard(url: str, name: str, expected: pl.DataFrame) -> None:
    read: dict[str, Callable[[bytes], pa.Table]] = {
        "arrow": lambda body: pa.ipc.open_stream(body).read_all(),
        "file": lambda body: pa.ipc.open_file(body).read_all(),
        "parquet": lambda body: pq.read_table(io.BytesIO(body)),
    }
    for kind, reader in read.items():
        table = reader(get(url, f"/send/{kind}/{name}").content)
        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)
        assert plain(frame) == plain(expected)
        assert frame.schema["zoned"] == pl.Datetime("us", "Europe/Paris")
        assert frame.schema["decimal"] == pl.Decimal(10, 2)
    rows = get(url, f"/send/any/{name}", accept="application/json").json()["rows"]
    assert [row[:2] for row in rows] == [["1.10", "1970-01-01T00:00:00Z"], [None, None]][
        : len(expected)
    ]


@pytest.mark.parametrize("name", ["categories", "categories_in_memory"])
def test_categories_inside_of_other_types(url: str, name: str) -> None:
    texts = CATEGORIES.cast({"list": pl.List(pl.String), "struct": pl.Struct({"x": pl.String})})
    assert read_stream(get(url, f"/send/arrow/{name}")).equals(texts)


def test_two_columns_of_one_name_are_sent_as_they_are(url: str) -> None:
    assert pa.ipc.open_stream(get(url, "/send/arrow/doubled").content).read_all() == DOUBLED
    answer = get(url, "/send/any/doubled", accept="application/json").json()
    assert [column["name"] for column in answer["columns"]] == ["a", "a"]
    assert answer["rows"] == [[1, 2]]


def test_an_etag_is_answered_with_304(url: str) -> None:
    first = get(url, "/send/arrow/frame?etag=true")
    tag = first.headers["etag"]
    again = get(url, "/send/arrow/frame?etag=true", **{"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    other = get(url, "/send/parquet/frame?etag=true", **{"if-none-match": tag})
    assert other.status_code == 200  # another format is another thing


@pytest.mark.parametrize("kind", ["any", "arrow", "parquet"])
def test_a_304_says_what_the_answer_depends_on(url: str, kind: str) -> None:
    first = get(url, f"/send/{kind}/frame?etag=true")
    again = get(url, f"/send/{kind}/frame?etag=true", **{"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    for name in ("vary", "etag"):
        assert again.headers[name] == first.headers[name]
    varies = {"Accept-Encoding"} if kind == "parquet" else {"Accept", "Accept-Encoding"}
    assert set(first.headers["vary"].split(", ")) == varies  # Accept has Arrow's codecs


def test_if_none_match_compares_weakly(url: str) -> None:
    def status(*listed: str, method: str = "GET", path: str = "/send/any/frame?etag=true") -> int:
        fields = [("if-none-match", one) for one in listed]
        return httpx.request(method, url + path, headers=fields, timeout=60).status_code

    tag = get(url, "/send/any/frame?etag=true").headers["etag"]
    strong = tag.removeprefix("W/")
    for listed in ([tag], [strong], [f'"a,b", {strong}'], ['W/"x"', tag], [f'W/"x",{tag}'], ["*"]):
        assert status(*listed) == 304, listed
        assert status(*listed, method="HEAD") == 304, listed
    for listed in (['W/"x"'], [f'"{strong[1:-1]}x"'], [strong.strip('"')], [""]):
        assert status(*listed) == 200, listed
    # Only what would be a 200 is not modified, and only GET and HEAD ask for that.
    assert status("*", path="/missing") == 404
    assert status("*", method="POST", path="/missing") == 404


def test_head_has_the_headers_and_no_body(url: str) -> None:
    answer = httpx.head(url + "/send/arrow/frame")
    assert answer.headers["content-type"] == STREAM
    assert answer.content == b""


def test_a_table_that_fails_in_the_middle_never_passes_for_whole(url: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        get(url, "/send/arrow/failing")


def test_rows_leave_before_the_end_and_the_source_stops_with_the_client(
    url: str, app: FastAPI
) -> None:
    source = app.state.endless
    with httpx.stream("GET", url + "/send/arrow/endless", timeout=60) as answer:
        reader = answer.iter_raw()
        assert len(next(reader)) > 0
    assert source.closed.wait(20), "nobody reads, but it is still read from"
    made = source.made
    time.sleep(0.2)
    assert source.made == made < 10_000


def test_polars_stops_with_the_client(url: str) -> None:
    """The frame's query makes more batches than anybody could wait for."""
    with httpx.stream("GET", url + "/send/arrow/huge", timeout=60) as answer:
        assert len(next(answer.iter_raw())) > 0
    deadline = time.monotonic() + 30
    while True:
        begun = time.process_time()
        time.sleep(0.5)
        if time.process_time() - begun < 0.25:
            return
        assert time.monotonic() < deadline, "Polars still works"


def test_pages_samples_and_groups(url: str) -> None:
    page = read_stream(get(url, "/page?skip=1000&limit=3&order=-id&select=id,value"))
    assert page["id"].to_list() == [ROWS - 1_001, ROWS - 1_002, ROWS - 1_003]
    filtered = read_stream(get(url, "/page?offset=2&limit=2&filter=id>100"))
    assert filtered["id"].to_list() == [103, 104]
    assert read_stream(get(url, "/frame-page?skip=5&limit=1"))["id"].to_list() == [5]
    sample = read_stream(get(url, "/sample?size=50&seed=7"))
    assert len(sample) == 50
    assert sample.equals(read_stream(get(url, "/sample?size=50&seed=7")))
    groups = read_stream(get(url, "/aggregate?by=category&measures=count(),best:max(value)"))
    expected = FRAME.group_by("category").agg(count=pl.len(), best=pl.max("value"))
    assert groups.sort("category").equals(
        expected.select(groups.columns).sort("category").cast(dict(groups.schema))
    )


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/page?limit=-1", "bad_parameter"),
        ("/page?limit=100001", "bad_parameter"),
        ("/page?skip=1&offset=1", "bad_parameter"),
        ("/page?filter=id >", "bad_filter"),
        ("/frame-page?filter=id>1", "bad_parameter"),
        ("/aggregate?measures=median(nothing)", "unknown_column"),
    ],
)
def test_wrong_parameters_are_the_clients_mistake(url: str, path: str, code: str) -> None:
    answer = get(url, path)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


# The mounted protocol.


def test_the_whole_protocol_is_mounted(url: str) -> None:
    base = f"{url}/bowshot"
    listed = httpx.get(f"{base}/v1/datasets").json()["datasets"]
    assert {one["name"] for one in listed} == {"table", "live"}
    query = {"dataset": "table", "shape": "rows", "offset": 5, "limit": 1, "format": "json"}
    answer = httpx.post(f"{base}/v1/query", json=query)
    assert answer.json()["rows"] == [[5, "c5", 2.5]]
    rows = httpx.get(f"{base}/v1/datasets/table/rows?filter=category%3D%27c3%27&select=id")
    assert read_stream(rows)["id"].to_list() == list(range(3, ROWS, 20))
    tag = rows.headers["etag"]
    again = httpx.get(str(rows.url), headers={"if-none-match": tag})
    assert again.status_code == 304
    assert httpx.get(f"{base}/v1/datasets/nothing").json()["code"] == "unknown_dataset"
    assert httpx.get(f"{base}/openapi.json").json()["openapi"].startswith("3.1")


def test_bowshots_own_client_reads_from_a_mount(url: str) -> None:
    with bowshot.connect(f"{url}/bowshot") as client:
        assert client["live"].count().item() == 1_000
        assert client["table"].filter("id > 10").rows().to_polars().equals(FRAME[11:])
        with pytest.raises(bowshot.RequestError) as raised:
            client["table"].filter("valeu > 1").count().item()
        assert raised.value.suggestions == ("value",)


def test_bodies_of_any_length_reach_the_core(url: str) -> None:
    padding = " " * 900_000
    body = padding + json.dumps({"dataset": "table", "shape": "count", "format": "json"})
    fields = {"content-type": "application/json"}
    answer = httpx.post(f"{url}/bowshot/v1/query", content=body, headers=fields)
    assert answer.json()["rows"] == [[ROWS]]
    longer = httpx.post(f"{url}/bowshot/v1/query", content=padding + body, headers=fields)
    assert (longer.status_code, longer.json()["code"]) == (413, "body_too_large")


def test_a_client_that_leaves_stops_the_query_of_a_mount(url: str) -> None:
    base = f"{url}/bowshot"
    with httpx.stream("GET", f"{base}/v1/datasets/table/rows?format=ndjson&compute=x:id") as answer:
        next(answer.iter_raw())
    deadline = time.monotonic() + 20
    while "bowshot_queries_running 0" not in httpx.get(f"{base}/metrics").text:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_client_that_leaves_is_no_failure_of_the_application(tmp_path: Path) -> None:
    pl.DataFrame({"id": range(2_000_000)}).write_parquet(tmp_path / "numbers.parquet")
    mounted = BowshotApp({"numbers": str(tmp_path / "numbers.parquet")})
    scope = {"type": "http", "method": "GET", "path": "/v1/datasets/numbers/rows"}
    scope |= {"query_string": b"format=ndjson", "headers": [(b"host", b"localhost")]}
    sent: list[dict[str, Any]] = []

    async def leave_early() -> None:
        has_left = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await has_left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)
            if message["type"] == "http.response.body":
                has_left.set()
                await asyncio.sleep(0.1)  # the application hears of it before it sends more

        await mounted(scope, receive, send)  # and does not raise

    try:
        asyncio.run(leave_early())
    finally:
        mounted.close()
    assert sent[0]["status"] == 200
    assert sum(len(message.get("body", b"")) for message in sent) < 10_000_000
    assert sent[-1].get("more_body")  # the answer was not ended as a whole one would be
