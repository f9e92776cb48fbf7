"""The rules of format=json (protocol/PROTOCOL.md, section 5), applied to values of a case file."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import spelling

INTEGER_MAX = 2**53


def same_as_json(value: Any, wanted: Any, kind: str, tolerance: float) -> bool:
    """Whether `value`, from a JSON answer, says what the case file's `wanted` does."""
    if wanted is None or (wanted in ("NaN", "Infinity", "-Infinity") and kind.startswith("float")):
        return value is None
    if kind.startswith("list<"):
        return len(value) == len(wanted) and all(
            same_as_json(v, w, kind[5:-1], tolerance) for v, w in zip(value, wanted, strict=True)
        )
    if kind.startswith("struct<"):
        return value.keys() == wanted.keys() and all(
            same_as_json(value[name], wanted[name], inner, tolerance)
            for name, inner in struct_fields(kind).items()
        )
    if kind == "duration[us]":
        return microseconds(value) == wanted
    if kind in ("int64", "uint64"):
        is_text = abs(wanted) > INTEGER_MAX
        return value == (str(wanted) if is_text else wanted) and isinstance(value, str) == is_text
    if kind.startswith("timestamp"):
        return same_time(value, wanted)
    if kind.startswith("time64"):
        return pad(value) == pad(wanted)
    return spelling.same(as_float(value, kind), as_float(wanted, kind), tolerance)


def as_float(value: Any, kind: str) -> Any:
    return float(value) if kind.startswith("float") else value


def struct_fields(kind: str) -> dict[str, str]:
    """`struct<a: int32, b: utf8>` -> {"a": "int32", "b": "utf8"}; for types without commas."""
    return dict(part.split(": ", 1) for part in kind[7:-1].split(", "))


def microseconds(text: str) -> int:
    """An ISO 8601 duration of days and less, `-P1DT2H3M4.5S`, exactly."""
    parts = re.fullmatch(
        r"(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,6}))?S)?)?", text
    )
    if not parts:
        raise ValueError(text)
    days, hours, minutes, seconds = (int(part or 0) for part in parts.group(2, 3, 4, 5))
    fraction = int((parts[6] or "").ljust(6, "0"))
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return (-1 if parts[1] else 1) * (total * 1_000_000 + fraction)


def pad(text: str) -> str:
    """Seconds with nine digits of fraction, so that 10:00:00 and 10:00:00.000 are one."""
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction:0<9}"


def same_time(value: str, wanted: str) -> bool:
    """One instant: the answer may state it in the column's zone, the case file does in UTC."""
    offset = re.search(r"([+-])(\d\d):(\d\d)$", value)
    if not offset:
        return pad(value.rstrip("Z")) == pad(wanted.rstrip("Z")) and value.endswith(
            "Z"
        ) == wanted.endswith("Z")
    sign = -1 if offset[1] == "+" else 1
    shift = sign * timedelta(hours=int(offset[2]), minutes=int(offset[3]))
    whole, _, fraction = value[: offset.start()].partition(".")
    moved = (datetime.fromisoformat(whole) + shift).isoformat()
    return pad(f"{moved}.{fraction}") == pad(wanted.rstrip("Z"))
