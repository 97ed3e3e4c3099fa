"""The state store of a simulation: the queries of the real one, in a database that is away at times."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from penstock.model.errors import StateConflictError, StateUnavailableError
from penstock.state.store import State, open_state
from penstock.state.tables import metadata
from tools.simulation.quick import Quick


class FaultyState(State):
    """A store that is away at times; a commit may be done although nobody hears of it."""

    away = False
    unheard = 0

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """As the store's own."""
        self.ask()
        with super().write() as connection:
            yield connection
        self.hear()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """As the store's own."""
        self.ask()
        with super().read() as connection:
            yield connection

    def ask(self) -> None:
        """Raises StateUnavailableError while the database is away."""
        if self.away:
            raise StateUnavailableError("the database is away")

    def hear(self) -> None:
        """Raises StateUnavailableError when the answer to a commit is lost."""
        if self.unheard:
            self.unheard -= 1
            raise StateUnavailableError("the connection was lost")

    def wipe(self) -> None:
        """Begin anew."""
        self.away, self.unheard = False, 0
        with self.write() as connection:
            for table in reversed(metadata.sorted_tables):
                if not table.name.endswith("meta"):
                    connection.execute(table.delete())
        self._count_anew()

    def _count_anew(self) -> None:
        with super().write() as connection:
            connection.exec_driver_sql("DELETE FROM sqlite_sequence")


class QuickState(FaultyState):
    """The same in memory and on one connection, without SQLAlchemy's way from a statement to its rows.

    Args:
        file: a database that is copied.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(sa.URL.create("sqlite", database=str(file)))
        self._quick: Any = Quick(self._writer.dialect)
        with closing(sqlite3.connect(file)) as template:
            template.backup(self._quick.raw)
        self._quick.raw.execute("PRAGMA foreign_keys=ON")
        self._busy = False

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """As the store's own."""
        self.ask()
        self._alone_here()
        raw = self._quick.raw
        raw.execute("BEGIN IMMEDIATE")
        self._busy = True
        try:
            yield self._quick
            raw.execute("COMMIT")
        except sqlite3.IntegrityError as error:
            raw.execute("ROLLBACK")
            raise StateConflictError(f"writing: {error}") from error
        except BaseException:
            raw.execute("ROLLBACK")
            raise
        finally:
            self._busy = False
        self.hear()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """As the store's own."""
        self.ask()
        self._alone_here()
        yield self._quick

    def close(self) -> None:
        """Forget everything."""
        super().close()
        self._quick.raw.close()

    def _count_anew(self) -> None:
        self._quick.raw.execute("DELETE FROM sqlite_sequence")

    def _alone_here(self) -> None:
        if self._busy:
            raise RuntimeError("a transaction inside another one: on two connections they would not see the same")


def open_store(folder: Path) -> FaultyState:
    """A store on the disk, by SQLAlchemy, for any number of experiments."""
    opened = open_state(f"sqlite:///{folder / 'state.db'}")
    url = opened.url
    opened.close()
    return FaultyState(url)


def quick_store() -> QuickState:
    """A store in memory for any number of experiments."""
    with tempfile.TemporaryDirectory(prefix="penstock-simulation-") as folder:
        file = Path(folder) / "state.db"
        open_state(f"sqlite:///{file}").close()
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")  # all of it in one file
        return QuickState(file)
