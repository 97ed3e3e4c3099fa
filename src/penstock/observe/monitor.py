"""What the monitor shows: runs by day and state, how long they took, how late they began, where they fail.

Hours, days and longer spans that are over are added up once and kept in the store (`state.sums`); only what has ended
since the last full hour is asked of the runs themselves. A year of a million runs is then some hundred small rows.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from penstock.model.errors import StateUnavailableError
from penstock.observe.figures import (
    Figures,
    Kept,
    Span,
    failures_of,
    merged,
    pipeline_of,
    pipelines_of,
    texts_of,
    total_of,
)

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State
    from penstock.state.sums import Sum

DAY = 86_400
LONGEST = 366
_HOURS = 24
_PLACES = 100


class Monitor:
    """Aggregates over the runs in the store. Safe in any thread.

    Args:
        state: the store.
        clock: seconds since the epoch.
    """

    def __init__(self, state: State, clock: Callable[[], float] = time.time) -> None:
        self._state = state
        self._clock = clock
        self._adding = threading.Lock()

    def span(self, days: int, pipeline: str = "") -> Span:
        """The runs of the last days, today among them (UTC); all days are there, those without runs too.

        Args:
            days: how many.
            pipeline: only this one's.
        """
        now = self._clock()
        today = int(now // DAY)
        first = today - max(1, min(days, LONGEST)) + 1
        found = Span({day: Figures() for day in range(first, today + 1)})
        closed = _closed_until(now)
        with self._state.read() as connection:
            oldest = self._state.runs.first_end(connection)
        begun = today if oldest is None else max(first, min(today, int(oldest // DAY)))  # before it, nothing has ended
        whole = [day * _HOURS for day in range(begun, today + 1) if (day + 1) * _HOURS <= closed]
        hours = list(range((begun + len(whole)) * _HOURS, closed))
        if pipeline:
            self._add_one(found, whole, hours, pipeline)
        else:
            self._add_all(found, begun * _HOURS, whole, hours)
        self._add_open(found, max(closed, begun * _HOURS), (today + 1) * _HOURS, pipeline)
        found.pipelines = {name: each for name, each in found.pipelines.items() if each.states}
        return found

    def catch_up(self, going_on: Callable[[], bool] = lambda: True) -> int:
        """Add up everything that is over and has not been; how many spans. Done ahead, nobody waits for it.

        Args:
            going_on: asked between spans: False ends it early.

        Raises:
            StateUnavailableError: the store is away.
        """
        from penstock.state.sums import SPANS

        now = self._clock()
        closed = _closed_until(now)
        with self._state.write() as connection:
            self._state.sums.begin(connection, now)
            # Hours are read for the day that they are of; then the day says it.
            self._state.sums.drop(connection, 1, closed - 3 * _HOURS)
        with self._state.read() as connection:
            oldest = self._state.runs.first_end(connection)
        if oldest is None:
            return 0
        since = max(int(oldest // 3600), closed - (LONGEST + 1) * _HOURS)
        count = 0
        for span in SPANS:
            begin = max(since, closed - 2 * _HOURS) if span == 1 else since
            starts = list(range(begin - begin % span, closed - span + 1, span))
            with self._state.read() as connection:
                there = self._state.sums.totals(connection, span, starts)
            for start in starts:
                if not going_on():
                    return count
                if start not in there:
                    self._sums(span, [start])
                    count += 1
        return count

    def _add_all(self, found: Span, first: int, whole: Sequence[int], hours: Sequence[int]) -> None:
        with self._state.read() as connection:
            totals = self._state.sums.totals(connection, _HOURS, whole)
        for since in whole:
            if since not in totals:
                totals[since] = self._sums(_HOURS, [since])[since].total
            found.days[since // _HOURS].add(total_of(totals[since]))
        parts = []
        for span, sinces in _cover(first, first + len(whole) * _HOURS + len(hours)).items():
            for row in self._sums(span, sinces).values():
                if span == 1:
                    found.days[row.since // _HOURS].add(total_of(row.total))
                for name, figures in pipelines_of(row.pipelines).items():
                    _add(found, name, figures)
                parts.append(failures_of(row.failures))
        found.failures = merged(parts)

    def _add_one(self, found: Span, whole: Sequence[int], hours: Sequence[int], pipeline: str) -> None:
        for span, sinces in ((_HOURS, whole), (1, hours)):
            for row in self._sums(span, sinces).values():
                figures = pipeline_of(row.pipelines, pipeline)
                found.days[row.since // _HOURS].add(figures)
                _add(found, pipeline, figures)
        if whole or hours:
            from penstock.state import monitoring

            first = min([*whole, *hours])
            with self._state.read() as connection:
                until = (first + len(whole) * _HOURS + len(hours)) * 3600
                found.failures = monitoring.failures(connection, first * 3600, until, pipeline, limit=_PLACES)

    def _add_open(self, found: Span, since: int, until: int, pipeline: str) -> None:
        """What has ended since the last hour that was added up; that may be two days, after midnight."""
        from penstock.state import monitoring

        parts = [found.failures]
        with self._state.read() as connection:
            for begin, end in _by_day(since, until):
                for line in monitoring.ended(connection, begin * 3600, end * 3600, pipeline):
                    found.days[begin // _HOURS].count(line)
                    found.pipelines.setdefault(line.pipeline, Figures()).count(line)
                parts.append(monitoring.failures(connection, begin * 3600, end * 3600, pipeline, limit=_PLACES))
        found.failures = merged(parts)

    def _sums(self, span: int, sinces: Sequence[int]) -> dict[int, Sum]:
        """Those spans, from the store; those that are not there are added up, and kept."""
        with self._state.read() as connection:
            known = self._state.sums.known(connection, span, sinces)
        if len(known) == len(sinces):
            return known
        with self._adding:  # who asks for the same at once waits, and does not add it up again
            for since in sinces:
                if since not in known:
                    known[since] = self._added_up(span, since)
        return known

    def _added_up(self, span: int, since: int) -> Sum:
        stamp = None
        with (
            suppress(StateUnavailableError),
            self._state.write() as connection,
        ):  # a full disk keeps nobody from looking
            stamp = self._state.sums.begin(connection, self._clock())
        with self._state.read() as connection:
            there = self._state.sums.known(connection, span, [since])
        if there:
            return there[since]
        new: list[Sum] = []
        with self._state.read() as connection:
            row = _made(self._state, connection, span, since, new)
        if stamp is not None:
            with suppress(StateUnavailableError), self._state.write() as connection:
                self._state.sums.keep(connection, stamp, new)
        return row


def name_of_day(day: int) -> str:
    """A day since the epoch as a date."""
    return datetime.fromtimestamp(day * DAY, UTC).date().isoformat()


def _made(state: State, connection: sa.Connection, span: int, since: int, new: list[Sum]) -> Sum:
    """A span that is not there, from the shorter ones in it, which are made too, or from its runs."""
    from penstock.state import monitoring
    from penstock.state.sums import SPANS, Sum

    pipelines: dict[str, Figures] = {}
    if span <= _HOURS:
        begin, end = since * 3600, (since + span) * 3600
        for line in monitoring.ended(connection, begin, end):
            pipelines.setdefault(line.pipeline, Figures()).count(line)
        failures = merged([monitoring.failures(connection, begin, end, limit=3 * _PLACES)])
    else:
        below = SPANS[SPANS.index(span) - 1]
        starts = range(since, since + span, below)
        known = state.sums.known(connection, below, starts)
        parts = [known.get(start) or _made(state, connection, below, start, new) for start in starts]
        for part in parts:
            for name, figures in pipelines_of(part.pipelines).items():
                pipelines.setdefault(name, Figures()).add(figures)
        failures = merged(failures_of(part.failures) for part in parts)
    row = Sum(span, since, *texts_of(pipelines, failures))
    new.append(row)
    return row


def _add(found: Span, pipeline: str, figures: Kept) -> None:
    found.pipelines.setdefault(pipeline, Figures()).add(figures)


def _closed_until(now: float) -> int:
    """The hour since the epoch before which all are over, and may have been added up."""
    from penstock.state.sums import GRACE

    return int((now - GRACE) // 3600)


def _cover(since: int, until: int) -> dict[int, list[int]]:
    """As few spans as fill the hours from one to another, by how long they are."""
    from penstock.state.sums import SPANS

    found: dict[int, list[int]] = {}
    while since < until:
        span = next(span for span in reversed(SPANS) if since % span == 0 and since + span <= until)
        found.setdefault(span, []).append(since)
        since += span
    return found


def _by_day(since: int, until: int) -> Iterator[tuple[int, int]]:
    while since < until:
        end = min(until, since - since % _HOURS + _HOURS)
        yield since, end
        since = end
