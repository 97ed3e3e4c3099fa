"""Health, metrics and figures of one server. Everything here is for threads, and shows no secret."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from penstock.model.errors import STATE_TROUBLE, PenstockError, StateInvalidError
from penstock.observe.figures import Figures
from penstock.observe.metrics import METRICS, Metrics
from penstock.observe.monitor import DAY, Monitor, name_of_day
from penstock.schedule.presence import HEARD_WITHIN, START_ONE, Presence, presence
from penstock.server.monitoring.ends import EndsElsewhere
from penstock.server.monitoring.hours import HoursOfRuns
from penstock.server.schema.alerts import (
    DayOfRuns,
    FailurePlace,
    Health,
    MonitorPage,
    PartHealth,
    PipelineFigures,
)
from penstock.state import monitoring
from penstock.state.store import State
from penstock.version import __version__

_NO_DATABASE = "The state database does not answer. Nothing begins until it does, and nothing is lost."
_DAMAGED = (
    "The state database is damaged; nothing begins. Stop the server, then restore a copy of it, or move it away: "
    "a new one is made. The log of the server says what is wrong."
)
_FAILS = (
    "The scheduler cannot write the state database, or stumbled; the log of the server says why. "
    "It tries again by itself."
)
_UNKNOWN = "Whether a scheduler runs elsewhere is not known without the database."
_NO_SCHEDULER = f"No scheduler is running. {START_ONE}"
_FAILURES = 20
_PIPELINES = 500


class MonitoringService:
    """What can be said about the server.

    Args:
        state: the store.
        scheduler: the one of this process, or None.
        metrics: the numbers of this process.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        state: State,
        *,
        scheduler: Callable[[], Any],
        metrics: Metrics = METRICS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._state = state
        self._scheduler = scheduler
        self._metrics = metrics
        self._clock = clock
        self._monitor = Monitor(state, clock)
        self._ends = EndsElsewhere(state, metrics, clock)
        self.hours = HoursOfRuns(state, clock)

    def page(self, days: int, pipeline: str) -> MonitorPage:
        """Figures of the last days."""
        span = self._monitor.span(days, pipeline)
        first, last = min(span.days), max(span.days)
        with self._state.read() as connection:
            open_counts = self._state.runs.open_counts(connection)
            incidents = self._state.alerts.counts(connection)["open"]
        counts = {"initial": 0, "running": 0}
        for line in open_counts:
            if not pipeline or line["pipeline"] == pipeline:
                counts[line["state"]] += line["count"]
        most = sorted(span.pipelines.items(), key=lambda item: -sum(item[1].states.values()))[:_PIPELINES]
        return MonitorPage(
            since=first * DAY,
            until=(last + 1) * DAY,
            days=[_day(day, figures) for day, figures in sorted(span.days.items())],
            pipelines=[_pipeline(name, figures) for name, figures in most],
            failures=[_failure(line) for line in span.failures[:_FAILURES]],
            waiting=counts["initial"],
            running=counts["running"],
            incidents=incidents,
        )

    def health(self) -> Health:
        """Whether database and scheduler work; a server that is meant to have no scheduler needs one elsewhere."""
        try:
            with self._state.read() as connection:
                elsewhere = presence(self._state, connection, self._clock())
        except PenstockError as error:
            # Schedulers elsewhere tell of themselves in the database.
            own = self._own_scheduler() or PartHealth("off", text=_UNKNOWN)
            return Health("down", own, PartHealth("down", text=_why_down(error)))
        scheduler = self._own_scheduler() or _elsewhere(elsewhere, self._clock())
        return Health("ok" if scheduler.status != "down" else "down", scheduler, PartHealth("ok"))

    def ready(self) -> PartHealth:
        """Whether the database answers; a scheduler that stands still keeps no page from being served."""
        try:
            with self._state.read() as connection:
                self._state.nodes.all(connection)
        except PenstockError as error:
            return PartHealth("down", text=_why_down(error))
        return PartHealth("ok")

    def _own_scheduler(self) -> PartHealth | None:
        """The one of this process; None when it has none."""
        own = self._scheduler()
        if own is None:
            return None
        last = own.last_tick
        ago = None if last is None else max(0.0, self._clock() - last)
        if own.failure:
            return PartHealth("down", ago, _FAILS)
        return _heard(ago) if ago is not None else PartHealth("ok")

    def metrics(self) -> str:
        """Every number in Prometheus' text format; where the database is away, those of this process."""
        put = self._metrics.put
        put("penstock_info", 1, version=__version__)
        began, elsewhere = time.perf_counter(), Presence()
        own = self._scheduler()
        try:
            elsewhere = self._from_store()
            if own is None:
                self._ends.count()
        except STATE_TROUBLE:
            put("penstock_up", 0, part="database")
        else:
            put("penstock_up", 1, part="database")
            self._metrics.time("penstock_database_seconds", time.perf_counter() - began)
        if own is not None:
            put("penstock_up", 0 if own.failure else 1, part="scheduler")
            put("penstock_scheduler_last_tick_seconds", own.last_tick or 0.0)
        else:
            put("penstock_up", 1 if elsewhere.there else 0, part="scheduler")
            put("penstock_scheduler_last_tick_seconds", elsewhere.heard_at or 0.0)
        self._from_processes()
        return self._metrics.text()

    def _from_store(self) -> Presence:
        put = self._metrics.put
        with self._state.read() as connection:
            counts = self._state.runs.open_counts(connection)
            alerts = self._state.alerts.counts(connection)
            triggers = monitoring.triggers(connection)
            put("penstock_runs_late", monitoring.late_runs(connection))
            elsewhere = presence(self._state, connection, self._clock())
        for state in ("initial", "running"):
            put("penstock_runs_open", sum(each["count"] for each in counts if each["state"] == state), state=state)
        for active in (True, False):
            put("penstock_triggers", triggers.get(active, 0), active=str(active).lower())
        put("penstock_alerts_unsent", alerts["unsent"])
        put("penstock_incidents_open", alerts["open"])
        if self._state.dialect == "sqlite":
            put("penstock_database_bytes", _size(str(self._state.url.database)))
        return elsewhere

    def _from_processes(self) -> None:
        import psutil

        put = self._metrics.put
        own = psutil.Process()
        with own.oneshot():
            times = own.cpu_times()
            put("process_cpu_seconds_total", times.user + times.system)
            put("process_resident_memory_bytes", own.memory_info().rss)
            put("process_threads", own.num_threads())
            put("process_start_time_seconds", own.create_time())
            if hasattr(own, "num_fds"):
                put("process_open_fds", own.num_fds())
        below = own.children(recursive=True)
        held, used = 0, 0.0
        for process in below:
            with suppress(psutil.Error):  # it has ended meanwhile
                held += process.memory_info().rss
                used += sum(process.cpu_times()[:2])
        put("penstock_processes", len(below))
        put("penstock_processes_memory_bytes", held)
        put("penstock_processes_cpu_seconds", used)


