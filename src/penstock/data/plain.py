"""Plain Python values as JSON and back, exactly: a tuple stays a tuple, a key that is no text stays what it was.

JSON has null, booleans, numbers, text, arrays and objects with text keys; those stand for themselves. Everything else
is an object with a single key that starts with `$`. An object of the user's whose key starts with `$` is written as
`$dict`.

Nothing here imports a table library: a value of one is recognised by the name of its module (see `plain_foreign`).
"""

from __future__ import annotations

import base64
import math
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path, PosixPath, PurePosixPath, PureWindowsPath
from typing import Any
from uuid import UUID

from penstock.data.plain_foreign import decode_foreign, encode_array, encode_foreign
from penstock.data.zones import decode_zone, encode_zone
from penstock.model.errors import ValueRefusedError

PartSink = Callable[[Any], "int | None"]
"""Stores a value that is not plain and gives its number; None when it cannot. Raises ValueRefusedError."""
PartSource = Callable[[int], Any]

_INT_LIMIT = 2**63
_DEPTH = 150
_SELF = frozenset([str, int, float, bool, type(None)])


def encode_plain(value: Any, sink: PartSink | None = None) -> Any:
    """The JSON form of a value.

    Args:
        value: what to encode.
        sink: is asked to store what is not plain (a table in a dict).

    Raises:
        ValueRefusedError: something in the value has no exact form; the message says what and where.
    """
    return _Encoder(sink).encode(value, "", 0)


def decode_plain(form: Any, source: PartSource | None = None) -> Any:
    """The value of a JSON form.

    Raises:
        ValueError: it is no form of ours.
    """
    return remade(form, lambda tag, body: _decode_tagged(tag, body, source))


def remade(form: Any, tagged: Callable[[str, Any], Any]) -> Any:
    """A JSON form with something else in place of what has a tag.

    Args:
        form: the form.
        tagged: gives it for a tag and its body, in which there may be others.
    """
    if isinstance(form, list):
        return [remade(item, tagged) for item in form]
    if not isinstance(form, dict):
        return form
    if len(form) == 1:
        tag, body = next(iter(form.items()))
        if tag[:1] == "$":
            return tagged(tag, body)
    return {key: remade(item, tagged) for key, item in form.items()}


def refuse(what: str, hint: str) -> ValueRefusedError:
    """The refusal of a value."""
    return ValueRefusedError(f"storing {what}", hint=hint)


def is_json_text(value: str) -> bool:
    """Whether UTF-8 can hold the text: it has no lone surrogate."""
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Encoder:
    def __init__(self, sink: PartSink | None) -> None:
        self._sink = sink

    def encode(self, value: Any, where: str, depth: int) -> Any:
        kind = type(value)
        if kind in _SELF:
            return _scalar(value)
        if depth > _DEPTH:
            raise refuse(
                f"a value nested more than {_DEPTH} levels deep (or one that holds itself) at {where[:80]}…",
                "Return a flatter value.",
            )
        form = _CONTAINERS.get(kind)
        if form is not None:
            return form(self, value, where, depth)
        leaf = _LEAVES.get(kind)
        if leaf is not None:
            return leaf(value)
        return self._foreign(value, where, depth)

    def items(self, values: Any, where: str, depth: int) -> list[Any]:
        return [
            _scalar(item) if type(item) in _SELF else self.encode(item, f"{where}[{at}]", depth + 1)
            for at, item in enumerate(values)
        ]

    def sequence(self, value: list[Any], where: str, depth: int) -> Any:
        return self.items(value, where, depth)

    def mapping(self, value: dict[Any, Any], where: str, depth: int) -> Any:
        plain = all(type(key) is str and key[:1] != "$" and is_json_text(key) for key in value)
        if plain:
            return {
                key: _scalar(item) if type(item) in _SELF else self.encode(item, f"{where}[{key!r}]", depth + 1)
                for key, item in value.items()
            }
        return {"$dict": self.pairs(value, where, depth)}

    def pairs(self, value: Any, where: str, depth: int) -> list[Any]:
        return [
            [self.encode(key, f"{where} key", depth + 1), self.encode(item, f"{where}[{key!r}]", depth + 1)]
            for key, item in value.items()
        ]

    def _foreign(self, value: Any, where: str, depth: int) -> Any:
        root = type(value).__module__.partition(".")[0]
        if root in {"numpy", "pandas"}:
            form = encode_foreign(value, encode_plain)
            if form is not None:
                return form
        refused: ValueRefusedError | None = None
        try:
            number = self._sink(value) if self._sink is not None else None
        except ValueRefusedError as refusal:  # an array of objects, which may be plain ones
            number, refused = None, refusal
        if number is not None:
            return {"$part": number}
        form = encode_array(value, lambda item: self.encode(item, where, depth + 1)) if root == "numpy" else None
        if form is not None:
            return form
        raise refused or unknown_type(value, where)


