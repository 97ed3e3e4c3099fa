"""Opens the state store: transactions that never fail because another one was faster, and the queries by noun."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from penstock.model.errors import StateUnavailableError
from penstock.state import migrate
from penstock.state.address import parsed, shown
from penstock.state.alerts import Alerts
from penstock.state.backfills import Backfills
from penstock.state.block_runs import BlockRuns
from penstock.state.failures import driver_there, is_busy, told
from penstock.state.holds import Holds
from penstock.state.mutes import Mutes
from penstock.state.nodes import Nodes
from penstock.state.opening import allowance, engines
from penstock.state.patience import Patience
from penstock.state.runs import Runs
from penstock.state.settings import Settings
from penstock.state.sums import Sums
from penstock.state.triggers import Triggers

Result = TypeVar("Result")

_MODE_TRIES = 400
_TRIES = 6
PATIENCE = 60.0
"""Seconds after which a database that others keep locked, or that says nothing, counts as such for good."""


class State:
    """An open state store; safe in any number of threads, of any number of processes.

    The queries are methods of `triggers`, `runs`, `block_runs`, `backfills`, `holds`, `alerts`, `mutes`, `nodes` and
    `settings`; each takes the connection of a transaction first, which `read()` and `write()` give.
    """

    def __init__(self, url: sa.URL, *, alone: bool = False) -> None:
        self.url = url
        self.where = shown(url)
        self._patience = Patience(PATIENCE + allowance(url))
        self._writer, self._reader = engines(url, self._patience, alone=alone)
        self.dialect = self._writer.dialect.name
        self._alone = threading.Lock() if self.dialect == "sqlite" else None
        self._inside = threading.local()
        self._file = _file_of(url)
        self.triggers = Triggers()
        self.runs = Runs()
        self.block_runs = BlockRuns()
        self.backfills = Backfills()
        self.holds = Holds()
        self.alerts = Alerts()
        self.nodes = Nodes()
        self.settings = Settings()
        self.sums = Sums()
        self.mutes = Mutes()

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction that may change everything: it is committed at the end, or nothing of it when it raises.

        On SQLite one at a time, whatever threads and processes there are; the others wait. Not to be nested.

        Raises:
            StateUnavailableError: the database is away, read-only, full, or locked for a minute.
            StateConflictError: what was stored contradicts what is there.
        """
        if getattr(self._inside, "writing", False):
            raise RuntimeError("a transaction of the state store inside another one of the same thread")
        began = time.monotonic()
        with self._turn(), told("writing", self.where), self._begun(self._writer, began) as connection:
            self._check_file()
            self._inside.writing = True
            try:
                yield connection
            finally:
                self._inside.writing = False

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One transaction that changes nothing; it sees what was committed before its first query, and blocks nobody.

        Raises:
            StateUnavailableError: as `write`.
        """
        with told("reading", self.where), self._begun(self._reader, time.monotonic()) as connection:
            yield connection

    def transact(self, work: Callable[[sa.Connection], Result]) -> Result:
        """What `work` returns, done in one transaction; begun anew when it loses against another one.

        On PostgreSQL two transactions may wait for each other, and one is then refused; `work` must stand a second run.

        Raises:
            StateUnavailableError: as `write`.
        """
        began = time.monotonic()
        for _ in range(_TRIES - 1):
            try:
                with self.write() as connection:
                    return work(connection)
            except StateUnavailableError as error:
                waited = time.monotonic() - began  # who has waited for as long as one waits does not begin anew
                if waited > self._patience.seconds or error.__cause__ is None or not is_busy(error.__cause__):
                    raise
        with self.write() as connection:
            return work(connection)

    def hurry(self) -> None:
        """This process is to end: from now on a database that is locked or silent is waited for some seconds only."""
        self._patience.hurry()

    def endless(self) -> AbstractContextManager[None]:
        """Wait for the database as long as it takes; while nobody else uses this store."""
        return self._patience.endless()

    def close(self) -> None:
        """Close all connections."""
        self._writer.dispose()
        self._reader.dispose()

    def _check_file(self) -> None:
        """Refuse to write into a file that was moved away: other processes would go on in another one."""
        if self._file is not None and _file_of(self.url) != self._file:
            raise StateUnavailableError(
                f"writing the state database {self.where}: the file was moved, deleted or replaced while it was in use",
                hint="Put it back; or stop what uses it and start it again, with the file that is there then.",
            )

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """The turn of this thread to write: on SQLite one at a time; no longer waited for than for another process."""
        if self._alone is None:
            yield
            return
        if not self._alone.acquire(timeout=min(self._patience.seconds, threading.TIMEOUT_MAX)):
            raise StateUnavailableError(
                f"writing the state database {self.where}: others in this process have waited for it for too long",
                hint="End the program that holds it open.",
            )
        try:
            yield
        finally:
            self._alone.release()

    @contextmanager
    def _begun(self, engine: sa.Engine, began: float) -> Iterator[sa.Connection]:
        with engine.connect() as connection:
            while True:
                try:
                    transaction = connection.begin()
                except sa.exc.OperationalError as error:
                    if time.monotonic() - began > self._patience.seconds or not is_busy(error):
                        raise
                    time.sleep(0.001)
                else:
                    break
            with transaction:
                yield connection


def open_state(url: str, *, alone: bool = False) -> State:
    """The state store at that address, made or brought up to this version where that is due.

    Any number of processes may do so at once: one does the work, the others wait for it.

    Args:
        url: such as `address.state_url` gives.
        alone: keep a file of SQLite from every other process meanwhile. It is read so without the file that processes
            share their locks in, for which a full disk has no room.

    Raises:
        SettingInvalidError: the address is none.
        DriverMissingError: the driver of that kind of database is not installed.
        StateUnavailableError: the database cannot be reached, read or written.
        StateInvalidError: the database is damaged, or of a newer version.
    """
    address = parsed(url)
    where = shown(address)
    with driver_there(where), told("opening", where):
        if address.get_backend_name() == "sqlite" and not alone:
            _make_folder(Path(address.database or "").parent)
            _log_ahead(address)
        state = State(address, alone=alone)
        try:
            with state.read() as connection:
                current = migrate.is_current(connection)
            if not current:
                with state.write() as connection, state.endless():  # a million rows may be to be changed
                    migrate.upgrade(connection)
        except BaseException:
            state.close()
            raise
    return state


def _file_of(url: sa.URL) -> tuple[int, int] | None:
    """What tells the file of that address from any other; None for a server, and when it has gone."""
    if url.get_backend_name() != "sqlite":
        return None
    try:
        status = Path(url.database or "").stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateUnavailableError(
            f"making the folder of the state database {folder}: {error.strerror}",
            hint="Set PENSTOCK_DATABASE_URL, or PENSTOCK_DATA_DIR, to a place that can be written.",
        ) from error


def _log_ahead(url: sa.URL) -> None:
    """Set the file to a write-ahead log, so that readers and the writer do not wait for each other; it stays so."""
    import sqlite3

    try:
        with contextlib.closing(sqlite3.connect(url.database or "", timeout=10, isolation_level=None)) as connection:
            for left in range(_MODE_TRIES, 0, -1):
                try:
                    connection.execute("PRAGMA journal_mode=WAL")
                except sqlite3.OperationalError as error:
                    # changing the mode does not wait for others as everything else does
                    if left == 1 or not is_busy(error):
                        raise
                    time.sleep(0.025)
                else:
                    return
    except sqlite3.Error as error:
        raise sa.exc.DBAPIError.instance("PRAGMA journal_mode=WAL", None, error, sqlite3.Error) from error
