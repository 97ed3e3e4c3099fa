"""The wire between supervisor and worker: frames of a version byte, a tag, a length and MessagePack.

Each direction has its closed family of messages. Anything else (an unknown tag, another version, a frame beyond the
limit, a wrong type, bytes left over) is a MessageInvalidError, never ignored.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Generic, TypeVar, cast

import msgspec

from penstock.config.decoding import msgpack_decoder
from penstock.engine.values import from_extension, half_character, to_wire, written_out
from penstock.model.errors import MessageInvalidError
from penstock.model.messages import (
    WIRE_VERSION,
    Answer,
    Ask,
    CallbackFailed,
    Displayed,
    Execute,
    Executed,
    Finished,
    FromWorker,
    Inspect,
    Inspected,
    LetGo,
    Log,
    Output,
    Ready,
    Shutdown,
    Started,
    Storing,
    ToWorker,
    WorkOrder,
    Yielded,
)

LIMIT = 64 * 1024 * 1024
"""Bytes of one message's content at most."""

_HEADER = struct.Struct(">BBI")
_CHUNK = 1 << 16

M = TypeVar("M")


class Family(Generic[M]):
    """One direction of the wire: which tag stands for which message."""

    def __init__(self, tags: dict[int, type]) -> None:
        self._kinds = tags
        self._tags = {kind: tag for tag, kind in tags.items()}
        self._decoders: dict[int, msgspec.msgpack.Decoder[Any]] = {}

    def prepare(self) -> None:
        """Build every decoder now (they are built on first use otherwise)."""
        for tag in self._kinds:
            self._decoder(tag)

    def encode(self, message: M) -> bytes:
        """The frame of a message.

        Raises:
            MessageInvalidError: not of this family, too large, or with a value that does not cross.
        """
        tag = self._tags.get(type(message))
        if tag is None:
            raise MessageInvalidError(f"sending a {type(message).__name__}: it is not a message of this direction")
        try:
            body = _encoded(message)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise MessageInvalidError(f"sending a {type(message).__name__}: {error}") from error
        if len(body) > LIMIT:
            raise MessageInvalidError(
                f"sending a {type(message).__name__}: {len(body):,} bytes, the limit is {LIMIT:,}",
                hint="Hand large values on as a block's output, not as a variable or a log record.",
            )
        return _HEADER.pack(WIRE_VERSION, tag, len(body)) + body

    def decode(self, tag: int, body: bytes | bytearray | memoryview) -> M:
        """The message of a frame's content.

        Raises:
            MessageInvalidError: the tag is unknown or the content is not that message.
        """
        try:
            return cast("M", self._decoder(tag).decode(body))
        except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError) as error:
            name = self._kinds[tag].__name__
            raise MessageInvalidError(f"reading a {name} from the channel: {error}") from None

    def _decoder(self, tag: int) -> msgspec.msgpack.Decoder[Any]:
        decoder = self._decoders.get(tag)
        if decoder is None:
            kind = self._kinds.get(tag)
            if kind is None:
                raise MessageInvalidError(f"reading from the channel: unknown message {tag}")
            msgpack_decoder(kind)  # looked at by one thread at a time
            decoder = self._decoders[tag] = msgspec.msgpack.Decoder(kind, ext_hook=from_extension)
        return decoder


TO_WORKER: Family[ToWorker] = Family({1: WorkOrder, 2: Answer, 3: Shutdown, 4: Execute, 5: Inspect})
FROM_WORKER: Family[FromWorker] = Family(
    {
        16: Ready,
        17: Started,
        18: Log,
        19: Output,
        20: Ask,
        21: Finished,
        22: Displayed,
        23: Executed,
        24: Inspected,
        25: Storing,
        26: CallbackFailed,
        27: Yielded,
        28: LetGo,
    }
)


