"""Runs by hour, for the strip over the list of runs."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from penstock.server.schema.alerts import HourOfRuns, HoursPage
from penstock.state.run_hours import HOUR, by_hour
from penstock.state.run_list import RunFilter
from penstock.state.store import State

_LONGEST = 31
_SHARE = 20
"""What has been counted holds for so many times as long as the counting took: it never takes more than a twentieth."""
_KEPT = 32


class HoursOfRuns:
    """Counts the runs that a list would show, hour by hour. Safe in any thread.

    Args:
        state: the store.
        clock: seconds since the epoch.
    """

    def __init__(self, state: State, clock: Callable[[], float] = time.time) -> None:
        self._state = state
        self._clock = clock
        self._known: OrderedDict[tuple[RunFilter, int, int], tuple[float, HoursPage]] = OrderedDict()
        self._lock = threading.Lock()

    def page(self, wanted: RunFilter, days: int) -> HoursPage:
        """The last days, this hour among them.

        Args:
            wanted: which runs; its text and its times are not looked at.
            days: how many; 31 at most.
        """
        until = (int(self._clock()) // HOUR + 1) * HOUR
        since = until - max(1, min(days, _LONGEST)) * 24 * HOUR
        key = (replace(wanted, text="", block="", since=None, until=None), since, until)
        with self._lock:  # who asks for the same at once waits, and does not count it again
            known = self._known.get(key)
            if known is not None and time.perf_counter() < known[0]:
                return known[1]
            began = time.perf_counter()
            with self._state.read() as connection:
                counted = by_hour(connection, wanted, since, until)
            page = HoursPage(since, until, [HourOfRuns(at, dict(runs)) for at, runs in sorted(counted.items())])
            ended = time.perf_counter()
            self._known[key] = (ended + _SHARE * (ended - began), page)
            self._known.move_to_end(key)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
            return page
