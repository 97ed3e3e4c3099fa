"""Python objects of one kind as an Arrow column of that kind, where it holds each of them exactly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_DIGITS = 38
"""Of the decimals that every reader has."""
_EDGES = frozenset([1, 9999])
"""The years at the ends of Python's calendar."""
_INT64 = 2**63
LONGEST_DAYS = _INT64 // (24 * 60 * 60 * 1_000_000)
"""Days of which Arrow can count the microseconds; a timedelta of Python may be nine times as long."""
_EXACT = 2**53
"""Whole numbers up to here are exact as doubles."""
_CLOCK_UNITS = frozenset(["h", "m", "s", "ms", "us", "ns"])
"""Units of numpy's moments and durations that pandas takes over as they are; of finer ones it would cut the end."""


def same_kind(values: list[Any]) -> pa.ChunkedArray | None:
    """The values as a column of one kind, or None: truth values, numbers, dates, clock times, moments or durations.

    Decimals get the places that the longest of them has, and are decimals where 38 digits hold each; a decimal that is
    NaN is missing. Moments with an offset become those instants in UTC. Moments and durations are of microseconds, or
    of nanoseconds where one of them has some. What would lose anything else is not alike, such as dates beside moments.

    Args:
        values: None for those that are missing.
    """
    import pyarrow as pa

    plain = [_plain(value) for value in values]
    present = [value for value in plain if value is not None]
    if not present:
        return None
    kind = next((found for choose in _CHOICES if (found := choose(present)) is not None), None)
    if kind is None or (pa.types.is_temporal(kind) and not all(map(_in_reach, present))):
        return None
    if pa.types.is_decimal(kind):
        plain = [None if value is None else Decimal(value) for value in plain]
    try:
        return pa.chunked_array([pa.array(plain, type=kind)])
    except (pa.ArrowInvalid, OverflowError, ValueError):
        if not str(kind).startswith(("timestamp[ns", "duration[ns")):
            raise
        return None  # nanoseconds reach from 1677 to 2262


def _plain(value: Any) -> Any:
    """A number, truth value, moment or duration of numpy as Python or pandas has it; None for a decimal that is NaN."""
    if isinstance(value, Decimal) and value.is_nan():
        return None
    if type(value).__module__ != "numpy" or getattr(value, "ndim", 1) != 0:
        return value
    if value.dtype.kind in "mM":
        return _of_numpy(value)
    return value.item() if value.dtype.kind in "biuf" else value


def _of_numpy(value: Any) -> Any:
    """A moment, date or duration of numpy; unchanged where only numpy has such."""
    import numpy as np
    import pandas as pd

    if np.isnat(value):
        return None
    unit = np.datetime_data(value.dtype)[0]
    if unit == "D" and value.dtype.kind == "M":
        day = value.item()  # a number when Python has no such year
        return day if isinstance(day, date) else value
    if unit not in _CLOCK_UNITS:
        return value
    try:
        return pd.Timestamp(value) if value.dtype.kind == "M" else pd.Timedelta(value)
    except (ValueError, OverflowError):
        return value


def _truth(values: list[Any]) -> pa.DataType | None:
    import pyarrow as pa

    return pa.bool_() if all(type(value) is bool for value in values) else None


def _in_reach(value: Any) -> bool:
    """Whether Arrow can count a duration, and Python has the year of a moment in UTC, too."""
    if isinstance(value, timedelta):
        return -LONGEST_DAYS <= value.days < LONGEST_DAYS
    if not isinstance(value, datetime) or value.year not in _EDGES:
        return True
    try:
        value.replace(tzinfo=None) - (value.utcoffset() or timedelta())
    except (OverflowError, ValueError):  # as Python and pandas have it
        return False
    return True


def _whole(values: list[Any]) -> pa.DataType | None:
    import pyarrow as pa

    return pa.int64() if all(type(value) is int and -_INT64 <= value < _INT64 for value in values) else None


def _decimal(values: list[Any]) -> pa.DataType | None:
    """Decimals and whole numbers."""
    import pyarrow as pa

    before = places = 0
    for value in values:
        if type(value) is not int and not isinstance(value, Decimal):
            return None
        exponent = Decimal(value).as_tuple().exponent
        if not isinstance(exponent, int):  # infinite
            return None
        places = max(places, -exponent)
        before = max(before, Decimal(value).adjusted() + 1)
    return pa.decimal128(_DIGITS, places) if before + places <= _DIGITS else None


def _double(values: list[Any]) -> pa.DataType | None:
    """Floats, with whole numbers among them that are exact as such."""
    import pyarrow as pa

    fits = all(type(value) is float or (type(value) is int and abs(value) <= _EXACT) for value in values)
    return pa.float64() if fits else None


def _moment(values: list[Any]) -> pa.DataType | None:
    """Moments that are all on some clock, or all on none."""
    import pyarrow as pa

    if not all(isinstance(value, datetime) for value in values):
        return None
    zoned = {value.utcoffset() is not None for value in values}
    return pa.timestamp(_unit(values), "UTC" if zoned.pop() else None) if len(zoned) == 1 else None


def _day(values: list[Any]) -> pa.DataType | None:
    """Dates; a moment is one of Python's dates as well, which would lose its time of day."""
    import pyarrow as pa

    return pa.date32() if all(isinstance(value, date) and not isinstance(value, datetime) for value in values) else None


def _clock(values: list[Any]) -> pa.DataType | None:
    """Times of day without an offset, of which no column type keeps one."""
    import pyarrow as pa

    fits = all(isinstance(value, time) and value.tzinfo is None for value in values)
    return pa.time64("us") if fits else None


def _duration(values: list[Any]) -> pa.DataType | None:
    import pyarrow as pa

    return pa.duration(_unit(values)) if all(isinstance(value, timedelta) for value in values) else None


def _unit(values: list[Any]) -> str:
    """Nanoseconds where a value has some, which those of pandas may."""
    fine = any(getattr(value, "nanosecond", 0) or getattr(value, "nanoseconds", 0) for value in values)
    return "ns" if fine else "us"


_CHOICES: tuple[Callable[[list[Any]], Any], ...] = (
    _truth,
    _whole,
    _decimal,
    _double,
    _moment,
    _day,
    _clock,
    _duration,
)
