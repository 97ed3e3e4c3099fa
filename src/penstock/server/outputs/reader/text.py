"""Values of every Arrow type as text that a person can read, without rounding anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from penstock.server.outputs.reader.special import SPECIAL
from penstock.server.outputs.reader.times import clocks, durations, moments

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST = 1000
"""Characters of a cell in a page at most."""
MARK = "…"
FULL = 1 << 24
"""A limit from which on nothing is left out of a value."""
_ITEMS = 1000


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """The column in one piece, its storage where it is of an extension type."""
    import pyarrow as pa

    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], type=column.type.storage_type)
    if column.num_chunks == 1:
        return column.chunk(0)
    if not column.num_chunks:
        return pa.nulls(0, column.type)
    if pa.types.is_dictionary(column.type):
        return column.unify_dictionaries().combine_chunks()
    return pa.concat_arrays(column.chunks)


def texts(column: pa.ChunkedArray, form: str, limit: int = LONGEST) -> list[str | None]:
    """Each value as text, about `limit` characters of it or more; None for NULL."""
    data = one_array(column)
    if form:
        name, _, detail = form.partition(":")
        return _intervals(data, detail, limit) if name == "interval" else SPECIAL[name](data, detail, limit)
    return _by_type(data, limit)


def worded(column: pa.ChunkedArray, form: str, kept: Iterable[str]) -> pa.Array:
    """Values as text, but for those of some kinds.

    Args:
        column: the values.
        form: how those of pandas are written.
        kept: what stays as it is, by the names of `pyarrow.types`, such as `is_integer`.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not form:
        data = one_array(column)
        if pa.types.is_dictionary(data.type):
            data = data.dictionary_decode()
        kind = data.type
        if pa.types.is_float16(kind):
            return data.cast(pa.float32())
        if any(getattr(pa.types, name)(kind) for name in kept):
            return data
        if pa.types.is_timestamp(kind) and kind.tz is None:
            # Long columns of times are common, and Arrow writes them a hundred times as fast as Python.
            return pc.replace_substring_regex(data.cast(pa.large_string()), r"\.0+$", "")
    return pa.array(texts(column, form, FULL), type=pa.large_string())


def _by_type(data: pa.Array, limit: int) -> list[str | None]:
    import pyarrow as pa

    kind = data.type
    for fits, make in _MAKERS:
        if getattr(pa.types, fits)(kind):
            return make(data)
    if "binary" in str(kind):
        return [None if value is None else bytes_text(value, limit) for value in data.to_pylist()]
    if pa.types.is_dictionary(kind):
        return _by_type(data.dictionary_decode(), limit)
    if pa.types.is_nested(kind):
        return [nested_text(value, limit) for value in data]
    try:
        found: list[str | None] = data.cast(pa.large_string()).to_pylist()
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid, UnicodeDecodeError):
        found = [scalar_text(value) for value in data]
    return found


def bytes_text(value: bytes, limit: int = LONGEST) -> str:
    """Bytes in hexadecimal; of many the first, and how many there are."""
    if limit >= FULL:
        return value.hex(" ")
    first = value[:64]
    return first.hex(" ") + (f" {MARK} ({len(value):,} bytes)" if len(value) > len(first) else "")


def _intervals(data: pa.Array, detail: str, limit: int) -> list[str | None]:
    import pyarrow as pa

    opening, closing = ("[" if detail in {"left", "both"} else "("), ("]" if detail in {"right", "both"} else ")")
    sides = [texts(pa.chunked_array([data.field(at)]), "", limit) for at in (0, 1)]
    return [
        None if left is None or right is None else f"{opening}{left}, {right}{closing}"
        for left, right in zip(*sides, strict=True)
    ]


def nested_text(value: pa.Scalar, limit: int) -> str | None:
    """A nested value as JSON; only so much of it is looked at as makes about `limit` characters."""
    import msgspec

    if not value.is_valid:
        return None
    return msgspec.json.encode(plain(value, limit)).decode()


def plain(value: pa.Scalar, limit: int, leaf: Callable[[Any], Any] | None = None) -> Any:
    """A scalar as JSON can hold it; long lists end with a note of how many items there are.

    Args:
        value: the scalar.
        limit: so many items, about, of each list.
        leaf: makes what is not nested: as a person reads it when none is given, or `json_leaf`.
    """
    import pyarrow as pa

    if not value.is_valid:
        return None
    kind = value.type
    types = pa.types

    def inner(item: pa.Scalar) -> Any:
        return plain(item, limit, leaf)

    if types.is_map(kind):
        return _items(value.values, limit, lambda pair: [inner(pair["key"]), inner(pair["value"])])
    if types.is_struct(kind):
        return {kind.field(at).name: inner(value[at]) for at in range(kind.num_fields)}
    if types.is_nested(kind) and hasattr(value, "values"):
        numbers = leaf is json_leaf and types.is_floating(value.values.type)
        return value.values.to_pylist() if numbers else _items(value.values, limit, inner)
    if types.is_dictionary(kind):
        return inner(value.value)
    return (leaf or _leaf)(value)


def json_leaf(value: pa.Scalar) -> Any:
    """What is not nested as JSON: a number where it is one, which encodes as null when it is not finite."""
    import pyarrow as pa

    exact = pa.types.is_floating(value.type) or pa.types.is_decimal(value.type)
    return value.as_py() if exact else _leaf(value)


def _items(values: pa.Array, limit: int, make: Any) -> list[Any]:
    import pyarrow as pa

    shown = len(values) if limit >= FULL else min(len(values), _ITEMS, max(1, limit))
    kind = values.type
    simple = pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_large_string(kind)
    found = values.slice(0, shown).to_pylist() if simple else [make(values[at]) for at in range(shown)]
    if shown < len(values):
        found.append(f"… {len(values):,} items")
    return found


def _leaf(value: pa.Scalar) -> Any:
    import pyarrow as pa

    types = pa.types
    kind = value.type
    if types.is_boolean(kind) or types.is_integer(kind) or types.is_string(kind) or types.is_large_string(kind):
        return value.as_py()
    if types.is_floating(kind):
        number = float(value.as_py())
        return number if abs(number) != float("inf") and number == number else str(number)  # noqa: PLR0124 - NaN
    return scalar_text(value)


def scalar_text(value: pa.Scalar) -> str | None:
    """One value as text, whatever its type."""
    import pyarrow as pa

    if not value.is_valid:
        return None
    kind = value.type
    simple = (
        pa.types.is_temporal(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    )
    if simple and not pa.types.is_interval(kind):
        return _by_type(pa.array([value], type=kind), LONGEST)[0]
    try:
        return str(value.as_py())
    except (ValueError, OverflowError, ImportError, UnicodeDecodeError):
        return str(value)


_MAKERS: list[tuple[str, Callable[[Any], list[str | None]]]] = [
    ("is_timestamp", moments),
    ("is_duration", durations),
    ("is_time", clocks),
]
