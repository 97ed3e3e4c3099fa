"""Connections to the state database: how each kind of database is opened so that writers never trip over each other."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from penstock.config import environment
from penstock.state.patience import Patience

STATEMENTS = 128
"""Statements that are kept compiled: each weighs some hundred kilobytes, and lists with filters have hundreds."""
READER_SECONDS = 10.0
"""How long SQLite waits where a reader has to, such as after a crash."""
WRITER_SECONDS = 0.05
"""How long SQLite waits for another process's transaction at a time: it sleeps ever longer, and who came later would
overtake. The store begins anew, for as long as it is patient."""
_STALE = frozenset({"25006"})
"""PostgreSQL's codes for what a new connection may not meet: one that was opened read-only stays so when the database
can be written again."""
_STALE_FILE = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})
"""Those of SQLite, which opens a file that it may not write, or that comes back just then, for reading alone."""


def engines(url: sa.URL, patience: Patience, *, alone: bool = False) -> tuple[sa.Engine, sa.Engine]:
    """The engine of those who write and that of those who read; on servers they are one.

    Args:
        url: the address.
        patience: how long a server may be silent before its connection is given up.
        alone: open a file of SQLite for this process alone; then they are one as well, with one connection.
    """
    if url.get_backend_name() == "sqlite":
        if alone:
            engine = _sqlite(url, "BEGIN", 1, READER_SECONDS, "PRAGMA locking_mode=EXCLUSIVE")
            return engine, engine
        return _sqlite(url, "BEGIN IMMEDIATE", 1, WRITER_SECONDS), _sqlite(url, "BEGIN", 8, READER_SECONDS)
    engine = sa.create_engine(url, **_pool(), query_cache_size=STATEMENTS, connect_args=server_options(url))
    if url.get_backend_name() == "postgresql":
        _give_up_silent(engine, patience)
        _renew_stale(engine, lambda error: getattr(error, "sqlstate", None) in _STALE)
    return engine, engine


def _give_up_silent(engine: sa.Engine, patience: Patience) -> None:
    @sa.event.listens_for(engine, "do_connect")
    def _connected(_: Any, __: Any, given: Any, options: Any) -> Any:
        from penstock.state.server_connection import PatientConnection

        made = PatientConnection.connect(*given, **options)
        made.patience = patience
        return made


def _renew_stale(engine: sa.Engine, is_stale: Callable[[BaseException], bool]) -> None:
    @sa.event.listens_for(engine, "handle_error")
    def _failed(context: Any) -> None:
        if is_stale(context.original_exception):
            context.is_disconnect = True


def _sqlite(url: sa.URL, begin: str, size: int, timeout: float, *first: str) -> sa.Engine:
    # Never made here: whoever connects while the file is away would go on in an empty one, also when it is back.
    address = f"file:{quote(str(url.database))}?mode=rw"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address, timeout, uri=True, check_same_thread=False, isolation_level=None)

    engine = sa.create_engine(
        url,
        poolclass=sa.QueuePool,
        query_cache_size=STATEMENTS,
        pool_size=size,
        max_overflow=0,
        pool_timeout=60,
        creator=connect,
    )

    @sa.event.listens_for(engine, "connect")
    def _opened(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        for statement in first:
            cursor.execute(statement)
        # NORMAL: a killed process loses nothing, a power cut at most the newest transactions, never the file.
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA temp_store=MEMORY")
        # Kilobytes, for each connection: the system keeps the file's pages, once for all, so that a page that is read
        # again costs a copy. Sixteen megabytes of writing and eight of each reader filled up as the file grew.
        cursor.execute(f"PRAGMA cache_size=-{1024 if size > 1 else 4096}")
        cursor.execute("PRAGMA journal_size_limit=67108864")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    # A code may say more than its kind, which its lowest byte is.
    _renew_stale(engine, lambda error: getattr(error, "sqlite_errorcode", 0) & 0xFF in _STALE_FILE)
    return engine


def _pool() -> dict[str, Any]:
    return {
        "pool_pre_ping": True,  # a database that was away for a while is noticed before a transaction begins
        "pool_size": environment.read("MAGE_DATABASE_POOL_SIZE"),
        "max_overflow": environment.read("MAGE_DATABASE_MAX_OVERFLOW"),
        "pool_timeout": environment.read("MAGE_DATABASE_POOL_TIMEOUT"),
        "pool_recycle": environment.read("MAGE_DATABASE_POOL_RECYCLE"),
    }


def server_options(url: sa.URL) -> dict[str, Any]:
    """What connections to a database server are opened with, beyond its address."""
    if url.get_backend_name() != "postgresql":
        return {}
    limits = {
        "idle_in_transaction_session_timeout": environment.read("MAGE_DATABASE_IDLE_IN_TRANSACTION_SESSION_TIMEOUT_MS"),
        "lock_timeout": environment.read("MAGE_DATABASE_LOCK_TIMEOUT_MS"),
        "statement_timeout": environment.read("MAGE_DATABASE_STATEMENT_TIMEOUT_MS"),
    }
    options = [f"-c {name}={milliseconds}" for name, milliseconds in limits.items() if milliseconds]
    wanted: dict[str, Any] = {
        "application_name": environment.text("MAGE_DATABASE_APPLICATION_NAME"),
        "connect_timeout": 10,
        # a database whose machine has gone silently is noticed within half a minute
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
        "options": " ".join(options),
    }
    return {name: value for name, value in wanted.items() if value and name not in url.query}


def allowance(url: sa.URL) -> float:
    """Seconds that a statement may take on a database server by its settings, be it for a lock or for its work."""
    if url.get_backend_name() != "postgresql":
        return 0.0
    names = ("MAGE_DATABASE_LOCK_TIMEOUT_MS", "MAGE_DATABASE_STATEMENT_TIMEOUT_MS")
    return max(float(environment.read(name)) for name in names) / 1000
