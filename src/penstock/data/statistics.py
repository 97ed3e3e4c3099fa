"""What is told about the values of a column: how many are missing, the smallest, the largest, how many differ.

The cost is bounded: numbers and times are looked at in full (numpy's minimum runs at the speed of memory), text in
full up to a million rows and by a sample above, and distinct values are counted in small columns and estimated from a
sample in others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from penstock.data.zones import python_moment, zoned
from penstock.model.product import Column

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_EXACT_TEXT_ROWS = 1_000_000
_EXACT_DISTINCT_ROWS = 10_000
_SAMPLES = 16
_SAMPLE_ROWS = 512
_TEXT_SHOWN = 200
_SAFE_INT = 2**53
DECIMAL_BITS = 14_000
"""Bits of whole numbers that are written in decimal: Python refuses to beyond 4,300 digits."""


def column_statistics(name: str, told: str, column: pa.ChunkedArray, *, comparable: bool = True) -> Column:
    """The statistics of a column.

    Args:
        name: its name.
        told: its type as its library calls it.
        column: its Arrow form.
        comparable: whether the order of the Arrow values means anything.
    """
    rows = len(column)
    plain = _decoded(column)
    if plain is None:
        return Column(name, told, nulls=column.null_count, exact=True)
    exact = rows <= _EXACT_TEXT_ROWS or _is_fixed(plain.type)
    low, high = _extremes(plain if exact else _sample(plain)) if comparable else (None, None)
    if told == "bool":
        low, high = (None if value is None else bool(value) for value in (low, high))
    return Column(
        name,
        told,
        nulls=column.null_count,
        minimum=json_safe(low, _TEXT_SHOWN),
        maximum=json_safe(high, _TEXT_SHOWN),
        distinct=_distinct(plain),
        exact=exact,
    )


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """The column in a type that can be compared; None when there is none."""
    import pyarrow as pa

    kind = column.type
    types = pa.types
    if types.is_dictionary(kind):
        return _cast(column, kind.value_type, _EXACT_DISTINCT_ROWS)
    if getattr(types, "is_string_view", lambda _: False)(kind):
        return _cast(column, pa.large_string(), _EXACT_TEXT_ROWS)
    known = types.is_primitive(kind) or types.is_boolean(kind) or types.is_decimal(kind)
    return column if known or types.is_string(kind) or types.is_large_string(kind) else None


def _cast(column: pa.ChunkedArray, kind: pa.DataType, rows: int) -> pa.ChunkedArray | None:
    """The column, or a sample when it has more rows, in another type; None when Arrow has no way there."""
    import pyarrow as pa

    try:
        return (column if len(column) <= rows else _sample(column)).cast(kind)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return None


def _is_fixed(kind: pa.DataType) -> bool:
    import pyarrow as pa

    types = pa.types
    return bool(types.is_primitive(kind) or types.is_boolean(kind) or types.is_decimal(kind))


def _sample(column: pa.ChunkedArray, rows: int = _SAMPLE_ROWS) -> pa.ChunkedArray:
    """Runs of rows spread evenly over the column, first and last rows among them."""
    import pyarrow as pa

    if len(column) <= rows * _SAMPLES:
        return column
    step = (len(column) - rows) // (_SAMPLES - 1)
    pieces = [chunk for at in range(_SAMPLES) for chunk in column.slice(at * step, rows).chunks]
    return pa.chunked_array(pieces, type=column.type)


_NUMPY_NAMES = {"halffloat": "f2", "float": "f4", "double": "f8"}
"""The types of numbers whose names differ between Arrow and numpy."""


def _extremes(column: pa.ChunkedArray) -> tuple[Any, Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not len(column) or column.null_count == len(column):
        return None, None
    fast = _fast_extremes(column)
    if fast is not None:
        return fast
    try:
        found = pc.min_max(column)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return None, None
    return _scalar(found["min"]), _scalar(found["max"])


def _fast_extremes(column: pa.ChunkedArray) -> tuple[Any, Any] | None:
    """The extremes of numbers or times without gaps, by numpy; None when it is not that, or NaN is among them."""
    import numpy as np
    import pyarrow as pa

    kind = column.type
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    moment = (pa.types.is_timestamp(kind) or pa.types.is_duration(kind)) and not pa.types.is_date(kind)
    if column.null_count or not (number or moment):
        return None
    pieces = [_numbers(chunk) for chunk in column.chunks if len(chunk)]
    if moment:
        return _moments(column, pieces)
    low, high = np.min([piece.min() for piece in pieces]), np.max([piece.max() for piece in pieces])
    if pieces[0].dtype.kind == "f" and (np.isnan(low) or np.isnan(high)):
        return None
    return low.item(), high.item()


def _moments(column: pa.ChunkedArray, pieces: list[np.ndarray]) -> tuple[Any, Any]:
    """The first and the last moment of a column, which the numbers in these pieces stand for."""
    chunks = [chunk for chunk in column.chunks if len(chunk)]
    found = [(int(piece.argmin()), int(piece.argmax())) for piece in pieces]
    first = min(range(len(pieces)), key=lambda at: int(pieces[at][found[at][0]]))
    last = max(range(len(pieces)), key=lambda at: int(pieces[at][found[at][1]]))
    return _scalar(chunks[first][found[first][0]]), _scalar(chunks[last][found[last][1]])


def _numbers(array: pa.Array) -> np.ndarray:
    """The numbers or times of an array without gaps, as numpy has them, where they lie.

    Not by `to_numpy`, and neither `pa.array` nor `pa.scalar` nor a number in a call of `pyarrow.compute`: they import
    pandas, which costs more than the column does.
    """
    import numpy as np

    kind = str(array.type)
    dtype = np.dtype("i8" if kind.startswith(("timestamp", "duration")) else _NUMPY_NAMES.get(kind, kind))
    if not len(array):
        return np.empty(0, dtype)
    return np.frombuffer(array.buffers()[1], dtype, count=len(array), offset=array.offset * dtype.itemsize)


def _scalar(value: Any) -> Any:
    """A single Arrow value as Python has it; times finer than a microsecond as text."""
    try:
        return python_moment(value) if zoned(value.type) else value.as_py()
    except (ValueError, OverflowError):
        return str(value.cast("string"))


def _distinct(column: pa.ChunkedArray) -> int | None:
    """How many values differ: counted in a small column, else estimated.

    The estimate is that of Charikar and others (2000): values seen once in the sample stand for the square root of
    rows/sample values each; a sample without any repetition is taken as a column without any.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = len(column)
    try:
        if rows <= _EXACT_DISTINCT_ROWS:
            return int(pc.count_distinct(column).as_py())
        counts = _numbers(pc.value_counts(_sample(column).drop_null()).field("counts"))
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return None
    seen = int(counts.sum())
    if not seen:
        return 0
    valid = rows - int(column.null_count)
    different = len(counts)
    if different == seen:
        return valid
    once = int((counts == 1).sum())
    return min(valid, round(math.sqrt(valid / seen) * once) + different - once)


