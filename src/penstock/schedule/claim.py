"""Who drives what: takes leases of waiting and abandoned runs, keeps them, and finds out when one was lost."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from penstock.engine.plan import RunPlan
from penstock.schedule.blame import blaming
from penstock.schedule.failpoints import reach
from penstock.schedule.family import is_awaited
from penstock.schedule.recover import abandoned, driver_identity, is_dead
from penstock.state.rows import INITIAL, BlockRunRow, RunRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

AT_ONCE = 500
"""Runs that one scheduler drives at once."""
LEASE = 15.0
"""Seconds that a lease lasts after it was last renewed: as long a dead process of another machine goes unnoticed."""
RENEW = 5.0
"""Seconds between renewals."""


class Admission(Protocol):
    """Decides which of the waiting runs may begin, and what their blocks may take: limits, priorities, fairness."""

    @property
    def again_at(self) -> float | None:
        """When to `pick` again after the last time, though nobody may tell of anything; None when somebody will."""

    def pick(self, connection: sa.Connection, now: float, room: int, spare: int = 0) -> list[RunRow]:
        """The waiting runs that may begin now, in this order, at most `room`, in the transaction that claims them.

        There is room for `spare` more of those that blocks wait for.
        """

    def ended(self, connection: sa.Connection, row: RunRow) -> None:
        """A run has ended, in the transaction that writes it."""

    def asks(self, plan: RunPlan, block: str) -> bool:
        """Whether a block has to ask `gate` at all; costs nothing."""

    def gate(self, connection: sa.Connection, row: RunRow, block: str, now: float) -> bool:
        """Whether an attempt of a block may start now, and take what it needs."""

    def released(self, connection: sa.Connection, run: str, block: str) -> None:
        """A block that has asked has ended, in the transaction that writes it: what it took is free."""

    def recovered(self, connection: sa.Connection, run: str) -> None:
        """A run is taken over from a process that is gone: what its blocks took is free."""


class Everything:
    """Lets every run begin, by priority, then by age."""

    again_at = None

    def __init__(self, state: State) -> None:
        self._state = state

    def pick(self, connection: sa.Connection, now: float, room: int, spare: int = 0) -> list[RunRow]:
        """As many as there is room for."""
        found = self._state.runs.waiting(connection, now, room) if room > 0 else []
        if spare > 0:
            known = {row.id for row in found}
            asked = [row for row in self._state.runs.asked_for(connection, now) if row.id not in known]
            found += [row for row in asked if is_awaited(row)][:spare]
        return found

    def ended(self, connection: sa.Connection, row: RunRow) -> None:
        """Nothing to be done."""

    def asks(self, plan: RunPlan, block: str) -> bool:
        """Never."""
        del plan, block
        return False

    def gate(self, connection: sa.Connection, row: RunRow, block: str, now: float) -> bool:
        """Always."""
        del connection, row, block, now
        return True

    def released(self, connection: sa.Connection, run: str, block: str) -> None:
        """Nothing to be done."""

    def recovered(self, connection: sa.Connection, run: str) -> None:
        """Nothing to be done."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A run whose lease was taken, with the blocks that an earlier driver has left."""

    row: RunRow
    token: int
    blocks: list[BlockRunRow]
    recovered: bool


class Claims:
    """The leases of one scheduler.

    Args:
        state: the store.
        owner: the scheduler's name, unique among all there ever were.
        admission: which runs may begin.
        dead: whether a process that drove a run is surely dead.
    """

    def __init__(
        self,
        state: State,
        owner: str,
        admission: Admission,
        dead: Callable[[Mapping[str, Any] | None], bool] = is_dead,
    ) -> None:
        self._state = state
        self._dead = dead
        self._admission = admission
        self.owner = owner
        self.process = driver_identity()
        self._patient_until = 0.0

    def waiting(self, now: float, room: int, spare: int = 0) -> list[Claim]:
        """Take runs that may begin, at most `room`, and `spare` that blocks wait for. Raises StateUnavailableError."""

        def work(connection: sa.Connection) -> list[Claim]:
            chosen = self._admission.pick(connection, now, room, spare)
            found = []
            for row in chosen:
                with blaming(row.id):
                    found.append(self._take(connection, row, now, over=None, recovered=False))
            reach("claim.before_commit")
            return [claim for claim in found if claim is not None]

        claims = self._state.transact(work)
        if claims:
            reach("claim.after_commit")
        return claims

    def leave_time(self, at: float) -> float:
        """Leave the others as long as a lease lasts to renew theirs, which they could not; until when, as `at`."""
        self._patient_until = at + LEASE
        return self._patient_until

    def patient_until(self, at: float) -> float | None:
        """When leases that have expired are looked at again; None where that is not put off."""
        return self._patient_until if at < self._patient_until else None

    def lost(self, now: float, at: float, driven: Container[str] = ()) -> list[Claim]:
        """Take over what processes drove that are gone; `at` is the monotonic clock's. Raises StateUnavailableError.

        A lease of what is `driven` here may have expired, or have been shortened: `renew` keeps it, or finds it lost.
        One of our own over what is not was taken in a transaction whose commit was not confirmed.
        """
        patient = self.patient_until(at) is not None

        def work(connection: sa.Connection) -> list[Claim]:
            self._state.runs.pull_forward(connection, now)  # somebody has set the clock back
            self._state.runs.shorten_leases(connection, now + LEASE)
            found = [
                self._take(connection, row, now, over=over, recovered=True)
                for row, over in abandoned(connection, self._state, self.owner, now, self._dead, patient=patient)
                if row.id not in driven
            ]
            reach("recover.before_commit")
            return [claim for claim in found if claim is not None]

        claims = self._state.transact(work)
        if claims:
            reach("recover.after_commit")
        return claims

    def renew(self, now: float, driven: Container[str]) -> dict[str, int]:
        """Keep all leases; those that are still held, with their tokens. Raises StateUnavailableError.

        A lease of what is not driven here was taken in a transaction whose commit was not confirmed: it is given back.
        """

        def work(connection: sa.Connection) -> dict[str, int]:
            held = self._state.runs.renew(connection, self.owner, now + LEASE)
            for name in [name for name in held if name not in driven]:
                self._state.runs.release(connection, name, held.pop(name), state=INITIAL)
            reach("renew.before_commit")
            return held

        held = self._state.transact(work)
        reach("renew.after_commit")
        return held

    def _take(
        self, connection: sa.Connection, row: RunRow, now: float, *, over: int | None, recovered: bool
    ) -> Claim | None:
        until, process = now + LEASE, self.process
        token = self._state.runs.claim(
            connection, row.id, self.owner, now=now, until=until, over=over, process=process, waiting=None
        )
        if token is None:
            return None
        if recovered:
            self._admission.recovered(connection, row.id)
        row = replace(row, lease_owner=self.owner, lease_token=token, lease_until=until, process=process, waiting=None)
        begun = recovered or row.started_at is not None or row.blocks_done > 0 or token > 1
        blocks = self._state.block_runs.of_run(connection, row.id) if begun else []
        return Claim(row, token, blocks, recovered)
