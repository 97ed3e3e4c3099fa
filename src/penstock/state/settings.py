"""Queries on single values that belong to no row: how far something has come."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from penstock.state.statements import put
from penstock.state.tables import meta


class Settings:
    """Texts by name."""

    def get(self, connection: sa.Connection, key: str, default: str = "") -> str:
        """The text of that name."""
        found = connection.execute(sa.select(meta.c.value).where(meta.c.key == key)).scalar()
        return default if found is None else str(found)

    def put(self, connection: sa.Connection, key: str, value: str) -> None:
        """Set the text of that name."""
        put(connection, meta, [{"key": key, "value": value}])

    def drop(self, connection: sa.Connection, prefix: str, kept: Iterable[str] = ()) -> int:
        """Remove all texts whose names begin so, but for those that begin with one of `kept`; how many."""
        spared = (sa.not_(meta.c.key.startswith(each, autoescape=True)) for each in kept)
        named = sa.and_(meta.c.key.startswith(prefix, autoescape=True), *spared)
        return connection.execute(sa.delete(meta).where(named)).rowcount