def json_safe(value: Any, longest: int = 500) -> Any:
    """A value as JSON can hold it for showing: not exact, never failing, bounded."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < _SAFE_INT else _digits(int(value), longest)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return value[:longest].encode("utf-8", "backslashreplace").decode()
    return _json_other(value, longest)


def _json_other(value: Any, longest: int) -> Any:
    for kinds, show in _SHOWN:
        if isinstance(value, kinds):
            return show(value, longest)
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 and not _is_own(value):
        return json_safe(value.item(), longest)
    return json_safe(str(value), longest)


def _digits(value: int, longest: int) -> str:
    """A number that JSON's readers would round; hexadecimal where Python writes no decimal digits of so many."""
    return (str(value) if value.bit_length() < DECIMAL_BITS else hex(value))[:longest]


def _show_dict(value: dict[Any, Any], longest: int) -> dict[str, Any]:
    inner = max(20, longest // (len(value) or 1))
    return {key_text(key, value): json_safe(item, inner) for key, item in list(value.items())[:50]}


def key_text(key: Any, keys: Container[Any]) -> str:
    """A key as a text, with its type where another of those keys is that text, such as 1 beside "1"."""
    text = str(json_safe(_digits(key, 100) if isinstance(key, int) else str(key), 100))
    return f"{text} ({type(key).__name__})" if text in keys and not isinstance(key, str) else text


def _show_items(value: Any, longest: int) -> list[Any]:
    inner = max(20, longest // (len(value) or 1))
    return [json_safe(item, inner) for item in list(value)[:50]]


_SHOWN: list[tuple[tuple[type, ...], Callable[[Any, int], Any]]] = [
    ((datetime, date, time), lambda value, _: value.isoformat()),
    ((timedelta, Decimal), lambda value, _: str(value)),
    ((bytes, bytearray), lambda value, longest: value[: longest // 2].hex()),
    ((dict,), _show_dict),
    ((list, tuple, set, frozenset), _show_items),
]


def _is_own(value: Any) -> bool:
    """Whether `item` gives back the same type, as for numpy's long double."""
    return type(value.item()) is type(value)
