"""Reads JSON, MessagePack and plain values as the types that they should have, in any thread.

msgspec looks at a Struct or dataclass when it is first asked for one. Two threads that do so at once end the whole
process with a segmentation fault (0.22), so every type is looked at here, by one thread at a time, before it is used.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
D = TypeVar("D")

_looking = threading.RLock()
_json: dict[Any, msgspec.json.Decoder[Any]] = {}
_msgpack: dict[Any, msgspec.msgpack.Decoder[Any]] = {}


def json_decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """The decoder of JSON of that type; always the same one."""
    return _decoder(_json, msgspec.json.Decoder, kind)


def msgpack_decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    """The decoder of MessagePack of that type; always the same one."""
    return _decoder(_msgpack, msgspec.msgpack.Decoder, kind)


def _decoder(known: dict[Any, D], make: Callable[[Any], D], kind: Any) -> D:
    found = known.get(kind)
    if found is None:
        with _looking:
            found = known[kind] = make(kind)
    return found


def from_json(content: bytes | str | msgspec.Raw, kind: type[T]) -> T:
    """JSON as that type.

    Raises:
        msgspec.DecodeError: it is not JSON; `ValidationError` when it is other JSON.
    """
    found: T = json_decoder(kind).decode(content)
    return found


def from_msgpack(content: bytes | bytearray | memoryview, kind: type[T]) -> T:
    """MessagePack as that type; raises as `from_json` does."""
    found: T = msgpack_decoder(kind).decode(content)
    return found


def from_plain(value: Any, kind: type[T], *, strict: bool = True) -> T:
    """Dicts, lists and scalars as that type; without `strict`, text where numbers belong is read as numbers.

    Raises:
        msgspec.ValidationError: it is something else.
    """
    json_decoder(kind)
    return msgspec.convert(value, kind, strict=strict)
