"""One question under way: its answer's frames, its DuckDB connection, and the way to stop it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from penstock.server.outputs.reader.wire import CHUNK, CREDIT, Sort

if TYPE_CHECKING:
    import duckdb

ASIDE = "20GiB"
"""What sorting and comparing may put onto the disk."""

Send = Callable[[Sort, int, Any], None]


class CancelledError(Exception):
    """Nobody waits for the answer any more."""


class Work:
    """What the code that answers a question is given.

    Args:
        number: of the question.
        send: writes a frame; safe in any thread.
        database: the process's DuckDB; every question has a connection of its own.
    """

    def __init__(self, number: int, send: Send, database: Database) -> None:
        self.number = number
        self._send = send
        self._database = database
        self._credit = threading.Semaphore(CREDIT)
        self._stopped = threading.Event()
        self._guard = threading.Lock()
        self._running: set[duckdb.DuckDBPyConnection] = set()

    def aside(self) -> Work:
        """Something that goes on when this question has been answered; it answers nothing."""
        return Work(0, self._send, self._database)

    def check(self) -> None:
        """Raise CancelledError when nobody waits any more; called between steps."""
        if self._stopped.is_set():
            raise CancelledError

    def cancel(self) -> None:
        """Stop: called by another thread."""
        self._stopped.set()
        self._credit.release()
        with self._guard:
            for duck in self._running:
                duck.interrupt()

    def grant(self, chunks: int) -> None:
        """Allow that many more chunks."""
        self._credit.release(chunks)

    def head(self, fields: Any) -> None:
        """Begin the answer."""
        self.check()
        self._send(Sort.HEAD, self.number, fields)

    def chunk(self, data: bytes | memoryview) -> None:
        """Add bytes to the answer; waits while too much is under way."""
        view = memoryview(data).cast("B")
        for start in range(0, len(view), CHUNK):
            self._credit.acquire()
            self.check()
            self._send(Sort.CHUNK, self.number, view[start : start + CHUNK])

    @contextmanager
    def duck(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that `cancel` interrupts. It reaches nothing but what it is given."""
        self.check()
        with self._database.cursor() as duck:
            with self._guard:
                self._running.add(duck)
            try:
                self.check()
                yield duck
            finally:
                with self._guard:
                    self._running.discard(duck)


class Database:
    """The process's DuckDB: in memory, opened when it is first needed.

    Args:
        memory: bytes that it may use.
        aside: folder for what does not fit; it is made when it is needed.
    """

    def __init__(self, memory: int, aside: str) -> None:
        self._memory = memory
        self._aside = aside
        self._lock = threading.Lock()
        self._open: duckdb.DuckDBPyConnection | None = None

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own; its views are seen by no other."""
        import duckdb

        with self._lock:
            if self._open is None:
                settings: dict[str, str | bool | int | float | list[str]] = {
                    "enable_external_access": False,
                    "temp_directory": self._aside,
                    "max_temp_directory_size": ASIDE,
                    "memory_limit": f"{max(self._memory, 1 << 26) >> 20}MiB",
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                }
                self._open = duckdb.connect(":memory:", config=settings)
                # Looks for variables of Python by the names in a statement otherwise.
                self._open.execute("set python_enable_replacements = false")
            return self._open.cursor()