def unknown_type(value: Any, where: str = "") -> ValueRefusedError:
    """The refusal of a value of a type that no form is known for."""
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    place = f" at {where}" if where else ""
    return refuse(f"a value of type {name}{place}: no exact form for it is known", hint_for(value))


def is_plain(value: Any) -> bool:
    """Whether the value itself (not what it contains) has a JSON form."""
    kind = type(value)
    if kind in _SELF or kind in _CONTAINERS or kind in _LEAVES:
        return True
    foreign = kind.__module__.partition(".")[0] in {"numpy", "pandas"}
    return foreign and encode_foreign(value, encode_plain) is not None


def hint_for(value: Any) -> str:
    """What to do about a value that has no exact form."""
    return next((hint for holds, hint in _HINTS if holds(value)), _HINT)


_HINT = "Convert it to a table, array, dict, list or text, or run it with `penstock run --allow-pickle`."
_HINTS: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (lambda value: isinstance(value, type) or callable(value), "Return data rather than code."),
    (lambda value: isinstance(value, Enum), "Return its .value."),
    (lambda value: hasattr(value, "__dataclass_fields__"), "Return dataclasses.asdict(...) of it."),
    (lambda value: isinstance(value, tuple), "Return tuple(...) or ._asdict() of it."),
    (lambda value: isinstance(value, dict), "Return dict(...) of it."),
    (lambda value: type(value).__name__ == "DuckDBPyRelation", "Return .df() or .arrow() of it."),
)


def _scalar(value: Any) -> Any:
    kind = type(value)
    if kind is float:
        return value if math.isfinite(value) else {"$float": repr(value)}
    if kind is int:
        return value if -_INT_LIMIT <= value < _INT_LIMIT else {"$int": format(value, "x")}
    if kind is str and not is_json_text(value):
        return {"$text": base64.b64encode(value.encode("utf-8", "surrogatepass")).decode()}
    return value


def _moment(value: datetime) -> Any:
    bare = value.replace(tzinfo=None, fold=0).isoformat()
    if value.tzinfo is None and not value.fold:
        return {"$datetime": bare}
    zone = encode_zone(value.tzinfo, value)
    if isinstance(zone, dict) and "pytz" in zone:
        # A pytz zone has one object per offset; only pytz itself finds it again.
        offset = value.utcoffset()
        assert offset is not None
        return {"$datetime": [bare, value.fold, zone, offset / timedelta(microseconds=1)]}
    return {"$datetime": [bare, value.fold, zone]}


def _decode_moment(body: Any) -> datetime:
    if isinstance(body, str):
        return datetime.fromisoformat(body)
    bare = datetime.fromisoformat(body[0])
    zone = decode_zone(body[2])
    if len(body) > 3:  # noqa: PLR2004 - the fourth item is the offset of a pytz zone
        utc = (bare - timedelta(microseconds=body[3])).replace(tzinfo=UTC)
        return utc.astimezone(zone).replace(fold=body[1])
    return bare.replace(tzinfo=zone, fold=body[1])


def _clock(value: time) -> Any:
    return {"$time": [value.replace(tzinfo=None, fold=0).isoformat(), value.fold, encode_zone(value.tzinfo, value)]}


def _decode_clock(body: Any) -> time:
    return time.fromisoformat(body[0]).replace(fold=body[1], tzinfo=decode_zone(body[2]))


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _path(tag: str) -> Callable[[Any], Any]:
    return lambda value: {tag: encode_plain(str(value))}


