"""The pipe between server and reader: frames of a length, a kind, a question's number and a body.

Questions and answers are MessagePack of the Structs below; `Chunk` bodies are bare bytes. A question is answered by one
HEAD, any number of CHUNKs, and one DONE; or, at any point, by FAILED. The asker grants how many chunks may be under way
(CREDIT), so that a slow download holds up nobody else. WARM says that questions are to be expected.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Any

import msgspec

HEADER = struct.Struct(">IBI")
"""Length of the body, kind, number of the question."""

CHUNK = 256 * 1024
"""Bytes of one chunk at most."""

CREDIT = 16
"""Chunks that may be under way from the start."""

LIMIT = 64 * 1024 * 1024
"""Bytes of one frame at most."""


class Sort(IntEnum):
    """What a frame is."""

    ASK = 1
    CANCEL = 2
    CREDIT = 3
    WARM = 4
    HEAD = 16
    CHUNK = 17
    DONE = 18
    FAILED = 19


class Failed(msgspec.Struct, frozen=True):
    """Why a question is not answered: an error's code and words. `cancelled` when nobody waits any more."""

    code: str
    message: str
    hint: str = ""
    cancelled: bool = False


encoder = msgspec.msgpack.Encoder()


def frame(kind: Sort, number: int, body: Any = b"") -> bytes:
    """A whole frame; `body` is bytes for a chunk, else what MessagePack can hold."""
    content = body if isinstance(body, bytes | memoryview) else encoder.encode(body)
    return HEADER.pack(len(content), kind, number) + bytes(content)
