"""Where an axis has its marks, and how wide the bins along it are. Numbers are themselves; times
are microseconds since 1970, in UTC."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bowshot.spelling import column as spell_column

if TYPE_CHECKING:
    import pyarrow as pa

SECOND = 1_000_000
DAY = 86_400 * SECOND
YEAR = 365.2425 * DAY
EPOCH = datetime.datetime(1970, 1, 1)
# Names of the protocol's `time_bin`, and their mean lengths.
TIME_STEPS: tuple[tuple[int, str, float], ...] = (
    *((n, "second", SECOND) for n in (1, 2, 5, 10, 15, 30)),
    *((n, "minute", 60 * SECOND) for n in (1, 2, 5, 10, 15, 30)),
    *((n, "hour", 3600 * SECOND) for n in (1, 2, 3, 6, 12)),
    *((n, "day", DAY) for n in (1, 2)),
    (1, "week", 7 * DAY),
    (1, "month", YEAR / 12),
    (1, "quarter", YEAR / 4),
    *((n, "year", YEAR) for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)),
)


@dataclass(frozen=True)
class Scale:
    """What lies along an axis: `number`, `integer`, `time` or `date`."""

    column: str
    kind: str

    @staticmethod
    def of(column: str, arrow_type: pa.DataType) -> Scale | None:
        """None where values have no places on a line."""
        import pyarrow.types as types

        if types.is_date(arrow_type):
            return Scale(column, "date")
        if types.is_timestamp(arrow_type):
            return Scale(column, "time")
        if types.is_integer(arrow_type):
            return Scale(column, "integer")
        if types.is_floating(arrow_type) or types.is_decimal(arrow_type):
            return Scale(column, "number")
        return None

    @property
    def is_time(self) -> bool:
        return self.kind in ("time", "date")

    @property
    def span_min(self) -> float:
        """Closer nobody can look."""
        return {"time": 5.0 * SECOND, "date": 5.0 * DAY, "integer": 5.0}.get(self.kind, 0.0)

    def parameter(self, place: float) -> Any:
        """As a parameter of a request."""
        if self.kind == "date":
            return moment(place).date()
        if self.kind == "time":
            return moment(place)
        return math.floor(place) if self.kind == "integer" else place

    def condition(self, low: float, high: float) -> str:
        """A filter of the rows from one place to another."""
        name = spell_column(self.column)
        if self.kind == "date":
            literals = [f"DATE('{moment(place).date()}')" for place in (low, high)]
        elif self.kind == "time":
            literals = [f"TIMESTAMP('{moment(place).isoformat()}Z')" for place in (low, high)]
        elif self.kind == "integer":
            literals = [str(math.floor(place)) for place in (low, high)]
        else:
            literals = [f"{low:.17g}", f"{high:.17g}"]
        return f"{name} BETWEEN {literals[0]} AND {literals[1]}"

    def label(self, place: float) -> str:
        """One place by itself."""
        if not self.is_time:
            return number_text(round(place) if self.kind == "integer" else place)
        at = moment(place)
        if self.kind == "date" or place % DAY == 0:
            return f"{at:%Y-%m-%d}"
        return f"{at:%Y-%m-%d %H:%M}" if place % (60 * SECOND) == 0 else f"{at:%Y-%m-%d %H:%M:%S}"


@dataclass(frozen=True)
class Bins:
    """Along an axis, so wide that about the wanted number fits: as the protocol spells it, in
    words, and the mean width."""

    expression: str
    words: str
    width: float


def choose_bins(scale: Scale, low: float, high: float, wanted: int) -> Bins:
    name = spell_column(scale.column)
    least = max(high - low, scale.span_min, 1e-300) / max(1, wanted)
    if scale.is_time:
        steps = [s for s in TIME_STEPS if s[2] >= (DAY if scale.kind == "date" else 0)]
        number, unit, length = next((s for s in steps if s[0] * s[2] >= least), steps[-1])
        words = f"{number} {unit}{'s' if number > 1 else ''}"
        return Bins(f"time_bin({name}, '{words}')", words, number * length)
    width = nice_step(least)
    if scale.kind == "integer":
        width = max(1, math.ceil(width))
    text = f"{width:.12g}" if scale.kind == "number" else str(int(width))
    return Bins(f"bin({name}, {text})", text, float(width))


def nice_step(least: float) -> float:
    """1, 2 or 5 times a power of ten, at least so much."""
    power = 10.0 ** math.floor(math.log10(least))
    return next((f * power for f in (1, 2, 5, 10) if f * power >= least * (1 - 1e-9)), 10 * power)


def number_marks(low: float, high: float, wanted: int) -> list[tuple[float, str]]:
    """Round places from `low` to `high`, and their texts."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return []
    step = nice_step((high - low) / max(1, wanted))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [(i * step, mark_text(i * step, step)) for i in range(first, last + 1)]


