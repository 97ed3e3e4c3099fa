"""Makes runs of the triggers that are due: a slot and its run are one row, a trigger moves on in the same transaction.

Any number of schedulers may do so at once, and be killed at any moment: a slot becomes exactly one run.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from penstock.model.slots import due_slots, next_slot
from penstock.model.trigger import Slot, Trigger
from penstock.model.trigger_definition import from_definition
from penstock.schedule.ends import ODD, Alerts
from penstock.schedule.failpoints import reach
from penstock.schedule.leads import lead_of
from penstock.schedule.rearm import is_always_on
from penstock.schedule.requests import NewRun, run_row
from penstock.state.rows import RunRow, TriggerRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

AT_ONCE = 500
"""Triggers that are dealt with in one transaction."""


@dataclass(slots=True)
class Ticked:
    """What a tick has done: the runs that it made, those among them left out, the triggers that cannot go on."""

    made: list[RunRow] = field(default_factory=list)
    skipped: list[RunRow] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    more: bool = False


class Ticker:
    """Fires triggers.

    Args:
        state: the store.
        alerts: told of triggers that cannot go on.
    """

    def __init__(self, state: State, alerts: Alerts) -> None:
        self._state = state
        self._alerts = alerts

    def fire(self, now: float) -> Ticked:
        """Make the runs of what is due. Raises StateUnavailableError: nothing was made."""
        done = self._state.transact(lambda connection: self._fire(connection, now))
        reach("tick.after_commit")
        return done

    def _fire(self, connection: sa.Connection, now: float) -> Ticked:
        done = Ticked()
        moved: list[dict[str, Any]] = []
        rows = self._state.triggers.due(connection, now, AT_ONCE)
        done.more = len(rows) == AT_ONCE
        new: list[RunRow] = []
        for row in rows:
            try:
                made, after = self._of(connection, row, now)
            except ODD as error:
                self._break(connection, row, f"{type(error).__name__}: {error}", now)
                done.broken.append(row.id)
                continue
            new += made
            moved.append(after)
        for run in self._state.runs.add(connection, new):
            (done.made if run.open else done.skipped).append(run)
        self._state.triggers.fired(connection, moved)
        reach("tick.before_commit")
        return done

    def _of(self, connection: sa.Connection, row: TriggerRow, now: float) -> tuple[list[RunRow], dict[str, Any]]:
        """The runs that one trigger makes now, and where it stands afterwards."""
        trigger = from_definition(row.definition)
        lead = lead_of(connection, self._state, row)
        at = datetime.fromtimestamp(now, UTC)
        last = datetime.fromtimestamp(row.last_slot, UTC) if row.last_slot is not None else None
        enabled = datetime.fromtimestamp(row.last_enabled_at, UTC) if row.last_enabled_at is not None else None
        open_runs = self._open(connection, row, trigger)
        if is_always_on(row.definition):
            # The end of its run makes it due again.
            slots = [] if open_runs else due_slots(trigger, None, at, enabled_at=enabled)
            newest = slots[-1].logical.timestamp() if slots else row.last_slot
            upcoming = None if open_runs or slots else next_slot(trigger, at, enabled_at=enabled)
        else:
            slots = due_slots(trigger, last, at, enabled_at=enabled, lead=lead)
            upcoming = next_slot(trigger, at, enabled_at=enabled, lead=lead)
            newest = max(filter(None, (row.last_slot, *(slot.logical.timestamp() for slot in slots))), default=None)
        made = []
        for slot in slots:
            made.append(_run_of(row, slot, now, busy=bool(open_runs)))
            if trigger.settings.skip_if_previous_running:
                open_runs = True
        due = upcoming.due.timestamp() if upcoming else None
        return made, {"id": row.id, "last_slot": newest, "next_due_at": due}

    def _open(self, connection: sa.Connection, row: TriggerRow, trigger: Trigger) -> bool:
        """Whether a run of the trigger is under way, where that matters."""
        if not trigger.settings.skip_if_previous_running and not is_always_on(row.definition):
            return False
        return bool(self._state.runs.open(connection, trigger_id=row.id))

    def _break(self, connection: sa.Connection, row: TriggerRow, problem: str, now: float) -> None:
        self._state.triggers.change(connection, row.id, problem=problem, next_due_at=None, updated_at=now)
        self._alerts.trigger_broken(connection, row, problem, now)


def _run_of(row: TriggerRow, slot: Slot, now: float, *, busy: bool) -> RunRow:
    """The run of a slot; `busy`: one that is left out, because the one before it has not ended."""
    made = run_row(
        NewRun(
            row.pipeline,
            "schedule",
            trigger=row,
            slot=slot.logical.timestamp(),
            execution_date=slot.logical.timestamp(),
            interval_start=slot.interval_start.timestamp(),
            interval_end=slot.interval_end.timestamp(),
            due_at=min(slot.due.timestamp(), now),  # those that were missed begin oldest first
            options={"environment": "prod"},
        ),
        now,
    )
    if not busy:
        return made
    why = "skipped: the run before it had not ended, and the trigger says skip_if_previous_running"
    return replace(made, state="cancelled", ended_at=now, seconds=0.0, error=why, cancel_requested=True)
