"""Brings a state database up to this version, whichever process comes first.

A revision is a file in `revisions/` with `upgrade()` and `downgrade()`; Alembic runs them, inside one transaction that
also holds the lock of all who would do the same.
"""

from __future__ import annotations

import re
from pathlib import Path

import sqlalchemy as sa

from penstock.model.errors import StateInvalidError
from penstock.state.tables import PREFIX, meta

HEAD = "0003"
"""The newest revision; a test compares it with the folder."""

VERSION_TABLE = f"{PREFIX}revision"
_FOLDER = Path(__file__).with_name("revisions")
_LOCK = 0x70656E73746F636B


def is_current(connection: sa.Connection) -> bool:
    """Whether the database has the newest revision. Raises as `upgrade`."""
    found = revision(connection)
    if found is not None and not (re.fullmatch(r"\d{4}", found) and found <= HEAD):
        raise StateInvalidError(
            f"opening the state database: it has revision {found}, of a newer version of Penstock than this one",
            hint="Use the version that wrote it, or newer; or name another place in PENSTOCK_DATABASE_URL.",
        )
    return found == HEAD


def revision(connection: sa.Connection) -> str | None:
    """The revision of the database, None for one that holds nothing of Penstock's yet."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant


def lock(connection: sa.Connection) -> None:
    """Wait until no other process migrates; SQLite's writing transaction is that lock already."""
    match connection.dialect.name:
        case "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        case "mssql":
            connection.exec_driver_sql(
                "EXEC sp_getapplock @Resource='penstock', @LockMode='Exclusive', @LockOwner='Transaction'"
            )


def upgrade(connection: sa.Connection) -> None:
    """Bring the database to the newest revision, inside the transaction of that connection.

    Raises:
        StateInvalidError: a newer version of Penstock wrote it.
    """
    lock(connection)
    if is_current(connection):
        return
    _migrate(connection, HEAD, up=True)
    connection.execute(sa.delete(meta).where(meta.c.key == "lock"))
    connection.execute(sa.insert(meta).values(key="lock", value=""))  # who takes units of resources locks this row


def downgrade(connection: sa.Connection, target: str) -> None:
    """Take the database back to an older revision; "base" leaves nothing of Penstock's."""
    lock(connection)
    _migrate(connection, target, up=False)


def _migrate(connection: sa.Connection, target: str, *, up: bool) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(_FOLDER.parent), version_locations=[str(_FOLDER)])
    steps = script._upgrade_revs if up else script._downgrade_revs  # noqa: SLF001 - what its own commands call
    with EnvironmentContext(Config(), script, fn=lambda found, _: steps(target, found)) as environment:
        environment.configure(
            connection=connection, target_metadata=None, version_table=VERSION_TABLE, transactional_ddl=True
        )
        environment.run_migrations()
