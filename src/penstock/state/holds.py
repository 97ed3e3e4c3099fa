"""Queries on what runs hold of named resources and of limits that span runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from penstock.state.rows import Blocked, HoldRow
from penstock.state.statements import columns_of, locking, put, rows_of
from penstock.state.tables import hold, meta

_COLUMNS = columns_of(hold, HoldRow)
# What a scheduler asks all the time is made once: making a statement costs more than running it.
_LOCK = locking(sa.select(meta.c.value).where(meta.c.key == "lock"), meta)
_TAKEN = sa.select(hold.c.key, sa.func.sum(hold.c.units)).group_by(hold.c.key)
_NAME: sa.BindParameter[str] = sa.bindparam("name")
_ONE: sa.BindParameter[str] = sa.bindparam("one")
_TAKEN_BY_OTHERS = _TAKEN.where(
    hold.c.key.in_(sa.bindparam("keys", expanding=True)), sa.not_(sa.and_(hold.c.run_id == _NAME, hold.c.block == _ONE))
)
_RELEASE = sa.delete(hold).where(hold.c.run_id == _NAME)
_RELEASE_ONE = _RELEASE.where(hold.c.block == _ONE)


class Holds:
    """Units taken, by key (a resource or a limit), run and block; the block is "" for what a run holds as a whole."""

    def lock(self, connection: sa.Connection) -> None:
        """Let nobody else count or take anything until the end of the transaction."""
        if connection.dialect.name != "sqlite":  # whose writer is alone anyway
            connection.execute(_LOCK).scalar()  # whoever takes something waits here for whoever else does

    def acquire(
        self, connection: sa.Connection, name: str, block: str, wanted: Mapping[str, tuple[int, int]], now: float
    ) -> Blocked | None:
        """Take units of several keys, all or nothing; None when they are taken, else the first that has too few left.

        What the same block of the same run holds of these keys already is replaced, and does not count against it.

        Args:
            connection: in a transaction that writes.
            name: the run.
            block: the block, or "".
            wanted: key -> units, and the capacity that all together may take.
            now: seconds since the epoch.
        """
        if not wanted:
            return None
        self.lock(connection)
        found = connection.execute(_TAKEN_BY_OTHERS, {"keys": list(wanted), "name": name, "one": block})
        taken = {key: int(units) for key, units in found}
        for key, (units, capacity) in wanted.items():
            if taken.get(key, 0) + units > capacity:
                return Blocked(key, units, taken.get(key, 0), capacity)
        rows = [
            {"key": key, "run_id": name, "block": block, "units": units, "since": now}
            for key, (units, _) in wanted.items()
        ]
        put(connection, hold, rows)
        return None

    def release(self, connection: sa.Connection, name: str, block: str | None = None) -> int:
        """Give back what a block of a run holds, or all that the run holds; how many keys."""
        if block is None:
            return connection.execute(_RELEASE, {"name": name}).rowcount
        return connection.execute(_RELEASE_ONE, {"name": name, "one": block}).rowcount

    def taken(self, connection: sa.Connection, keys: Iterable[str] = ()) -> dict[str, int]:
        """The units that are taken of each key, or of these."""
        query = _TAKEN
        if wanted := list(keys):
            query = query.where(hold.c.key.in_(wanted))
        return {key: int(units) for key, units in connection.execute(query)}

    def of_key(self, connection: sa.Connection, key: str) -> list[HoldRow]:
        """Who holds units of a key, the oldest first."""
        query = sa.select(*_COLUMNS).where(hold.c.key == key).order_by(hold.c.since, hold.c.run_id, hold.c.block)
        return rows_of(HoldRow, connection.execute(query))

    def of_run(self, connection: sa.Connection, name: str) -> list[HoldRow]:
        """What a run holds."""
        query = sa.select(*_COLUMNS).where(hold.c.run_id == name).order_by(hold.c.key, hold.c.block)
        return rows_of(HoldRow, connection.execute(query))
