"""Aggregates over runs for the pages of the monitor: by day, by pipeline, by how long they took.

Durations are counted in steps of a tenth (`STEP`), so that a day of any number of runs is a few rows, days can be
added up, and a median is known to within five per cent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from penstock.state.tables import run, trigger

STEP = 1.1
SHORTEST = 0.01
"""Seconds that are not told apart."""
_STEPS = 192
"""Steps up to ten days; what takes longer counts as that long."""
_BOUNDS = [SHORTEST * STEP**step for step in range(_STEPS)]
DAY = 86_400


def days(connection: sa.Connection, since: float, until: float, pipeline: str = "") -> list[Any]:
    """Runs that ended in a span of time, grouped.

    Returns:
        `day` (days since the epoch, UTC), `state`, `step` (None where no duration is known) and `count`.
    """
    return _grouped(connection, (_day(connection), run.c.state, _STEP.label("step")), since, until, pipeline)


def _day(connection: sa.Connection) -> sa.Label[int]:
    if connection.dialect.name == "sqlite":  # has no floor everywhere; a cast cuts
        return sa.cast(run.c.ended_at / DAY, sa.Integer).label("day")
    return sa.cast(sa.func.floor(run.c.ended_at / DAY), sa.Integer).label("day")


def pipelines(connection: sa.Connection, since: float, until: float, pipeline: str = "") -> list[Any]:
    """The same by `pipeline` instead of by day."""
    return _grouped(connection, (run.c.pipeline, run.c.state, _STEP.label("step")), since, until, pipeline)


def _grouped(
    connection: sa.Connection, keys: tuple[sa.ColumnElement[Any], ...], since: float, until: float, pipeline: str
) -> list[Any]:
    query = sa.select(*keys, sa.func.count().label("count")).where(run.c.ended_at >= since, run.c.ended_at < until)
    if pipeline:
        query = query.where(run.c.pipeline == pipeline)
    return [line._mapping for line in connection.execute(query.group_by(*keys))]  # noqa: SLF001 - its public name


def lateness(connection: sa.Connection, since: float, until: float, pipeline: str = "") -> list[Mapping[str, Any]]:
    """How much later than due runs of triggers began, by pipeline and day.

    Returns:
        `pipeline`, `day` (days since the epoch, UTC), `count`, `mean`, `most` (seconds), and `missed` SLAs.
    """
    late = run.c.started_at - run.c.due_at
    day = _day(connection)
    query = sa.select(
        run.c.pipeline,
        day,
        sa.func.count().label("count"),
        sa.func.avg(late).label("mean"),
        sa.func.max(late).label("most"),
        sa.func.sum(sa.case((run.c.sla_missed, 1), else_=0)).label("missed"),
    ).where(
        run.c.ended_at >= since,
        run.c.ended_at < until,
        sa.func.coalesce(run.c.trigger_id, 0) != 0,
        run.c.started_at.is_not(None),
    )
    if pipeline:
        query = query.where(run.c.pipeline == pipeline)
    return [dict(line) for line in connection.execute(query.group_by(run.c.pipeline, day)).mappings()]


def failures(
    connection: sa.Connection, since: float, until: float, pipeline: str = "", limit: int = 20
) -> list[Mapping[str, Any]]:
    """Where runs failed most: `pipeline`, `block`, `count`, `last` (the newest such run), `at`, `error`."""
    # A condition on the bare state would be looked up in its own index, which holds failures of all times.
    query = (
        sa.select(
            run.c.pipeline,
            run.c.failed_block.label("block"),
            sa.func.count().label("count"),
            sa.func.max(run.c.id).label("last"),
            sa.func.max(run.c.ended_at).label("at"),
        )
        .where(run.c.ended_at >= since, run.c.ended_at < until, sa.func.coalesce(run.c.state, "") == "failed")
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