_LEAVES: dict[type, Callable[[Any], Any]] = {
    bytes: lambda value: {"$bytes": _base64(value)},
    bytearray: lambda value: {"$bytearray": _base64(bytes(value))},
    datetime: _moment,
    date: lambda value: {"$date": value.isoformat()},
    time: _clock,
    timedelta: lambda value: {"$timedelta": [value.days, value.seconds, value.microseconds]},
    Decimal: lambda value: {"$decimal": str(value)},
    Fraction: lambda value: {"$fraction": str(value)},
    UUID: lambda value: {"$uuid": str(value)},
    complex: lambda value: {"$complex": [repr(value.real), repr(value.imag)]},
    range: lambda value: {"$range": [encode_plain(x) for x in (value.start, value.stop, value.step)]},
    type(...): lambda _: {"$ellipsis": None},
    PosixPath: _path("$path"),
    type(Path()): _path("$path"),
    PurePosixPath: _path("$posixpath"),
    PureWindowsPath: _path("$windowspath"),
}

_FACTORIES = {kind.__name__: kind for kind in (list, dict, set, tuple, int, float, str, bool, Counter, OrderedDict)}


def _defaulting(encoder: _Encoder, value: defaultdict[Any, Any], where: str, depth: int) -> Any:
    factory = value.default_factory
    name = None if factory is None else getattr(factory, "__name__", "")
    if name is not None and _FACTORIES.get(name) is not factory:
        raise unknown_type(value, where)
    return {"$defaultdict": [name, encoder.pairs(value, where, depth)]}


_CONTAINERS: dict[type, Callable[[_Encoder, Any, str, int], Any]] = {
    list: _Encoder.sequence,
    dict: _Encoder.mapping,
    tuple: lambda self, value, where, depth: {"$tuple": self.items(value, where, depth)},
    set: lambda self, value, where, depth: {"$set": self.items(value, where, depth)},
    frozenset: lambda self, value, where, depth: {"$frozenset": self.items(value, where, depth)},
    OrderedDict: lambda self, value, where, depth: {"$ordereddict": self.pairs(value, where, depth)},
    Counter: lambda self, value, where, depth: {"$counter": self.pairs(value, where, depth)},
    defaultdict: _defaulting,
    deque: lambda self, value, where, depth: {"$deque": [value.maxlen, self.items(value, where, depth)]},
}

_SIMPLE: dict[str, Callable[[Any], Any]] = {
    "$float": float,
    "$int": lambda body: int(body, 16),
    "$text": lambda body: base64.b64decode(body).decode("utf-8", "surrogatepass"),
    "$bytes": base64.b64decode,
    "$bytearray": lambda body: bytearray(base64.b64decode(body)),
    "$datetime": _decode_moment,
    "$date": date.fromisoformat,
    "$time": _decode_clock,
    "$timedelta": lambda body: timedelta(*body),
    "$decimal": Decimal,
    "$fraction": Fraction,
    "$uuid": UUID,
    "$complex": lambda body: complex(float(body[0]), float(body[1])),
    "$range": lambda body: range(*decode_plain(body)),
    "$ellipsis": lambda _: ...,
    "$path": lambda body: Path(decode_plain(body)),
    "$posixpath": lambda body: PurePosixPath(decode_plain(body)),
    "$windowspath": lambda body: PureWindowsPath(decode_plain(body)),
}


def _pairs(body: Any, source: PartSource | None) -> list[tuple[Any, Any]]:
    return [(decode_plain(key, source), decode_plain(item, source)) for key, item in body]


_NESTED: dict[str, Callable[[Any, PartSource | None], Any]] = {
    "$dict": lambda body, source: dict(_pairs(body, source)),
    "$tuple": lambda body, source: tuple(decode_plain(item, source) for item in body),
    "$set": lambda body, source: {decode_plain(item, source) for item in body},
    "$frozenset": lambda body, source: frozenset(decode_plain(item, source) for item in body),
    "$ordereddict": lambda body, source: OrderedDict(_pairs(body, source)),
    "$counter": lambda body, source: Counter(dict(_pairs(body, source))),
    "$defaultdict": lambda body, source: defaultdict(_FACTORIES[body[0]] if body[0] else None, _pairs(body[1], source)),
    "$deque": lambda body, source: deque((decode_plain(item, source) for item in body[1]), body[0]),
}


def _decode_tagged(tag: str, body: Any, source: PartSource | None) -> Any:
    simple = _SIMPLE.get(tag)
    if simple is not None:
        return simple(body)
    nested = _NESTED.get(tag)
    if nested is not None:
        return nested(body, source)
    if tag == "$part" and source is not None:
        return source(body)
    if tag.startswith(("$np", "$pd")):
        return decode_foreign(tag, body, decode_plain)
    raise ValueError(f"unknown form {tag}")
