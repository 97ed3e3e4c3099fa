"""Worker processes that are up before there is an order for them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Protocol

from penstock.engine.launcher import Launcher
from penstock.engine.needs import NEEDS_BY_LANGUAGE, certain_needs
from penstock.engine.process import WorkerProcess
from penstock.engine.reactor import Reactor
from penstock.model.messages import BlockOrder

COMING_PATIENCE = 5.0
"""Seconds that a process waits for an order that was said to come in a moment."""

REST = 0.1
"""Seconds without an order after which the next one is the first of something new."""
BREATH = 0.003
"""Seconds that such an order has to itself before a process is made ready for the one after it.

The server and the block keep two processors busy: a third process that comes up keeps the block from its first line.
"""

_PROCESSORS = os.cpu_count() or 1


class Start(Protocol):
    """Starts a process that has these modules; `warm` says for which language it warms up, empty: for none."""

    def __call__(self, needs: Iterable[str], *, warm: str = "") -> WorkerProcess:
        """Start it; OSError when it cannot start."""


class Spares:
    """The processes that wait for an order.

    Args:
        launcher: where processes come from.
        reactor: calls back.
        count: how many there are when nothing is said to come.
        start: starts one.
        busy: how many processes are at work.

    `ready` are those that wait.
    """

    def __init__(self, launcher: Launcher, reactor: Reactor, count: int, start: Start, busy: Callable[[], int]) -> None:
        self._launcher = launcher
        self._reactor = reactor
        self._count = count
        self._start = start
        self._busy = busy
        self.ready: list[WorkerProcess] = []
        self._in_sql = 0
        self._coming = 0
        self._taken_at = 0.0

    def __contains__(self, process: WorkerProcess) -> bool:
        """Whether that one waits here."""
        return process in self.ready

    def expect_sql(self, orders: int) -> None:
        """As `Supervisor.expect_sql`."""
        self._in_sql = max(0, self._in_sql + orders)
        self.fill()

    def expect(self, block: BlockOrder, orders: int) -> None:
        """As `Supervisor.expect`."""
        if orders and self._launcher.warm and self._count and certain_needs(block) <= self._launcher.tried():
            self._come(max(self._coming, orders))
            self._reactor.at("coming", time.monotonic() + COMING_PATIENCE, lambda: self._come(0))

    def _come(self, orders: int) -> None:
        self._coming = orders
        self.fill()

    def take(self, block: BlockOrder) -> WorkerProcess:
        """One for an order of that block: it is no spare any more; a fresh one where none fits.

        Raises:
            OSError: none can be started.
        """
        needs = certain_needs(block) if self._launcher.warm else frozenset()
        in_sql = block.language == "sql"
        self._in_sql = max(0, self._in_sql - in_sql)
        self._coming = max(0, self._coming - 1)
        # One with an open database is for a block in SQL; such a block takes any other too.
        for spare in sorted(self.ready, key=lambda spare: not spare.in_sql):
            if needs <= spare.imports and in_sql >= spare.in_sql:
                self.ready.remove(spare)
                return spare
        stale = [spare for spare in self.ready if needs <= self._launcher.tried()]
        for spare in stale:  # it was forked before the libraries were there, and would have to import them itself
            self._drop(spare)
        return self._start(needs)

    def fill(self) -> None:
        """Have as many as are wanted, as far as the machine gives them."""
        with suppress(OSError):
            self._fill()

    def refill(self) -> None:
        """As `fill`, after an order was sent: of the first one after a rest, a moment later."""
        now = time.monotonic()
        rested, self._taken_at = now - self._taken_at > REST, now
        if rested:
            self._reactor.at("spares", now + BREATH, self.fill)
        else:
            self.fill()

    def renew(self) -> None:
        """More is imported by now: replace those that came before it."""
        for spare in [spare for spare in self.ready if not spare.imports >= self._launcher.tried()]:
            self._drop(spare)
        self.fill()

    def forget(self, process: WorkerProcess) -> None:
        """It has ended, or is about to."""
        if process in self.ready:
            self.ready.remove(process)

    def _fill(self) -> None:
        plain = [spare for spare in self.ready if not spare.in_sql]
        for spare in plain[self._count + self._coming :]:
            self._drop(spare)
        for _ in range(self._coming + self._count - len(plain)):
            warm = "python" if self._busy() + self._coming < _PROCESSORS else ""
            self.ready.append(self._start((), warm=warm))
        ready = [spare for spare in self.ready if spare.in_sql]
        if not self._in_sql:
            for spare in ready:
                self._drop(spare)
        elif not ready and self._count and NEEDS_BY_LANGUAGE["sql"] <= self._launcher.tried():
            spare = self._start((), warm="sql")
            spare.in_sql = True
            self.ready.append(spare)

    def _drop(self, spare: WorkerProcess) -> None:
        self.ready.remove(spare)
        spare.close_channel()
