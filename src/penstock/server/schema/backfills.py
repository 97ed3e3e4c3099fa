"""Backfills, as JSON. Times in seconds since the epoch."""

from __future__ import annotations

from typing import Any

import msgspec


class BackfillQuery(msgspec.Struct, frozen=True):
    """Which backfills to list: those of a pipeline, or all."""

    pipeline: str = ""


class NewBackfill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A backfill: either start, end and interval, or a block that lists the variables of each run.

    `interval_type` is second, minute, hour, day, week, month, year or custom (seconds). The end does not count, unless
    `inclusive`. `parallelism` is how many runs may be open at once, 0 for no limit of its own; `retries` how often a
    failed window is run again by itself. Text dates are ISO 8601, on the clocks of `time_zone`
    when they name no offset.
    """

    pipeline: str
    name: str = ""
    block: str | None = None
    start: float | str | None = None
    end: float | str | None = None
    interval_type: str = "day"
    interval_units: int = 1
    time_zone: str = "UTC"
    inclusive: bool = False
    variables: dict[str, Any] = {}
    parallelism: int = 10
    retries: int = 0
    priority: int = 0
    run: bool = False


class PlannedRun(msgspec.Struct, frozen=True):
    """A run that a backfill would make."""

    execution_date: float
    partition: str
    variables: dict[str, Any]
    interval_start: float | None = None
    interval_end: float | None = None


class BackfillPreview(msgspec.Struct, frozen=True):
    """The first runs of a backfill and how many there are; `problem` says why it cannot be.

    Where not all are among the first, `last` are those at the end.
    """

    runs: list[PlannedRun]
    total: int
    truncated: bool
    problem: str
    last: list[PlannedRun] = []


class Backfill(msgspec.Struct, frozen=True):
    """A backfill. `counts` are its windows by the state of their newest run; `waiting` those whose run is to come."""

    id: int
    name: str
    pipeline: str
    state: str
    block: str | None
    start: float | None
    end: float | None
    interval_type: str
    interval_units: int
    time_zone: str
    inclusive: bool
    variables: dict[str, Any]
    parallelism: int
    retries: int
    priority: int
    created_at: float
    started_at: float | None
    ended_at: float | None
    error: str
    counts: dict[str, int]
    total: int


class BackfillList(msgspec.Struct, frozen=True):
    """Backfills, newest first."""

    backfills: list[Backfill]


class BackfillRetried(msgspec.Struct, frozen=True):
    """A backfill that goes on, and how many of its windows run again."""

    backfill: Backfill
    runs: int
