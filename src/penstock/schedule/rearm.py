"""Triggers that are always on: the end of a run makes the next one due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.model.trigger import Preset, TriggerKind

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State


def rearm(connection: sa.Connection, state: State, trigger: int | None, now: float) -> None:
    """A run of a trigger has ended: one that is always on is due again."""
    row = state.triggers.get(connection, trigger) if trigger is not None else None
    if row is not None and row.active and not row.problem and is_always_on(row.definition):
        state.triggers.change(connection, row.id, next_due_at=now)


def is_always_on(definition: Any) -> bool:
    """Whether a trigger starts its next run when its last one has ended."""
    schedule = str(definition.get("schedule") or "").strip().lower()
    return definition.get("kind") == TriggerKind.TIME and schedule == Preset.ALWAYS_ON
