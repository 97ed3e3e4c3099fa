"""Runs that blocks of the studio's runs, and scratchpads, ask for: made in the store, for the scheduler to drive.

On the event loop but for the store, which is asked in a thread.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace

from penstock.engine.handle import Asking
from penstock.engine.loop import Sink
from penstock.engine.plan import RunPlan
from penstock.model import events
from penstock.model.errors import PenstockError, StateUnavailableError
from penstock.model.messages import Answer, Ask
from penstock.project import Project
from penstock.schedule.asking import request_of, wish_for
from penstock.schedule.blame import StumbleError, blaming
from penstock.schedule.children import Children
from penstock.schedule.requests import RUNS, cancel_left_alone
from penstock.schedule.wishes import Request
from penstock.server.bench import Bench
from penstock.server.runs.pump import Pump
from penstock.state.rows import RunRow
from penstock.state.store import State

_log = logging.getLogger("penstock.server")
_AGAIN = 1.0
"""Seconds until the store is asked again that was away."""


class StudioChildren:
    """Answers what is asked of runs by code that no scheduler drives.

    Args:
        state: the store.
        project: gives the project as it is now.
        pump: turns the run loop, once something was answered.
        recorded: puts a run of the studio into the store from its record: pipeline and run.
        told: tells pages and schedulers of a run that was made.
        waits: tells pages, on the event loop, of a run whose blocks wait for others, or do so no more.
        ending: tells pages and schedulers of a run that has been ended, or is to be.
    """

    def __init__(
        self,
        state: State,
        project: Callable[[], Project],
        pump: Pump,
        recorded: Callable[[str, str], object],
        told: Callable[[RunRow], object],
        waits: Callable[[RunRow], object],
        ending: Callable[[RunRow], object],
    ) -> None:
        self._state = state
        self._project = project
        self._pump = pump
        self._recorded = recorded
        self._told = told
        self._waits = waits
        self._ending = ending
        self._children = Children(state, project, clock=time.time, monotonic=time.monotonic)
        self._events: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._again = False
        self._asking: set[tuple[str, str]] = set()
        self._asked: set[str] = set()
        self._over: list[str] = []

    def join(self, bench: Bench, listeners: list[Callable[[str, str], None]]) -> None:
        """Answer what is asked on that bench, and hear what other processes tell."""
        bench.answer_runs(self.asked, self.asked_by_nobody)
        bench.watch_runs(self.sinks)
        listeners.append(self.heard)

    async def start(self) -> None:
        """Begin, on the running event loop."""
        self._events = asyncio.get_running_loop()

    async def close(self) -> None:
        """Answer nobody any more."""
        self._events = None
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def asked(self, asking: Asking) -> None:
        """A block asks."""
        if (request := request_of(asking, self._project, time.time)) is not None:
            self._asking.add((request.pipeline, request.run))
            self._asked.add(request.run)
            self._put(request)

    def asked_by_nobody(self, pipeline: str, ask: Ask, reply: Callable[[Answer], None]) -> None:
        """Code of no run asks, such as a scratchpad's."""
        try:
            wish = wish_for(ask, self._project())
        except PenstockError as error:
            reply(Answer(ask.id, error=error.message, hint=error.hint, code=error.code))
            return
        self._put(Request(ask.id, pipeline, reply, wish, about=str(ask.arguments.get("run") or "")))

    def sinks(self, plan: RunPlan) -> list[Sink]:
        """What is to be told of a run of the studio: with its end, its blocks wait for nothing any more."""

        def listen(event: events.Event) -> None:
            if isinstance(event, events.RunEnded) and plan.run in self._asked:
                self._asked.discard(plan.run)
                self._children.ended(plan.run)
                self._over.append(plan.run)
                self._kick()

        return [listen]

    def heard(self, topic: str, text: str) -> None:
        """Another process tells something; in any thread."""
        if topic != "triggers" and not self._children.idle:
            self._children.heard(text if topic == RUNS else "")
            if (loop := self._events) is not None:
                with suppress(RuntimeError):  # it has ended in this moment
                    loop.call_soon_threadsafe(self._kick)

    def changed(self, what: str, row: RunRow) -> None:
        """A run of the scheduler of this process was made, has begun or ended."""
        if what in {"ended", "lost"} and not self._children.idle:
            self._children.heard(row.id)
            self._kick()

    def _put(self, request: Request) -> None:
        reply = request.reply

        def replied(answer: Answer) -> None:
            reply(answer)
            self._pump.kick()

        self._children.put(replace(request, reply=replied))
        self._kick()

    def _kick(self) -> None:
        self._again = True
        if self._task is None and self._events is not None:
            self._task = self._events.create_task(self._work())

    async def _work(self) -> None:
        well = False
        try:
            while self._again and self._events is not None:
                self._again = False
                await self._step()
            well = True
        except StateUnavailableError:
            pass  # what was asked is kept
        finally:
            self._task = None
            if not well:  # a mistake of ours is told by the event loop; others wait for answers all the same
                self._later(_AGAIN)
        if self._again and well:
            self._kick()

    async def _step(self) -> None:
        for pipeline, run in list(self._asking):
            with _apart(run):
                await asyncio.to_thread(self._recorded, pipeline, run)
            self._asking.discard((pipeline, run))
        while self._over:
            with _apart(self._over[0]):
                await asyncio.to_thread(self._leave, self._over[0])
            del self._over[0]
        done = await asyncio.to_thread(self._children.step)
        try:
            for row in done.made:
                with _apart(row.id):
                    self._told(row)
            for row in done.waits:
                with _apart(row.id):
                    self._waits(row)
        finally:  # the store may be away for who tells pages; blocks have these answers from here or never
            for act in done.acts:
                with _apart():
                    act()
        if (due := self._children.due()) is not None:
            self._later(max(0.0, due - time.monotonic()))

    def _later(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._events is not None:
            self._timer = self._events.call_later(seconds, self._kick)

    def _leave(self, run: str) -> None:
        """A run has ended: so do those that its blocks waited for."""
        left = self._state.transact(lambda connection: cancel_left_alone(connection, self._state, run, time.time()))
        for row in left:
            self._ending(row)


@contextmanager
def _apart(run: str = "") -> Iterator[None]:
    """Let a mistake of ours over one run keep nobody else waiting: it is told in the log."""
    try:
        with blaming(run) if run else nullcontext():
            yield
    except StumbleError as stumble:
        _log.error("runs that blocks ask for: run %s", stumble.blamed, exc_info=stumble.__cause__)
