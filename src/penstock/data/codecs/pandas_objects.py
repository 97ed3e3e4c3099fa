"""Columns of Python objects as Arrow, exactly.

One type of value makes an Arrow column of that type; mixed ones are written as JSON each. numpy arrays of one dtype
make a column of lists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from penstock.data.codecs.array_cells import decode_cells, encode_cells
from penstock.data.codecs.object_kinds import LONGEST_DAYS
from penstock.data.plain import decode_plain, encode_plain, is_json_text

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_INT64 = 2**63


def encode_objects(values: np.ndarray) -> tuple[pa.Array, dict[str, Any]]:
    """An Arrow array and what is needed to get the same objects back.

    Raises:
        ValueRefusedError: a value has no exact form.
    """
    import numpy as np
    import pyarrow as pa

    kinds = set(map(type, values))
    missing = _missing_kinds(values, kinds)
    if missing is not None and len(missing) <= 1 and len(kinds) <= 1:
        kind = next(iter(kinds), None)
        chosen = pa.null() if kind is None else _MAKERS[kind](values) if kind in _MAKERS else None
        if chosen is not None:
            array = pa.array(values, type=chosen, from_pandas=True)
            name = next(iter(missing), "none")
            form = kind.__name__ if kind is not None else "null"
            return array, {"k": "obj", "f": form, "m": name}
        cells = encode_cells(values) if kind is np.ndarray else None
        if cells is not None:
            return cells[0], {"k": "obj", "f": "array", "m": next(iter(missing), "none"), "d": cells[1]}
    return _as_json(values), {"k": "obj", "f": "json"}


def _as_json(values: np.ndarray) -> pa.Array:
    import msgspec
    import pyarrow as pa

    encoder = msgspec.json.Encoder()
    texts = [None if value is None else encoder.encode(encode_plain(value)).decode() for value in values]
    return pa.array(texts, type=pa.large_string())


def _missing_kinds(values: np.ndarray, kinds: set[type]) -> set[str] | None:
    """Which values for "missing" occur; their types are taken out of `kinds`. None when floats are more than NaN."""
    import pandas as pd

    found = set()
    for kind, name in ((type(None), "none"), (type(pd.NA), "na"), (type(pd.NaT), "nat")):
        if kind in kinds:
            kinds.discard(kind)
            found.add(name)
    if float in kinds:
        numbers = [value for value in values if type(value) is float]
        if any(value != value for value in numbers):  # noqa: PLR0124 - true of NaN alone
            if any(value == value for value in numbers):  # noqa: PLR0124
                return None
            kinds.discard(float)
            found.add("nan")
    return found


def _text(values: np.ndarray) -> pa.DataType | None:
    import pyarrow as pa

    return pa.large_string() if all(type(value) is not str or is_json_text(value) for value in values) else None


def _decimal(values: np.ndarray) -> pa.DataType | None:
    """All with the same number of places after the point, so that none gains or loses a zero."""
    from decimal import Decimal

    import pyarrow as pa

    exponents = set()
    digits = 1
    for value in values:
        if type(value) is Decimal:
            _, figures, exponent = value.as_tuple()
            negative_zero = value.is_signed() and not value
            if not isinstance(exponent, int) or exponent > 0 or negative_zero:
                return None
            exponents.add(exponent)
            digits = max(digits, len(figures), -exponent)
    if len(exponents) != 1 or digits > 38:  # noqa: PLR2004 - the digits of a 128-bit decimal
        return None
    return pa.decimal128(38, -exponents.pop())


def _integer(values: np.ndarray) -> pa.DataType | None:
    import pyarrow as pa

    fits = all(type(value) is not int or -_INT64 <= value < _INT64 for value in values)
    return pa.int64() if fits else None


def _naive(kind: str) -> Callable[[np.ndarray], Any]:
    def choose(values: np.ndarray) -> pa.DataType | None:
        import pyarrow as pa

        if any(getattr(value, "tzinfo", None) is not None or getattr(value, "fold", 0) for value in values):
            return None
        return pa.timestamp("us") if kind == "datetime" else pa.time64("us")

    return choose


def _duration(values: np.ndarray) -> pa.DataType | None:
    from datetime import timedelta

    import pyarrow as pa

    fits = all(type(value) is not timedelta or -LONGEST_DAYS <= value.days < LONGEST_DAYS for value in values)
    return pa.duration("us") if fits else None


def _of(name: str, *arguments: Any) -> Callable[[np.ndarray], Any]:
    def choose(_: np.ndarray) -> pa.DataType:
        import pyarrow as pa

        found: pa.DataType = getattr(pa, name)(*arguments)
        return found

    return choose


def _makers() -> dict[type, Callable[[np.ndarray], Any]]:
    from datetime import date, datetime, time, timedelta
    from decimal import Decimal

    return {
        str: _text,
        bool: _of("bool_"),
        int: _integer,
        float: _of("float64"),
        bytes: _of("large_binary"),
        Decimal: _decimal,
        date: _of("date32"),
        datetime: _naive("datetime"),
        time: _naive("time"),
        timedelta: _duration,
    }


_MAKERS = _makers()


def decode_objects(column: pa.ChunkedArray, meta: dict[str, Any]) -> np.ndarray:
    """The objects again, as a numpy array of objects."""
    import numpy as np

    values = np.empty(len(column), dtype=object)
    if meta["f"] == "json":
        import msgspec

        decoder = msgspec.json.Decoder()
        texts = column.to_pylist()
        _fill(values, [None if text is None else decode_plain(decoder.decode(text)) for text in texts])
        return values
    objects = decode_cells(column, meta["d"]) if meta["f"] == "array" else column.to_pylist()
    absent = _absent(meta["m"])
    _fill(values, objects if absent is None else [absent if value is None else value for value in objects])
    return values


def _fill(values: np.ndarray, objects: list[Any]) -> None:
    # One by one: numpy would take a list of equally long lists for a table.
    for at, value in enumerate(objects):
        values[at] = value


def _absent(name: str) -> Any:
    import pandas as pd

    return {"none": None, "nan": float("nan"), "na": pd.NA, "nat": pd.NaT}[name]
