"""Opening a DuckDB database, with patience when another process holds its file."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.model.errors import ConnectionFailedError

if TYPE_CHECKING:
    import duckdb

MEMORY = ":memory:"
LOCK_WAIT = 60.0
"""Seconds for which a database that another process has open is waited for."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5
_HOLDER = re.compile(r"PID (\d+)")


def resolved(database: str, folder: str) -> str:
    """The path of a database; a relative one starts from that folder. Memory and MotherDuck stay as they are."""
    if not database or database == MEMORY or database.startswith((":memory:", "md:", "motherduck:")) or not folder:
        return database or MEMORY
    return str(Path(folder) / Path(database).expanduser())


def connect(
    database: str,
    *,
    token: str = "",
    read_only: bool = False,
    wait: float = LOCK_WAIT,
    tell: Callable[[str], None] = lambda _: None,
) -> duckdb.DuckDBPyConnection:
    """A connection to a database; times are in UTC and no Python variable is visible as a table.

    Args:
        database: a path, `:memory:`, or the name of a MotherDuck database (`md:name`, or any name with a token).
        token: of MotherDuck.
        read_only: open a file for reading alone, which several processes may do at once.
        wait: seconds to wait while another process holds the file.
        tell: is told once when waiting begins.

    Raises:
        ConnectionFailedError: the database cannot be opened, or is held for longer than that.
    """
    import duckdb

    config: dict[str, Any] = {}
    if token:
        config["motherduck_token"] = token
        if not database.startswith(("md:", "motherduck:")):
            database = f"md:{database}"
    limit, pause = time.monotonic() + wait, _FIRST_PAUSE
    told = False
    while True:
        try:
            connection = duckdb.connect(database, read_only=read_only, config=config)
        except duckdb.IOException as error:
            held = "lock on file" in str(error)
            if not held or time.monotonic() >= limit:
                raise _refused(database, str(error), held=held, wait=wait, token=token) from None
            if not told:
                tell(
                    f"The DuckDB database {database} is open in {_holder(str(error))}; waiting up to {wait:g} s for it."
                )
                told = True
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        except duckdb.Error as error:
            raise _refused(database, str(error), held=False, wait=wait, token=token) from None
        else:
            with closed_on_failure(connection):
                connection.execute("SET python_enable_replacements = false")
                connection.execute("SET TimeZone = 'UTC'")
            return connection


@contextmanager
def closed_on_failure(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Leave no database open that nobody is given."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _holder(text: str) -> str:
    match = _HOLDER.search(text)
    return f"another process (pid {match[1]})" if match else "another process"


def _refused(database: str, text: str, *, held: bool, wait: float, token: str) -> ConnectionFailedError:
    if held:
        return ConnectionFailedError(
            f"opening the DuckDB database {database}: {_holder(text)} has had it open for more than {wait:g} s",
            hint="End that process or close its connection; only one process at a time can write to a DuckDB file.",
        )
    reason = text.splitlines()[0] if text else "no reason given"
    if token:
        reason = reason.replace(token, "***")
    return ConnectionFailedError(
        f"opening the DuckDB database {database}: {reason}", hint="Check DUCKDB_DATABASE in the profile."
    )
