"""What the monitor shows: runs by day and state, how long they took, how late they began, where they fail.

Days that are over do not change, so what they add up to is kept for an hour; only today is asked for anew.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

DAY = 86_400
LONGEST = 366
_KEPT_SECONDS = 3600.0
_KEPT = 64
_TOP = 20

Steps = Counter[int]


@dataclass(slots=True)
class Figures:
    """What is known of some runs: how many by state, their durations in steps, and how late they began."""

    states: Counter[str] = field(default_factory=Counter)
    steps: Steps = field(default_factory=Counter)
    begun: int = 0
    waited: float = 0.0
    longest_wait: float = 0.0
    missed: int = 0

    def add(self, other: Figures) -> None:
        """Take in the figures of other runs."""
        self.states.update(other.states)
        self.steps.update(other.steps)
        self.begun += other.begun
        self.waited += other.waited
        self.longest_wait = max(self.longest_wait, other.longest_wait)
        self.missed += other.missed

    def percentile(self, share: float) -> float | None:
        """The duration in seconds that this share of the runs that went well did not pass."""
        from penstock.state.monitoring import seconds_of

        total = sum(self.steps.values())
        passed = 0
        for step in sorted(self.steps):
            passed += self.steps[step]
            if passed >= share * total:
                return round(seconds_of(step), 4)
        return None


@dataclass(slots=True)
class Span:
    """Everything about the runs that ended in a span of time."""

    days: dict[int, Figures] = field(default_factory=dict)
    pipelines: dict[str, Figures] = field(default_factory=dict)
    failures: list[Mapping[str, Any]] = field(default_factory=list)

    def add(self, other: Span) -> None:
        """Take in another span."""
        for day, figures in other.days.items():
            self.days.setdefault(day, Figures()).add(figures)
        for pipeline, figures in other.pipelines.items():
            self.pipelines.setdefault(pipeline, Figures()).add(figures)
        self.failures = _merged(self.failures, other.failures)


class Monitor:
    """Aggregates over the runs in the store. Safe in any thread.

    Args:
        state: the store.
        clock: seconds since the epoch.
    """

    def __init__(self, state: State, clock: Callable[[], float] = time.time) -> None:
        self._state = state
        self._clock = clock
        self._known: OrderedDict[tuple[int, int, str], tuple[float, Span]] = OrderedDict()
        self._lock = threading.Lock()

    def span(self, days: int, pipeline: str = "") -> Span:
        """The runs of the last days, today among them (UTC); all days are there, those without runs too.

        Args:
            days: how many.
            pipeline: only this one's.
        """
        today = int(self._clock() // DAY)
        first = today - max(1, min(days, LONGEST)) + 1
        found = Span({day: Figures() for day in range(first, today + 1)})
        found.add(self._closed(first, today, pipeline))
        with self._state.read() as connection:
            found.add(_read(connection, today * DAY, (today + 1) * DAY, pipeline))
        return found

    def _closed(self, first: int, today: int, pipeline: str) -> Span:
        key = (first, today, pipeline)
        with self._lock:  # who asks for the same at once waits, and does not count it again
            known = self._known.get(key)
            if known is not None and self._clock() - known[0] < _KEPT_SECONDS:
                return known[1]
            with self._state.read() as connection:
                span = _read(connection, first * DAY, today * DAY, pipeline)
            self._known[key] = (self._clock(), span)
            self._known.move_to_end(key)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
            return span


def name_of_day(day: int) -> str:
    """A day since the epoch as a date."""
    return datetime.fromtimestamp(day * DAY, UTC).date().isoformat()


def _read(connection: sa.Connection, since: float, until: float, pipeline: str) -> Span:
    from penstock.state import monitoring

    span = Span()
    if since >= until:
        return span
    for line in monitoring.days(connection, since, until, pipeline):
        _count(span.days.setdefault(line["day"], Figures()), line)
    for line in monitoring.pipelines(connection, since, until, pipeline):
        _count(span.pipelines.setdefault(line["pipeline"], Figures()), line)
    for line in monitoring.lateness(connection, since, until, pipeline):
        for figures in (
            span.pipelines.setdefault(line["pipeline"], Figures()),
            span.days.setdefault(line["day"], Figures()),
        ):
            figures.begun += line["count"]
            figures.waited += (line["mean"] or 0.0) * line["count"]
            figures.longest_wait = max(figures.longest_wait, line["most"] or 0.0)
            figures.missed += int(line["missed"] or 0)
    span.failures = monitoring.failures(connection, since, until, pipeline, limit=_TOP * 5)
    return span


def _count(figures: Figures, line: Mapping[str, Any]) -> None:
    figures.states[line["state"]] += line["count"]
    if line["state"] == "completed" and line["step"] is not None:
        figures.steps[line["step"]] += line["count"]


def _merged(one: Iterable[Mapping[str, Any]], two: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Failures of two spans, the most frequent first; the later one says the error."""
    found: dict[tuple[str, str | None], Mapping[str, Any]] = {}
    for line in (*one, *two):
        key = (line["pipeline"], line["block"])
        known = found.get(key)
        if known is None:
            found[key] = line
            continue
        later = line if (line["at"] or 0) >= (known["at"] or 0) else known
        found[key] = {**later, "count": line["count"] + known["count"]}
    return sorted(found.values(), key=lambda line: (-line["count"], -(line["at"] or 0)))
