"""Bodies: Arrow batches and codecs, CSV, JSON lines, and what headers and metadata say of them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import spelling
from bowshot_server import Answer, BowshotServer

PEOPLE = "/v1/datasets/people/rows"
FLIGHTS = "/v1/datasets/flights/rows"
ARROW = "application/vnd.apache.arrow.stream"
ARROW_FILE = "application/vnd.apache.arrow.file"
PARQUET = "application/vnd.apache.parquet"
BATCH_ROWS_MAX = 65_536
FIRST_BATCH_ROWS_MAX = 4_096
BATCH_BYTES_ABOUT = 6 << 20
COMPRESS_BYTES_MIN = 16 << 10


def batches(answer: Answer) -> list[pa.RecordBatch]:
    assert answer.status == 200, answer.body[:500]
    with pa.ipc.open_stream(answer.body) as reader:
        return list(reader)


def metadata(answer: Answer) -> dict[str, str]:
    with pa.ipc.open_stream(answer.body) as reader:
        found = reader.schema.metadata or {}
        return {key.decode(): value.decode() for key, value in found.items()}


def test_arrow_batches_are_small_at_first_then_bounded(server: BowshotServer) -> None:
    sizes = batches(server.get(FLIGHTS, {"limit": 500_000}))
    assert 1 <= sizes[0].num_rows <= FIRST_BATCH_ROWS_MAX
    assert all(1 <= b.num_rows <= BATCH_ROWS_MAX for b in sizes)
    assert all(b.nbytes <= BATCH_BYTES_ABOUT for b in sizes)
    assert sum(b.num_rows for b in sizes) == 500_000


def test_arrow_batches_of_a_filter_are_not_tiny(server: BowshotServer) -> None:
    found = batches(server.get(FLIGHTS, {"filter": "delay > 0"}))
    rows = sum(b.num_rows for b in found)
    assert rows > 1_000_000
    assert rows / len(found) > 16_000  # not the engine's 2,048


def test_long_texts_keep_batches_near_4_mib(server: BowshotServer, tmp_path: Path) -> None:
    texts = pa.table({"t": pa.array([f"{i}" * 60_000 for i in range(300)])})
    path = tmp_path / "long.parquet"
    pq.write_table(texts, path)
    with BowshotServer([f"long={path}"]) as own:
        for parameters in ({}, {"filter": "t <> ''"}):
            found = batches(own.get("/v1/datasets/long/rows", parameters))
            assert pa.Table.from_batches(found).column("t").equals(texts.column("t"))
            assert all(b.nbytes <= BATCH_BYTES_ABOUT for b in found)


def test_metadata_and_headers_say_the_same(server: BowshotServer) -> None:
    answer = server.get(PEOPLE, {"limit": 5})
    facts = metadata(answer)
    version = server.get("/v1/datasets/people").json()["version"]
    assert facts["bowshot.version"] == answer.headers["bowshot-version"] == version
    assert facts["bowshot.completeness"] == answer.headers["bowshot-completeness"] == "exact"
    assert facts["bowshot.rows"] == answer.headers["bowshot-rows"] == "5"
    assert facts["bowshot.total_rows"] == answer.headers["bowshot-total-rows"] == "18"
    assert answer.headers["bowshot-request"]
    assert answer.headers["content-type"] == ARROW
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_approximate_answers_say_so(server: BowshotServer) -> None:
    path = "/v1/datasets/flights/aggregate"
    answer = server.get(path, {"measures": "approx_count_distinct(distance)"})
    assert answer.headers["bowshot-completeness"] == "approximate"
    assert metadata(answer)["bowshot.completeness"] == "approximate"
    exact = server.get(path, {"measures": "count_distinct(distance)"})
    assert exact.headers["bowshot-completeness"] == "exact"
    near = batches(answer)[0].column(0)[0].as_py()
    true = batches(exact)[0].column(0)[0].as_py()
    assert near == pytest.approx(true, rel=0.05)


def test_rows_of_a_filter_are_not_guessed(server: BowshotServer) -> None:
    answer = server.get(PEOPLE, {"filter": "age > 30"})
    facts = metadata(answer)
    for name, value in (("bowshot.rows", "9"), ("bowshot.total_rows", "9")):
        assert facts.get(name, value) == value


@pytest.mark.parametrize("codec", ["zstd", "lz4"])
@pytest.mark.parametrize("quote", ['"', ""])
def test_arrow_codecs(server: BowshotServer, codec: str, quote: str) -> None:
    headers = {"Accept": f"{ARROW};codecs={quote}{codec}{quote}"}
    plain = server.get(FLIGHTS, {"limit": 100_000})
    answer = server.get(FLIGHTS, {"limit": 100_000}, headers)
    assert f"codecs={codec}" in answer.headers["content-type"].replace('"', "")
    assert len(answer.body) < len(plain.body) * 0.8
    assert pa.Table.from_batches(batches(answer)).equals(pa.Table.from_batches(batches(plain)))


def test_the_first_known_codec_is_taken(server: BowshotServer) -> None:
    headers = {"Accept": f'text/html, {ARROW};codecs="snappy, lz4, zstd";q=0.9, */*;q=0.1'}
    answer = server.get(FLIGHTS, {"limit": 100_000}, headers)
    assert "codecs=lz4" in answer.headers["content-type"].replace('"', "")


def test_unknown_codecs_mean_none(server: BowshotServer) -> None:
    answer = server.get(FLIGHTS, {"limit": 100_000}, {"Accept": f"{ARROW};codecs=brotli"})
    assert answer.status == 200
    assert "codecs" not in answer.headers["content-type"]


def test_small_answers_are_never_compressed(server: BowshotServer) -> None:
    headers = {"Accept": f"{ARROW};codecs=zstd", "Accept-Encoding": "gzip, br, zstd"}
    answer = server.get(PEOPLE, {"limit": 10}, headers)
    assert len(answer.body) == len(server.get(PEOPLE, {"limit": 10}).body)
    assert "content-encoding" not in answer.headers
    text = server.get(PEOPLE, {"limit": 10, "format": "csv"}, {"Accept-Encoding": "gzip"})
    assert "content-encoding" not in text.headers


def test_arrow_is_not_gzipped(server: BowshotServer) -> None:
    """Browsers, Go and requests send Accept-Encoding: gzip unasked."""
    answer = server.get(FLIGHTS, {"limit": 100_000}, {"Accept-Encoding": "gzip, deflate, br"})
    assert "content-encoding" not in answer.headers
    assert len(batches(answer)) > 1


def test_text_is_gzipped_when_asked(server: BowshotServer) -> None:
    parameters = {"limit": 20_000, "format": "csv"}
    plain = server.get(FLIGHTS, parameters)
    answer = server.get(FLIGHTS, parameters, {"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.body) > COMPRESS_BYTES_MIN
    assert gzip.decompress(answer.body) == plain.body


def people_in_csv() -> list[list[str]]:
    """The people as the protocol wants CSV, by this test's own rules."""
    table = datasets.people()
    rows = [list(table.column_names)]
    for values in spelling.spell_table(table):
        rows.append(["" if v is None else csv_text(v) for v in values])
    return rows


