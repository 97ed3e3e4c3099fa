"""Orders that lie ready for a process while it is at another one, and whose output is whose then. Not on Windows.

The orders lie in a socket that both sides read: whoever takes one out first has it. So the supervisor may want them
back at any moment, and knows for certain which of them the worker has begun, be it dead by then.
"""

from __future__ import annotations

import os
import select
import socket
import sys
from collections import deque
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

MARK_BYTES = 16
"""Bytes that the worker writes to both streams before it begins an order that lay behind another: what follows is its
output."""

_MARKED, _UNMARKED = b"\1", b"\0"
_HEAD = 1 + MARK_BYTES

ORDER_LIMIT = 64 * 1024
"""Bytes of an order that may lie ready; a larger one is sent when it is its turn."""

STREAMS = ("stdout", "stderr")


class HasFrames(Protocol):
    """An attempt, as far as it concerns us: `frames` are its order, `mark` what it is known by while it lies ready."""

    frames: bytes
    mark: bytes


A = TypeVar("A", bound=HasFrames)


class Taker:
    """The worker's side.

    Args:
        queue: the socket; it can be read when an order lies ready.
        streams: descriptors of what its stdout and stderr were at first, whatever a block makes of them.
    """

    def __init__(self, queue: socket.socket, streams: tuple[int, int]) -> None:
        self.queue = queue
        self._streams = streams

    def take(self) -> bytes | None:
        """The frame of the next order, or None; what is written to the streams from now on is its output.

        Raises:
            OSError: the supervisor is gone.
        """
        try:
            data = self.queue.recv(_HEAD + ORDER_LIMIT, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        if not data:
            raise ConnectionResetError("the supervisor has gone")
        if data.startswith(_MARKED):
            for stream in self._streams:
                _write(stream, data[1:_HEAD])
        return data[_HEAD:]


class Ahead(Generic[A]):
    """The supervisor's side of one process.

    `line` are the attempts whose orders were put in, in order, that have not ended; the first is the one that the
    process is at. Nothing is put in while it is at an order that came down the channel: it would not know which of the
    two is first.
    """

    def __init__(self) -> None:
        self.line: deque[A] = deque()
        self._ours: socket.socket | None = None
        self._theirs: socket.socket | None = None
        self._marks: dict[str, deque[A]] = {stream: deque() for stream in STREAMS}
        self._speaking: dict[str, A] = {}
        self._torn: dict[str, bytes] = {}

    def open(self) -> int:
        """Open the socket; a descriptor of its other end, which is the caller's to close.

        Once more it is the same socket, with what lies in it: for a process that takes the place of one that never was.
        """
        if sys.platform == "win32":
            raise OSError("no such socket")
        if self._theirs is None:
            self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return os.dup(self._theirs.fileno())

    def is_open(self) -> bool:
        """Whether orders can be put in."""
        return self._ours is not None

    def put(self, attempt: A) -> bool:
        """Lay its order ready, behind those that lie there; False where that cannot be done."""
        if self._ours is None or len(attempt.frames) > ORDER_LIMIT:
            return False
        attempt.mark = b"\0" + os.urandom(MARK_BYTES - 1)
        kind = _MARKED if self.line else _UNMARKED
        try:
            self._ours.send(kind + attempt.mark + attempt.frames, socket.MSG_DONTWAIT)
        except OSError:
            return False
        if self.line:
            for marks in self._marks.values():
                marks.append(attempt)
        else:  # nothing else is under way there: each mark that is written would wake who reads the streams
            self.sent()
        self.line.append(attempt)
        return True

    def take_back(self) -> list[A]:
        """Take out what the worker has not taken: the attempts, in order, which it will not begin any more."""
        back: list[A] = []
        while self.line and self._theirs is not None:
            try:
                data = self._theirs.recv(_HEAD, socket.MSG_DONTWAIT)
            except OSError:
                break
            if not data:
                break
            # Not the last one always: the worker may take one between two that are taken here.
            attempt = next((attempt for attempt in self.line if attempt.mark == data[1:]), None)
            if attempt is None:  # its end was told though nobody had begun it: user code has written to the channel
                continue
            self.line.remove(attempt)
            back.append(attempt)
            for marks in self._marks.values():
                with suppress(ValueError):
                    marks.remove(attempt)
        return back

    def after(self, attempt: A) -> A | None:
        """That attempt is over: the one which comes next."""
        if self.line and self.line[0] is attempt:
            self.line.popleft()
        return self.line[0] if self.line else None

    def split(self, stream: str, data: bytes) -> list[tuple[A | None, bytes]]:
        """Whose output is what was read from a stream; None is that of the order that did not lie ready."""
        marks = self._marks[stream]
        if not marks and stream not in self._speaking and stream not in self._torn:
            return [(None, data)]
        found: list[tuple[A | None, bytes]] = []
        data = self._torn.pop(stream, b"") + data
        while marks:
            before, is_there, rest = data.partition(marks[0].mark)
            if not is_there:
                break
            found.append((self._speaking.get(stream), before))
            self._speaking[stream] = marks.popleft()
            data = rest
        if marks and (torn := _beginning_of(marks[0].mark, data)):
            self._torn[stream] = data[-torn:]
            data = data[:-torn]
        found.append((self._speaking.get(stream), data))
        return [(speaker, text) for speaker, text in found if text]

    def rest(self, stream: str, attempt: A) -> bytes:
        """What looked like the beginning of a mark at the end of what that attempt has written, and was none."""
        return self._torn.pop(stream, b"") if self._speaking.get(stream, attempt) is attempt else b""

    def sent(self) -> None:
        """An order is sent down the channel, while nothing lies ready: what comes is its output."""
        self._speaking.clear()

    def close(self) -> None:
        """Close both ends."""
        for end in (self._ours, self._theirs):
            if end is not None:
                end.close()
        self._ours = self._theirs = None


def _write(stream: int, mark: bytes) -> None:
    """Write the mark whole, though a block, or a program that it has started, has made the pipe non-blocking."""
    while True:
        try:
            os.write(stream, mark)
        except BlockingIOError:
            select.select([], [stream], [])
        else:
            return


def _beginning_of(mark: bytes, data: bytes) -> int:
    """How many bytes at the end of the data may be the beginning of that mark."""
    at = data.find(mark[:1], max(0, len(data) - len(mark) + 1))
    while at >= 0 and not mark.startswith(data[at:]):
        at = data.find(mark[:1], at + 1)
    return len(data) - at if at >= 0 else 0
