"""SIGINT in a worker: ends the user's code, and never cuts a message or a publication in two."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """Turns SIGINT into KeyboardInterrupt while an order is being worked on, at a moment when that does no harm."""

    def __init__(self) -> None:
        self._active = False
        self._shields = 0
        self._pending = False

    def install(self) -> None:
        """Take over the signal in this process; call in the main thread."""
        signal.signal(signal.SIGINT, self._handle)
        if sys.platform == "win32":
            signal.signal(signal.SIGBREAK, self._handle)

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        del signum, frame
        if self._active and not self._shields:
            raise KeyboardInterrupt
        self._pending = True

    @contextmanager
    def working(self, *, first: bool) -> Iterator[None]:
        """While an order is worked on. An interrupt that came before the first order of a process was meant for it."""
        self._active = True
        try:
            if self._pending and first:
                raise KeyboardInterrupt
            self._pending = False
            yield
        finally:
            self._active = False
            self._pending = False

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """An interrupt waits until the end of this context."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
        if self._pending and self._active and not self._shields:
            self._pending = False
            raise KeyboardInterrupt
