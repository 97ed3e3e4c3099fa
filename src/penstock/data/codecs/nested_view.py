"""Columns of lists or of dicts as the nested types that files of other programs have for such.

They are stored as JSON each (see `pandas_objects`). Nothing is made alike that is not: where one dict has a key that
another has not, or a list holds text and numbers, there is no such type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from penstock.data.plain import decode_plain, remade

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 65_536
DEEPEST = 20
"""Lists and dicts inside of each other for which there is such a type: readers of Parquet have limits of their own."""
_INT64 = 2**63
_EXACT = 2**53
"""Whole numbers up to here are exact as doubles."""
_LEAVES = frozenset(["$float", "$date", "$datetime", "$bytes", "$np", "$nparray"])


class _UnlikeError(Exception):
    """The values have no type in common."""


def nested(column: pa.ChunkedArray, check: Callable[[], None] = lambda: None) -> pa.ChunkedArray | None:
    """A column of stored objects as lists or structs; None unless all values are lists, or all dicts, that are alike.

    Lists are alike when all their items are. Dicts are alike when they have the same keys, and the values of each key
    are alike. Whole numbers and others are, as others, when none is too large for that. What is missing is NULL.

    Args:
        column: JSON texts.
        check: called between steps; may raise.
    """
    import pyarrow as pa

    shape = _Shape()
    try:
        for values in _batches(column, check):
            for value in values:
                shape.add(value)
        kind = shape.type()
    except _UnlikeError:
        return None
    if not pa.types.is_nested(kind):
        return None
    return pa.chunked_array([pa.array(values, type=kind) for values in _batches(column, check)], type=kind)


def _batches(column: pa.ChunkedArray, check: Callable[[], None]) -> Iterator[list[Any]]:
    import msgspec

    decoder = msgspec.json.Decoder()
    texts = (text.as_py() for text in column)
    while batch := list(islice(texts, _BATCH)):
        check()
        yield [None if text is None else remade(decoder.decode(text), _value) for text in batch]


def _value(tag: str, body: Any) -> Any:
    """What stands below a tag, of numpy as Python has it."""
    if tag == "$tuple":
        return [remade(item, _value) for item in body]
    if tag == "$pdna":
        return None
    if tag not in _LEAVES:
        raise _UnlikeError
    found = decode_plain({tag: body})
    if tag in {"$np", "$nparray"}:
        if found.dtype.kind not in "biuf":
            raise _UnlikeError
        return found.tolist()
    if isinstance(found, datetime) and (found.tzinfo is not None or found.fold):
        raise _UnlikeError
    return found


class _Shape:
    """What all values at one place are."""

    __slots__ = ("depth", "fields", "items", "kinds", "largest")

    def __init__(self, depth: int = 0) -> None:
        self.depth = depth
        self.kinds: set[type] = set()
        self.fields: dict[str, _Shape] = {}
        self.items: _Shape | None = None
        self.largest = 0

    def add(self, value: Any) -> None:
        """One more value. Raises _UnlikeError."""
        if value is None:
            return
        kind = type(value)
        if kind not in self.kinds:
            self._begin(kind, value)
        if kind is dict:
            if value.keys() != self.fields.keys():
                raise _UnlikeError
            for name, item in value.items():
                self.fields[name].add(item)
        elif kind is list:
            assert self.items is not None
            for item in value:
                self.items.add(item)
        elif kind is int:
            self.largest = max(self.largest, abs(value))

    def _begin(self, kind: type, value: Any) -> None:
        """The first value of a kind."""
        self.kinds.add(kind)
        if self.kinds not in ({kind}, {int, float}):
            raise _UnlikeError
        if kind in {dict, list} and (self.depth == DEEPEST or value == {}):
            raise _UnlikeError
        if kind is dict:
            self.fields = {name: _Shape(self.depth + 1) for name in value}
        elif kind is list:
            self.items = _Shape(self.depth + 1)

    def type(self) -> pa.DataType:
        """Their type in Arrow. Raises _UnlikeError."""
        import pyarrow as pa

        if self.items is not None:
            return pa.list_(self.items.type())
        if self.fields:
            return pa.struct([pa.field(name, shape.type()) for name, shape in self.fields.items()])
        if self.largest >= (_EXACT if float in self.kinds else _INT64):
            raise _UnlikeError
        kind = float if float in self.kinds else next(iter(self.kinds), None)
        found: pa.DataType = getattr(pa, _TYPES[kind][0])(*_TYPES[kind][1:])
        return found


_TYPES: dict[type | None, tuple[str, ...]] = {
    None: ("null",),
    bool: ("bool_",),
    int: ("int64",),
    float: ("float64",),
    str: ("large_string",),
    bytes: ("large_binary",),
    date: ("date32",),
    datetime: ("timestamp", "us"),
}
