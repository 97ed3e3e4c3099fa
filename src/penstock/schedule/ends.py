"""What follows from the end of a run, in the transaction that writes it: other runs, alerts, room for more."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from penstock.model.errors import PenstockError
from penstock.model.run import DONE
from penstock.model.trigger import Trigger, TriggerKind, Upstream
from penstock.model.trigger_definition import from_definition
from penstock.schedule.blame import blaming
from penstock.schedule.rearm import rearm
from penstock.schedule.requests import NewRun, insert_run
from penstock.schedule.retiring import retire
from penstock.state.rows import RunRow, TriggerRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

ODD = (PenstockError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
"""What a stored definition can raise that another version, or a person, has written; it costs that trigger alone."""


class Alerts(Protocol):
    """Who is told of facts, inside their transaction."""

    def run_ended(self, connection: sa.Connection, run: RunRow) -> None:
        """A run has reached its last state."""

    def sla_passed(self, connection: sa.Connection, run: RunRow, now: float) -> None:
        """A run has not ended when it should have."""

    def trigger_broken(self, connection: sa.Connection, trigger: TriggerRow, problem: str, now: float) -> None:
        """A trigger cannot start runs."""

    def trigger_mended(self, connection: sa.Connection, trigger: TriggerRow, now: float) -> None:
        """It can again."""


class NoAlerts:
    """Nobody is told."""

    def run_ended(self, connection: sa.Connection, run: RunRow) -> None:
        """Nothing."""

    def sla_passed(self, connection: sa.Connection, run: RunRow, now: float) -> None:
        """Nothing."""

    def trigger_broken(self, connection: sa.Connection, trigger: TriggerRow, problem: str, now: float) -> None:
        """Nothing."""

    def trigger_mended(self, connection: sa.Connection, trigger: TriggerRow, now: float) -> None:
        """Nothing."""


class Ends:
    """Carries the end of runs on.

    Args:
        state: the store.
        alerts: who is told.
        freed: what else is to hear of an ended run in its transaction, such as limits that it counted against.
    """

    def __init__(
        self, state: State, alerts: Alerts, freed: Callable[[sa.Connection, RunRow], None] = lambda *_: None
    ) -> None:
        self._state = state
        self._alerts = alerts
        self._freed = freed
        self._links: list[tuple[TriggerRow, Trigger]] | None = None

    def triggers_changed(self) -> None:
        """Read anew which triggers wait for other pipelines."""
        self._links = None

    def ended(self, connection: sa.Connection, row: RunRow, now: float) -> list[RunRow]:
        """A run has been written as ended, its blocks too; the runs that others make of it.

        Args:
            connection: of the transaction that ends it.
            row: the run as it is now.
            now: seconds since the epoch.
        """
        self._state.holds.release(connection, row.id)
        self._freed(connection, row)
        self._alerts.run_ended(connection, row)
        rearm(connection, self._state, row, now)
        retire(connection, self._state, row)
        return self._dependents(connection, row, now)

    def late(self, now: float) -> Callable[[Container[str]], list[RunRow]]:
        """What says of runs that they have not ended when they should have; of some without telling anybody."""

        def work(connection: sa.Connection, odd: Container[str]) -> list[RunRow]:
            found = self._state.runs.sla_due(connection, now)
            for row in found:
                self._state.runs.change_open(connection, row.id, sla_missed=True)
                if row.id not in odd:
                    with blaming(row.id):
                        self._alerts.sla_passed(connection, row, now)
            return found

        return lambda odd: self._state.transact(lambda connection: work(connection, odd))

    def _dependents(self, connection: sa.Connection, row: RunRow, now: float) -> list[RunRow]:
        made = []
        for trigger_row, trigger in self._linked(connection):
            concerned = [each for each in trigger.settings.after if each.pipeline == row.pipeline]
            if not any(self._gives(connection, row, each) for each in concerned):
                continue
            if not self._others(connection, trigger_row, trigger, row):
                continue
            new = NewRun(
                trigger.pipeline,
                "dependency",
                trigger=trigger_row,
                slot=now,
                execution_date=row.execution_date,
                interval_start=row.interval_start,
                interval_end=row.interval_end,
                options={"environment": "prod"},
                event={"pipeline": row.pipeline, "run": row.id, "execution_date": row.execution_date},
            )
            found = insert_run(connection, self._state, new, now)
            while found is None:  # another run has ended in the same moment, and has made one of its own
                new = replace(new, ordinal=new.ordinal + 1)
                found = insert_run(connection, self._state, new, now)
            made.append(found)
        return made

    def _gives(self, connection: sa.Connection, row: RunRow, wanted: Upstream) -> bool:
        """Whether that run is what a trigger waits for."""
        if wanted.trigger:
            own = self._state.triggers.get(connection, row.trigger_id) if row.trigger_id is not None else None
            if own is None or own.name != wanted.trigger:
                return False
        if not wanted.product:
            return row.state == "completed"
        block = self._state.block_runs.get(connection, row.id, wanted.product)
        return block is not None and block.state in DONE

    def _others(self, connection: sa.Connection, own: TriggerRow, trigger: Trigger, row: RunRow) -> bool:
        """Whether everything else that the trigger waits for has come since its last run."""
        last = self._state.runs.of_trigger(connection, own.id, 1)
        since = last[0].created_at if last else own.last_enabled_at or 0.0
        return all(
            (each.pipeline == row.pipeline and self._gives(connection, row, each))
            or self._state.runs.came(connection, each.pipeline, since, each.trigger, each.product)
            for each in trigger.settings.after
        )

    def _linked(self, connection: sa.Connection) -> list[tuple[TriggerRow, Trigger]]:
        """The triggers that wait for other pipelines."""
        if self._links is None:
            self._links = []
            for row in self._state.triggers.all(connection):
                if row.definition.get("kind") != TriggerKind.DEPENDENCY or not row.active or row.problem:
                    continue
                try:
                    self._links.append((row, from_definition(row.definition)))
                except ODD:
                    continue  # it is told by whoever reads its file
        return self._links
