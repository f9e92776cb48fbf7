"""What expressions and measures are worth, type by type, against Python's own arithmetic."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bowshot_server import BowshotServer


def computed(server: BowshotServer, dataset: str, expression: str) -> pa.ChunkedArray:
    parameters = {"compute": f"z:{expression}", "select": "z"}
    answer = server.get(f"/v1/datasets/{dataset}/rows", parameters)
    assert answer.status == 200, answer.body
    return pa.ipc.open_stream(answer.body).read_all().column("z")


# Decimals: every digit is kept, also where the operands are narrow.


@pytest.mark.parametrize(
    ("expression", "of"),
    [
        ("money * 2.5", lambda m: m * Decimal("2.5")),
        ("money + 0.001", lambda m: m + Decimal("0.001")),
        ("0.001 - money", lambda m: Decimal("0.001") - m),
        ("money * money", lambda m: m * m),
        ("money * money - money", lambda m: m * m - m),
        ("money * 1000000000000000000", lambda m: m * 10**18),
    ],
)
def test_arithmetic_of_decimals_is_exact(
    server: BowshotServer, expression: str, of: Callable[[Decimal], Decimal]
) -> None:
    money = datasets.extremes().column("money").to_pylist()
    with decimal.localcontext(decimal.Context(prec=80)):
        expected = [None if m is None else of(m) for m in money]
    assert computed(server, "extremes", expression).to_pylist() == expected


def test_decimals_beyond_38_digits_overflow(server: BowshotServer) -> None:
    for expression in ("decimal38 * 10", "decimal38 + decimal38"):
        parameters = {"compute": f"z:{expression}"}
        answer = server.get("/v1/datasets/types/rows", parameters)
        assert (answer.status, answer.code()) == (400, "overflow"), expression


# CASEI: Unicode's simple lower case, one character for one.


def simple_lower(character: str) -> str:
    lower = character.lower()
    return lower if len(lower) == 1 else lower[0]  # U+0130 alone has a longer one: i and a dot


def test_casei_is_the_simple_lower_case_of_every_character(tmp_path: Path) -> None:
    characters = [chr(c) for c in range(1, 0x30000) if not 0xD800 <= c < 0xE000]
    pq.write_table(pa.table({"c": characters}), tmp_path / "unicode.parquet")
    with BowshotServer([f"unicode={tmp_path}/unicode.parquet"]) as server:
        folded = computed(server, "unicode", "CASEI(c)").to_pylist()
    assert folded == [simple_lower(c) for c in characters]
    assert simple_lower("\u0130") == "i"


# Keys and measures of every type that has an order.

ORDERED = ["time", "duration", "decimal", "date", "timestamp_ms", "uint64", "int8", "float32"]


@pytest.mark.parametrize("key", [*ORDERED, "binary", "bool", "dictionary", "timestamp_us_zone"])
def test_a_key_of_every_type(server: BowshotServer, key: str) -> None:
    parameters = {"by": key, "measures": "count(),max(id)"}
    answer = server.get("/v1/datasets/types/aggregate", parameters)
    assert answer.status == 200, answer.body
    table = pa.ipc.open_stream(answer.body).read_all()
    stored = datasets.tables()["types"]
    assert table.schema.field(key).type == stored.schema.field(key).type
    keys = [spelled(value) for value in stored.column(key).to_pylist()]
    groups: dict[Any, list[int]] = {}
    for i, value in enumerate(keys):
        groups.setdefault(value, []).append(i)
    found = zip(*(table.column(i).to_pylist() for i in range(3)), strict=True)
    told = {spelled(value): (count, last) for value, count, last in found}
    assert told == {value: (len(rows), max(rows)) for value, rows in groups.items()}
    assert table.column(key).null_count == sum(value is None for value in groups)
    assert spelled(table.column(key).to_pylist()[-1]) is None, "nulls are last"


def spelled(value: Any) -> Any:
    """NaN equals itself; zeros are one."""
    if isinstance(value, float):
        return "NaN" if value != value else value + 0.0
    return value


@pytest.mark.parametrize("column", ["time", "duration", "decimal", "date", "timestamp_ns", "utf8"])
def test_least_and_greatest_of_every_type(server: BowshotServer, column: str) -> None:
    measures = f"low:min({column}),high:max({column}),count({column}),d:count_distinct({column})"
    answer = server.get("/v1/datasets/types/aggregate", {"measures": measures})
    table = pa.ipc.open_stream(answer.body).read_all()
    stored = datasets.tables()["types"].column(column).drop_null()
    kind = pa.int64() if pa.types.is_temporal(stored.type) else stored.type
    if pa.types.is_date32(stored.type):
        kind = pa.int32()
    values = sorted(stored.cast(kind).to_pylist())
    assert table.column("low").cast(kind).to_pylist() == [values[0]]
    assert table.column("high").cast(kind).to_pylist() == [values[-1]]
    assert table.schema.field("low").type == stored.type
    assert table.column(f"count_{column}").to_pylist() == [len(values)]
    assert table.column("d").to_pylist() == [len(set(values))]


@pytest.mark.parametrize("measure", ["mean", "sum", "stddev", "median"])
@pytest.mark.parametrize("column", ["time", "duration", "date", "binary", "list", "bool"])
def test_measures_of_numbers_take_no_others(
    server: BowshotServer, measure: str, column: str
) -> None:
    answer = server.get("/v1/datasets/types/aggregate", {"measures": f"{measure}({column})"})
    assert (answer.status, answer.code()) == (400, "type_mismatch")
    assert answer.problem()["position"] == len(measure) + 1


# Where a filter's syntax goes wrong: a byte offset; at an unexpected end the text's length.


@pytest.mark.parametrize(
    "text",
    [
        *("(", "age >", "age > 1 AND", "NOT", "age IN", "age IN (", "age IN (1", "age IN (1,"),
        *("name LIKE", "age BETWEEN", "age BETWEEN 1", "age BETWEEN 1 AND", "age IS", "age IS NOT"),
        *("age NOT", "CASEI(", "CASEI(name", "DATE(", "-", "age + ", "((age = 1)"),
        *("'é' = ", "name = 'é' OR "),
    ],
)
def test_position_of_an_unexpected_end(server: BowshotServer, text: str) -> None:
    answer = server.get("/v1/datasets/people/count", {"filter": text})
    assert (answer.status, answer.code()) == (400, "bad_filter")
    assert answer.problem()["position"] == len(text.encode())
    assert answer.problem()["parameter"] == "filter"


@pytest.mark.parametrize(
    ("before", "wrong"),
    [
        ("age > 1 ", "age"),
        ("age ", "== 1"),
        ("age = 1 AND ", ") = 2"),
        ("name = 'é' ", "!"),
        ("name = 'é' AND age ", "?"),
        ("age IN (1 ", "2)"),
        ("age BETWEEN 1 ", "OR 2"),
        ("name LIKE ", "%"),
        ("age = ", "* 2"),
        ("age = 1; ", ""),
    ],
)
def test_position_of_a_wrong_word(server: BowshotServer, before: str, wrong: str) -> None:
    answer = server.get("/v1/datasets/people/count", {"filter": before + wrong})
    assert (answer.status, answer.code()) == (400, "bad_filter")
    at = before.index(";") if ";" in before else len(before.encode())
    assert answer.problem()["position"] == at
