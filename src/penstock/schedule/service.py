"""The scheduler's thread: turns the core, sleeps until something is due or heard, and hands over at its end.

It runs beside the studio or alone. A page that is slow, or a request that hangs, does not concern it: it shares the
store with them and nothing else.
"""

from __future__ import annotations

import platform
import secrets
import select
import socket
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from penstock.engine.handle import Asking
from penstock.model.errors import STATE_TROUBLE
from penstock.observe.liveness import machine
from penstock.observe.metrics import METRICS
from penstock.project import Project
from penstock.schedule.bench import Bench
from penstock.schedule.claim import Admission
from penstock.schedule.core import SWEEP, Core
from penstock.schedule.ends import Alerts
from penstock.schedule.hearers import Backfills, Hearers
from penstock.state.rows import NodeRow

if TYPE_CHECKING:
    from penstock.engine.supervisor import Supervisor
    from penstock.state.store import State

_PAUSE = 5.0
"""Seconds of rest after a mistake of ours."""
_ENDING = 30.0
"""Seconds that the end may take: what is not handed over by then is found by its expired lease."""


class ServiceBench(Bench, Protocol):
    """A bench that a thread can wait on, and end."""

    @property
    def supervisor(self) -> Supervisor:
        """What starts its processes; other threads may ask it which there are."""

    def watch(self, source: socket.socket, heard: Callable[[], None]) -> None:
        """Call back inside `poll` each time the socket can be read."""

    def answer_runs(self, asked: Callable[[Asking], None]) -> None:
        """Hand on what blocks ask of runs."""

    def learn(self) -> None:
        """Keep what the workers have imported, for the next start."""

    def close(self) -> None:
        """End every process."""


