"""Python objects of one kind as an Arrow column of that kind, where it holds each of them exactly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_DIGITS = 38
"""Of the decimals that every reader has."""
_INT64 = 2**63
_EXACT = 2**53
"""Whole numbers up to here are exact as doubles."""


def same_kind(values: list[Any]) -> pa.ChunkedArray | None:
    """The values as a column of one kind: truth values, numbers, moments or durations; None when they are not alike.

    Decimals get the places that the longest of them has, and are decimals where 38 digits hold each; a decimal that is
    NaN is missing. Moments with an offset become those instants in UTC. What would lose anything else is not alike.

    Args:
        values: None for those that are missing.
    """
    import pyarrow as pa

    plain = [_plain(value) for value in values]
    present = [value for value in plain if value is not None]
    if not present:
        return None
    kind = next((found for choose in _CHOICES if (found := choose(present)) is not None), None)
    if kind is None:
        return None
    if pa.types.is_decimal(kind):
        plain = [None if value is None else Decimal(value) for value in plain]
    return pa.chunked_array([pa.array(plain, type=kind)])


def _plain(value: Any) -> Any:
    """A number or truth value of numpy as Python has it; None for a decimal that is NaN."""
    if isinstance(value, Decimal) and value.is_nan():
        return None
    scalar = type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0 and value.dtype.kind in "biuf"
    return value.item() if scalar else value


def _truth(values: list[Any]) -> pa.DataType | None:
    import pyarrow as pa

    return pa.bool_() if all(type(value) is bool for value in values) else None


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

    if not all(isinstance(value, datetime) and _to_microseconds(value) for value in values):
        return None
    zoned = {value.utcoffset() is not None for value in values}
    return pa.timestamp("us", "UTC" if zoned.pop() else None) if len(zoned) == 1 else None


def _duration(values: list[Any]) -> pa.DataType | None:
    import pyarrow as pa

    fits = all(isinstance(value, timedelta) and _to_microseconds(value) for value in values)
    return pa.duration("us") if fits else None


def _to_microseconds(value: Any) -> bool:
    """Whether it has no nanoseconds, which those of pandas may have."""
    return not getattr(value, "nanosecond", 0) and not getattr(value, "nanoseconds", 0)


_CHOICES: tuple[Callable[[list[Any]], Any], ...] = (_truth, _whole, _decimal, _double, _moment, _duration)
