"""Durations, periods and moments as text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
"""How many of a unit make a second."""

_DAY = 86_400
_EPOCH = date(1970, 1, 1)
_FRACTION = re.compile(r"\.(\d*?)0+(?=$|[Z+-])")
_OFFSET = re.compile(r"([+-]\d\d)(\d\d)$")


def duration_text(count: int, unit: str) -> str:
    """A duration such as `2 days 03:04:05.5`; the sign stands for the whole."""
    per = UNITS[unit]
    whole, rest = divmod(abs(count), per)
    days, seconds = divmod(whole, _DAY)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if rest:
        clock += "." + str(rest).rjust(len(str(per)) - 1, "0").rstrip("0")
    told = f"{days} day{'' if days == 1 else 's'} {clock}" if days else clock
    return f"-{told}" if count < 0 else told


def moment_text(text: str) -> str:
    """Arrow's text of a moment without the zeros that say nothing, and an offset with a colon."""
    text = _FRACTION.sub(lambda found: f".{found[1]}" if found[1] else "", text)
    return _OFFSET.sub(r"\1:\2", text)


def period_text(ordinal: int, freq: str) -> str:
    """A period of pandas: the number that it is counted by, and its frequency."""
    name = freq.partition("-")[0]
    anchored = freq.partition("-")[2] not in {"", "DEC", "SUN"}
    make = None if anchored else _PERIODS.get(name) or _PERIODS.get(name.upper())
    try:
        return make(ordinal) if make is not None else f"{ordinal} ({freq})"
    except (OverflowError, ValueError):
        return f"{ordinal} ({freq})"


def _week(ordinal: int) -> str:
    last = _EPOCH + timedelta(days=7 * ordinal - 4)
    return f"{last - timedelta(days=6)}/{last}"


def _clock_period(ordinal: int, seconds: int) -> str:
    days, rest = divmod(ordinal * seconds, _DAY)
    clock = f"{rest // 3600:02d}:{rest // 60 % 60:02d}"
    return f"{_EPOCH + timedelta(days=days)} {clock}" + (f":{rest % 60:02d}" if seconds == 1 else "")


_PERIODS: dict[str, Callable[[int], str]] = {
    **dict.fromkeys(["A", "Y", "YE"], lambda ordinal: str(1970 + ordinal)),
    **dict.fromkeys(["Q", "QE"], lambda ordinal: f"{1970 + ordinal // 4}Q{ordinal % 4 + 1}"),
    **dict.fromkeys(["M", "ME"], lambda ordinal: f"{1970 + ordinal // 12}-{ordinal % 12 + 1:02d}"),
    "W": _week,
    "D": lambda ordinal: str(_EPOCH + timedelta(days=ordinal)),
    **dict.fromkeys(["H", "h"], lambda ordinal: _clock_period(ordinal, 3600)),
    **dict.fromkeys(["T", "min"], lambda ordinal: _clock_period(ordinal, 60)),
    **dict.fromkeys(["S", "s"], lambda ordinal: _clock_period(ordinal, 1)),
}
"""By the frequency's name: the period of a number."""


def moments(data: pa.Array) -> list[str | None]:
    """Timestamps as text, in their own zone and with its offset."""
    import pyarrow as pa

    try:
        found = data.cast(pa.large_string()).to_pylist()
    except pa.ArrowInvalid:  # a zone that this machine does not know
        naive = data.cast(pa.timestamp(data.type.unit)).cast(pa.large_string()).to_pylist()
        found = [None if text is None else f"{text}Z" for text in naive]
    return [None if text is None else moment_text(text) for text in found]


def durations(data: pa.Array) -> list[str | None]:
    """Durations as text."""
    import pyarrow as pa

    unit = data.type.unit
    return [None if count is None else duration_text(count, unit) for count in data.cast(pa.int64()).to_pylist()]


def clocks(data: pa.Array) -> list[str | None]:
    """Times of the day as text."""
    import pyarrow as pa

    return [None if text is None else moment_text(text) for text in data.cast(pa.large_string()).to_pylist()]
