"""Queries on the processes that take part."""

from __future__ import annotations

import sqlalchemy as sa

from penstock.state.rows import NodeRow
from penstock.state.statements import columns_of, put, rows_of, values_of
from penstock.state.tables import node

_COLUMNS = columns_of(node, NodeRow)


class Nodes:
    """Processes that take part: each puts itself here and says from time to time that it is there."""

    def put(self, connection: sa.Connection, row: NodeRow) -> None:
        """Insert a process, or replace what is known of it."""
        put(connection, node, [values_of(row)])

    def seen(self, connection: sa.Connection, name: str, now: float) -> bool:
        """The process is there; False when it was taken for dead and must put itself here again."""
        return connection.execute(sa.update(node).where(node.c.id == name).values(seen_at=now)).rowcount > 0

    def all(self, connection: sa.Connection) -> list[NodeRow]:
        """All processes, the oldest first."""
        return rows_of(NodeRow, connection.execute(sa.select(*_COLUMNS).order_by(node.c.started_at, node.c.id)))

    def remove(self, connection: sa.Connection, name: str) -> bool:
        """The process has ended; whether it was there."""
        return connection.execute(sa.delete(node).where(node.c.id == name)).rowcount > 0

    def remove_unseen(self, connection: sa.Connection, before: float) -> int:
        """Remove processes that were not seen since then; how many."""
        return connection.execute(sa.delete(node).where(node.c.seen_at < before)).rowcount
