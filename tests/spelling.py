"""Arrow types and values as text: the protocol's type names, and values as the case files write
them. Values are JSON, with `NaN` and the infinities, decimals, times and base64 as text."""

from __future__ import annotations

import base64
import datetime
import math
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

PLAIN = {
    "bool": "bool",
    "halffloat": "float16",
    "float": "float32",
    "double": "float64",
    "string": "utf8",
    "large_string": "utf8",
    "string_view": "utf8",
    "binary": "binary",
    "large_binary": "binary",
    "binary_view": "binary",
    "date32[day]": "date32",
    "time64[us]": "time64[us]",
}
UNIT_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
EPOCH_ORDINAL = datetime.date(1970, 1, 1).toordinal()


def type_name(kind: pa.DataType) -> str:
    """The protocol's name of a type; section 2 of protocol/PROTOCOL.md."""
    if pa.types.is_dictionary(kind):
        return f"dictionary<{type_name(kind.value_type)}>"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list<{type_name(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'{f.name}: {type_name(f.type)}' for f in kind)}>"
    if pa.types.is_timestamp(kind):
        zone = f", tz={kind.tz}" if kind.tz else ""
        return f"timestamp[{kind.unit}{zone}]"
    text = str(kind)
    return PLAIN.get(text, text)


def schema_names(schema: pa.Schema) -> list[tuple[str, str]]:
    return [(field.name, type_name(field.type)) for field in schema]


def spell_float(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def spell_ticks(ticks: int, unit: str, zone: str | None) -> str:
    """A timestamp in ISO 8601 from its integer: exact for every unit and every year."""
    digits = UNIT_DIGITS[unit]
    seconds, fraction = divmod(ticks, 10**digits)
    days, second_of_day = divmod(seconds, 86_400)
    date = spell_date(days)
    clock = f"{second_of_day // 3600:02}:{second_of_day // 60 % 60:02}:{second_of_day % 60:02}"
    part = f".{fraction:0{digits}}" if digits else ""
    return f"{date}T{clock}{part}{'Z' if zone else ''}"


def spell_date(days: int) -> str:
    """Proleptic Gregorian, outside of Python's years 1..9999 too."""
    cycles = 0
    ordinal = days + EPOCH_ORDINAL
    while ordinal < 1 or ordinal > 3_652_059:
        step = (ordinal - 1) // 146_097
        cycles += step
        ordinal -= step * 146_097
    date = datetime.date.fromordinal(ordinal)
    year = date.year + 400 * cycles
    return f"{year:04}-{date.month:02}-{date.day:02}"


def spell_array(array: pa.Array | pa.ChunkedArray) -> list[Any]:
    """The values of a column, as the case files write them."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
        if isinstance(array, pa.ChunkedArray):
            return [value for chunk in array.chunks for value in spell_array(chunk)]
    kind = array.type
    if pa.types.is_dictionary(kind):
        return spell_array(array.dictionary_decode())
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        values = spell_array(array.values)
        offsets, valid = array.offsets.to_pylist(), array.is_valid().to_pylist()
        return [
            values[offsets[i] : offsets[i + 1]] if valid[i] else None for i in range(len(array))
        ]
    if pa.types.is_struct(kind):
        columns = [spell_array(child) for child in array.flatten()]
        names = [field.name for field in kind]
        valid = array.is_valid().to_pylist()
        return [
            dict(zip(names, row, strict=True)) if is_valid else None
            for row, is_valid in zip(zip(*columns, strict=True), valid, strict=True)
        ]
    return spell_plain(array, kind)


def spell_plain(array: pa.Array, kind: pa.DataType) -> list[Any]:
    if pa.types.is_timestamp(kind):
        ticks = pc.cast(array, pa.int64()).to_pylist()
        return [None if t is None else spell_ticks(t, kind.unit, kind.tz) for t in ticks]
    if pa.types.is_date32(kind):
        days = array.view(pa.int32()).to_pylist()
        return [None if d is None else spell_date(d) for d in days]
    if pa.types.is_duration(kind):
        return array.view(pa.int64()).to_pylist()
    return [None if v is None else spell_value(v) for v in array.to_pylist()]


def spell_value(value: Any) -> Any:
    if isinstance(value, float):
        return spell_float(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal | datetime.time):
        return value.isoformat("microseconds") if isinstance(value, datetime.time) else f"{value:f}"
    return value


def spell_table(table: pa.Table) -> list[list[Any]]:
    columns = [spell_array(column) for column in table.columns]
    return [list(row) for row in zip(*columns, strict=True)] if columns else []


def same(a: Any, b: Any, tolerance: float = 0.0) -> bool:
    """Equality of spelled values; floats within a relative tolerance."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k], tolerance) for k in a)
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, float) and isinstance(b, float | int) and tolerance:
        return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance * 1e-3)
    return type(a) is type(b) and a == b
