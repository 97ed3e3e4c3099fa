"""Columns of Python objects as other readers see them: SQL, exported files, the command line.

They are stored as JSON in which a tag tells what JSON has no form for (see `plain`). Nobody but us knows the tags, so
here each value is what its text says: a UUID is its text, a tuple a list.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from penstock.data.plain import decode_plain

if TYPE_CHECKING:
    import pyarrow as pa

_TAG = '"$'
_LARGEST = 10**38


def readable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column of such texts: JSON for dicts and lists, whole numbers as numbers, plain text for anything else."""
    import msgspec
    import pyarrow as pa

    texts = column.to_pylist()
    if all(text is None or (text[:1] in "{[" and _TAG not in text) for text in texts):
        return column
    decoder = msgspec.json.Decoder()
    values = [None if text is None else decode_plain(decoder.decode(text)) for text in texts]
    present = [value for value in values if not _is_missing(value)]
    if present and all(type(value) is int and abs(value) < _LARGEST for value in present):
        from decimal import Decimal

        numbers = [Decimal(value) if type(value) is int else None for value in values]
        return pa.chunked_array([pa.array(numbers, type=pa.decimal128(38, 0))])
    shown = [None if _is_missing(value) else _text(value) for value in values]
    return pa.chunked_array([pa.array(shown, type=pa.large_string())])


def _is_missing(value: Any) -> bool:
    """None, NaN, NaT and NA."""
    if value is None or type(value).__name__ in {"NaTType", "NAType"}:
        return True
    return isinstance(value, float) and value != value  # noqa: PLR0124 - true of NaN alone


def _text(value: Any) -> str:
    if isinstance(value, dict | list | tuple | set | frozenset) or _is_array(value):
        return json.dumps(_as_json(value), ensure_ascii=False)
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return text.encode("utf-8", "replace").decode()


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_as_json(item) for item in value]
    if _is_array(value):
        return _as_json(value.tolist())
    if _is_missing(value):
        return None
    if isinstance(value, bool | int | str) or (isinstance(value, float) and abs(value) != float("inf")):
        return value
    return _text(value)


def _is_array(value: Any) -> bool:
    return type(value).__module__ == "numpy" and bool(getattr(value, "ndim", 0))
