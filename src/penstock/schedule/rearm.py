"""Triggers whose next slot the end of a run decides: those that are always on, and those with a landing time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.model.trigger import Preset, TriggerKind
from penstock.model.trigger_definition import from_definition
from penstock.schedule.leads import lead_of
from penstock.schedule.mirror import next_due
from penstock.state.rows import RunRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State


PACE = 1.0
"""Seconds from one start to the next at least."""
REST = 10.0
"""Seconds until the next start after a run that did not complete: what is broken must not spin."""


def rearm(connection: sa.Connection, state: State, run: RunRow, now: float) -> None:
    """A run of a trigger has ended: one that is always on is due again, one with a landing time knows its lead anew.

    Args:
        connection: of the transaction that ends the run.
        state: the store.
        run: as it is now.
        now: seconds since the epoch.
    """
    row = state.triggers.get(connection, run.trigger_id) if run.trigger_id is not None else None
    if row is None or not row.active or row.problem:
        return
    if is_always_on(row.definition):
        due = max(now, run.created_at + PACE) if run.state == "completed" else now + REST
        state.triggers.change(connection, row.id, next_due_at=due)
    elif run.state == "completed" and (row.definition.get("settings") or {}).get("landing_time_enabled"):
        lead = lead_of(connection, state, row)
        due_at = next_due(row, from_definition(row.definition), now, lead)
        if due_at != row.next_due_at:
            state.triggers.change(connection, row.id, next_due_at=due_at)


def is_always_on(definition: Any) -> bool:
    """Whether a trigger starts its next run when its last one has ended."""
    schedule = str(definition.get("schedule") or "").strip().lower()
    return definition.get("kind") == TriggerKind.TIME and schedule == Preset.ALWAYS_ON
