"""Queries on alerts: the box of messages that are to go out, and their incidents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from penstock.state.rows import AlertRow
from penstock.state.statements import columns_of, locking, row_of, rows_of, values_of
from penstock.state.tables import alert

_COLUMNS = columns_of(alert, AlertRow)
_OPEN = sa.text("closed_at IS NULL")
_UNSENT = sa.text("sent_at IS NULL")


class Alerts:
    """Alerts, by number; at most one that is not closed has the same incident."""

    def add(self, connection: sa.Connection, row: AlertRow) -> int | None:
        """Put a message into the box, in the transaction of what it tells; its number.

        None when its incident is open already: then nothing has changed.
        """
        there = sa.select(alert.c.id).where(alert.c.incident == row.incident, _OPEN)
        if connection.execute(locking(there, alert)).first() is not None:
            return None
        values = values_of(row, without=["id"])
        statement: Any = sa.insert(alert).values(values).returning(alert.c.id)
        if connection.dialect.name == "postgresql":
            from sqlalchemy.dialects import postgresql

            statement = postgresql.insert(alert).values(values).on_conflict_do_nothing().returning(alert.c.id)
        return connection.execute(statement).scalar()

    def get(self, connection: sa.Connection, number: int) -> AlertRow | None:
        """The alert of that number."""
        return row_of(AlertRow, connection.execute(sa.select(*_COLUMNS).where(alert.c.id == number)))

    def open(self, connection: sa.Connection, incident: str) -> AlertRow | None:
        """The alert of that incident that is not closed."""
        query = sa.select(*_COLUMNS).where(alert.c.incident == incident, _OPEN)
        return row_of(AlertRow, connection.execute(query))

    def held(self, connection: sa.Connection, number: int) -> AlertRow | None:
        """The alert of that number, kept from being changed by others until the end of the transaction."""
        query = sa.select(*_COLUMNS).where(alert.c.id == number)
        return row_of(AlertRow, connection.execute(locking(query, alert)))

    def held_open(self, connection: sa.Connection, pipeline: str) -> list[AlertRow]:
        """The alerts of a pipeline that are not closed, kept from being changed by others as `held`."""
        query = sa.select(*_COLUMNS).where(alert.c.pipeline == pipeline, _OPEN).order_by(alert.c.id)
        return rows_of(AlertRow, connection.execute(locking(query, alert)))

    def counts(self, connection: sa.Connection) -> dict[str, int]:
        """How many are `open`, and how many wait to be sent as `unsent`."""
        count = sa.select(sa.func.count()).select_from(alert)
        return {
            "open": int(connection.execute(count.where(_OPEN)).scalar_one()),
            "unsent": int(connection.execute(count.where(_UNSENT)).scalar_one()),
        }

    def prune(self, connection: sa.Connection, before: float) -> int:
        """Remove alerts made before that time that are closed and sent; how many."""
        old = sa.and_(alert.c.created_at < before, alert.c.closed_at.is_not(None), alert.c.sent_at.is_not(None))
        return connection.execute(sa.delete(alert).where(old)).rowcount

    def due(self, connection: sa.Connection, now: float, until: float, limit: int = 20) -> list[AlertRow]:
        """Messages to send now, the longest due first; nobody else gets them before `until`.

        Who sends them writes down how it went with `change`; one whose sender dies is due again at `until`.
        """
        query = sa.select(*_COLUMNS).where(_UNSENT, alert.c.due_at <= now).order_by(alert.c.due_at).limit(limit)
        found = rows_of(AlertRow, connection.execute(locking(query, alert, skip=True)))
        if found:
            chosen = alert.c.id.in_([row.id for row in found])
            connection.execute(sa.update(alert).where(chosen).values(due_at=until))
        return found

    def next_due(self, connection: sa.Connection) -> float | None:
        """When the next message is to be sent."""
        return connection.execute(sa.select(sa.func.min(alert.c.due_at)).where(_UNSENT)).scalar()

    def close(self, connection: sa.Connection, incident: str, now: float) -> AlertRow | None:
        """The incident is over: the next of that name is told again. The alert that was open."""
        found = self.open(connection, incident)
        if found is not None:
            self.change(connection, found.id, closed_at=now)
        return found

    def change(self, connection: sa.Connection, number: int, **values: Any) -> bool:
        """Set columns of an alert; whether it is there."""
        return connection.execute(sa.update(alert).where(alert.c.id == number).values(values)).rowcount > 0

    def rename_pipeline(self, connection: sa.Connection, old: str, new: str, named: Callable[[str], str]) -> int:
        """The pipeline has another name from now on, and takes its alerts along; how many.

        Those that are open or wait to be sent know it themselves too, as `pipeline` of their payload; and as `incident`
        the name that others know an open one by, who close theirs by it.

        Args:
            connection: of the transaction that renames it.
            old: its name before.
            new: its name now.
            named: the name of an incident, from the one that it had.
        """
        query = sa.select(*_COLUMNS).where(alert.c.pipeline == old, sa.or_(_OPEN, _UNSENT)).order_by(alert.c.id)
        for row in rows_of(AlertRow, connection.execute(locking(query, alert))):
            changes: dict[str, Any] = {"payload": {**row.payload, "pipeline": new}}
            incident = named(row.incident)
            if row.closed_at is None and incident != row.incident and self.open(connection, incident) is None:
                changes["payload"]["incident"] = row.payload.get("incident") or row.incident
                changes["incident"] = incident
            self.change(connection, row.id, **changes)
        return connection.execute(sa.update(alert).where(alert.c.pipeline == old).values(pipeline=new)).rowcount

    def recent(self, connection: sa.Connection, limit: int = 100, *, before: int | None = None) -> list[AlertRow]:
        """Alerts, newest first; `before` goes on after the one of that number."""
        query = sa.select(*_COLUMNS).order_by(alert.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(alert.c.id < before)
        return rows_of(AlertRow, connection.execute(query))
