"""A Parquet file of a billion rows in under a megabyte: every page is a constant delta or one run.

No general writer makes such pages quickly: they encode row by row. Here a row group is a few dozen
bytes written from the format's specification: DELTA_BINARY_PACKED with blocks as long as the page,
whose packed differences take no bits, and RLE_DICTIONARY with one run a value.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAGIC = b"PAR1"
INT32, INT64, BYTE_ARRAY = 1, 2, 6  # physical types
PLAIN, RLE, DELTA_BINARY_PACKED, RLE_DICTIONARY = 0, 3, 5, 8  # encodings
DATA_PAGE, DICTIONARY_PAGE = 0, 2
REQUIRED = 0
GROUP_ROWS = 1 << 20
CREATED_BY = "bowshot tools/tiny_parquet.py version 1"


# The compact protocol of Thrift, as far as Parquet's metadata need it.


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value: int) -> bytes:
    return varint((value << 1) ^ (value >> 63) if value >= 0 else ((-value) << 1) - 1)


@dataclass(frozen=True)
class Long:
    """An i64 field; plain ints are i32."""

    value: int


Field = int | Long | str | bytes | bool | list[Any] | dict[int, Any]


def wire_type(value: Field) -> int:
    if isinstance(value, bool):
        return 1 if value else 2
    kinds: list[tuple[type, int]] = [
        (Long, 6),
        (int, 5),
        (str, 8),
        (bytes, 8),
        (list, 9),
        (dict, 12),
    ]
    return next(code for kind, code in kinds if isinstance(value, kind))


def encode(value: Field) -> bytes:
    if isinstance(value, bool):
        return b""  # a boolean field is its type
    if isinstance(value, Long):
        return zigzag(value.value)
    if isinstance(value, int):
        return zigzag(value)
    if isinstance(value, str | bytes):
        raw = value.encode() if isinstance(value, str) else value
        return varint(len(raw)) + raw
    if isinstance(value, list):
        kind = wire_type(value[0]) if value else 12
        head = bytes([len(value) << 4 | kind]) if len(value) < 15 else bytes([0xF0 | kind])
        size = b"" if len(value) < 15 else varint(len(value))
        return head + size + b"".join(map(encode, value))
    return encode_struct(value)


def encode_struct(fields: dict[int, Field]) -> bytes:
    out, last = bytearray(), 0
    for number, value in sorted(fields.items()):
        delta = number - last
        code = wire_type(value)
        out += bytes([delta << 4 | code]) if delta < 16 else bytes([code]) + zigzag(number)
        out += encode(value)
        last = number
    return bytes(out) + b"\0"


# Pages and columns.


def page(kind: int, header: dict[int, Field], body: bytes) -> bytes:
    field = 5 if kind == DATA_PAGE else 7
    return encode_struct({1: kind, 2: len(body), 3: len(body), field: header}) + body


def delta_page(first: int, delta: int, rows: int) -> bytes:
    block = -(-rows // 128) * 128
    body = varint(block) + varint(1) + varint(rows) + zigzag(first)
    body += zigzag(delta) + b"\0"  # the least difference, and a miniblock of width 0
    return page(DATA_PAGE, {1: rows, 2: DELTA_BINARY_PACKED, 3: RLE, 4: RLE}, body)


def run_pages(
    values: list[bytes], runs: Iterable[tuple[int, int]], rows: int
) -> tuple[bytes, bytes]:
    """A dictionary page, and a data page of (index, length) runs."""
    width = max(1, (len(values) - 1).bit_length())
    index_bytes = -(-width // 8)
    body = bytes([width])
    for index, length in runs:
        body += varint(length << 1) + index.to_bytes(index_bytes, "little")
    dictionary = page(DICTIONARY_PAGE, {1: len(values), 2: PLAIN}, b"".join(values))
    return dictionary, page(DATA_PAGE, {1: rows, 2: RLE_DICTIONARY, 3: RLE, 4: RLE}, body)


@dataclass(frozen=True)
class Chunk:
    """One column of one row group: its bytes, and what the footer says of it."""

    name: str
    physical: int
    encodings: list[int]
    dictionary: bytes
    data: bytes
    least: bytes
    greatest: bytes

    def metadata(self, offset: int, rows: int) -> dict[int, Field]:
        size = len(self.dictionary) + len(self.data)
        fields: dict[int, Field] = {
            1: self.physical,
            2: self.encodings,
            3: [self.name],
            4: 0,  # not compressed
            5: Long(rows),
            6: Long(size),
            7: Long(size),
            9: Long(offset + len(self.dictionary)),
            12: {3: Long(0), 5: self.greatest, 6: self.least},
        }
        if self.dictionary:
            fields[11] = Long(offset)
        return {2: Long(0), 3: fields}


def int64(value: int) -> bytes:
    return struct.pack("<q", value)


def delta_chunk(name: str, first: int, delta: int, rows: int) -> Chunk:
    last = first + delta * (rows - 1)
    data = delta_page(first, delta, rows)
    return Chunk(name, INT64, [DELTA_BINARY_PACKED, RLE], b"", data, int64(first), int64(last))


def run_chunk(
    name: str, physical: int, values: list[bytes], bounds: tuple[bytes, bytes], rows: int
) -> Chunk:
    """Each value once, in runs of equal length."""
    length = -(-rows // len(values))
    runs = [
        (i, min(length, rows - i * length)) for i in range(len(values)) if rows - i * length > 0
    ]
    dictionary, data = run_pages(values, runs, rows)
    return Chunk(name, physical, [PLAIN, RLE, RLE_DICTIONARY], dictionary, data, *bounds)


CATEGORIES = [f"category {i:02}" for i in range(20)]
LEVELS = 50
TIME_STEP_US = 1_000_000
FIRST_TIME_US = 1_000_000_000_000_000  # 2001-09-09T01:46:40


def row_group(first_row: int, rows: int) -> list[Chunk]:
    """Columns id, ts, category and level of the rows from `first_row` on."""
    names = [struct.pack("<i", len(c)) + c.encode() for c in CATEGORIES]
    levels = [struct.pack("<i", i) for i in range(LEVELS)]
    start = FIRST_TIME_US + first_row * TIME_STEP_US
    text_bounds = (CATEGORIES[0].encode(), CATEGORIES[-1].encode())
    return [
        delta_chunk("id", first_row, 1, rows),
        delta_chunk("ts", start, TIME_STEP_US, rows),
        run_chunk("category", BYTE_ARRAY, names, text_bounds, rows),
        run_chunk("level", INT32, levels, (levels[0], levels[-1]), rows),
    ]


SCHEMA: list[dict[int, Field]] = [
    {4: "schema", 5: 4},
    {1: INT64, 3: REQUIRED, 4: "id"},
    # timestamp[us] without a zone
    {1: INT64, 3: REQUIRED, 4: "ts", 10: {8: {1: False, 2: {2: {}}}}},
    {1: BYTE_ARRAY, 3: REQUIRED, 4: "category", 6: 0, 10: {1: {}}},
    {1: INT32, 3: REQUIRED, 4: "level"},
]


def write(path: Path, rows: int) -> None:
    """Writes `rows` rows of id, ts, category, level; the file appears whole or not at all."""
    groups: list[Field] = []
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    with part.open("wb") as out:
        out.write(MAGIC)
        for first_row in range(0, rows, GROUP_ROWS):
            group_rows = min(GROUP_ROWS, rows - first_row)
            columns: list[Field] = []
            start = out.tell()
            for chunk in row_group(first_row, group_rows):
                columns.append(chunk.metadata(out.tell(), group_rows))
                out.write(chunk.dictionary + chunk.data)
            groups.append({1: columns, 2: Long(out.tell() - start), 3: Long(group_rows)})
        orders: list[Field] = [{1: {}}] * 4  # statistics are ordered as the types are
        footer = encode_struct(
            {1: 2, 2: SCHEMA, 3: Long(rows), 4: groups, 6: CREATED_BY, 7: orders}
        )
        out.write(footer + struct.pack("<i", len(footer)) + MAGIC)
    part.rename(path)