def _why_down(error: PenstockError) -> str:
    return _DAMAGED if isinstance(error, StateInvalidError) else _NO_DATABASE


def _day(day: int, figures: Figures) -> DayOfRuns:
    return DayOfRuns(name_of_day(day), day * DAY, *_told(figures))


def _pipeline(name: str, figures: Figures) -> PipelineFigures:
    return PipelineFigures(name, *_told(figures))


def _told(figures: Figures) -> tuple[Any, ...]:
    """What days and pipelines tell alike, in the order of their fields."""
    mean, most = _waits(figures)
    durations = figures.percentile(0.5), figures.percentile(0.95)
    return dict(figures.states), *durations, figures.begun, mean, most, figures.missed


def _waits(figures: Figures) -> tuple[float | None, float | None]:
    """How late runs of triggers began on average, and at most; None where there were none."""
    return (figures.waited / figures.begun, figures.longest_wait) if figures.begun else (None, None)


def _failure(line: Any) -> FailurePlace:
    return FailurePlace(line["pipeline"], line["block"], line["count"], line["last"], line["at"], line["error"])


def _size(file: str) -> int:
    """Bytes of the file, with those of its log ahead."""
    size = 0
    for name in (file, f"{file}-wal"):
        with suppress(OSError):
            size += Path(name).stat().st_size
    return size


def _heard(ago: float) -> PartHealth:
    """A scheduler that gave a sign of life so many seconds ago."""
    if ago <= HEARD_WITHIN:
        return PartHealth("ok", ago)
    return PartHealth("down", ago, f"The scheduler gave its last sign of life {ago:.0f} s ago.")


def _elsewhere(found: Presence, now: float) -> PartHealth:
    """The schedulers of other processes."""
    if found.heard_at is None:
        return PartHealth("off", text=_NO_SCHEDULER)
    ago = max(0.0, now - found.heard_at)
    if not found.there and found.vanished:
        text = f"The process of the scheduler is gone; it gave its last sign of life {ago:.0f} s ago. {START_ONE}"
        return PartHealth("down", ago, text)
    return _heard(ago)
