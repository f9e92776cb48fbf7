"""Values as a table shows them."""

from __future__ import annotations

import datetime
import decimal
import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

TEXT_CHARACTERS_MAX = 300  # of a cell; more is never seen
FLOAT_DIGITS = 6
TYPE_NAMES = {
    "string": "utf8",
    "double": "float64",
    "float": "float32",
    "halffloat": "float16",
    "date32[day]": "date32",
}


def is_numeric(kind: pa.DataType) -> bool:
    """Whether columns of that type stand to the right."""
    import pyarrow.types as types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def cell_text(value: Any) -> str:
    """One line, cut where nobody would see the rest; null is the empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value[:TEXT_CHARACTERS_MAX].hex(" ")
    if isinstance(value, (list, dict)):
        value = json.dumps(value, ensure_ascii=False, default=cell_text)
    text = str(value)[:TEXT_CHARACTERS_MAX]
    return text.replace("\r\n", " ↵ ").replace("\n", " ↵ ").replace("\t", " ⇥ ")


def _float_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == int(value) and abs(value) < 1e15:
        return f"{value:.1f}"
    return f"{value:.{FLOAT_DIGITS}g}" if abs(value) < 1 else f"{value:.10g}"


def copied_text(value: Any) -> str:
    """As other programs take it: exact, without what would end the cell or the line."""
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    text = cell_text(value) if isinstance(value, (bool, bytes, list, dict)) else str(value)
    return text.replace("\t", " ").replace("\r", " ").replace("\n", " ")


def values_of(column: pa.ChunkedArray) -> list[Any]:
    """Python values. Times that Python cannot hold (nanoseconds, years beyond 9999) are texts,
    and a float32 is the shortest number that means it."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        if types.is_float32(column.type):
            texts = pc.cast(column, pa.string()).to_pylist()
            return [None if text is None else float(text) for text in texts]
        if types.is_timestamp(column.type) and column.type.unit == "ns":
            column = column.cast(pa.timestamp("us", column.type.tz))  # fails where digits go
        values: list[Any] = column.to_pylist()
        return values
    except (ValueError, OverflowError, KeyError, pa.ArrowException):
        texts = pc.cast(column, pa.string()).to_pylist()
        return list(texts)


def type_name(kind: pa.DataType) -> str:
    """As the protocol spells it: `utf8`, `float64`, `list<int64>`."""
    import pyarrow.types as types

    if types.is_dictionary(kind):
        return f"dictionary<{type_name(kind.value_type)}>"
    if types.is_list(kind):
        return f"list<{type_name(kind.value_type)}>"
    if types.is_struct(kind):
        return f"struct<{', '.join(f'{each.name}: {type_name(each.type)}' for each in kind)}>"
    return TYPE_NAMES.get(str(kind), str(kind))