def _encoded(message: object) -> bytes:
    """A message as MessagePack.

    Text that no UTF-8 has (names of files that are bytes, a half of a pair of JSON) is written out where somebody reads
    it, and refused where it is a value.
    """
    content = to_wire(message)
    try:
        return msgspec.msgpack.encode(content)
    except UnicodeEncodeError:
        if not isinstance(message, WorkOrder | Answer | Ask):
            return msgspec.msgpack.encode(written_out(content))
        raise MessageInvalidError(
            f"sending {half_character(content)}: its text holds half of a character, which UTF-8 does not have",
            hint="Correct the text, such as by `text.encode('utf-8', 'replace').decode()`.",
        ) from None


class FrameReader(Generic[M]):
    """Cuts a stream of bytes, however it is split, into messages."""

    def __init__(self, family: Family[M]) -> None:
        self._family = family
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[M]:
        """The messages that these bytes complete, in order.

        Raises:
            MessageInvalidError: the stream cannot be read any further.
        """
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while len(buffer) - start >= _HEADER.size:
                version, tag, length = _HEADER.unpack_from(buffer, start)
                _check_header(version, length)
                end = start + _HEADER.size + length
                if len(buffer) < end:
                    break
                body = bytes(memoryview(buffer)[start + _HEADER.size : end])
                start = end
                yield self._family.decode(tag, body)
        finally:
            del buffer[:start]

    def finish(self) -> None:
        """Tell that the stream has ended.

        Raises:
            MessageInvalidError: it ended inside a message.
        """
        if self._buffer:
            raise MessageInvalidError(
                f"reading from the channel: it ended inside a message ({len(self._buffer)} bytes)"
            )


def _check_header(version: int, length: int) -> None:
    if version != WIRE_VERSION:
        raise MessageInvalidError(
            f"reading from the channel: wire version {version}, this is {WIRE_VERSION}",
            hint="Something else wrote to the channel, or the worker's environment has another version of Penstock.",
        )
    if length > LIMIT:
        raise MessageInvalidError(f"reading from the channel: a message of {length:,} bytes, the limit is {LIMIT:,}")


Shield = Callable[[], AbstractContextManager[None]]
"""Makes a context in which an interrupt waits until its end."""


class WorkerChannel:
    """The worker's end: blocking, safe to send on from several threads.

    Args:
        connection: a connected stream socket in blocking mode.
        shield: keeps a signal handler from raising in the middle of a frame.
    """

    def __init__(self, connection: socket.socket, shield: Shield = nullcontext) -> None:
        self._connection = connection
        self._shield = shield
        self._reader = FrameReader(TO_WORKER)
        self._received: list[ToWorker] = []
        self._lock = threading.RLock()  # what a garbage collection in there ends may write to the log
        self._held = b""

    def send(self, message: FromWorker, *, hold: bool = False) -> None:
        """Send the whole message; OSError when the supervisor is gone.

        Args:
            message: what to send.
            hold: it may go with the next one, which follows at once; each message wakes whoever reads it.
        """
        frame = FROM_WORKER.encode(message)
        with self._shield(), self._lock:
            frame = self._held + frame
            self._held = frame if hold else b""
            if not hold:
                self._connection.sendall(frame)

    def receive(self) -> ToWorker | None:
        """The next message in order; None when the supervisor has closed its end."""
        while not self._received:
            if not self._fill():
                return None
        return self._received.pop(0)

    def receive_answer(self, ask: int) -> Answer | None:
        """The answer to that ask, whatever else arrives before it; None when the supervisor has closed its end."""
        while True:
            for index, message in enumerate(self._received):
                if isinstance(message, Answer) and message.ask == ask:
                    return cast("Answer", self._received.pop(index))
            if not self._fill():
                return None

    def _fill(self) -> bool:
        data = self._connection.recv(_CHUNK)
        if not data:
            self._reader.finish()
            return False
        self._received.extend(self._reader.feed(data))
        return True

    def is_readable(self, *others: socket.socket) -> bool:
        """Whether something has arrived, here or at one of the others."""
        return bool(self._received) or bool(select.select([self._connection, *others], [], [], 0)[0])

    def comes_first(self, other: socket.socket) -> bool:
        """Wait until something has arrived, here or there; whether it has here."""
        return bool(self._received) or self._connection in select.select([self._connection, other], [], [])[0]

    def fileno(self) -> int:
        """The connection's file descriptor."""
        return self._connection.fileno()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
