"""What a database says when something is wrong, as errors of Penstock's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from penstock.model.errors import (
    DriverMissingError,
    PenstockError,
    StateConflictError,
    StateInvalidError,
    StateUnavailableError,
)

_BUSY = ("database is locked", "database table is locked", "database schema is locked")
_CORRUPT = ("malformed", "file is not a database", "file is encrypted")
_REASONS = {
    "database or disk is full": ("the disk is full", "Free space on the disk that holds it; what waits goes on then."),
    "readonly database": (
        "it is read-only",
        "Let this user write the file and its folder, or set PENSTOCK_DATABASE_URL to another place.",
    ),
    "disk i/o error": ("the disk refuses (disk I/O error)", "See that the disk works and has space left."),
    "unable to open database file": (
        "the file cannot be opened",
        "Make sure that its folder is there and that this user may write it, or set PENSTOCK_DATABASE_URL.",
    ),
}
_NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
_AWAY = "See that the database runs and can be reached from here; what waits goes on when it is back."
_RESTORE = (
    "Restore it from a backup, or move it away: a new one is made, and triggers and the records of runs stand in files."
)
_REPEAT = frozenset({"40001", "40P01", "55P03"})
"""PostgreSQL's codes for a transaction that lost against another one: the same again will do."""


def is_busy(error: BaseException) -> bool:
    """Whether the transaction lost against another one, so that it may be begun again."""
    cause = getattr(error, "orig", None)
    text = str(cause if cause is not None else error).lower()
    return any(words in text for words in _BUSY) or getattr(cause, "sqlstate", None) in _REPEAT


def lacks_room(error: BaseException) -> bool:
    """Whether a file of SQLite could not be opened or written because its disk is full."""
    cause = getattr(error.__cause__, "orig", None)
    return getattr(cause, "sqlite_errorcode", None) in _NO_ROOM


def is_trouble(error: BaseException) -> bool:
    """Whether the database itself is in trouble, or lost against another transaction; not what it was asked for."""
    if isinstance(error, sa.exc.SQLAlchemyError):
        return isinstance(_translated(error, "", ""), StateUnavailableError | StateInvalidError)
    return isinstance(error, StateUnavailableError | StateInvalidError)


@contextmanager
def told(doing: str, where: str) -> Iterator[None]:
    """Turns what a database raises inside into an error that says what was being done, on which database, and why."""
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        found = _translated(error, doing, where)
        if found is None:
            raise
        raise found from error


def _translated(error: Exception, doing: str, where: str) -> PenstockError | None:
    cause = getattr(error, "orig", None) or error
    text = " ".join(str(cause).split())
    lowered = text.lower()
    what = f"{doing} the state database {where}"
    for words, (reason, hint) in _REASONS.items():
        if words in lowered:
            return StateUnavailableError(f"{what}: {reason}", hint=hint)
    if any(words in lowered for words in _CORRUPT):
        return StateInvalidError(f"{what}: the file is damaged or is no database ({text})", hint=_RESTORE)
    if is_busy(error):
        return StateUnavailableError(
            f"{what}: another process has kept it locked for too long", hint="End the program that holds it open."
        )
    return _by_class(error, what, text)


def _by_class(error: Exception, what: str, text: str) -> PenstockError | None:
    away = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.InternalError, sa.exc.TimeoutError)
    if isinstance(error, sa.exc.IntegrityError):
        return StateConflictError(f"{what}: it contradicts what is there ({text})", hint="Read again what is there.")
    if isinstance(error, sa.exc.NoSuchModuleError | sa.exc.ArgumentError):
        return StateInvalidError(f"{what}: {text}", hint="Correct PENSTOCK_DATABASE_URL.")
    if "binding parameter" in text:  # a value that no column takes: nothing is wrong with the database
        return None
    if isinstance(error, away) or (isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated):
        return StateUnavailableError(f"{what}: {text}", hint=_AWAY)
    return None


@contextmanager
def driver_there(where: str) -> Iterator[None]:
    """Says which package is missing when the driver of a database is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        extra = {"psycopg": "pip install 'penstock[postgres]'"}.get(error.name or "", f"pip install {error.name}")
        raise DriverMissingError(
            f"opening the state database {where}: the package {error.name} is not installed", hint=f"Run: {extra}"
        ) from error
