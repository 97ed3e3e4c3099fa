"""Runs over which the scheduler stumbles by a mistake of its own each time, at one place or another; the others go on."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from penstock.schedule.blame import blaming
from penstock.schedule.limits import Limits

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.engine.loop import Sink
    from penstock.engine.plan import RunPlan
    from penstock.model.events import Event
    from penstock.schedule.limit_rules import Rules
    from penstock.state.rows import RunRow
    from penstock.state.store import State

CURSE = "by a curse"
PLACES = (
    "pick",
    "plan",
    "started",
    "ended",
    "lost",
    "freed",
    "asks",
    "gate",
    "released",
    "BlockStarted",
    "BlockRetrying",
    "BlockEnded",
    "RunEnded",
)
"""Where a mistake comes: in the plan, a hearer, the limits, or when an event is heard."""


class Curses:
    """Which runs are cursed, and where; it follows from their names.

    Args:
        share: how many of all runs are, from 0 to 1.
        times: how often a curse strikes a run until it has passed.
    """

    def __init__(self, share: float, times: int = 1_000_000) -> None:
        self._share = share
        self._times = times
        self.struck: dict[str, int] = {}

    def place(self, run: str) -> str:
        """Where this run is cursed; empty when it is not."""
        dice = random.Random(f"curse of {run}")
        return dice.choice(PLACES) if dice.random() < self._share else ""

    def strike(self, run: str, place: str) -> None:
        """Raise when that run is cursed at that place."""
        if self._share and self.place(run) == place and self.struck.get(run, 0) < self._times:
            self.struck[run] = self.struck.get(run, 0) + 1
            raise RuntimeError(f"{place} {CURSE}")

    def sink(self, run: str, sink: Sink) -> Sink:
        """The same, cursed."""

        def cursed(event: Event) -> None:
            sink(event)
            self.strike(run, type(event).__name__)

        return cursed if self._share else sink


class CursedLimits(Limits):
    """Limits that make a mistake over cursed runs."""

    def __init__(self, state: State, rules: Callable[[str], Rules], curses: Curses) -> None:
        super().__init__(state, rules)
        self._curses = curses

    def pick(self, connection: sa.Connection, now: float, room: int, spare: int = 0) -> list[RunRow]:
        """As the limits', or not."""
        chosen = super().pick(connection, now, room, spare)
        for row in chosen:
            with blaming(row.id):
                self._curses.strike(row.id, "pick")
        return chosen

    def ended(self, connection: sa.Connection, row: RunRow) -> None:
        """As the limits', or not."""
        super().ended(connection, row)
        self._curses.strike(row.id, "freed")

    def asks(self, plan: RunPlan, block: str) -> bool:
        """As the limits', or not."""
        self._curses.strike(plan.run, "asks")
        return super().asks(plan, block)

    def gate(self, connection: sa.Connection, row: RunRow, block: str, now: float) -> bool:
        """As the limits', or not."""
        self._curses.strike(row.id, "gate")
        return super().gate(connection, row, block, now)

    def released(self, connection: sa.Connection, run: str, block: str) -> None:
        """As the limits', or not."""
        self._curses.strike(run, "released")
        super().released(connection, run, block)
