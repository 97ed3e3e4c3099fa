"""Queries on backfills."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from penstock.state.rows import BackfillRow, RunRow
from penstock.state.statements import columns_of, locking, row_of, rows_of, values_of
from penstock.state.tables import backfill, run

_COLUMNS = columns_of(backfill, BackfillRow)
_RUN = columns_of(run, RunRow)
_OPEN = run.c.state.in_([sa.literal_column("'initial'"), sa.literal_column("'running'")])


_HAVE_ENDED = (
    sa.select(run.c.id)
    .where(run.c.id.in_(sa.bindparam("runs", expanding=True)), run.c.backfill_id.is_not(None), sa.not_(_OPEN))
    .limit(1)
)
_NEWEST_FIRST = sa.select(*_COLUMNS).order_by(backfill.c.created_at.desc(), backfill.c.id.desc())


class Backfills:
    """Backfills, by number; their runs are found by `backfill_id`."""

    def add(self, connection: sa.Connection, row: BackfillRow) -> int:
        """Insert a backfill; its number."""
        statement = sa.insert(backfill).values(values_of(row, without=["id"])).returning(backfill.c.id)
        return int(connection.execute(statement).scalar_one())

    def get(self, connection: sa.Connection, number: int) -> BackfillRow | None:
        """The backfill of that number."""
        return row_of(BackfillRow, connection.execute(sa.select(*_COLUMNS).where(backfill.c.id == number)))

    def locked(self, connection: sa.Connection, number: int) -> BackfillRow | None:
        """As `get`; nobody else changes it before the end of the transaction."""
        query = sa.select(*_COLUMNS).where(backfill.c.id == number)
        return row_of(BackfillRow, connection.execute(locking(query, backfill)))

    def latest_states(self, connection: sa.Connection, number: int) -> dict[str, int]:
        """How many windows have their newest run in each state; a run that was retried is not counted."""
        newest = _newest(number)
        query = sa.select(newest.c.state, sa.func.count()).where(newest.c.place == 1).group_by(newest.c.state)
        return {str(state): int(count) for state, count in connection.execute(query)}

    def latest_in(self, connection: sa.Connection, number: int, states: Iterable[str], limit: int) -> list[RunRow]:
        """The newest runs of those windows whose newest run is in one of these states, in their order."""
        newest = _newest(number)
        query = sa.select(*_RUN).join(newest, newest.c.id == run.c.id)
        query = query.where(newest.c.place == 1, newest.c.state.in_(list(states))).order_by(run.c.slot).limit(limit)
        return rows_of(RunRow, connection.execute(query))

    def open_runs(self, connection: sa.Connection, number: int) -> int:
        """How many of its runs have not ended; costs as much as there are open runs, however many have ended."""
        is_open = sa.select(run.c.backfill_id).where(_OPEN).subquery("open")
        query = sa.select(sa.func.count()).where(is_open.c.backfill_id == number)
        return int(connection.execute(query).scalar_one())

    def have_ended(self, connection: sa.Connection, runs: Iterable[str]) -> bool:
        """Whether one of these runs is of a backfill, and has ended."""
        return connection.execute(_HAVE_ENDED, {"runs": list(runs)}).scalar() is not None

    def all(
        self, connection: sa.Connection, pipeline: str = "", *, state: str = "", limit: int = 1000
    ) -> list[BackfillRow]:
        """Backfills, newest first."""
        query = _NEWEST_FIRST.limit(limit)
        if pipeline:
            query = query.where(backfill.c.pipeline == pipeline)
        if state:
            query = query.where(backfill.c.state == state)
        return rows_of(BackfillRow, connection.execute(query))

    def change(self, connection: sa.Connection, number: int, **values: Any) -> bool:
        """Set columns of a backfill; whether it is there."""
        return connection.execute(sa.update(backfill).where(backfill.c.id == number).values(values)).rowcount > 0

    def rename_pipeline(self, connection: sa.Connection, old: str, new: str) -> int:
        """The pipeline has another name from now on, and takes its backfills along; how many."""
        moved = sa.update(backfill).where(backfill.c.pipeline == old).values(pipeline=new)
        return connection.execute(moved).rowcount

    def delete(self, connection: sa.Connection, number: int) -> bool:
        """Delete a backfill; its runs stay, without it. Whether it was there."""
        return connection.execute(sa.delete(backfill).where(backfill.c.id == number)).rowcount > 0


def _newest(number: int) -> sa.Subquery:
    """The runs of a backfill, numbered within each window: 1 is the newest."""
    order = (run.c.created_at.desc(), run.c.id.desc())
    place = sa.func.row_number().over(partition_by=run.c.slot, order_by=order).label("place")
    chosen = sa.select(run.c.id, run.c.state, place).where(run.c.backfill_id == number, run.c.backfill_id.is_not(None))
    return chosen.subquery("newest")
