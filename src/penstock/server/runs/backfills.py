"""Backfills of the studio: planned, stored, started; what lists their runs by code is run in a worker.

All but `planned` is called in threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from penstock.model.errors import BackfillNotFoundError, PenstockError, SettingInvalidError
from penstock.project import Project
from penstock.schedule.backfill import (
    BACKFILLS,
    Planned,
    Wanted,
    add_backfill,
    cancel_backfill,
    delete_backfill,
    preview,
    retry_backfill,
    start_backfill,
)
from penstock.schedule.windows import moment_of
from penstock.server.hub import Hub
from penstock.server.schema.backfills import Backfill, BackfillPreview, NewBackfill, PlannedRun
from penstock.state.rows import BackfillRow
from penstock.state.store import State

SHOWN = 100
SHOWN_LAST = 10
"""Runs that a preview tells one by one: so many from the first, and so many up to the last."""


class BackfillService:
    """The backfills of the project.

    Args:
        state: the store.
        project: the project as it is now.
        hub: where changes are told.
        wake: tells schedulers that something was asked.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        state: State,
        project: Callable[[], Project],
        hub: Hub,
        wake: Callable[[str, str], object],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._state = state
        self._project = project
        self._hub = hub
        self._wake = wake
        self._clock = clock

    def all(self, pipeline: str = "") -> list[Backfill]:
        """Backfills, newest first."""
        with self._state.read() as connection:
            rows = self._state.backfills.all(connection, pipeline)
            return [_shown(row, self._state.runs.of_backfill(connection, row.id)) for row in rows]

    def one(self, number: int) -> Backfill:
        """A backfill, its windows counted by their newest run. Raises BackfillNotFoundError."""
        with self._state.read() as connection:
            row = self._state.backfills.get(connection, number)
            counts = self._state.backfills.latest_states(connection, number)
        if row is None:
            raise BackfillNotFoundError(f"reading backfill {number}: there is none", hint="It may have been deleted.")
        return _shown(row, counts)

    def preview(self, given: NewBackfill, listed: list[Mapping[str, Any]] | None) -> BackfillPreview:
        """What a backfill would make; what is wrong with it is told, not raised."""
        try:
            wanted = self._wanted(given, listed)
            runs, total = preview(wanted, self._clock(), SHOWN)
            end = max(len(runs), total - SHOWN_LAST)
            last = preview(wanted, self._clock(), SHOWN_LAST, end)[0] if end < total else []
        except PenstockError as error:
            return BackfillPreview([], 0, truncated=False, problem=error.message)
        shown = [_planned(run) for run in runs]
        return BackfillPreview(
            shown, total, truncated=total > len(shown), problem="", last=[_planned(run) for run in last]
        )

    def add(self, given: NewBackfill, listed: list[Mapping[str, Any]] | None) -> Backfill:
        """Store a backfill; with `run` it begins at once. Raises SettingInvalidError or PipelineNotFoundError."""
        row = add_backfill(self._state, self._wanted(given, listed), self._clock())
        if given.run:
            start_backfill(self._state, row.id, self._clock())
        return self._changed(row.id)

    def start(self, number: int) -> Backfill:
        """Let it begin, or go on. Raises BackfillNotFoundError or RunStateError."""
        start_backfill(self._state, number, self._clock())
        return self._changed(number)

    def cancel(self, number: int) -> Backfill:
        """Make no more runs of it, and cancel those that are open. Raises as `start`."""
        cancel_backfill(self._state, number, self._clock())
        self._wake("runs", "")
        return self._changed(number)

    def retry(self, number: int) -> tuple[Backfill, int]:
        """Run what failed again, with the pipeline as it is now. Raises as `start`."""
        _, count = retry_backfill(self._state, number)
        return self._changed(number), count

    def delete(self, number: int) -> None:
        """Forget it; its runs stay. Raises as `start`."""
        delete_backfill(self._state, number)
        self._tell(number)

    def _changed(self, number: int) -> Backfill:
        self._tell(number)
        return self.one(number)

    def _tell(self, number: int) -> None:
        self._wake(BACKFILLS, str(number))
        self._hub.publish_from_thread("project", {"type": "backfill_changed", "id": number})

    def _wanted(self, given: NewBackfill, listed: list[Mapping[str, Any]] | None) -> Wanted:
        pipeline = self._project().pipeline(given.pipeline)
        return Wanted(
            pipeline=pipeline.uuid,
            name=given.name,
            block=given.block or None,
            start=_moment(given.start, "start", given.time_zone),
            end=_moment(given.end, "end", given.time_zone),
            interval=given.interval_type,
            units=given.interval_units,
            zone=given.time_zone,
            inclusive=given.inclusive,
            variables=given.variables,
            parallelism=given.parallelism,
            retries=given.retries,
            priority=given.priority,
            listed=listed,
        )


def _moment(given: float | str | None, name: str, zone: str) -> float | None:
    if not isinstance(given, str):
        return given
    try:
        return moment_of(given, zone)
    except (ValueError, OverflowError) as error:
        raise SettingInvalidError(
            f"planning the backfill: its {name} {given[:40]!r} is no date",
            hint="Such as 2024-01-31 or 2024-01-31T08:00.",
        ) from error


def _shown(row: BackfillRow, counts: Mapping[str, int]) -> Backfill:
    settings = row.settings
    total, made = int(settings.get("total", 0)), int(settings.get("made", 0))
    known = dict(counts)
    if total > made:
        known["waiting"] = total - made
    return Backfill(
        id=row.id,
        name=row.name,
        pipeline=row.pipeline,
        state=row.state,
        block=row.block,
        start=row.start,
        end=row.end,
        interval_type=row.interval_type,
        interval_units=row.interval_units,
        time_zone=str(settings.get("zone", "UTC")),
        inclusive=bool(settings.get("inclusive")),
        variables=dict(row.variables),
        parallelism=row.parallelism,
        retries=int(settings.get("retries", 0)),
        priority=int(settings.get("priority", 0)),
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        error=row.error,
        counts=known,
        total=total,
    )


def _planned(run: Planned) -> PlannedRun:
    return PlannedRun(run.execution_date, run.partition, dict(run.variables), run.interval_start, run.interval_end)
