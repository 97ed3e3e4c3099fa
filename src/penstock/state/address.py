"""Where the state is kept: the address of the database, from the environment or the project's data folder."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from penstock.config import environment
from penstock.model.errors import SettingInvalidError

FILE = "state.db"
_POSTGRES = frozenset({"postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg", "postgresql+asyncpg"})
_HINT = "Write it as postgresql://user:password@host:5432/database, or sqlite:////absolute/path/state.db."


def state_url(data_root: Path, environ: environment.Environ | None = None) -> str:
    """The address of the database of a project whose data folder that is.

    PENSTOCK_DATABASE_URL (or Mage's MAGE_DATABASE_CONNECTION_URL) names it; else DB_USER, DB_PASS, DB_HOST and DB_NAME
    together do; else it is a SQLite file in the data folder.
    """
    if url := environment.text("PENSTOCK_DATABASE_URL", environ):
        return url
    user, password = environment.text("DB_USER", environ), environment.text("DB_PASS", environ)
    host, name = environment.text("DB_HOST", environ), environment.text("DB_NAME", environ)
    if user and password and host and name:
        port = environment.read("DB_PORT", environ)
        return sa.URL.create("postgresql", user, password, host, port, name).render_as_string(hide_password=False)
    return sa.URL.create("sqlite", database=str(data_root / FILE)).render_as_string()


def parsed(url: str) -> sa.URL:
    """The address, with the driver that Penstock uses for its kind of database.

    Raises:
        SettingInvalidError: it is no address, or of a database that Penstock keeps no state in.
    """
    try:
        made = sa.make_url(url.strip())
    except (sa.exc.ArgumentError, ValueError) as error:
        raise SettingInvalidError("reading the address of the state database: it is not a URL", hint=_HINT) from error
    if made.drivername in _POSTGRES:
        return made.set(drivername="postgresql+psycopg")
    kind = made.get_backend_name()
    if kind == "sqlite":
        return _sqlite(made)
    if kind == "mssql":
        return made
    raise SettingInvalidError(
        f"reading the address of the state database: {made.drivername} is none that state is kept in", hint=_HINT
    )


def is_there(url: str) -> bool:
    """Whether there can be a store at that address without making one: its file exists, or it is a server's."""
    address = parsed(url)
    return address.get_backend_name() != "sqlite" or Path(str(address.database)).exists()


def _sqlite(url: sa.URL) -> sa.URL:
    if not url.database or url.database == ":memory:":
        raise SettingInvalidError(
            "reading the address of the state database: it names no file, and state in memory would be lost", hint=_HINT
        )
    return url.set(drivername="sqlite", database=str(Path(url.database).absolute()))


def shown(url: sa.URL) -> str:
    """The address in a message: without its password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.set(query={}).render_as_string(hide_password=True)