def csv_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def normalized(rows: list[list[str]], floats: set[int], times: set[int]) -> list[list[Any]]:
    def cell(i: int, text: str) -> Any:
        if i in floats and text not in ("", "NaN", "Infinity", "-Infinity"):
            return float(text)
        if i in times:
            return text.rstrip("Z").rstrip("0").rstrip(".")
        return text

    return [[cell(i, text) for i, text in enumerate(row)] for row in rows]


def test_csv(server: BowshotServer) -> None:
    answer = server.get(PEOPLE, {"format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    text = answer.body.decode()
    assert text.endswith("\r\n")
    got = list(csv.reader(io.StringIO(text, newline="")))
    expected = people_in_csv()
    assert got[0] == expected[0]
    assert normalized(got[1:], {3}, {6, 7}) == normalized(expected[1:], {3}, {6, 7})


def test_csv_tells_empty_text_from_null(server: BowshotServer) -> None:
    parameters = {"select": "id,name", "filter": "id IN (3, 4)", "format": "csv"}
    body = server.get(PEOPLE, parameters).body
    assert body == b'id,name\r\n3,\r\n4,""\r\n'


def test_csv_quotes_what_must_be(server: BowshotServer) -> None:
    parameters = {"select": "name", "filter": "id IN (6, 7, 13)", "format": "csv"}
    body = server.get(PEOPLE, parameters).body
    assert body == b'name\r\n"say ""hi"""\r\n"a,b"\r\n"line\nbreak"\r\n'


def test_csv_of_no_rows_has_a_header(server: BowshotServer) -> None:
    body = server.get("/v1/datasets/empty/rows", {"format": "csv"}).body
    assert body == b"id,name,x\r\n"


def test_csv_nested_values_are_json(server: BowshotServer) -> None:
    parameters = {"select": "list,struct", "limit": 2, "format": "csv"}
    answer = server.get("/v1/datasets/types/rows", parameters)
    rows = list(csv.reader(io.StringIO(answer.body.decode(), newline="")))[1:]
    values = [[json.loads(cell) for cell in row] for row in rows]
    assert values == [[[1, None], {"a": 1, "b": "x"}], [[], {"a": None, "b": ""}]]


def test_json_lines(server: BowshotServer) -> None:
    parameters = {"select": "id,name,height", "limit": 6, "format": "ndjson"}
    answer = server.get(PEOPLE, parameters)
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.body.decode().splitlines()]
    table = datasets.people().select(["id", "name", "height"]).slice(0, 6)
    expected = [
        {k: None if v in ("NaN", "Infinity", "-Infinity") else v for k, v in row.items()}
        for row in (
            dict(zip(table.column_names, r, strict=True)) for r in spelling.spell_table(table)
        )
    ]
    assert lines == expected


def test_json_integers_beyond_2_53_are_text(server: BowshotServer) -> None:
    parameters = {"select": "big,unsigned", "format": "json", "limit": 4}
    rows = server.get("/v1/datasets/extremes/rows", parameters).json()["rows"]
    assert rows[0] == ["-9223372036854775808", 0]
    assert rows[1] == ["9223372036854775807", "18446744073709551615"]
    assert rows[2][0] in (2**53, str(2**53))
    assert rows[3] == [str(2**53 + 1), str(2**53 + 1)]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", ARROW),
        ("*/*", ARROW),
        ("application/json", "application/json"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/csv;q=0.1, application/json;q=0.5", "application/json"),
        ("text/*", "text/csv; charset=utf-8"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("text/html, */*;q=0.1", ARROW),
        (f"application/json;q=0, {ARROW}", ARROW),
    ],
)
def test_accept(server: BowshotServer, accept: str, kind: str) -> None:
    headers = {"Accept": accept} if accept else {}
    answer = server.get(PEOPLE, {"limit": 1}, headers)
    assert answer.headers["content-type"] == kind


def test_download_names_the_file(server: BowshotServer) -> None:
    answer = server.get(PEOPLE, {"limit": 1, "format": "csv", "download": 'Zoë "1".csv'})
    said = answer.headers["content-disposition"]
    assert said.startswith('attachment; filename="')
    assert "filename*=UTF-8''Zo%C3%AB%20%221%22.csv" in said
    assert "\n" not in said
    assert said.isascii()


def test_slots_under_nulls_are_zero(server: BowshotServer) -> None:
    for parameters in ({}, {"filter": "TRUE"}):
        batch = batches(server.get(PEOPLE, {"select": "age,height", **parameters}))[0]
        for name, width in (("age", 4), ("height", 8)):
            column = batch.column(name)
            data = column.buffers()[1].to_pybytes()
            for i, value in enumerate(column):
                if not value.is_valid:
                    assert data[i * width : (i + 1) * width] == b"\0" * width


def test_dictionaries_are_whole_before_their_batches(server: BowshotServer) -> None:
    """No deltas and no replacements: a reader that knows neither gets every row."""
    reader = pa.ipc.open_stream(server.get("/v1/datasets/parts/rows").body)
    table = reader.read_all()
    assert reader.stats.num_dictionary_deltas == 0
    assert reader.stats.num_replaced_dictionaries == 0
    expected = datasets.tables()["parts"].column("colour").cast(pa.string())
    assert table.column("colour").cast(pa.string()).equals(expected)


@pytest.mark.parametrize("name", ["types", "types_parts", "people", "empty", "names"])
def test_files_hold_the_same_rows_as_the_stream(server: BowshotServer, name: str) -> None:
    path = f"/v1/datasets/{name}/rows"
    expected = pa.Table.from_batches(batches(server.get(path)), metadata_free_schema(server, path))
    arrow = server.get(path, {"format": "arrow-file"})
    assert arrow.headers["content-type"] == ARROW_FILE
    with pa.ipc.open_file(arrow.body) as reader:
        assert same_rows(reader.read_all(), expected)
    parquet = server.get(path, {"format": "parquet"})
    assert parquet.headers["content-type"] == PARQUET
    assert same_rows(pq.read_table(io.BytesIO(parquet.body)), without_seconds(expected))
    if name != "types":  # polars has not every type
        assert pl.read_ipc(arrow.body).height == expected.num_rows
        assert pl.read_parquet(parquet.body).height == expected.num_rows


def test_parquet_is_made_for_reading_in_part(server: BowshotServer) -> None:
    answer = server.get(FLIGHTS, {"format": "parquet", "limit": 300_000})
    file = pq.ParquetFile(io.BytesIO(answer.body), page_checksum_verification=True)
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    assert all(group.num_rows <= 122_880 for group in groups)
    assert all(group.total_byte_size <= 64 << 20 for group in groups)
    columns = [group.column(i) for group in groups for i in range(group.num_columns)]
    assert {column.compression for column in columns} == {"ZSTD"}
    assert all(column.has_offset_index and column.has_column_index for column in columns)
    facts = {key.decode(): value.decode() for key, value in file.schema_arrow.metadata.items()}
    assert facts["bowshot.rows"] == "300000"
    assert facts["bowshot.version"] == answer.headers["bowshot-version"]
    expected = pa.Table.from_batches(batches(server.get(FLIGHTS, {"limit": 300_000})))
    assert file.read().equals(expected)


def test_arrow_files_take_codecs(server: BowshotServer) -> None:
    plain = server.get(FLIGHTS, {"format": "arrow-file", "limit": 50_000})
    accept = f'{ARROW_FILE}; codecs="zstd, lz4"'
    coded = server.get(FLIGHTS, {"limit": 50_000}, headers={"Accept": accept})
    assert coded.headers["content-type"] == f"{ARROW_FILE}; codecs=zstd"
    assert len(coded.body) < len(plain.body) / 2
    with pa.ipc.open_file(plain.body) as one, pa.ipc.open_file(coded.body) as other:
        assert one.read_all().equals(other.read_all())


def test_parquet_is_never_coded_again(server: BowshotServer) -> None:
    headers = {"Accept": PARQUET, "Accept-Encoding": "gzip, br, zstd"}
    answer = server.get(FLIGHTS, {"limit": 50_000}, headers=headers)
    assert answer.headers["content-type"] == PARQUET
    assert "content-encoding" not in answer.headers


def metadata_free_schema(server: BowshotServer, path: str) -> pa.Schema:
    with pa.ipc.open_stream(server.get(path).body) as reader:
        return reader.schema.remove_metadata()


def without_seconds(table: pa.Table) -> pa.Table:
    """Parquet has no seconds: they come back as milliseconds."""
    for i, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "s":
            kind = pa.timestamp("ms", field.type.tz)
            table = table.set_column(i, field.with_type(kind), table.column(i).cast(kind))
    return table


def same_rows(left: pa.Table, right: pa.Table) -> bool:
    """Schemas but for metadata, and rows; NaN equals itself."""
    return left.schema.equals(right.schema) and cells(left) == cells(right)


def cells(table: pa.Table) -> list[str]:
    texts = []
    for column in table.columns:
        array = column.combine_chunks()
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        texts.append(array.to_string(window=len(array) + 1, container_window=1_000))
    return texts
