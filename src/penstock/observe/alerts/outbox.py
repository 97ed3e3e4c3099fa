"""Puts alerts into the store, in the transaction of the fact that they tell: neither is there without the other.

One incident is one message: what repeats is counted, and told again only after a long while, when it is muted no more,
or when nobody has heard of it and somebody can now; a run that goes well closes it. Every failure is kept here, whether
or not the project names a channel that hears of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.observe.alerts.facts import AlertKind, Fact, error_fields, fact_or_none
from penstock.observe.alerts.incident import failure_incident, late_incident, trigger_incident
from penstock.observe.alerts.settings import AlertSettings
from penstock.observe.alerts.texts import moment
from penstock.state.rows import AlertRow, RunRow, TriggerRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

_AFFECTED = 50
"""Triggers that are named in one incident; beyond them the first success closes it."""
_OF_BACKFILL = "backfill "


class Outbox:
    """Alerts on their way into the store. Every method is called inside a transaction that writes.

    Args:
        state: the store.
        settings: of a pipeline; such as an `AlertSource`.
        root: the project's folder, which is left out of file names.
    """

    def __init__(self, state: State, settings: Callable[[str], AlertSettings], root: str = "") -> None:
        self._state = state
        self._settings = settings
        self._root = root

    def run_ended(self, connection: sa.Connection, run: RunRow) -> None:
        """A run of the scheduler has reached its last state.

        A failure opens an incident or is counted in one; a success closes those that its trigger was part of. What
        somebody has cancelled is not told.

        Args:
            connection: of the transaction in which the row was written.
            run: the row as it is now.
        """
        match run.state:
            case "completed":
                self._went_well(connection, run)
            case "cancelled" if run.cancel_requested:
                return
            case "failed" | "cancelled" | "interrupted":
                self._failed(connection, run)

    def sla_passed(self, connection: sa.Connection, run: RunRow, now: float) -> None:
        """A run has not ended when it should have."""
        fact = self._fact(connection, AlertKind.PASSED_SLA, run, now)
        fact = replace(fact, error=f"The run should have ended at {moment(run.sla_at)} and had not.")
        self._tell(connection, late_incident(run.pipeline, fact.trigger), fact)

    def trigger_broken(self, connection: sa.Connection, trigger: TriggerRow, problem: str, now: float) -> None:
        """A trigger cannot start runs, in words; the same trigger is told once until it is mended."""
        settings = self._settings(trigger.pipeline)
        fact = Fact(
            AlertKind.TRIGGER,
            trigger.pipeline,
            now,
            trigger=trigger.name,
            trigger_id=trigger.id,
            last_at=now,
            **error_fields(None, problem, secrets=settings.secrets),
        )
        self._tell(connection, trigger_incident(trigger.pipeline, trigger.name), fact)

    def trigger_mended(self, connection: sa.Connection, trigger: TriggerRow, now: float) -> None:
        """A trigger can start runs (again)."""
        row = self._state.alerts.close(connection, trigger_incident(trigger.pipeline, trigger.name), now)
        fact = fact_or_none(row.payload) if row is not None else None
        if row is not None and fact is not None:
            self._recovered(connection, row, fact, None, now)

    def _failed(self, connection: sa.Connection, run: RunRow) -> None:
        now = run.ended_at or run.created_at
        fact = self._fact(connection, AlertKind.FAILURE, run, now)
        failure = None
        if run.failed_block:
            found = self._state.block_runs.get(connection, run.id, run.failed_block)
            failure = found.failure if found is not None else None
        error = run.error or f"The run ended as {run.state} and said no more."
        fields = error_fields(failure, error, root=self._root, secrets=self._settings(run.pipeline).secrets)
        fact = replace(fact, **fields)
        shape = str(failure.get("message") or "") if failure else error
        incident = failure_incident(run.pipeline, run.failed_block or "", fact.error_class, shape, _backfill(run))
        self._tell(connection, incident, fact)

    def _went_well(self, connection: sa.Connection, run: RunRow) -> None:
        now = run.ended_at or run.created_at
        settings = self._settings(run.pipeline)
        if settings.hearing(AlertKind.SUCCESS):
            success = self._fact(connection, AlertKind.SUCCESS, run, now)
            self._add(connection, f"success|{run.id}", success, closed_at=now)
        for row in self._state.alerts.held_open(connection, run.pipeline):
            fact = fact_or_none(row.payload)
            if fact is None:
                self._state.alerts.change(connection, row.id, closed_at=now)
            elif row.kind == AlertKind.FAILURE:
                self._succeeded(connection, row, fact, run, now)
            elif fact.trigger_id != run.trigger_id:
                continue
            elif row.kind == AlertKind.TRIGGER or (row.kind == AlertKind.PASSED_SLA and not run.sla_missed):
                self._close(connection, row, fact, run, now)

    def _succeeded(self, connection: sa.Connection, row: AlertRow, fact: Fact, run: RunRow, now: float) -> None:
        """A success of one trigger says nothing about the runs of another one, nor one window about the next."""
        left = tuple(each for each in fact.affected if not self._made_good(connection, each, run))
        if left == fact.affected and len(left) < _AFFECTED:
            return
        if left and len(fact.affected) < _AFFECTED:
            self._state.alerts.change(connection, row.id, payload=replace(fact, affected=left).payload())
            return
        self._close(connection, row, fact, run, now)

    def _made_good(self, connection: sa.Connection, affected: str, run: RunRow) -> bool:
        """Whether a run that went well ends what was wrong there: a trigger, or a backfill when all of it went well."""
        if not affected.startswith(_OF_BACKFILL):
            return affected == _of(run)
        found = self._state.backfills.get(connection, int(affected.removeprefix(_OF_BACKFILL)))
        if found is None:  # somebody has deleted it, and will not run its windows again
            return True
        settings = found.settings
        if found.id != _backfill(run) or settings.get("again") or settings.get("made", 0) < settings.get("total", 0):
            return False
        if self._state.backfills.open_runs(connection, found.id):
            return False
        return self._state.backfills.latest_states(connection, found.id).keys() <= {"completed"}

    def _close(self, connection: sa.Connection, row: AlertRow, fact: Fact, run: RunRow, now: float) -> None:
        self._state.alerts.change(connection, row.id, closed_at=now)
        self._recovered(connection, row, fact, run, now)

    def _recovered(self, connection: sa.Connection, row: AlertRow, fact: Fact, run: RunRow | None, now: float) -> None:
        settings = self._settings(fact.pipeline)
        if not settings.hearing(AlertKind.RECOVERY):
            return
        last = run.id if run is not None else ""
        over = replace(fact, kind=AlertKind.RECOVERY, last_run=last, last_at=now, opened=row.id)
        over = replace(over, told=0, ordered=0.0, delivered={})
        self._add(connection, row.incident, over, closed_at=now)

    def _tell(self, connection: sa.Connection, incident: str, fact: Fact) -> None:
        if self._add(connection, incident, fact):
            return
        row = self._state.alerts.open(connection, incident)
        row = self._state.alerts.held(connection, row.id) if row is not None else None
        if row is None:  # somebody has closed it meanwhile
            self._add(connection, incident, fact)
            return
        known = fact_or_none(row.payload) or fact
        affected = tuple(dict.fromkeys((*known.affected, *fact.affected)))[:_AFFECTED]
        known = replace(
            known,
            repeats=known.repeats + 1,
            last_run=fact.run,
            last_at=fact.at,
            affected=affected,
            seconds=fact.seconds,
        )
        settings = self._settings(fact.pipeline)
        again = settings.repeat_after
        new = 0 < known.muted_until <= fact.at or (_unheard(known) and settings.hearing(fact.kind))
        if row.sent_at is not None and (new or (again and fact.at - row.sent_at >= again)):
            known = replace(known, told=known.told + 1, ordered=fact.at, delivered={})
            changes = {"sent_at": None, "due_at": fact.at, "attempts": 0, "error": ""}
            self._state.alerts.change(connection, row.id, payload=known.payload(), **changes)
            return
        self._state.alerts.change(connection, row.id, payload=known.payload())

    def _add(
        self, connection: sa.Connection, incident: str, fact: Fact, *, closed_at: float | None = None
    ) -> int | None:
        at = fact.last_at or fact.at
        row = AlertRow(incident, str(fact.kind), at, fact.pipeline, fact.run or None, fact.payload(), due_at=at)
        return self._state.alerts.add(connection, replace(row, closed_at=closed_at))

    def _fact(self, connection: sa.Connection, kind: AlertKind, run: RunRow, now: float) -> Fact:
        trigger = self._state.triggers.get(connection, run.trigger_id) if run.trigger_id is not None else None
        return Fact(
            kind,
            run.pipeline,
            now,
            run=run.id,
            trigger=trigger.name if trigger is not None else "",
            trigger_id=run.trigger_id,
            description=str((trigger.definition.get("description") if trigger is not None else "") or ""),
            state=run.state,
            block=run.failed_block or "",
            execution_date=run.execution_date,
            started=run.started_at,
            ended=run.ended_at,
            seconds=run.seconds,
            sla_at=run.sla_at,
            last_run=run.id,
            last_at=now,
            affected=(_of(run),),
        )


def _unheard(fact: Fact) -> bool:
    """Whether there was no channel to hear of it, or none has taken the message."""
    return not fact.muted_until and all(each.sent_at is None for each in fact.delivered.values())


def _backfill(run: RunRow) -> int | None:
    return run.backfill_id if run.trigger_id is None else None


def _of(run: RunRow) -> str:
    """What the run was one of, as a fact names it: its trigger, its backfill, or neither."""
    if run.trigger_id is not None:
        return str(run.trigger_id)
    return f"{_OF_BACKFILL}{run.backfill_id}" if run.backfill_id is not None else "-"
