"""Waiting for the end of a run, for callers who want nothing but that: none of its events is sent to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from penstock.observe import ingest
from penstock.schedule.requests import RUNS, TRIGGERS
from penstock.server.hub import Hub
from penstock.server.schema.runs import RunSummary
from penstock.state.rows import OPEN

_TOPIC = "run:"
_NO_ENDS = frozenset({TRIGGERS, ingest.TOPIC})
"""Topics of other processes that say nothing of a run's end in the store; a record is told once it was read in."""
LOOK_EVERY = 15.0
"""Seconds after which a run is looked at even when nothing was heard: what another process tells may be lost."""
_REMEMBERED = 1000
"""New runs that are known to have met nothing yet."""


class RunEnds:
    """Wakes those who wait for the end of a run. On the event loop only.

    Args:
        hub: where ends are told.
        summary: a run in one line; raises RunNotFoundError. Called in a thread.
        every: seconds between two looks.
    """

    def __init__(self, hub: Hub, summary: Callable[[str], RunSummary], every: float = LOOK_EVERY) -> None:
        self._summary = summary
        self._every = every
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._new: dict[str, bool] = {}  # whether it is still to be told that it was made
        self._soon: Callable[..., None] = lambda *_: None
        hub.hear(self.hear)

    def hear(self, topics: tuple[str, ...], event: Any) -> None:
        """Something was published."""
        if not (self._waiting or self._new) or not isinstance(event, dict):
            return
        if event.get("type") == "run_ended":
            for topic in topics:
                self._wake(topic.removeprefix(_TOPIC))
        elif event.get("type") == "runs_deleted":
            for run in event["runs"]:
                self._wake(run)
        elif event.get("type") == "run_recorded":  # one of another process, whose record was read in
            self._wake(event["run"])

    def join(self, listeners: list[Callable[[str, str], None]], soon: Callable[..., None], own: str = "") -> None:
        """Hear what processes tell.

        Args:
            listeners: called in any thread, with a topic and a text.
            soon: has something called on the event loop, in the order in which it was asked for.
            own: what the scheduler of this process is called, empty where it has none; its ends are published.
        """

        def heard(topic: str, text: str) -> None:
            if topic not in _NO_ENDS and not (own and text == own):
                soon(self.told, topic, text)

        self._soon = soon
        listeners.append(heard)

    def made(self, run: str) -> None:
        """A run is made in this moment; in any thread, before that is told.

        Who waits for its end need not look whether it has ended, as long as nothing else was told of it.
        """
        self._soon(self._remember, run)

    def told(self, topic: str, text: str) -> None:
        """A process has told something; on the event loop."""
        if topic != RUNS or not text:
            self._new.clear()  # it may have ended any of them
            for run in self._waiting:
                self._wake(run)
        elif self._new.get(text):
            self._new[text] = False  # that it was made
        else:
            self._wake(text)

    def _remember(self, run: str) -> None:
        self._new[run] = True
        if len(self._new) > _REMEMBERED:
            del self._new[next(iter(self._new))]

    def _wake(self, run: str) -> None:
        self._new.pop(run, None)
        for woken in self._waiting.get(run, ()):
            woken.set()

    async def wait(self, run: str, seconds: float) -> RunSummary:
        """The run as it is at its end, or after that many seconds.

        Raises:
            RunNotFoundError: there is no such run, or it was deleted meanwhile.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        woken = asyncio.Event()
        self._waiting.setdefault(run, set()).add(woken)  # before the look: an end in between is heard
        try:
            while True:
                woken.clear()  # before the look as well, which takes a while
                left = until - clock()
                if run not in self._new or left <= 0:
                    found = await asyncio.to_thread(self._summary, run)
                    left = until - clock()
                    if found.state not in OPEN or left <= 0:
                        return found
                try:
                    await asyncio.wait_for(woken.wait(), min(left, self._every))
                except TimeoutError:
                    self._new.pop(run, None)
        finally:
            waiting = self._waiting[run]
            waiting.discard(woken)
            if not waiting:
                del self._waiting[run]
