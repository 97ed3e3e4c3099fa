"""Keeps logs and the list of runs within what the project's settings say, once a day, in a thread of its own.

Each hour it adds up the runs of the one before, so that who opens the monitor waits for nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from penstock.config.durations import parse_duration
from penstock.config.sizes import parse_size
from penstock.data import ProductStore
from penstock.model.errors import PenstockError
from penstock.observe.monitor import Monitor
from penstock.observe.retention import prune_runs, remove_old_runs, remove_runs_beyond
from penstock.project import Project

if TYPE_CHECKING:
    from penstock.state.store import State

DAY = 86_400.0
_HOUR = 3600.0
_WEEK = 7 * DAY
"""Seconds after which nobody goes on with a run that was cut off; what its blocks had yielded goes then."""
_SOON = 10.0
_FIRST = 300.0
"""Seconds after the start: a server that has just begun has better things to do than to add up, or to remove."""
_PAST = 330.0
"""Seconds past the hour, when its runs may be added up."""
_KEY = "housekeeping.at"
_log = logging.getLogger("penstock.housekeeping")


class Housekeeping:
    """Removes what is older, or more, than the settings keep.

    Args:
        state: the store.
        project: the project as it is now.
        clock: seconds since the epoch.
    """

    def __init__(self, state: State, project: Callable[[], Project], clock: Callable[[], float] = time.time) -> None:
        self._state = state
        self._project = project
        self._clock = clock
        self._monitor = Monitor(state, clock)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._go, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End; what is being removed is removed."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def turn(self) -> tuple[int, int]:
        """Remove what is due, unless a process did so in the last hours; how many logs, how many runs.

        Raises:
            StateUnavailableError: the store is away.
            PenstockError: a setting cannot be read, or a folder not be removed.
        """
        now = self._clock()
        with self._state.write() as connection:
            # A moment to come is that of a clock that was ahead.
            if 0 <= now - float(self._state.settings.get(connection, _KEY, "0")) < DAY / 2:
                return 0, 0
            self._state.settings.put(connection, _KEY, repr(now))
        project = self._project()
        ProductStore(project.store_root()).forget_older_parts(now - _WEEK)
        logs = self._logs(project, now)
        settings = project.settings
        before = now - parse_duration(settings.run_retention_period) if settings.run_retention_period else None
        keep = settings.run_retention_count or None
        runs = prune_runs(self._state, before=before, keep=keep) if before is not None or keep else 0
        return logs, runs

    def _logs(self, project: Project, now: float) -> int:
        config = project.settings.logging_config
        with self._state.read() as connection:
            open_runs = frozenset(row.id for row in self._state.runs.open(connection))
        root, count = project.logs_root(), 0
        if config.retention_period:
            before = now - parse_duration(config.retention_period)
            count += remove_old_runs(root, before=before, spared=open_runs)
        if config.retention_size:
            count += remove_runs_beyond(root, parse_size(config.retention_size), spared=open_runs)
        return count

    def _go(self) -> None:
        prune_at = self._clock() + _FIRST
        wait = _SOON
        while not self._ending.wait(wait):
            if not 0 < prune_at - self._clock() <= DAY:
                prune_at = self._clock() + DAY
                self._try("removing old logs and runs", self.turn)
            self._try("adding up runs for the monitor", self.add_up)
            now = self._clock()
            wait = min(_HOUR - (now - _PAST) % _HOUR + 1, max(1.0, prune_at - now))

    def add_up(self) -> int:
        """Add up what has ended; how many spans of time. Raises StateUnavailableError."""
        return self._monitor.catch_up(lambda: not self._ending.is_set())

    def _try(self, what: str, work: Callable[[], object]) -> None:
        try:
            work()
        except (PenstockError, OSError) as error:
            _log.warning("%s: %s", what, error)
