"""Messages of the language server protocol on a pipe: a header with the length, then JSON."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from penstock.model.errors import MessageInvalidError

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest message."""


async def read_message(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next message; None at the end of the stream.

    Raises:
        MessageInvalidError: the stream holds something else.
    """
    length = -1
    while True:
        try:
            line = await reader.readline()
        except (ValueError, ConnectionError) as error:
            raise MessageInvalidError(f"reading from the language server: {error}") from None
        if not line:
            return None
        if line in {b"\r\n", b"\n"}:
            break
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            length = int(value)
    if not 0 <= length <= LARGEST:
        raise MessageInvalidError(f"reading from the language server: a message of {length} bytes")
    try:
        found = msgspec.json.decode(await reader.readexactly(length))
    except asyncio.IncompleteReadError:
        return None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise MessageInvalidError(f"reading from the language server: {error}") from None
    if not isinstance(found, dict):
        raise MessageInvalidError("reading from the language server: a message that is no object")
    return found


def framed(message: dict[str, Any]) -> bytes:
    """A message as it goes on the pipe."""
    body = msgspec.json.encode({"jsonrpc": "2.0", **message})
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
