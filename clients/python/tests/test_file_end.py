"""Files of answers that a proxy cut, and ended properly: an error, and no file."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import bowshot
from bowshot import Client, Core
from bowshot.file_end import FileEnd
from bowshot.http_transport import MEDIA_TYPES
from faulty_server import answer, chunked, scripted

FORMS = ["arrow", "arrow-file", "parquet", "csv", "json", "ndjson"]
TABLE = {
    "s": ['two\r\nlines, "so"', "x\r\n", "", None, '"', "é", "]}"] * 3,
    "n": [1, None, 3, 4, 5, 6, 7] * 3,
}
ROWS = len(TABLE["n"])


@pytest.fixture(scope="module")
def whole() -> dict[str, bytes]:
    files = {}
    with Core({"t": TABLE}) as core:
        for form in FORMS:
            file = io.BytesIO()
            core["t"].rows().to_file(file, form)
            files[form] = file.getvalue()
    return files


@pytest.mark.parametrize("form", FORMS)
def test_no_beginning_of_a_file_is_a_whole_one(whole: dict[str, bytes], form: str) -> None:
    body = whole[form]
    for kept in range(len(body)):
        end = FileEnd(form)
        for at in range(0, kept, 11):
            end.feed(body[at : min(at + 11, kept)])
        assert end.missing(ROWS), f"{kept} of {len(body)} bytes"
    end.feed(body[kept:])
    assert end.missing(ROWS) is None
    assert end.missing(None) is None


@pytest.mark.parametrize("form", FORMS)
def test_a_cut_within_a_row_is_seen_where_no_rows_are_announced(
    whole: dict[str, bytes], form: str
) -> None:
    end = FileEnd(form)
    end.feed(whole[form][:-3])
    assert end.missing(None)


@pytest.mark.parametrize("form", FORMS)
def test_a_cut_file_does_not_appear(whole: dict[str, bytes], form: str, tmp_path: Path) -> None:
    fields = [f"Content-Type: {MEDIA_TYPES[form]}", f"Bowshot-Rows: {ROWS}"]
    path = tmp_path / "file"
    for kept in (0, len(whole[form]) // 2, len(whole[form]) - 1):
        body = whole[form][:kept]
        for cut in (answer(body, *fields), chunked(body, *fields)):
            with (
                scripted(cut) as server,
                bowshot.connect(server.url) as client,
                pytest.raises(bowshot.IncompleteAnswerError, match="broke off"),
            ):
                client["t"].rows().to_file(path, form)
    assert list(tmp_path.iterdir()) == []
    with scripted(chunked(whole[form], *fields)) as server:
        bowshot.connect(server.url)["t"].rows().to_file(path, form)
    assert path.read_bytes() == whole[form]


@pytest.mark.parametrize("form", FORMS)
def test_files_of_every_shape_are_whole(client: Client, form: str) -> None:
    people = client["people"]
    for result in (
        people.rows(),
        people.filter("name = 'nobody'").rows(),
        people.rows(limit=0),
        people.count(),
        people.aggregate(by=["name"], measures={"n": "count()"}),
        people.profile(),
        people.sample(3),
    ):
        result.to_file(io.BytesIO(), form)
