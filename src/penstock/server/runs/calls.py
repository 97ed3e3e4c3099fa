"""Runs that other programs start: the bodies of their calls, and what becomes of them in the store.

A body sets variables and an execution date, and carries an event; nothing in it can name code, files or settings.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from penstock.model.errors import RunStateError, SettingInvalidError
from penstock.model.event_pattern import matches_any
from penstock.model.trigger import TriggerKind
from penstock.schedule.requests import NewRun, insert_run
from penstock.server.runs.callers import LONGEST_WINDOW, Proof, is_ready, kind_of
from penstock.server.schema.calls import CalledRun
from penstock.server.schema.runs import RunSummary
from penstock.state.rows import RunRow, TriggerRow
from penstock.state.store import State

if TYPE_CHECKING:
    import sqlalchemy as sa

MOST_NESTED = 90
"""Lists and objects inside of each other in what a call brings: a little fewer than an order for a block may have."""
_DAY = 86_400
_REMEMBERED = int(2 * LONGEST_WINDOW) // _DAY
"""Days for which a used signature is remembered: one that was signed ahead of our clock counts for two windows."""


class Calls:
    """Starts runs of triggers for callers that may.

    Args:
        state: the store.
        told: tells schedulers and pages of a run that was made.
        clock: seconds since the epoch.
    """

    def __init__(
        self, state: State, told: Callable[[RunRow], RunSummary], clock: Callable[[], float] = time.time
    ) -> None:
        self._state = state
        self._told = told
        self._clock = clock

    def start(self, trigger: TriggerRow, given: Mapping[str, Any], proof: Proof) -> CalledRun:
        """Make a run of an API trigger.

        Args:
            trigger: which.
            given: `pipeline_run` with variables and execution_date, anything else is its event.
            proof: with which the call came; a signature starts one run only.

        Raises:
            RunStateError: the trigger is switched off, or cannot start runs; the signature was used before.
            SettingInvalidError: variables or date that are none; a body that is nested too deep.
        """
        check_depth(given, "body")
        asked = given.get("pipeline_run")
        asked = {} if asked is None else asked
        if not isinstance(asked, dict):
            raise SettingInvalidError("reading the call: pipeline_run is no object", hint='{"pipeline_run": {}}')
        variables = asked.get("variables")
        variables = {} if variables is None else variables
        if not isinstance(variables, dict):
            raise SettingInvalidError("reading the call: variables is no object", hint='{"variables": {"a": 1}}')
        check_ready(trigger)
        new = NewRun(
            trigger.pipeline,
            "api",
            variables=variables,
            trigger=trigger,
            execution_date=_date(asked.get("execution_date")),
            event={key: value for key, value in given.items() if key != "pipeline_run"},
            options={"environment": "prod"},
        )

        def work(connection: sa.Connection) -> RunRow | None:
            if proof.signature:
                self._use_up(connection, proof)
            return insert_run(connection, self._state, new, self._clock())

        row = self._state.transact(work)
        if row is None:
            raise RunStateError(f"starting {trigger.pipeline}: it could not be stored", hint="Call again.")
        self._told(row)
        return _called(row, trigger)

    def event(self, event: Mapping[str, Any], only: Sequence[TriggerRow] | None = None) -> list[str]:
        """Make a run of each event trigger that an event matches; the names of the runs.

        Args:
            event: what has happened.
            only: of these triggers alone.

        Raises:
            SettingInvalidError: the event is nested too deep.
        """
        check_depth(event, "event")
        with self._state.read() as connection:
            rows = self._state.triggers.all(connection) if only is None else only
        wanted = [row for row in rows if _hears(row, event)]

        def work(connection: sa.Connection) -> list[RunRow]:
            made = []
            for row in wanted:
                new = NewRun(row.pipeline, "event", trigger=row, event=event, options={"environment": "prod"})
                found = insert_run(connection, self._state, new, self._clock())
                if found is not None:
                    made.append(found)
            return made

        made = self._state.transact(work) if wanted else []
        for row in made:
            self._told(row)
        return [row.id for row in made]

    def _use_up(self, connection: sa.Connection, proof: Proof) -> None:
        """A signature counts once, whichever server it reaches, and whichever trigger it is sent to."""
        self._state.holds.lock(connection)
        day = int(self._clock()) // _DAY
        digest = hashlib.sha256(proof.signature.strip().lower().encode("utf-8", "replace")).hexdigest()
        days = [f"webhook:{each}:" for each in range(day - _REMEMBERED, day + 1)]
        if any(self._state.settings.get(connection, f"{each}{digest}") for each in days):
            raise RunStateError("answering a call: its signature was used before", hint="Sign each call anew.")
        self._state.settings.put(connection, f"{days[-1]}{digest}", "1")
        self._state.settings.drop(connection, "webhook:", kept=days)


def check_ready(trigger: TriggerRow) -> None:
    """Refuse to run anything for a trigger that is switched off or cannot start. Raises RunStateError."""
    if trigger.problem:
        raise RunStateError(f"starting {trigger.pipeline}: its trigger cannot start runs", hint=trigger.problem)
    if not trigger.active:
        raise RunStateError(f"starting {trigger.pipeline}: its trigger is switched off", hint="Switch it on.")


def check_depth(given: Mapping[str, Any], what: str) -> None:
    """Refuse values that no block could be sent. Raises SettingInvalidError."""
    level: list[Any] = [given]
    for _ in range(MOST_NESTED):
        level = [
            item
            for holder in level
            for item in (holder.values() if isinstance(holder, Mapping) else holder)
            if isinstance(item, Mapping | list)
        ]
        if not level:
            return
    raise SettingInvalidError(
        f"reading the call: its {what} has more than {MOST_NESTED} values nested in each other",
        hint="Send a flatter value, or the place where it can be read.",
    )


def _hears(row: TriggerRow, event: Mapping[str, Any]) -> bool:
    if kind_of(row) != TriggerKind.EVENT or not is_ready(row) or row.removed_at is not None:
        return False
    matchers = row.definition.get("event_matchers") or []
    return matches_any([each for each in matchers if isinstance(each, Mapping)], event)


def _date(given: Any) -> float | None:
    if given is None or given == "":
        return None
    try:
        if isinstance(given, int | float) and not isinstance(given, bool):
            found = datetime.fromtimestamp(given, UTC)
        else:
            found = datetime.fromisoformat(str(given))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise SettingInvalidError(
            f"reading the call: the execution date {str(given)[:40]!r} is none", hint="Such as 2024-01-31T08:00:00."
        ) from error


def _called(row: RunRow, trigger: TriggerRow) -> CalledRun:
    assert row.execution_date is not None
    return CalledRun(
        id=row.id,
        pipeline_uuid=row.pipeline,
        pipeline_schedule_id=trigger.id,
        pipeline_schedule_name=trigger.name,
        status=row.state,
        execution_date=datetime.fromtimestamp(row.execution_date, UTC).isoformat(),
        created_at=datetime.fromtimestamp(row.created_at, UTC).isoformat(),
        variables=dict(row.variables),
        event_variables=dict(row.event or {}),
    )
