"""The ways to the other sides: one that keeps a message waiting gets no other, so that it holds up nobody else's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SLOW = 2.0
"""Seconds after which who has not taken a message is slow."""
MOST = 4
"""Messages that are on their way to one address at once."""


class Lanes:
    """Who may be sent to now. Safe in any thread.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._begun: dict[str, list[float]] = {}
        self._slow: set[str] = set()

    @contextmanager
    def to(self, address: str) -> Iterator[bool]:
        """Whether a message may go there now; for as long as it takes. Waits `SLOW` seconds at most for its turn."""
        began = self._enter(address)
        try:
            yield began is not None
        finally:
            if began is not None:
                self._leave(address, began)

    def _enter(self, address: str) -> float | None:
        with self._changed:
            until = self._clock() + SLOW
            while True:
                now = self._clock()
                begun = self._begun.get(address, [])
                if begun and (address in self._slow or now - min(begun) >= SLOW):
                    return None
                if len(begun) < MOST:
                    self._begun.setdefault(address, begun).append(now)
                    return now
                if now >= until:
                    return None
                self._changed.wait(until - now)

    def _leave(self, address: str, began: float) -> None:
        with self._changed:
            begun = self._begun[address]
            begun.remove(began)
            if not begun:
                del self._begun[address]
            if self._clock() - began >= SLOW:
                self._slow.add(address)
            else:
                self._slow.discard(address)
            self._changed.notify_all()
