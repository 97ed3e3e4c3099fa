"""Why does a pipeline not run? What stops each of its open runs, and what each of its triggers waits for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.schedule.presence import NO_SCHEDULER, START_ONE
from penstock.schedule.reasons import Explanation, Reason, counted
from penstock.schedule.why import RulesOf, explain_run, has_scheduler
from penstock.schedule.why_trigger import explain_trigger

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

_MOST = 10
"""Runs, and triggers, that are told of; of the others their number."""


def explain_pipeline(state: State, connection: sa.Connection, pipeline: str, rules: RulesOf, now: float) -> Explanation:
    """What stops its open runs, the oldest first, and what its triggers wait for; or that nothing starts it.

    Args:
        state: the store.
        connection: in a transaction.
        pipeline: its uuid.
        rules: the limits of a pipeline, such as a `RuleBook`.
        now: seconds since the epoch.
    """
    runs = state.runs.open(connection, pipeline=pipeline)
    triggers = state.triggers.all(connection, pipeline)
    found = [] if has_scheduler(state, connection, now) else [Reason(NO_SCHEDULER, None, START_ONE)]
    for row in runs[:_MOST]:
        found += _of(f"run {row.id}", explain_run(state, connection, row, rules, now))
    if len(runs) > _MOST:
        found.append(Reason(f"{counted(len(runs) - _MOST, 'open run')} more", None, f"See `penstock runs {pipeline}`."))
    for trigger in triggers[:_MOST]:
        found += _of(f"trigger {trigger.name}", explain_trigger(state, connection, trigger, now))
    if len(triggers) > _MOST:
        more = counted(len(triggers) - _MOST, "trigger")
        found.append(Reason(f"{more} more", None, "See `penstock triggers list`."))
    if not triggers:
        change = f"Give it a trigger, or ask for a run: `penstock trigger {pipeline}`."
        found.append(Reason("nothing starts it by itself: it has no trigger", None, change))
    return Explanation(tuple(found))


def _of(subject: str, explanation: Explanation) -> Iterator[Reason]:
    for reason in explanation.details:
        if reason.text != NO_SCHEDULER:  # told once for all
            yield replace(reason, text=f"{subject}: {reason.text}")
