"""Columns of Python objects as other readers see them: SQL, exported files, the command line.

They are stored as JSON in which a tag tells what JSON has no form for (see `plain`). Nobody but us knows the tags, so
here each value is what its text says: a UUID is its text, a tuple a list.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from penstock.data.codecs.object_kinds import same_kind
from penstock.data.plain import decode_plain

if TYPE_CHECKING:
    import pyarrow as pa

_TAG = '"$'


def readable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column of such texts: JSON for dicts and lists, whole numbers as numbers, plain text for anything else."""
    values = _decoded(column)
    if values is None:
        return column
    if all(value is None or type(value) is int for value in values):
        found = same_kind(values)
        if found is not None:
            return found
    return _shown(values)


def typed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """As `readable`, and a column of numbers, truth values, moments or durations is one of such: for queries."""
    values = _decoded(column)
    if values is None:
        return column
    found = same_kind(values)
    return _shown(values) if found is None else found


def _decoded(column: pa.ChunkedArray) -> list[Any] | None:
    """The values, None for those that are missing; None when the texts are JSON that everybody reads."""
    import msgspec

    texts = column.to_pylist()
    if all(text is None or (text[:1] in "{[" and _TAG not in text) for text in texts):
        return None
    decoder = msgspec.json.Decoder()
    values = [None if text is None else decode_plain(decoder.decode(text)) for text in texts]
    return [None if _is_missing(value) else value for value in values]


def _shown(values: list[Any]) -> pa.ChunkedArray:
    import pyarrow as pa

    shown = [None if value is None else _text(value) for value in values]
    return pa.chunked_array([pa.array(shown, type=pa.large_string())])


def _is_missing(value: Any) -> bool:
    """None, NaN, NaT and NA."""
    if value is None or type(value).__name__ in {"NaTType", "NAType"}:
        return True
    return isinstance(value, float) and value != value  # noqa: PLR0124 - true of NaN alone


def json_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column of such texts with none that has a tag: dicts, lists, numbers and text as JSON has them."""
    import msgspec
    import pyarrow as pa

    decoder, encoder = msgspec.json.Decoder(), msgspec.json.Encoder(decimal_format="number")

    def untagged(text: str | None) -> str | None:
        if text is None or _TAG not in text:
            return text
        return encoder.encode(_as_json(decode_plain(decoder.decode(text)), _number)).decode()

    return pa.chunked_array([pa.array([untagged(text) for text in column.to_pylist()], type=pa.large_string())])


def _text(value: Any) -> str:
    if isinstance(value, dict | list | tuple | set | frozenset) or _is_array(value):
        return json.dumps(_as_json(value, _finite), ensure_ascii=False)
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return text.encode("utf-8", "replace").decode()


def _as_json(value: Any, leaf: Callable[[Any], Any]) -> Any:
    """The value as JSON; `leaf` makes what is neither nested nor text, nor a whole number."""
    if isinstance(value, dict):
        return {_key(key): _as_json(item, leaf) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_as_json(item, leaf) for item in value]
    if _is_array(value) or _is_number(value):
        return _as_json(value.tolist(), leaf)
    if _is_missing(value):
        return None
    return value if isinstance(value, bool | int) else leaf(value)


def _key(key: Any) -> str:
    return str(key).encode("utf-8", "replace").decode()


def _finite(value: Any) -> Any:
    return value if isinstance(value, float) and math.isfinite(value) else _text(value)


def _number(value: Any) -> Any:
    """Numbers that are not finite are null in JSON."""
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    return value if isinstance(value, float) else _text(value)


def _is_array(value: Any) -> bool:
    return type(value).__module__ == "numpy" and bool(getattr(value, "ndim", 0))


def _is_number(value: Any) -> bool:
    """Whether it is a number or truth value of numpy."""
    return type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0 and value.dtype.kind in "biuf"
