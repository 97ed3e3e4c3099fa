# ruff: noqa: S608 - every name in a statement is quoted or written by the block itself
"""What a SQL system offers, whatever its driver: the protocol that writing policies and SQL blocks are built on."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from penstock.connect.sql.names import Target, quoted
from penstock.connect.sql.widening import fits
from penstock.model.errors import PenstockError, QueryFailedError, UnsupportedError

if TYPE_CHECKING:
    import pyarrow as pa

ROW_CAP = 10_000_000
"""No read brings more rows than this."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a query; `cut` says that there were more than were asked for."""

    table: pa.Table
    cut: bool = False


class SqlSystem(ABC):
    """One connection to a SQL system. Statements run in a transaction that `commit` or `rollback` ends.

    Every method but `open` raises ConnectionFailedError when the connection is gone and QueryFailedError when the
    system refuses a statement; the text of either holds no password.
    """

    name: str
    """As `data_provider` spells it."""
    name_limit: int
    """The longest name of a table or column, in bytes."""
    case_folds: bool
    """Whether two names that differ only in case are the same column."""
    shows_frames: bool = False
    """Whether `show` can make an Arrow table readable by queries without copying it."""
    shared: bool = False
    """Whether other processes may write to the database while this one does; then `hold` and `kept` can be used."""
    _inside: bool = False
    _about: str = ""
    _tell: Callable[[str], None]

    def show(self, name: str, table: pa.Table) -> None:
        """Let the queries of this connection read the table by that name, where it lies, until the connection closes.

        Raises:
            UnsupportedError: the system cannot; see `shows_frames`.
        """
        del table
        raise UnsupportedError(f"showing {name} to {self.name} without a copy: it cannot read tables of this process")

    @abstractmethod
    def open(self) -> None:
        """Connect, unless connected.

        Raises:
            DriverMissingError: the optional driver is not installed.
            ConnectionFailedError: the system cannot be reached or refuses.
        """

    @abstractmethod
    def close(self) -> None:
        """Disconnect; what was not committed is rolled back."""

    @property
    @abstractmethod
    def connection(self) -> Any:
        """The driver's own connection, opened when it was not."""

    @abstractmethod
    def commit(self) -> None:
        """Make the work since the last commit durable."""

    @abstractmethod
    def rollback(self) -> None:
        """Undo the work since the last commit; nothing to undo is fine."""

    @abstractmethod
    def run(self, sql: str, parameters: Mapping[str, Any] | Sequence[Any] | None = None) -> pa.Table | None:
        """Run one statement; its rows, or None when it returns none."""

    @abstractmethod
    def query(self, sql: str, limit: int = ROW_CAP, parameters: Any = None) -> Answer:
        """The rows of one query, at most `limit`."""

    @abstractmethod
    def result_names(self, sql: str) -> list[str]:
        """The names of the columns that a query would return; it does not run."""

    @abstractmethod
    def columns(self, target: Target) -> dict[str, str] | None:
        """Column name -> type as the system spells it, in order; None when there is no such table."""

    @abstractmethod
    def has_schema(self, target: Target) -> bool:
        """Whether the schema of that target exists."""

    @abstractmethod
    def ddl_type(self, field: pa.Field) -> str:
        """The column type that holds every value of that Arrow type exactly."""

    def fits(self, field: pa.Field, existing: str) -> bool:
        """Whether a column of the existing type holds every value of that Arrow type exactly."""
        return fits(self.ddl_type(field), existing)

    @abstractmethod
    def insert(self, table: pa.Table, target: Target) -> None:
        """Append rows to a table; columns are matched by name and the names are those of the target."""

    @abstractmethod
    def unique_keys(self, target: Target) -> list[frozenset[str]]:
        """The sets of columns on which the table has a unique index or constraint."""

    def hold(self, targets: Iterable[Target], *, beside: Iterable[Target] = ()) -> None:
        """Keep other writers of those tables off until the transaction ends, also while a table is not there yet.

        All that a transaction is going to write is held at once, and first of all: two that waited for each other would
        both wait for ever. Where one process has the database for itself there is nobody to keep off.

        Args:
            targets: tables that nobody else may write meanwhile.
            beside: tables that others may write as well, but not hold.
        """
        del targets, beside

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep what the transaction has done so far when the system refuses what is done inside, which is undone."""
        self.run("SAVEPOINT _penstock_kept")
        try:
            yield
        except QueryFailedError:
            with suppress(PenstockError):  # the first error says why
                self.run("ROLLBACK TO SAVEPOINT _penstock_kept")
                self.commit()
            raise

    @contextmanager
    def about(self, sql: str) -> Iterator[None]:
        """Name that statement in errors, and count its lines; what is run inside holds it after a line of ours."""
        self._about = sql
        try:
            yield
        finally:
            self._about = ""

    def hear(self, tell: Callable[[str], None]) -> None:
        """From now on tell that one."""
        self._tell = tell

    def tell(self, message: str) -> None:
        """Say something that its user should know and that is no error."""
        self._tell(message)

    def run_alone(self, sql: str) -> pa.Table | None:
        """Run one statement outside any transaction; what was not committed is committed first."""
        self.commit()
        return self.run(sql)

    def default_schema(self) -> str:
        """The schema of names that give none."""
        return ""

    def same_database(self, other: SqlSystem) -> bool:
        """Whether a table that one connection made is there for the other; neither needs to be open."""
        return other is self

    def readable(self, target: Target) -> bool:
        """Whether there is such a table and this connection may read it."""
        return self.columns(target) is not None

    def stage(self, like: Target, columns: Sequence[str]) -> Target:
        """A temporary table with those columns of another, for rows on their way."""
        target = Target(f"_penstock_stage_{secrets.token_hex(4)}")
        chosen = ", ".join(quoted(name) for name in columns)
        self.run(f"CREATE TEMPORARY TABLE {target.sql} AS SELECT {chosen} FROM {like.sql} LIMIT 0")
        return target

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is done inside; undo all of it when anything fails. One inside another is a part of that."""
        if self._inside:
            yield
            return
        self._inside = True
        try:
            yield
        except BaseException:
            try:
                self.rollback()
            except PenstockError:
                # the connection is gone, and with it the transaction; the first error says why
                self.close()
            raise
        finally:
            self._inside = False
        self.commit()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
