"""Who works with the scheduler: those that are told what it has done, and what makes the runs of backfills."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from penstock.state.rows import RunRow

if TYPE_CHECKING:
    import sqlalchemy as sa


class Backfills(Protocol):
    """Makes the runs of backfills."""

    def step(self, now: float) -> bool:
        """Make the next runs that there is room for; whether there is more to do at once."""

    def look(self, connection: sa.Connection, runs: Collection[str] | None = None) -> None:
        """Something was asked of backfills, or of these runs, which may be theirs; in a transaction that reads."""

    def ended(self, connection: sa.Connection, run: RunRow, now: float) -> list[RunRow]:
        """A run of a backfill has ended, in the transaction that writes it; the runs that take its place."""


@dataclass(slots=True)
class Hearers:
    """Who is told what, after it was committed, in the scheduler's thread.

    `changed`: a run was made, begun or ended; `settled`: all that has happened is in the store; `triggers`: the
    triggers of these numbers have changed; `others`: runs have ended or were made that other processes may wait for;
    `stopped`: a run has ended because a mistake of ours came each time that it was worked on, with the traceback.
    """

    changed: Callable[[str, RunRow], None] = lambda *_: None
    settled: Callable[[], None] = lambda: None
    triggers: Callable[[list[int]], None] = lambda _: None
    others: Callable[[], None] = lambda: None
    notice: Callable[[str], None] = lambda _: None
    stopped: Callable[[RunRow, str], None] = lambda *_: None
