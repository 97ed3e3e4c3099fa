"""Turns the run loop on the server's event loop: woken by descriptors and deadlines, never by polling."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from penstock.engine.loop import RunLoop

_STEP = 0.5
"""Seconds that the waiting thread of a system without a descriptor waits at most at a time."""


class Pump:
    """Calls `RunLoop.poll(0)` when there is something to do.

    Args:
        loop: the run loop.
        threaded: wait in a thread; the default where the system offers no descriptor to wait for (Windows).
    """

    def __init__(self, loop: RunLoop, *, threaded: bool = False) -> None:
        self._runs = loop
        self._threaded = threaded
        self._events: asyncio.AbstractEventLoop | None = None
        self._descriptor: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._soon = False
        self._waiting: _WaitingThread | None = None

    async def start(self) -> None:
        """Begin to turn."""
        self._events = asyncio.get_running_loop()
        if not self._threaded:
            with suppress(AttributeError, NotImplementedError, OSError):
                descriptor = self._runs.fileno()
                self._events.add_reader(descriptor, self.turn)
                self._descriptor = descriptor
        if self._descriptor is None:
            self._waiting = _WaitingThread(self._runs, self._events, self.turn)
            self._waiting.start()
        self.turn()

    async def close(self) -> None:
        """Turn no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._descriptor is not None and self._events is not None:
            self._events.remove_reader(self._descriptor)
            self._descriptor = None
        if self._waiting is not None:
            await asyncio.to_thread(self._waiting.close)
            self._waiting = None
        self._events = None

    def kick(self) -> None:
        """Something was started or ended from outside: turn as soon as the caller is done."""
        if self._events is not None and not self._soon:
            self._soon = True
            self._events.call_soon(self._kicked)

    def _kicked(self) -> None:
        self._soon = False
        self.turn()

    def turn(self) -> None:
        """Do what is to be done, and see when the next thing is due."""
        if self._events is None:
            return
        self._runs.poll(0)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._runs.deadline()
        if due is not None:
            self._timer = self._events.call_later(max(0.0, due - time.monotonic()), self.turn)
        if self._waiting is not None:
            self._waiting.resume()


class _WaitingThread(threading.Thread):
    """Waits for the workers' sockets in place of the event loop, and rests while what it found is being done."""

    def __init__(self, runs: RunLoop, events: asyncio.AbstractEventLoop, turn: Callable[[], None]) -> None:
        super().__init__(name="penstock-pump", daemon=True)
        self._runs = runs
        self._events = events
        self._turn = turn
        self._go = threading.Event()
        self._ended = False

    def resume(self) -> None:
        """What it found has been done."""
        self._go.set()

    def close(self) -> None:
        """End it."""
        self._ended = True
        self._go.set()
        self.join()

    def run(self) -> None:
        """Wait, tell, rest."""
        while True:
            self._go.wait()
            if self._ended:
                return
            if self._runs.wait_readable(_STEP):
                self._go.clear()
                with suppress(RuntimeError):  # the event loop has been closed
                    self._events.call_soon_threadsafe(self._turn)
