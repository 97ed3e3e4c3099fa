"""From rows of the state store to triggers as pages show them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from penstock.model.errors import ScheduleInvalidError
from penstock.model.slots import upcoming
from penstock.model.trigger import Trigger, TriggerKind
from penstock.model.trigger_definition import from_definition
from penstock.model.trigger_words import in_words
from penstock.schedule.mirror import is_meant_here
from penstock.server.projects.trigger_files import file_of
from penstock.server.schema.pipelines import RunMark
from penstock.server.schema.runs import RunSummary
from penstock.server.schema.triggers import TriggerDetail, TriggerSummary
from penstock.state.rows import RunRow, TriggerRow
from penstock.state.triggers import RunBrief

SHOWN = 10
"""Slots and runs that are shown of a trigger."""
_SAFE = 2**53 - 1
"""Whole numbers up to here are exact as doubles."""


def trigger_of(row: TriggerRow) -> Trigger:
    """The trigger that a row mirrors; one that cannot be read any more has no schedule."""
    try:
        return from_definition(row.definition)
    except (ScheduleInvalidError, ValueError, KeyError, TypeError):
        return Trigger(row.pipeline, row.name, TriggerKind.TIME)


def trigger_summary(row: TriggerRow, runs: Sequence[RunRow | RunBrief]) -> TriggerSummary:
    """A trigger in a list; `runs` are its newest, newest first."""
    return TriggerSummary(**_common(row, trigger_of(row), runs))


def _called(trigger: Trigger, number: int) -> tuple[str | None, Any]:
    """Where somebody calls it, and with what; None for a trigger that nobody calls."""
    if trigger.kind is TriggerKind.API:
        return f"/api/pipeline_schedules/{number}/api_trigger", {"pipeline_run": {"variables": {}}}
    if trigger.kind is TriggerKind.EVENT:
        patterns = [each.get("pattern") for each in trigger.event_matchers]
        return "/api/events", _matching(next((each for each in patterns if each), {}))
    return None, None


def _matching(pattern: Any) -> Any:
    """An event that fits a pattern: of several values the first."""
    if isinstance(pattern, Mapping):
        return {str(key): _matching(value) for key, value in pattern.items()}
    if isinstance(pattern, list):
        return _matching(pattern[0]) if pattern else None
    return pattern


def trigger_detail(
    row: TriggerRow,
    runs: Sequence[RunRow | RunBrief],
    revision: str,
    now: float,
    lead: timedelta,
    environment: str,
    base: str,
) -> TriggerDetail:
    """A trigger in full; `base` is the address of the server, `lead` how long before a landing time it starts."""
    trigger = trigger_of(row)
    since = row.last_enabled_at if row.active else now
    enabled = datetime.fromtimestamp(since, UTC) if since is not None else None
    at = datetime.fromtimestamp(now, UTC)
    slots = [] if row.problem else upcoming(trigger, at, SHOWN, enabled_at=enabled, lead=lead)
    url, body = _called(trigger, row.id)
    curl = url and (
        f"curl -X POST {base}{url} -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/json' "
        f"-d {shlex.quote(json.dumps(body, ensure_ascii=False))}"
    )
    return TriggerDetail(
        **_common(row, trigger, runs),
        settings=dict(row.definition.get("settings") or {}),
        variables=dict(trigger.variables),
        sla=trigger.sla,
        start_time=trigger.start_time.isoformat() if trigger.start_time else None,
        event_matchers=[dict(each) for each in trigger.event_matchers],
        envs=list(trigger.envs),
        file=file_of(row.pipeline),
        revision=revision,
        url=url,
        curl=curl,
        token_set=row.token_hash is not None,
        upcoming=[slot.due.timestamp() for slot in slots],
        here=is_meant_here(trigger, environment),
        exact={name: _json(value) for name, value in trigger.variables.items() if _holds_large(value)},
    )


def _holds_large(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_large(each) for each in value.values())
    if isinstance(value, list):
        return any(_holds_large(each) for each in value)
    return isinstance(value, int) and abs(value) > _SAFE


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _common(row: TriggerRow, trigger: Trigger, runs: Sequence[RunRow | RunBrief]) -> dict[str, Any]:
    return {
        "id": row.id,
        "pipeline": row.pipeline,
        "name": row.name,
        "kind": trigger.kind.value,
        "schedule": trigger.schedule.text if trigger.schedule else str(row.definition.get("written") or ""),
        "words": in_words(trigger),
        "active": trigger.active,
        "time_zone": trigger.settings.time_zone,
        "next": row.next_due_at,
        "last_run": run_summary(runs[0]) if runs else None,
        "problem": row.problem,
        "tags": list(trigger.tags),
        "description": trigger.description,
        "runs": [_mark(run) for run in reversed(runs)],
    }


def run_summary(row: RunRow | RunBrief) -> RunSummary:
    """A run of the state store in one line."""
    return RunSummary(
        run=row.id,
        pipeline=row.pipeline,
        state=row.state,
        started=row.started_at or row.created_at,
        ended=row.ended_at,
        seconds=row.seconds,
        blocks_total=row.blocks_total,
        blocks_done=row.blocks_done,
        failed_block=row.failed_block,
        error=row.error or None,
        origin=row.origin,
        what=row.what,
    )


def _mark(row: RunRow | RunBrief) -> RunMark:
    return RunMark(row.id, row.state, row.started_at or row.created_at, row.seconds)
