"""Turns the bytes that an attempt writes into events of complete lines, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

TAIL_LINES = 40
"""Lines that are remembered for the report of a failure."""

LINE_LIMIT = 64 * 1024
"""Bytes of a line that are kept; the rest is cut, which the line says."""

STREAM_LIMIT = 64 * 1024 * 1024
"""Bytes of one stream of one attempt that are passed on; what is beyond is counted, and its end kept."""

_TAIL_WIDTH = 2000


class LineCapture:
    """One stream of one attempt.

    Args:
        emit: receives text that ends with a newline.
        limit: bytes that are passed on in total.
        line_limit: bytes of one line.
    """

    def __init__(self, emit: Callable[[str], None], *, limit: int = STREAM_LIMIT, line_limit: int = LINE_LIMIT) -> None:
        self._emit = emit
        self._limit = limit
        self._line_limit = line_limit
        self._partial = bytearray()
        self._cut = 0
        self._passed = 0
        self._dropped = 0
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._unseen: deque[str] = deque(maxlen=TAIL_LINES)

    def feed(self, data: bytes) -> None:
        """Take what has been written; memory stays within a line and the chunk."""
        head, newline, rest = data.rpartition(b"\n")
        if not newline:
            self._keep(data)
            return
        first, _, others = (head + b"\n").partition(b"\n")
        self._keep(first)
        self._pass(self._take_line() + others)
        self._keep(rest)

    def finish(self) -> None:
        """Pass on what has no newline at its end, and say what was cut."""
        if self._partial or self._cut:
            self._pass(self._take_line())
        if self._dropped:
            lines = "".join(f"{line}\n" for line in self._unseen)
            self._emit(f"[{self._dropped:,} bytes of output were left out here; the last lines were:]\n{lines}")
            self._dropped = 0
            self._unseen.clear()

    def tail(self) -> list[str]:
        """The last lines, whether or not they were passed on."""
        return list(self._tail)

    def _keep(self, data: bytes) -> None:
        room = self._line_limit - len(self._partial)
        self._partial += data[:room]
        self._cut += max(0, len(data) - room)

    def _take_line(self) -> bytes:
        line = bytes(self._partial)
        if self._cut:
            line += f" [{self._cut:,} more bytes of this line were cut]".encode()
        self._partial.clear()
        self._cut = 0
        return line + b"\n"

    def _pass(self, data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        recent = [line[:_TAIL_WIDTH] for line in text.rsplit("\n", TAIL_LINES + 1)[-TAIL_LINES - 1 : -1]]
        self._tail.extend(recent)
        if self._passed >= self._limit:
            self._dropped += len(data)
            self._unseen.extend(recent)
            return
        self._passed += len(data)
        self._emit(text)
        if self._passed >= self._limit:
            self._emit(
                f"[more than {self._limit:,} bytes of output: what follows is left out, except its last lines]\n"
            )
