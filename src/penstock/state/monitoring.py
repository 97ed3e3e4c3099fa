"""Aggregates over runs for the pages of the monitor: by pipeline, by state, by how long they took.

Durations are counted in steps of a tenth (`STEP`), so that a day of any number of runs is a few rows, days can be
added up, and a median is known to within five per cent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from penstock.state.tables import block_run, run, trigger

STEP = 1.1
SHORTEST = 0.01
"""Seconds that are not told apart."""
_STEPS = 192
"""Steps up to ten days; what takes longer counts as that long."""
_BOUNDS = [SHORTEST * STEP**step for step in range(_STEPS)]


def ended(connection: sa.Connection, since: float, until: float, pipeline: str = "") -> list[Any]:
    """Runs that ended in a span of time, grouped; all in one reading of them.

    Returns:
        `pipeline`, `state`, `step` (None where no duration is known), their `count`; `begun` of them were runs of
        triggers, which began `waited` seconds later than due in all and `most` at most, and `missed` their SLA.
    """
    of_trigger = sa.and_(run.c.trigger_id.is_not(None), run.c.started_at.is_not(None))
    late = sa.case((of_trigger, run.c.started_at - run.c.due_at))
    keys = (run.c.pipeline, run.c.state, _STEP.label("step"))
    query = sa.select(
        *keys,
        sa.func.count().label("count"),
        sa.func.count(late).label("begun"),
        sa.func.sum(late).label("waited"),
        sa.func.max(late).label("most"),
        sa.func.sum(sa.case((sa.and_(of_trigger, run.c.sla_missed == sa.true()), 1), else_=0)).label("missed"),
    ).where(run.c.ended_at >= since, run.c.ended_at < until)
    if pipeline:
        query = query.where(run.c.pipeline == pipeline)
    return list(connection.execute(query.group_by(*keys)))


def failures(
    connection: sa.Connection, since: float, until: float, pipeline: str = "", limit: int = 20
) -> list[Mapping[str, Any]]:
    """Where runs failed most: `pipeline`, `block`, `count`, `last` (the newest such run), `at`, `error`."""
    # A condition on the bare state would be looked up in its own index, which holds failures of all times; those of one
    # pipeline are few enough.
    failed = (run.c.state == "failed") if pipeline else (sa.func.coalesce(run.c.state, "") == "failed")
    query = (
        sa.select(
            run.c.pipeline,
            run.c.failed_block.label("block"),
            sa.func.count().label("count"),
            sa.func.max(run.c.id).label("last"),
            sa.func.max(run.c.ended_at).label("at"),
        )
        .where(run.c.ended_at >= since, run.c.ended_at < until, failed)
        .group_by(run.c.pipeline, run.c.failed_block)
        .order_by(sa.desc("count"), sa.desc("at"))
        .limit(limit)
    )
    if pipeline:
        query = query.where(run.c.pipeline == pipeline)
    found = [dict(line) for line in connection.execute(query).mappings()]
    wanted = sa.select(run.c.id, run.c.error).where(run.c.id.in_([line["last"] for line in found]))
    errors = {line.id: line.error for line in connection.execute(wanted)}
    return [{**line, "error": errors.get(line["last"], "")} for line in found]


def driven_ends(connection: sa.Connection, since: float, limit: int) -> list[Any]:
    """Runs that schedulers have driven and that ended since then, the first ones first.

    Returns:
        `id`, `pipeline`, `state`, `origin`, `seconds`, `ended_at`, and `late`: how much later than due a run of a
        trigger began, None for others.
    """
    of_trigger = sa.and_(run.c.trigger_id.is_not(None), run.c.started_at.is_not(None))
    late = sa.case((of_trigger, run.c.started_at - run.c.due_at))
    columns = (run.c.id, run.c.pipeline, run.c.state, run.c.origin, run.c.seconds, run.c.ended_at, late.label("late"))
    query = sa.select(*columns).where(run.c.ended_at >= since, run.c.lease_token > 0)
    return list(connection.execute(query.order_by(run.c.ended_at, run.c.id).limit(limit)))


def block_ends(connection: sa.Connection, runs: Sequence[str], bounds: Sequence[float]) -> list[Any]:
    """How the blocks of these runs have ended, grouped by state and by how long they took, up to each of the bounds.

    Returns:
        `state`, their `count`, and how many of them have `begun`; `seconds` that these took in all, `rows` that they
        put out, processor time `cpu`, and `retries`.
    """
    took = f"({block_run.name}.ended_at - {block_run.name}.started_at)"
    cases = " ".join(f"WHEN {took} <= {bound!r} THEN {step}" for step, bound in enumerate(bounds))
    step: sa.ColumnElement[int] = sa.literal_column(f"CASE {cases} ELSE {len(bounds)} END", sa.Integer)
    seconds = sa.case((block_run.c.attempts > 0, block_run.c.ended_at - block_run.c.started_at))
    query = sa.select(
        block_run.c.state,
        sa.func.count().label("count"),
        sa.func.count(seconds).label("begun"),
        sa.func.coalesce(sa.func.sum(seconds), 0.0).label("seconds"),
        sa.func.coalesce(sa.func.sum(block_run.c.rows_out), 0).label("rows"),
        sa.func.coalesce(sa.func.sum(block_run.c.cpu_seconds), 0.0).label("cpu"),
        sa.func.sum(sa.case((block_run.c.attempts > 1, block_run.c.attempts - 1), else_=0)).label("retries"),
    ).where(block_run.c.run_id.in_(runs), block_run.c.ended_at.is_not(None))
    return list(connection.execute(query.group_by(block_run.c.state, step)))


def triggers(connection: sa.Connection) -> dict[bool, int]:
    """How many triggers are active and how many are not."""
    query = sa.select(trigger.c.active, sa.func.count()).where(trigger.c.removed_at.is_(None))
    return {bool(active): count for active, count in connection.execute(query.group_by(trigger.c.active))}


def late_runs(connection: sa.Connection) -> int:
    """How many runs have not ended although their SLA has passed."""
    is_open = run.c.state.in_([sa.literal_column("'initial'"), sa.literal_column("'running'")])
    query = sa.select(sa.func.count()).select_from(run).where(is_open, run.c.sla_missed == sa.true())
    return int(connection.execute(query).scalar_one())


def step_of(seconds: float) -> int:
    """The step that a duration is counted in."""
    if seconds <= SHORTEST:
        return 0
    return min(_STEPS, math.ceil(round(math.log(seconds / SHORTEST, STEP), 9)))


def seconds_of(step: int) -> float:
    """The middle of a step."""
    return SHORTEST if step <= 0 else SHORTEST * STEP ** (step - 0.5)


def _halved(column: str, low: int, high: int) -> str:
    """The step of a column in SQL, found by halving: no database needs to know logarithms."""
    if low == high:
        return str(low)
    middle = (low + high) // 2
    lower, upper = _halved(column, low, middle), _halved(column, middle + 1, high)
    return f"CASE WHEN {column} <= {_BOUNDS[middle]!r} THEN {lower} ELSE {upper} END"


_SECONDS = f"{run.name}.seconds"
# As text, made once: a tree of two hundred expressions costs more than the query.
_STEP: sa.ColumnElement[int] = sa.literal_column(
    f"CASE WHEN {_SECONDS} IS NULL THEN NULL ELSE {_halved(_SECONDS, 0, _STEPS)} END", sa.Integer
)
