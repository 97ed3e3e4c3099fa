"""Begins the runs whose leases were taken, or goes on with them; and asks before each attempt whether it may start."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from penstock.engine.handle import RunHandle
from penstock.model.errors import PenstockError
from penstock.model.run import RunState
from penstock.observe.metrics import METRICS
from penstock.schedule.bench import Bench
from penstock.schedule.claim import Admission, Claim
from penstock.schedule.drive import DrivenRun, options_of
from penstock.schedule.ends import ODD
from penstock.schedule.failpoints import reach
from penstock.schedule.recover import entries, owed_callbacks, with_losses
from penstock.schedule.stumbles import Stumbles
from penstock.state.rows import RunRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State


@dataclass(frozen=True, slots=True)
class Beginnings:
    """Begins runs on a bench; those that it drives are put into `runs`.

    Args:
        state: the store.
        bench: runs blocks.
        admission: what blocks may take.
        changed: told of what has begun.
        stumbles: what becomes of a run that makes us stumble.
        runs: the runs that are driven here, by name.
        clock: seconds since the epoch.
    """

    state: State
    bench: Bench
    admission: Admission
    changed: Callable[[str, RunRow], None]
    stumbles: Stumbles
    runs: dict[str, DrivenRun]
    clock: Callable[[], float]

    def begin(self, claims: Iterable[Claim], now: float, at: float) -> None:
        """Begin these; one that cannot be begun fails with the cause.

        Args:
            claims: their leases.
            now: seconds since the epoch.
            at: the same by the clock that only grows.
        """
        for claim in claims:
            run = self.runs[claim.row.id] = DrivenRun(claim.row, claim.token)
            with self.stumbles.of(claim.row.id):
                self._begin(run, claim, now, at)

    def _begin(self, run: DrivenRun, claim: Claim, now: float, at: float) -> None:
        run.blocks |= with_losses(claim.blocks) if claim.recovered else {row.block: row for row in claim.blocks}
        if claim.row.cancel_requested and not any(owed_callbacks(row, lost=False) for row in claim.blocks):
            run.fail("", now, state=RunState.CANCELLED.value)
            return
        try:
            self._start(run, claim, now, at)
            if claim.row.cancel_requested and run.handle is not None:
                self.bench.loop.cancel(run.handle)  # what its blocks have to be told of their end is told
        except (*ODD, OSError, RecursionError, MemoryError) as error:
            if (begun := self.bench.loop.handles.get(claim.row.id)) is not None:
                self.bench.loop.drop(begun)
                run.handle = None
            run.fail(error.message if isinstance(error, PenstockError) else f"{type(error).__name__}: {error}", now)

    def _start(self, run: DrivenRun, claim: Claim, now: float, at: float) -> None:
        plan = self.bench.plan(claim.row.pipeline, options_of(claim.row), run=claim.row.id)
        # By the clock as it is now: somebody may have set it while this process stood still in its turn.
        at_present = self.clock()
        resume = entries(claim.blocks, recovered=claim.recovered, now=at_present) if claim.blocks else None
        reach("begin.before_commit")
        run.handle = self.bench.start(plan, [run], resume=resume, gate=self._gate)
        run.handle.guard = partial(self.stumbles.of, claim.row.id)
        self.changed("started", run.row)
        METRICS.time("penstock_run_wait_seconds", max(0.0, now - claim.row.due_at))
        limit = claim.row.settings.get("timeout")
        if isinstance(limit, int | float) and limit > 0:
            gone = now - claim.row.started_at if claim.row.started_at is not None else 0.0
            run.deadline = at + max(0.0, float(limit) - gone)

    def _gate(self, handle: RunHandle, block: str) -> bool:
        """Whether an attempt may start now; inside `dispatch`, after everything else is committed."""
        run = self.runs.get(handle.plan.run)
        if run is None:
            return False
        if not self.admission.asks(handle.plan, block):
            reach("start.before_launch")
            return True
        now = self.clock()

        def work(connection: sa.Connection) -> bool:
            # Who has lost its lease must take nothing: nobody would give it back.
            mine = self.state.runs.fence
            return mine(connection, run.row.id, run.token) and self.admission.gate(connection, run.row, block, now)

        if not self.state.transact(work):
            return False
        run.asked.add(block)
        return True
