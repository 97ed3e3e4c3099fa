"""How long before its landing time a trigger's run is to start: as long as its last runs took."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from penstock.model.slots import landing_lead
from penstock.state.rows import TriggerRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

_LOOKED_AT = 20
"""Runs among which seven that went well are looked for; a failed one says nothing about how long it takes."""


def lead_of(connection: sa.Connection, state: State, row: TriggerRow) -> timedelta:
    """The lead of a trigger; nothing without a landing time, and while none of its runs has gone well."""
    lands = (row.definition.get("settings") or {}).get("landing_time_enabled")
    return usual_lead(connection, state, row.id) if lands else timedelta(0)


def usual_lead(connection: sa.Connection, state: State, number: int) -> timedelta:
    """What the lead of the trigger of that number is, if it has a landing time."""
    runs = state.runs.of_trigger(connection, number, _LOOKED_AT)
    return landing_lead([run.seconds for run in runs if run.state == "completed" and run.seconds is not None])
