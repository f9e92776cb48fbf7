"""Entity tags and names of downloads, of any text."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import httpx
import polars as pl
import pyarrow as pa
import pytest
from fastapi import FastAPI

from bowshot.fastapi import ArrowResponse
from bowshot.fastapi.responses import content_disposition
from bowshot.fastapi.sources import digest
from uvicorn_server import serving

FRAME = pl.DataFrame({"id": range(10), "name": [f"n{i}" for i in range(10)]})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    app = FastAPI()

    @app.get("/")
    def send(etag: str = "", download: str = "") -> ArrowResponse:
        return ArrowResponse(FRAME, etag=etag, download=download)

    with serving(app) as address:
        yield address


@pytest.mark.parametrize("text", ['a"b', "two words", "日本", "a\r\nX-Evil: 1", 'W/"v1"', "100%"])
def test_any_text_is_an_etag(url: str, text: str) -> None:
    first = httpx.get(url, params={"etag": text})
    tag = first.headers["etag"]
    assert re.fullmatch(r'W/"[!#-~]+"', tag)
    assert "x-evil" not in first.headers
    again = httpx.get(url, params={"etag": text}, headers={"if-none-match": tag})
    assert again.status_code == 304


def test_the_content_of_all_that_is_in_memory_is_hashed() -> None:
    changed = FRAME.with_columns(id=1)
    for table in (FRAME, FRAME.to_arrow(), FRAME.to_pandas(), FRAME.to_dict(as_series=False)):
        assert digest(table) == digest(table) != digest(changed)
    with pytest.raises(TypeError, match="read once"):
        digest(FRAME.lazy())


def test_the_same_codes_of_other_categories_are_another_content() -> None:
    first, second = (pa.table({"c": pa.array([text]).dictionary_encode()}) for text in "ab")
    assert digest(first) != digest(second)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("../../etc/passwd", ".._.._etc_passwd.arrows"),
        ("a\\b", "a_b.arrows"),
        ('say "so"', "say _so_.arrows"),
        ("a\r\nX-Evil: 1", "a__X-Evil: 1.arrows"),
        ("日本.arrows", "__.arrows"),
    ],
)
def test_a_download_has_a_name_and_no_path(url: str, name: str, plain: str) -> None:
    answer = httpx.get(url, params={"download": name})
    assert f'filename="{plain}"' in answer.headers["content-disposition"]
    assert "%2F" not in answer.headers["content-disposition"]
    assert "x-evil" not in answer.headers


def test_a_name_of_any_bytes() -> None:
    assert content_disposition(os.fsdecode(b"caf\xe9")).endswith("''caf%3F")
