"""Turns the bytes that an attempt writes into events of complete lines, in bounded memory.

A line that is overwritten with carriage returns (a progress bar) counts as a terminal shows it: what was written last.
While it goes on it is passed on now and then.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

TAIL_LINES = 40
"""Lines that are remembered for the report of a failure."""

LINE_LIMIT = 64 * 1024
"""Bytes of a line that are kept; the rest is cut, which the line says."""

STREAM_LIMIT = 64 * 1024 * 1024
"""Bytes of one stream of one attempt that are passed on; what is beyond is counted, and its end kept."""

PROGRESS_INTERVAL = 0.5
"""Seconds between two states of a line that is overwritten again and again."""

_TAIL_WIDTH = 2000


class LineCapture:
    """One stream of one attempt.

    Args:
        emit: receives text that ends with a newline.
        limit: bytes that are passed on in total.
        line_limit: bytes of one line.
        clock: seconds, rising.
    """

    def __init__(
        self,
        emit: Callable[[str], None],
        *,
        limit: int = STREAM_LIMIT,
        line_limit: int = LINE_LIMIT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._emit = emit
        self._clock = clock
        self._progress_at = -PROGRESS_INTERVAL
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
            if b"\r" in self._partial:
                self._progress()
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

    def _progress(self) -> None:
        """Pass on the newest complete state of the line that is being overwritten; the ones before it are gone."""
        states, found, _ = self._partial[:-1].rpartition(b"\r")  # one at the very end may belong to a newline to come
        if not found:
            return
        current = self._partial[len(states) + 1 :]
        state = states.rpartition(b"\r")[2]
        now = self._clock()
        if state.strip() and now - self._progress_at >= PROGRESS_INTERVAL:
            self._progress_at = now
            self._pass(bytes(state) + b"\n")
            state = bytearray()
        self._partial[:] = (b"\r" + state if state else b"") + b"\r" + current

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
        if b"\r" in data:
            data = b"\n".join(_last_state(line) for line in data.split(b"\n"))
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


def _last_state(line: bytes) -> bytes:
    """What a terminal shows of a line in the end; a carriage return at its very end belongs to the newline."""
    return line[line.rfind(b"\r", 0, -1) + 1 :]
