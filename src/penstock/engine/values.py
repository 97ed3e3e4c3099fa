"""Free values (variables, configuration, answers) on their way through MessagePack: what comes out equals what went in.

MessagePack knows text, numbers, booleans, None, bytes, lists and maps. Dates, times, decimals and big integers travel
as extensions; tuples become lists; anything else is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any

from msgspec.msgpack import Ext

from penstock.model.errors import MessageInvalidError

_SMALLEST, _LARGEST = -(2**63), 2**64 - 1
_MAX_DEPTH = 100
_PLAIN = frozenset({str, bool, float, type(None), bytes})
_HOLDERS = frozenset({dict, list, tuple})
_KEYS = frozenset({bool, float, type(None)})

_DATETIME, _DATE, _TIME, _DURATION, _INTEGER, _DECIMAL = 1, 2, 3, 4, 5, 6


def to_wire(value: Any) -> Any:
    """The value in terms of MessagePack; dataclasses become maps of their fields.

    Raises:
        MessageInvalidError: a value of a type that does not cross, with the path to it.
    """
    return _convert(value, "", 0)


def _convert(value: Any, path: str, depth: int) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is int:
        return value if _SMALLEST <= value <= _LARGEST else Ext(_INTEGER, hex(value).encode())
    if depth > _MAX_DEPTH:
        raise MessageInvalidError(
            f"sending {path[:60]}...: more than {_MAX_DEPTH} values nested in each other",
            hint="Pass large or deep structures as a block's output, not as a variable.",
        )
    # What is plain is taken as it is at once: most values are, and the path to one is only wanted for an error.
    names = _field_names(kind)
    if names is not None:
        found = {}
        for name in names:
            item = getattr(value, name)
            of = type(item)
            if of in _PLAIN or (of in _HOLDERS and not item):
                found[name] = item
            else:
                found[name] = _convert(item, f"{path}.{name}", depth + 1)
        return found
    if kind is dict or isinstance(value, Mapping):
        return {
            key if type(key) is str else _key(key, path): item
            if type(item) in _PLAIN
            else _convert(item, f"{path}.{key}", depth + 1)
            for key, item in value.items()
        }
    if kind is tuple or isinstance(value, list | tuple):
        return [
            item if type(item) in _PLAIN else _convert(item, f"{path}[{index}]", depth + 1)
            for index, item in enumerate(value)
        ]
    return _extension(value, path)


def written_out(value: Any) -> Any:
    """What `to_wire` has given, with halves of characters written out, as `print` does it."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {written_out(key): written_out(item) for key, item in value.items()}
    if isinstance(value, list):
        return [written_out(item) for item in value]
    return value


def half_character(value: Any, path: str = "") -> str:
    """Where in what `to_wire` has given a text or a key holds half of a character; empty when none does."""
    if isinstance(value, str):
        return "" if written_out(value) == value else path.lstrip(".") or "a value"
    if isinstance(value, dict):
        keys = (half_character(key, f"{path}.{written_out(key)}") for key in value)
        items = (half_character(item, f"{path}.{written_out(key)}") for key, item in value.items())
        return next((found for found in chain(keys, items) if found), "")
    if isinstance(value, list):
        return next(
            (found for index, item in enumerate(value) if (found := half_character(item, f"{path}[{index}]"))), ""
        )
    return ""


_names: dict[type, tuple[str, ...] | None] = {}


def _field_names(kind: type) -> tuple[str, ...] | None:
    """The names of the fields of a dataclass; None for any other type."""
    if kind not in _names:
        _names[kind] = tuple(field.name for field in fields(kind)) if is_dataclass(kind) else None
    return _names[kind]


def _key(key: Any, path: str) -> Any:
    if isinstance(key, str):
        return str(key)
    if type(key) in _KEYS:  # of YAML: `yes: 1`
        return key
    if isinstance(key, bool) or not isinstance(key, int) or not _SMALLEST <= key <= _LARGEST:
        raise MessageInvalidError(
            f"sending {path.lstrip('.') or 'a value'}: the key {key!r} is neither text nor a 64-bit number",
            hint="Use text as keys; numbers, true, false and empty are allowed.",
        )
    return int(key)


def _extension(value: Any, path: str) -> Any:
    """Rarer types, subclasses of plain ones, and the scalars of numpy."""
    if isinstance(value, str):  # each message has one: the members of an enumeration
        return str(value)
    for kind, code, encode in _TO_EXTENSION:
        if isinstance(value, kind):
            return Ext(code, encode(value).encode())
    plain: type[int | float]
    for plain in (int, float):
        if isinstance(value, plain):
            return _convert(plain(value), path, 0)
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        return _convert(value.item(), path, 0)
    raise MessageInvalidError(
        f"sending {path.lstrip('.') or 'a value'}: a {type(value).__name__} does not cross between processes",
        hint="Pass text, numbers, booleans, dates, lists and dicts; hand other objects on as a block's output.",
    )


_TO_EXTENSION: tuple[tuple[type, int, Callable[[Any], str]], ...] = (
    (datetime, _DATETIME, lambda value: value.isoformat()),
    (date, _DATE, lambda value: value.isoformat()),
    (time, _TIME, lambda value: value.isoformat()),
    (timedelta, _DURATION, lambda value: f"{value.days}/{value.seconds}/{value.microseconds}"),
    (Decimal, _DECIMAL, str),
)

_FROM_EXTENSION: dict[int, Callable[[str], Any]] = {
    _DATETIME: datetime.fromisoformat,
    _DATE: date.fromisoformat,
    _TIME: time.fromisoformat,
    _DURATION: lambda text: timedelta(*map(int, text.split("/", 2))),
    _INTEGER: lambda text: int(text, 16),
    _DECIMAL: Decimal,
}


def from_extension(code: int, data: memoryview) -> Any:
    """The value that an extension stands for.

    Raises:
        MessageInvalidError: an unknown extension, or one whose content is not what it should be.
    """
    decode = _FROM_EXTENSION.get(code)
    if decode is None:
        raise MessageInvalidError(f"reading a message: value of unknown kind {code}")
    try:
        return decode(str(data, "utf-8"))
    except (ValueError, TypeError, OverflowError, InvalidOperation) as error:
        raise MessageInvalidError(f"reading a message: malformed value of kind {code}: {error}") from None
