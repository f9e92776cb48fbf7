"""How names and values are written in the protocol's filters and lists."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INTEGER_EXACT_MAX = 2**53


class Column(str):
    """A column's name as the protocol spells it; made by `column()`, taken as it is elsewhere."""

    __slots__ = ()


def column(name: str) -> Column:
    """`name` in the spelling of filters, expressions and lists: always quoted.

    trades.filter(f"{column('unit price')} > 10")
    """
    return Column('"' + name.replace('"', '""') + '"')


def literal(value: Any) -> str:
    """A Python value as a CQL2 literal, so that no text can end it early.

    trades.filter(f"symbol = {literal(symbol)}")
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, datetime.datetime):
        return f"TIMESTAMP('{_instant(value)}')"
    if isinstance(value, datetime.date):
        return f"DATE('{value.isoformat()}')"
    if isinstance(value, (float, Decimal)) and not math.isfinite(value):
        raise ValueError(f"CQL2 has no literal for {value}")
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if (text := _numpy_instant(value)) is not None:
        return f"TIMESTAMP('{text}')"
    if hasattr(value, "item"):  # a NumPy scalar
        return literal(value.item())
    raise TypeError(f"CQL2 has no literal for a {type(value).__name__}")


def _instant(value: datetime.datetime) -> str:
    if value.tzinfo is not None:
        value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return value.isoformat() + "Z"


def _numpy_instant(value: Any) -> str | None:
    """Of a NumPy time that datetime cannot hold, whose item() is a bare number: nanoseconds."""
    if getattr(getattr(value, "dtype", None), "kind", "") != "M":
        return None
    if isinstance(item := value.item(), int) and value.dtype.name == "datetime64[ns]":
        return f"{value}Z"
    if item is None or isinstance(item, int):
        raise ValueError(f"there is no time for {value} ({value.dtype.name})")
    return None


def column_item(name: str) -> str:
    """An item of a list of columns, of which `name` is exactly the name."""
    if isinstance(name, Column) or _IDENTIFIER.fullmatch(name):
        return name
    return column(name)


def order_item(key: str) -> str:
    """`name` or `-name`, of which the rest is exactly the name."""
    if isinstance(key, Column):
        return key
    if key.startswith("-"):
        return "-" + (key[1:] if key.startswith('-"') else column_item(key[1:]))
    return column_item(key)


def descending(name: str) -> Column:
    """A key of `order()`, for names that begin with a `-` themselves."""
    return Column("-" + column(name))


def strings(items: Iterable[str] | str, what: str) -> list[str]:
    """The items of a list; a lone text is one item."""
    listed = [items] if isinstance(items, str) else list(items)
    for item in listed:
        if not isinstance(item, str):
            raise TypeError(f"{what} takes texts, not a {type(item).__name__}")
    return listed


def json_value(value: Any) -> Any:
    """A parameter as JSON: times as text, integers that a double cannot hold as text."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, datetime.datetime):
        return _instant(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"a parameter cannot be {value}")
        return str(value)
    if isinstance(value, int):
        return value if abs(value) <= _INTEGER_EXACT_MAX else str(value)
    if (text := _numpy_instant(value)) is not None:
        return text
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        return json_value(value.item())
    return value
