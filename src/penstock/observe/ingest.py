"""Puts runs that no scheduler drove into the state store, from their records: those of studio and command line.

The record of a run is written by whoever drives it; here it is read, in a thread of its own, when somebody says that
there is something new, and once through all at the start. To read a record twice changes nothing.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.data.naming import unquote
from penstock.model import events
from penstock.model.errors import PenstockError, StateUnavailableError
from penstock.observe.departures import Departures
from penstock.observe.journal import folders, recorded_run
from penstock.observe.retention import horizon
from penstock.state import notify
from penstock.state.rows import BlockRunRow, RunRow

if TYPE_CHECKING:
    from penstock.state.store import State

TOPIC = "run"
"""Topic of the message that says: the record of this run has something new; `Ingest.heard` reads its text."""

_BATCH = 200
_AGAIN = (1.0, 2.0, 5.0, 15.0, 30.0)


def telling(data_root: Path, pipeline: str) -> Callable[[events.Event], None]:
    """A sink for a run of a process without a store: it tells those who have one when the run begins and has ended."""

    def listen(event: events.Event) -> None:
        if isinstance(event, events.RunStarted | events.RunEnded):
            notify.tell(data_root, TOPIC, f"{event.run} {pipeline}")

    return listen


class Ingest:
    """Reads records into the store, from a thread of its own; safe to call from any.

    Args:
        state: the store.
        logs_root: the folder of all logs of the project.
        told: called with the row of each run that is new or has changed, from that thread.
    """

    def __init__(self, state: State, logs_root: Path, told: Callable[[RunRow], None] | None = None) -> None:
        self._state = state
        self._logs_root = logs_root
        self._told = told
        self._pending: dict[tuple[str, str], None] = {}
        self._everything = False
        self._closing = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._left: dict[str, float] = {}
        self._departures = Departures(self._departed)

    def start(self) -> None:
        """Begin, with everything that was recorded while nobody looked."""
        self.look()
        self._thread = threading.Thread(target=self._run, name="penstock-ingest", daemon=True)
        self._thread.start()

    def look(self) -> None:
        """Go through all records once more: messages may have been missed."""
        with self._changed:
            self._everything = True
            self._changed.notify_all()

    def tell(self, pipeline: str, run: str) -> None:
        """There is something new in the record of that run."""
        with self._changed:
            self._pending[pipeline, run] = None
            self._changed.notify_all()

    def heard(self, text: str) -> None:
        """As `tell`, from the text of a message."""
        run, _, pipeline = text.partition(" ")
        if run and pipeline:
            self.tell(pipeline, run)

    def _departed(self, what: Hashable) -> None:
        """The process of that run has ended, in this moment."""
        self._left[str(what)] = time.time()
        self.heard(str(what))

    def sink(self, pipeline: str) -> Callable[[events.Event], None]:
        """A sink for a run of this process: its row is there when it begins, and final when it has ended."""

        def listen(event: events.Event) -> None:
            if isinstance(event, events.RunStarted | events.RunEnded):
                self.tell(pipeline, event.run)

        return listen

    def close(self) -> None:
        """End the thread, once what was told has been stored; a store that is away is not waited for."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._departures.close()
        if self._thread is not None:
            self._thread.join()

    def one(self, pipeline: str, run: str) -> RunRow | None:
        """Read one record now; the run's row in the store, None when there is no such run.

        Raises:
            StateUnavailableError: the store cannot be written.
        """
        self._store([(pipeline, run)])
        with self._state.read() as connection:
            return self._state.runs.get(connection, run)

    def everything(self) -> int:
        """Read all records that the store lacks, newest first; how many there were.

        Raises:
            StateUnavailableError: the store cannot be written; what was read until then is there.
        """
        pipelines = folders(self._logs_root)
        with self._state.read() as connection:
            horizons = {name: horizon(self._state, connection, name) for name in pipelines}
        count = 0
        for batch in _batches(_names(pipelines)):
            if self._closing:
                break
            count += self._store([(name, run) for run, name in batch if _began(run) >= horizons[name]])
        return count

    def _store(self, wanted: Iterable[tuple[str, str]]) -> int:
        """Read and store those records that the store lacks or holds as not ended; how many."""
        names = list(wanted)
        with self._state.read() as connection:
            known = self._state.runs.many(connection, [run for _, run in names])
        found = [
            recorded
            for pipeline, run in names
            if _ours(known.get(run)) and (recorded := self._recorded(pipeline, run)) is not None
        ]
        if not found:
            return 0
        changed = self._state.transact(lambda connection: self._state.runs.record(connection, found))
        for row, _ in found:
            pid = (row.process or {}).get("pid") if row.open else None
            if isinstance(pid, int) and pid != os.getpid():  # killed, it tells nothing any more
                self._departures.watch(pid, f"{row.id} {row.pipeline}")
        if self._told is not None:
            for row, _ in found:
                if row.id in changed:
                    self._told(row)
        return len(changed)

    def _recorded(self, pipeline: str, run: str) -> tuple[RunRow, list[BlockRunRow]] | None:
        return recorded_run(self._logs_root, pipeline, run, left=self._left.get(f"{run} {pipeline}", 0.0))

    def _run(self) -> None:
        failures = 0
        while (work := self._next()) is not None:
            everything, names = work
            try:
                if names:
                    self._store(names)
                for pipeline, run in names:  # what was seen of it has been told, or is of no use
                    self._left.pop(f"{run} {pipeline}", None)
                if everything:
                    self.everything()
            except (StateUnavailableError, OSError):
                if not self._put_back(names, _AGAIN[min(failures, len(_AGAIN) - 1)], everything=everything):
                    return
                failures += 1
            except PenstockError:
                failures = 0  # a damaged store is told by whoever asks it something; records stay where they are
            else:
                failures = 0

    def _next(self) -> tuple[bool, list[tuple[str, str]]] | None:
        with self._changed:
            while not (self._pending or self._everything or self._closing):
                self._changed.wait()
            if self._closing and not self._pending:
                return None
            work = (self._everything and not self._closing, list(self._pending))
            self._pending, self._everything = {}, False
            return work

    def _put_back(self, names: list[tuple[str, str]], wait: float, *, everything: bool) -> bool:
        """Keep for later what could not be stored, and wait; False when there is no later."""
        until = time.monotonic() + wait
        with self._changed:
            self._pending = {**dict.fromkeys(names), **self._pending}
            self._everything = self._everything or everything
            while not self._closing and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            return not self._closing


def _ours(known: RunRow | None) -> bool:
    """Whether the record of a run is to be read: the store lacks it, or holds it as one that goes on, unleased."""
    return known is None or (known.open and known.lease_token == 0 and known.state == "running")


def _names(pipelines: dict[str, Path]) -> list[tuple[str, str]]:
    """All recorded runs and their pipelines, newest first."""
    found: list[tuple[str, str]] = []
    for pipeline, folder in pipelines.items():
        with suppress(OSError):
            found += [(run, pipeline) for path in folder.iterdir() if (run := unquote(path.name))]
    return sorted(found, reverse=True)


def _batches(names: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    for start in range(0, len(names), _BATCH):
        yield names[start : start + _BATCH]


def _began(run: str) -> float:
    """When a run began, from its name; in no past for one that does not say."""
    try:
        return datetime.strptime(run[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return float("inf")
