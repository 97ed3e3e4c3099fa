"""Triggers that are always on: the end of a run makes the next one due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.model.trigger import Preset, TriggerKind
from penstock.state.rows import RunRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State


PACE = 1.0
"""Seconds from one start to the next at least."""
REST = 10.0
"""Seconds until the next start after a run that did not complete: what is broken must not spin."""


def rearm(connection: sa.Connection, state: State, run: RunRow, now: float) -> None:
    """A run of a trigger has ended: one that is always on is due again.

    Args:
        connection: of the transaction that ends the run.
        state: the store.
        run: as it is now.
        now: seconds since the epoch.
    """
    row = state.triggers.get(connection, run.trigger_id) if run.trigger_id is not None else None
    if row is not None and row.active and not row.problem and is_always_on(row.definition):
        due = max(now, run.created_at + PACE) if run.state == "completed" else now + REST
        state.triggers.change(connection, row.id, next_due_at=due)


def is_always_on(definition: Any) -> bool:
    """Whether a trigger starts its next run when its last one has ended."""
    schedule = str(definition.get("schedule") or "").strip().lower()
    return definition.get("kind") == TriggerKind.TIME and schedule == Preset.ALWAYS_ON
