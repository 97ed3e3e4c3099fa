"""Waits for descriptors and deadlines of one thread, and calls back."""

from __future__ import annotations

import math
import selectors
import time
from collections import deque
from collections.abc import Callable, Hashable
from typing import Protocol


class HasFileno(Protocol):
    """Something that can be waited for."""

    def fileno(self) -> int:
        """Its file descriptor."""


Callback = Callable[[], None]
_LONGEST = 86_400.0
"""Seconds of one wait at most: a system takes no more than some weeks, and to look once a day costs nothing."""


class Reactor:
    """Readable and writable descriptors, deadlines, and what is to happen at the next turn."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._deadlines: dict[Hashable, tuple[float, Callback]] = {}
        self._soon: deque[Callback] = deque()

    def fileno(self) -> int:
        """A descriptor that is readable when there is something to do; not on Windows."""
        return int(self._selector.fileno())

    def on_readable(self, source: HasFileno, callback: Callback) -> Callback:
        """Call back each time the source can be read; gives what ends that, to be called before it is closed."""
        self._selector.register(source, selectors.EVENT_READ, (callback, None))
        return lambda: self.forget(source)

    def on_writable(self, source: HasFileno, callback: Callback | None) -> None:
        """For a source that is registered for reading: call back each time it can be written; None ends that."""
        read, _ = self._selector.get_key(source).data
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if callback else 0)
        self._selector.modify(source, events, (read, callback))

    def forget(self, source: HasFileno) -> None:
        """Stop waiting for the source; call before it is closed."""
        self._selector.unregister(source)

    def at(self, key: Hashable, when: float, callback: Callback) -> None:
        """Call back once at that time of the monotonic clock; replaces an earlier deadline of the same key."""
        self._deadlines[key] = (when, callback)

    def cancel(self, key: Hashable) -> None:
        """Drop the deadline of that key, if there is one."""
        self._deadlines.pop(key, None)

    def soon(self, callback: Callback) -> None:
        """Call back at the next turn."""
        self._soon.append(callback)

    def deadline(self) -> float | None:
        """When the next turn is due even if nothing becomes readable, on the monotonic clock; None is never."""
        if self._soon:
            return time.monotonic()
        return min((when for when, _ in self._deadlines.values()), default=None)

    def turn(self, timeout: float | None = None) -> None:
        """Wait at most that many seconds for something to do, and do it."""
        if self._soon:
            timeout = 0.0
        elif self._deadlines:
            left = max(0.0, min(when for when, _ in self._deadlines.values()) - time.monotonic())
            timeout = left if timeout is None else min(timeout, left)
        for _ in range(len(self._soon)):
            self._soon.popleft()()
        for key, mask in self._selector.select(None if timeout is None else min(timeout, _LONGEST)):
            read, write = key.data
            if write is not None and mask & selectors.EVENT_WRITE:
                write()
            if mask & selectors.EVENT_READ and key.fd in self._selector.get_map():
                read()
        if self._deadlines:
            self._fire(time.monotonic())

    def wait(self, timeout: float) -> bool:
        """Wait, in another thread than the one that turns, until there is something to do; False when time is up."""
        due = self.deadline()
        left = min(timeout, _LONGEST, timeout if due is None else max(0.0, due - time.monotonic()))
        return bool(self._selector.select(left)) or (due is not None and due <= time.monotonic())

    def _fire(self, now: float) -> None:
        for key in [key for key, (when, _) in self._deadlines.items() if when <= now]:
            when, callback = self._deadlines.get(key, (math.inf, None))
            if callback is not None and when <= now:  # else one that was called before it has put it off
                del self._deadlines[key]
                callback()

    def close(self) -> None:
        """Stop waiting for anything."""
        self._selector.close()
        self._deadlines.clear()
        self._soon.clear()
