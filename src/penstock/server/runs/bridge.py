"""Carries what scheduled runs tell from the scheduler's thread to the event loop: in order, and after it was committed.

A browser that hears of the end of a run and asks for it must find that end in the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from penstock.engine.loop import Sink
from penstock.engine.plan import RunPlan
from penstock.model import events

MOST_LINES = 20_000
"""Events that may wait for a store that is away before lines that blocks print are left out."""
_Told = tuple[Callable[..., object], tuple[object, ...]]


class Bridge:
    """From one thread to the event loop.

    Args:
        sinks_for: makes the sinks of a run; what they are told, they are told on the event loop.
    """

    def __init__(self, sinks_for: Callable[[RunPlan], Iterable[Sink]]) -> None:
        self._sinks_for = sinks_for
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[_Told] = []

    def attach(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Name the event loop; without one everything is forgotten."""
        self._loop = loop

    def sinks(self, plan: RunPlan) -> list[Sink]:
        """Sinks of a run for the other thread."""
        targets = list(self._sinks_for(plan))

        def tell(event: events.Event) -> None:
            if len(self._waiting) >= MOST_LINES and isinstance(event, events.BlockPrinted | events.BlockLogged):
                return  # the store is away for long; the lines are in the files
            for target in targets:
                self._waiting.append((target, (event,)))

        return [tell]

    def call(self, what: Callable[..., object], *arguments: object) -> None:
        """Have something called on the event loop, in the order of the events."""
        self._waiting.append((what, arguments))

    def call_now(self, what: Callable[..., object], *arguments: object) -> None:
        """Have something called on the event loop that is committed already; from any thread.

        It waits for nobody: not every process has a scheduler, which says when its own things are settled.
        """
        if (loop := self._loop) is not None:
            with suppress(RuntimeError):  # it has ended in this moment
                loop.call_soon_threadsafe(what, *arguments)

    def settled(self) -> None:
        """All that has happened is committed: let it go. In the other thread."""
        if not self._waiting:
            return
        told, self._waiting = self._waiting, []
        if (loop := self._loop) is not None:
            with suppress(RuntimeError):  # it has ended in this moment
                loop.call_soon_threadsafe(_deliver, told)


def _deliver(told: list[_Told]) -> None:
    for what, arguments in told:
        what(*arguments)