class Scheduler:
    """Starts what is due and drives what was started, in a thread of its own.

    Args:
        state: the store.
        bench: runs blocks; made by `open_bench` in the thread, and closed with it.
        kind: what this process is: scheduler, or both it and the server.
        admission: which runs may begin.
        alerts: who is told of failures.
        backfills: makes the runs of backfills.
        hearers: who is told of everything, in this thread.
        publish: wakes other processes.
        clock: seconds since the epoch.
        project: gives the project as it is now; None where no block asks for runs.
    """

    def __init__(
        self,
        state: State,
        open_bench: Callable[[], ServiceBench],
        *,
        kind: str = "scheduler",
        admission: Admission | None = None,
        alerts: Alerts | None = None,
        backfills: Backfills | None = None,
        hearers: Hearers | None = None,
        publish: Callable[[str, str], None] = lambda *_: None,
        clock: Callable[[], float] = time.time,
        project: Callable[[], Project] | None = None,
    ) -> None:
        self._state = state
        self._open_bench = open_bench
        self._kind = kind
        self._parts = (admission, alerts, backfills)
        self._hearers = hearers or Hearers()
        self._publish = publish
        self._clock = clock
        self._project = project
        self._messages: deque[tuple[str, str]] = deque()
        self._mine, self._theirs = socket.socketpair()
        self._mine.setblocking(False)
        self._theirs.setblocking(False)
        self._closing = False
        self._thread: threading.Thread | None = None
        self._seen_at = 0.0
        self.owner = f"{platform.node()}-{secrets.token_hex(6)}"
        self.last_tick: float | None = None
        self.failure = ""

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="penstock-scheduler", daemon=True)
        self._thread.start()

    def wake(self, topic: str = "", text: str = "") -> None:
        """Something was asked, or has changed; from any thread. Never blocks."""
        if (topic, text) == ("scheduler", self.owner):  # what this one has said itself
            return
        self._messages.append((topic, text))
        with suppress(OSError):  # full: it has been woken; closed: it has ended
            self._theirs.send(b"x")

    def close(self) -> None:
        """Hand over what is under way, end every process, and wait for that; not for ever."""
        self._closing = True
        self.wake()
        if self._thread is not None:
            self._thread.join(_ENDING)
            if self._thread.is_alive():  # it ends with this process
                self._hearers.notice(f"the scheduler did not end within {_ENDING:g} s, and is left behind")
                return
            self._thread = None
        self._theirs.close()
        self._mine.close()

    def _run(self) -> None:
        bench = self._opened()
        if bench is None:
            return
        try:
            bench.watch(self._mine, self._drain)
            core = self._core(bench)
            if self._project is not None:
                bench.answer_runs(core.asked)
            while not self._closing:
                self._step(core, bench)
            self._end(core)
            bench.learn()
        finally:
            bench.close()

    def _opened(self) -> ServiceBench | None:
        """The bench, as soon as it can be opened; None when this is to end before."""
        while not self._closing:
            try:
                return self._open_bench()
            except Exception as error:  # noqa: BLE001 - a machine that has no processes to give may have some again
                if self.failure != (told := f"{type(error).__name__}: {error}"):
                    self._hearers.notice(f"the scheduler cannot begin, and tries again: {told}")
                self.failure = told
                self._rest()
        return None

    def _core(self, bench: ServiceBench) -> Core:
        admission, alerts, backfills = self._parts
        heard = self._hearers

        def others() -> None:
            heard.others()
            self._publish("scheduler", self.owner)

        def notice(text: str) -> None:
            heard.notice(text)

        return Core(
            self._state,
            bench,
            self.owner,
            clock=self._clock,
            monotonic=time.monotonic,
            admission=admission,
            alerts=alerts,
            backfills=backfills,
            hearers=Hearers(heard.changed, heard.settled, heard.triggers, others, notice, heard.stopped),
            project=self._project,
        )

    def _step(self, core: Core, bench: ServiceBench) -> None:
        try:
            while self._messages:
                core.hear(*self._messages.popleft())
            self._show(core)
            began = time.perf_counter()
            pause = core.turn()
            METRICS.time("penstock_tick_seconds", time.perf_counter() - began)
            bench.supervisor.wait_readable(SWEEP if pause is None else pause)
            core.keep()
            bench.poll(0.0)
            self.failure = core.failure
            self.last_tick = self._clock()
        except Exception as error:  # noqa: BLE001 - the thread outlives our mistakes; runs are taken up anew
            self.failure = f"{type(error).__name__}: {error}"
            try:
                self._begin_anew(core, bench)
            except Exception:  # noqa: BLE001 - the same; what is still held is found by its expired leases
                self._rest()

    def _begin_anew(self, core: Core, bench: ServiceBench) -> None:
        """After a mistake: hand over what is driven, and take it up again when it has rested."""
        self._hearers.notice(f"the scheduler stumbled and begins anew: {traceback.format_exc()}")
        core.hear("", "")  # what it had heard may be lost with the turn
        with suppress(*STATE_TROUBLE):
            core.hand_over()
        if not self._closing:
            bench.poll(_PAUSE)

    def _rest(self) -> None:
        """Wait without a bench: a moment, or until somebody wakes this thread."""
        select.select([self._mine], [], [], 0.0 if self._closing else _PAUSE)
        self._drain()

    def _show(self, core: Core) -> None:
        """Say that this process is there."""
        at = time.monotonic()
        if self._seen_at and at < self._seen_at + SWEEP / 2:
            return
        self._seen_at = at
        now = self._clock()
        node = NodeRow(self.owner, self._kind, machine(), core.pid, now, now)
        with suppress(*STATE_TROUBLE), self._state.write() as connection:
            if not self._state.nodes.seen(connection, self.owner, now):
                self._state.nodes.put(connection, node)
            self._state.nodes.remove_unseen(connection, now - 10 * SWEEP)

    def _end(self, core: Core) -> None:
        with suppress(*STATE_TROUBLE):
            core.hand_over()
            with self._state.write() as connection:
                self._state.nodes.remove(connection, self.owner)

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while self._mine.recv(4096):
                pass
