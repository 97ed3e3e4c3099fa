"""SIGINT in a worker: ends the user's code, and never cuts a message or a publication in two."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType, TracebackType


class Interrupts:
    """Turns SIGINT into KeyboardInterrupt while an order is being worked on, at a moment when that does no harm."""

    def __init__(self) -> None:
        self._active = False
        self._shields = 0
        self._pending = False
        self._shield = _Shield(self)

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

    def shielded(self) -> AbstractContextManager[None]:
        """An interrupt waits until the end of this context."""
        return self._shield

    def raise_shield(self) -> None:
        """From now on an interrupt waits."""
        self._shields += 1

    def lower_shield(self, *, quietly: bool) -> None:
        """Raise what has come meanwhile, unless something else is being raised, or another shield is still up."""
        self._shields -= 1
        if self._pending and self._active and not self._shields and not quietly:
            self._pending = False
            raise KeyboardInterrupt


class _Shield(AbstractContextManager[None]):
    """What `shielded` gives, the same one each time: each message passes through one, and a generator costs thrice."""

    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts

    def __enter__(self) -> None:
        self._interrupts.raise_shield()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._interrupts.lower_shield(quietly=error is not None)
