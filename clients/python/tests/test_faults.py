"""Answers that are cut, refused, foreign or late: an exception says so; never a short table."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import bowshot
from bowshot import Client, Server
from faulty_server import answer, chunked, scripted

ARROW = "Content-Type: application/vnd.apache.arrow.stream"
PARQUET = "Content-Type: application/vnd.apache.parquet"
PROBLEM = "Content-Type: application/problem+json"
TABLE = pa.table({"x": pa.array(range(20_000), pa.int64())})
MARKER = 8


def arrow_bytes() -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, TABLE.schema) as writer:
        writer.write_table(TABLE, max_chunksize=1000)
    return sink.getvalue()


def parquet_bytes() -> bytes:
    sink = io.BytesIO()
    pq.write_table(TABLE, sink)
    return sink.getvalue()


def ask(url: str, transport: str = "arrow", **options: object) -> pa.Table:
    with bowshot.connect(url, transport=transport, retries=2, **options) as client:  # type: ignore[arg-type]
        return client["x"].rows().to_arrow()


def test_a_whole_answer_is_a_table() -> None:
    for whole in (answer(arrow_bytes(), ARROW), chunked(arrow_bytes(), ARROW)):
        with scripted(whole) as server:
            assert ask(server.url).equals(TABLE)
    with scripted(answer(parquet_bytes(), PARQUET)) as server:
        assert ask(server.url, "parquet").equals(TABLE)


def cut_points() -> list[int]:
    """Within a message, at the edge of one, before the marker, within it."""
    whole = arrow_bytes()
    with pa.ipc.open_stream(whole) as reader:
        reader.read_next_batch()
    first_message = len(TABLE.schema.serialize())
    return [0, 1, 4, first_message, first_message + 100, len(whole) // 2, len(whole) - MARKER,
            len(whole) - MARKER + 4, len(whole) - 1]  # fmt: skip


@pytest.mark.parametrize("kept", cut_points())
def test_cut_bodies(kept: int) -> None:
    """Cut with the connection, within chunks, and by a proxy that ends the body properly."""
    body = arrow_bytes()[:kept]
    announced = answer(arrow_bytes(), ARROW)[: -(len(arrow_bytes()) - kept)]
    for damaged in (announced, chunked(body, ARROW, ended=False), chunked(body, ARROW),
                    answer(body, ARROW), answer(body, ARROW, length=False)):  # fmt: skip
        with scripted(damaged) as server, pytest.raises(bowshot.IncompleteAnswerError) as caught:
            ask(server.url)
        assert caught.value.code == "incomplete_answer"
        assert len(server.requests) == 1, "what was delivered in part is not asked again"


def test_bytes_after_the_end_are_no_table() -> None:
    with (
        scripted(answer(arrow_bytes() + b"more", ARROW)) as server,
        pytest.raises(bowshot.IncompleteAnswerError),
    ):
        ask(server.url)


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_cut_parquet(share: float) -> None:
    body = parquet_bytes()[: int(len(parquet_bytes()) * share)]
    with scripted(answer(body, PARQUET)) as server, pytest.raises(bowshot.IncompleteAnswerError):
        ask(server.url, "parquet")


def test_announced_rows_that_did_not_come() -> None:
    with (
        scripted(answer(arrow_bytes(), ARROW, "Bowshot-Rows: 20001")) as server,
        pytest.raises(bowshot.IncompleteAnswerError, match="20000 rows came, 20001"),
    ):
        ask(server.url)


def test_the_server_tells_why_an_answer_broke_off() -> None:
    body = arrow_bytes()[:10_000] + b"\xff\xff\xff\xff" + (256).to_bytes(4, "little") + b"\0" * 8
    broken = chunked(body, ARROW, "Bowshot-Request: 77", ended=False)
    why = (
        b'{"id":"77","state":"failed","problem":'
        b'{"code":"out_of_memory","status":507,"detail":"the engine has no more"}}'
    )
    with (
        scripted(broken, answer(why, "Content-Type: application/json")) as server,
        pytest.raises(bowshot.ServerError, match="no more") as caught,
    ):
        ask(server.url)
    assert (caught.value.code, caught.value.request_id) == ("out_of_memory", "77")
    assert server.requests[1].startswith(b"GET /v1/requests/77 ")


def test_a_killed_server(sources: dict[str, str]) -> None:
    with bowshot.serve({"flights": sources["flights"]}, quiet=True) as server:
        for address in server.addresses:
            assert bowshot.connect(address)["flights"].rows(limit=1).to_arrow().num_rows == 1
        with server.connect() as client, client["flights"].stream() as batches:
            assert batches.next_batch() is not None
            os.kill(server.pid, signal.SIGKILL)
            with pytest.raises(bowshot.IncompleteAnswerError):
                list(batches)
            with pytest.raises(bowshot.ConnectionFailedError):
                client["flights"].count().item()
        assert not server.is_running()


def test_nothing_listens() -> None:
    with scripted(None) as server:
        port = server.port
    for address, why in [
        (f"http://127.0.0.1:{port}", "Connection refused"),
        ("unix:/nowhere/at/all", "No such file"),
    ]:
        with pytest.raises(bowshot.ConnectionFailedError, match=why) as failed:
            ask(address)
        assert "timeout" not in str(failed.value)


def test_asked_again_only_where_nothing_came() -> None:
    with scripted(None, None, answer(arrow_bytes(), ARROW)) as server:
        assert ask(server.url).equals(TABLE)
        assert len(server.requests) == 3
    with scripted(None) as server, pytest.raises(bowshot.ConnectionFailedError):
        ask(server.url)
    assert len(server.requests) == 3


def test_overload_is_waited_for_and_told() -> None:
    problem = b'{"code":"overloaded","status":503,"detail":"256 requests wait, the limit is 256"}'
    busy = answer(problem, PROBLEM, "Retry-After: 0", status="503 Service Unavailable")
    with scripted(busy, answer(arrow_bytes(), ARROW)) as server:
        assert ask(server.url).equals(TABLE)
    with (
        scripted(busy) as server,
        pytest.raises(bowshot.OverloadedError, match="256 requests wait"),
    ):
        ask(server.url)
    assert len(server.requests) == 3


@pytest.mark.parametrize("sent", [0, 1000])
def test_a_silent_server_is_a_timeout(sent: int) -> None:
    begun = answer(arrow_bytes(), ARROW)[:sent]
    with scripted(begun, then_silent=True) as server:
        start = time.monotonic()
        with pytest.raises(bowshot.DeadlineError) as caught:
            ask(server.url, timeout=0.2)
        assert caught.value.code == "timeout"
        assert time.monotonic() - start < 5
        assert len(server.requests) == 1, "a slow query is not asked again"


def test_stopped_while_nothing_comes() -> None:
    for sent in (0, 1000):
        begun = answer(arrow_bytes(), ARROW)[:sent]
        with scripted(begun, then_silent=True) as server, bowshot.connect(server.url) as client:
            stop = bowshot.Stop()
            threading.Timer(0.1, stop.request).start()
            start = time.monotonic()
            with pytest.raises(bowshot.StoppedError):
                client["x"].rows().to_arrow(stop=stop)
            assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("foreign", "said"),
    [
        (answer(b"<html>hello</html>", "Content-Type: text/html"), "text/html"),
        (answer(b"oops", "Content-Type: text/plain", status="502 Bad Gateway"), "502"),
        (answer(b"", "Location: http://elsewhere/", status="302 Found"), "elsewhere"),
        (answer(b"{", PROBLEM, status="400 Bad Request"), "no JSON"),
        (answer(b"[]", PROBLEM, status="400 Bad Request"), "no JSON object"),
    ],
)
def test_something_else_answers(foreign: bytes, said: str) -> None:
    with scripted(foreign) as server, pytest.raises(bowshot.UnexpectedAnswerError, match=said):
        ask(server.url)
    assert len(server.requests) == 1


def test_noise_instead_of_http() -> None:
    with (
        scripted(b"\x15\x03\x01\x00\x02\x02\x16") as server,
        pytest.raises(bowshot.ConnectionFailedError),
    ):
        ask(server.url)


def test_a_wrong_token(sources: dict[str, str], tmp_path: Path) -> None:
    with bowshot.serve({"people": sources["people"]}, token=True, quiet=True) as server:
        assert server.connect()["people"].count().item() == 18
        for token in (None, "wrong-token-wrong-token"):
            for address in server.addresses:
                with pytest.raises(bowshot.AccessError) as caught:
                    bowshot.connect(address, token=token)["people"].count().item()
                assert caught.value.code == "unauthorized"
                assert caught.value.status == 401


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_an_application_in_front_refuses(status: str) -> None:
    refusal = answer(b'{"detail":"no"}', "Content-Type: application/json", status=status)
    with scripted(refusal) as server, pytest.raises(bowshot.AccessError) as caught:
        ask(server.url, token="wrong")
    assert caught.value.code == status.partition(" ")[2].lower()
    assert caught.value.status == int(status[:3])
    assert len(server.requests) == 1


def test_errors_say_where(client: Client) -> None:
    with pytest.raises(bowshot.RequestError) as caught:
        client["people"].filter("nmae = 'x'").count().item()
    error = caught.value
    assert (error.code, error.position, error.suggestions) == ("unknown_column", 0, ("name",))
    assert error.text == "nmae = 'x'"
    assert "  nmae = 'x'\n  ^\n  did you mean: name" in str(error)
    with pytest.raises(bowshot.UnknownDatasetError):
        client["peopel"].count().item()
    with pytest.raises(bowshot.UnknownDatasetError):
        client["peopel"].info()


def test_errors_can_be_pickled(client: Client) -> None:
    import pickle

    with pytest.raises(bowshot.RequestError) as caught:
        client["people"].rows(limit=-1).to_arrow()
    copy = pickle.loads(pickle.dumps(caught.value))
    assert type(copy) is type(caught.value)
    assert copy.problem == caught.value.problem


def test_addresses_that_are_none() -> None:
    for address in ("127.0.0.1:8765", "ftp://host/", "http://", ""):
        with pytest.raises(ValueError, match="address"):
            bowshot.connect(address)


def test_a_server_behind_a_prefix_and_its_token() -> None:
    with scripted(answer(arrow_bytes(), ARROW)) as server:
        ask(f"{server.url}/bowshot/", token="secret")
    head = server.requests[0].decode()
    assert head.startswith("POST /bowshot/v1/query HTTP/1.1\r\n")
    assert "\r\nAuthorization: Bearer secret\r\n" in head


def test_serve_uses_the_server(server: Server) -> None:
    assert server.url is not None
    assert server.url.startswith("http://127.0.0.1:")
    assert len(server.addresses) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"version":"7.0","name":"x","protocol":1}',
        b'{"name":"bowshot"}',
        b'{"datasets":1,"rows":"many"}',
        b'{"datasets":[{}],"columns":[{}]}',
        b"[]",
        b"",
    ],
)
def test_json_of_another_server(body: bytes) -> None:
    with (
        scripted(answer(body, "Content-Type: application/json")) as server,
        bowshot.connect(server.url) as client,
    ):
        asked = client["x"]
        for call in (
            client.datasets,
            asked.info,
            asked.__len__,
            lambda: asked.version,
            lambda: client.publish("x", TABLE),
            lambda: client.remove("x", missing_ok=True),
            client.server_version,
        ):
            with pytest.raises(bowshot.UnexpectedAnswerError) as caught:
                call()
            assert caught.value.code == "unexpected_answer"


GONE = answer(b'{"code":"unknown_dataset","detail":"no x","status":404}', PROBLEM, status="404 Not")


@pytest.mark.parametrize(
    "answers", [[None, GONE], [None, None, GONE], [None, answer(b"", status="204 No")]]
)
def test_a_remove_whose_answer_was_lost_is_done(answers: list[bytes | None]) -> None:
    with scripted(*answers) as server, bowshot.connect(server.url, retries=2) as client:
        client.remove("x")
    assert len(server.requests) == len(answers)
    assert all(head.startswith(b"DELETE /v1/datasets/x ") for head in server.requests)


def test_a_remove_that_finds_nothing_at_once_says_so() -> None:
    busy = answer(b'{"code":"overloaded","detail":"","status":503}', PROBLEM, status="503 Busy")
    for answers in ([GONE], [busy, GONE]):  # what was refused was not done
        with (
            scripted(*answers) as server,
            bowshot.connect(server.url) as client,
            pytest.raises(bowshot.UnknownDatasetError),
        ):
            client.remove("x")
