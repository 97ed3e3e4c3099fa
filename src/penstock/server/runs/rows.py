"""From rows of the state store to runs as pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from penstock.server.numbers import storable
from penstock.server.schema.runs import RunChoice, RunQuery, RunSummary, TriggerRef, Waiting
from penstock.state.rows import RunRow
from penstock.state.run_list import RunFilter


def line_of(row: RunRow, names: Mapping[int, TriggerRef], now: float) -> RunSummary:
    """A run in one line.

    Args:
        row: the run.
        names: triggers by number.
        now: seconds since the epoch.
    """
    trigger = None
    if row.trigger_id is not None:
        trigger = names.get(row.trigger_id) or TriggerRef(row.trigger_id, "", removed=True)
    return RunSummary(
        run=row.id,
        pipeline=row.pipeline,
        state=row.state,
        started=row.started_at if row.started_at is not None else row.created_at,
        ended=row.ended_at,
        seconds=row.seconds,
        blocks_total=row.blocks_total,
        blocks_done=row.blocks_done,
        failed_block=row.failed_block,
        error=row.error or None,
        origin=row.origin,
        what=row.what,
        trigger=trigger,
        backfill=row.backfill_id,
        execution_date=row.execution_date,
        priority=row.priority,
        waiting=_waiting(row),
        retry_of=row.retry_of,
        parent_run=row.parent_run,
        sla_missed=row.sla_missed,
        lateness=_lateness(row, now),
    )


def filter_of(wanted: RunChoice) -> RunFilter:
    """What is asked for in an address, as the store is asked; several values are separated by commas."""
    chosen = RunFilter(
        pipelines=_several(wanted.pipeline),
        states=_several(wanted.state),
        origins=_several(wanted.origin),
        trigger_id=storable(wanted.trigger),
        backfill_id=storable(wanted.backfill),
    )
    if not isinstance(wanted, RunQuery):
        return chosen
    return replace(
        chosen,
        since=wanted.since,
        until=wanted.until,
        partition=wanted.partition,
        block=wanted.block,
        text=wanted.q.strip(),
        sort=wanted.sort or "newest",
    )


def fits(summary: RunSummary, wanted: RunFilter) -> bool:
    """Whether a run under way is one of those that a list asks for; what only the store knows does not fit."""
    if wanted.backfill_id is not None or wanted.trigger_id is not None or wanted.partition or wanted.block:
        return False
    words = (summary.run, summary.pipeline, summary.what, summary.origin)
    return (
        (not wanted.pipelines or summary.pipeline in wanted.pipelines)
        and (not wanted.states or summary.state in wanted.states)
        and (not wanted.origins or summary.origin in wanted.origins)
        and (wanted.since is None or summary.started >= wanted.since)
        and (wanted.until is None or summary.started < wanted.until)
        and (not wanted.text or any(wanted.text.lower() in word.lower() for word in words))
    )


def trigger_numbers(rows: Iterable[RunRow]) -> set[int]:
    """The triggers that made these runs."""
    return {row.trigger_id for row in rows if row.trigger_id is not None}


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _waiting(row: RunRow) -> Waiting | None:
    told = row.waiting
    if not told or not row.open:
        return None
    since = told.get("since")
    return Waiting(str(told.get("kind", "")), str(told.get("text", "")), float(since) if since is not None else None)


def _lateness(row: RunRow, now: float) -> float | None:
    """Seconds between the moment at which it was to begin and that at which it did; None for what nobody planned."""
    if row.lease_token == 0 and row.state != "initial":
        return None
    begun = row.started_at if row.started_at is not None else (now if row.open else None)
    return None if begun is None else max(0.0, begun - row.due_at)
