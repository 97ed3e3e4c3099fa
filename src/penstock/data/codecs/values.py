"""Plain values, text and bytes: small ones stand in the manifest itself, large ones in a file."""

from __future__ import annotations

from typing import Any

from penstock.data.codecs.base import Codec, Encoded, Scope, Source
from penstock.data.statistics import json_safe
from penstock.model.product import Kind

_SHOWN = 2000


class PlainCodec:
    """None, numbers, dates, lists, tuples, sets and dicts of them, with tables and arrays inside."""

    def encode(self, value: Any, scope: Scope) -> Encoded:
        """The JSON form; what is no plain value in it becomes a part."""
        kind = Kind.NOTHING if value is None else Kind.JSON
        return Encoded("plain", kind, inline=scope.plain(value))

    def decode(self, source: Source) -> Any:
        """The value."""
        stored = source.stored
        if stored.blob is None:
            return source.plain(stored.inline)
        import msgspec

        return source.plain(msgspec.json.decode(source.blob()))


class TextCodec:
    """str."""

    def encode(self, value: str, scope: Scope) -> Encoded:
        """The text."""
        return Encoded("text", Kind.TEXT, inline=scope.plain(value), preview=json_safe(value, _SHOWN))

    def decode(self, source: Source) -> Any:
        """The text."""
        return PlainCodec().decode(source)


class BytesCodec:
    """bytes and bytearray."""

    def encode(self, value: bytes | bytearray, scope: Scope) -> Encoded:
        """The bytes as they are."""
        del scope
        preview = {"bytes": len(value), "first": value[:64].hex()}
        return Encoded("bytes", Kind.BYTES, {"mutable": type(value) is bytearray}, buffers=[value], preview=preview)

    def decode(self, source: Source) -> bytes | bytearray:
        """The bytes."""
        content = source.blob() if source.stored.blob is not None else b""
        return bytearray(content) if source.stored.meta["mutable"] else bytes(content)


CODECS: dict[str, Codec] = {"plain": PlainCodec(), "text": TextCodec(), "bytes": BytesCodec()}
