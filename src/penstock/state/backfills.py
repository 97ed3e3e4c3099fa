"""Queries on backfills."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from penstock.state.rows import BackfillRow
from penstock.state.statements import columns_of, row_of, rows_of, values_of
from penstock.state.tables import backfill

_COLUMNS = columns_of(backfill, BackfillRow)


class Backfills:
    """Backfills, by number; their runs are found by `backfill_id`."""

    def add(self, connection: sa.Connection, row: BackfillRow) -> int:
        """Insert a backfill; its number."""
        statement = sa.insert(backfill).values(values_of(row, without=["id"])).returning(backfill.c.id)
        return int(connection.execute(statement).scalar_one())

    def get(self, connection: sa.Connection, number: int) -> BackfillRow | None:
        """The backfill of that number."""
        return row_of(BackfillRow, connection.execute(sa.select(*_COLUMNS).where(backfill.c.id == number)))

    def all(
        self, connection: sa.Connection, pipeline: str = "", *, state: str = "", limit: int = 1000
    ) -> list[BackfillRow]:
        """Backfills, newest first."""
        query = sa.select(*_COLUMNS).order_by(backfill.c.created_at.desc(), backfill.c.id.desc()).limit(limit)
        if pipeline:
            query = query.where(backfill.c.pipeline == pipeline)
        if state:
            query = query.where(backfill.c.state == state)
        return rows_of(BackfillRow, connection.execute(query))

    def change(self, connection: sa.Connection, number: int, **values: Any) -> bool:
        """Set columns of a backfill; whether it is there."""
        return connection.execute(sa.update(backfill).where(backfill.c.id == number).values(values)).rowcount > 0

    def delete(self, connection: sa.Connection, number: int) -> bool:
        """Delete a backfill; its runs stay, without it. Whether it was there."""
        return connection.execute(sa.delete(backfill).where(backfill.c.id == number)).rowcount > 0