def time_marks(low: float, high: float, wanted: int) -> list[tuple[float, str]]:
    """Round times from `low` to `high`; a day's begin shows its date."""
    if high <= low:
        return []
    least = (high - low) / max(1, wanted)
    number, unit, length = next((s for s in TIME_STEPS if s[0] * s[2] >= least), TIME_STEPS[-1])
    if unit in ("month", "quarter", "year"):
        months = number * {"month": 1, "quarter": 3, "year": 12}[unit]
        return _calendar_marks(low, high, months)
    step = number * length
    # Weeks begin on Mondays, and 1970 began on a Thursday.
    origin = 4 * DAY if unit == "week" else 0
    first = math.ceil((low - origin) / step)
    last = math.floor((high - origin) / step)
    places = [origin + i * step for i in range(first, last + 1)]
    return [(place, _clock_text(place, step)) for place in places]


def _calendar_marks(low: float, high: float, months: int) -> list[tuple[float, str]]:
    begin, end = moment(low), moment(high)
    first = -(-(begin.year * 12 + begin.month - 1) // months)
    marks = []
    for index in range(first, (end.year * 12 + end.month - 1) // months + 1):
        year, month = divmod(index * months, 12)
        if not 1 <= year <= 9999:
            continue
        at = datetime.datetime(year, month + 1, 1)
        if begin <= at <= end:
            marks.append((microseconds(at), f"{at:%Y}" if months % 12 == 0 else f"{at:%b %Y}"))
    return marks


def _clock_text(place: float, step: float) -> str:
    at = moment(place)
    if place % DAY == 0:
        return f"{at:%d %b %Y}" if step >= DAY else f"{at:%d %b}"
    return f"{at:%H:%M}" if step >= 60 * SECOND else f"{at:%H:%M:%S}"


def mark_text(value: float, step: float) -> str:
    """Short, and as exact as the marks' distance asks."""
    if value == 0:
        return "0"
    size = max(abs(value), step)
    for unit, suffix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size >= unit * 10 or (size >= unit and unit > 1e3):
            return f"{value / unit:.{_digits(step / unit)}f}{suffix}"
    if size < 1e-4:
        return f"{value:.3g}"
    return f"{value:.{_digits(step)}f}"


def _digits(step: float) -> int:
    return max(0, -math.floor(math.log10(step) + 1e-9))


def number_text(value: float | None) -> str:
    """A number by itself, with separators."""
    if value is None:
        return "–"
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e15):
        return f"{int(value):,}"
    return f"{value:,.6g}" if 1e-4 <= abs(value) < 1e6 else f"{value:,.7g}"


def places_of(column: pa.ChunkedArray) -> list[float | None]:
    """A column of numbers or times as places on an axis; what has none is None."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as types

    if types.is_date(column.type) or types.is_timestamp(column.type):
        times = pc.cast(column, pa.timestamp("us", getattr(column.type, "tz", None)), safe=False)
        return [None if v is None else float(v) for v in pc.cast(times, pa.int64()).to_pylist()]
    values = pc.cast(column, pa.float64(), safe=False).to_pylist()
    return [value if value is not None and math.isfinite(value) else None for value in values]


def moment(place: float) -> datetime.datetime:
    """As near as Python's calendar has it."""
    try:
        return EPOCH + datetime.timedelta(microseconds=round(place))
    except OverflowError:
        return datetime.datetime.max if place > 0 else datetime.datetime.min


def microseconds(at: datetime.datetime) -> float:
    return (at - EPOCH) / datetime.timedelta(microseconds=1)
