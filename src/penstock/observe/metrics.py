"""Numbers about this process for Prometheus: counters, gauges and histograms, and the text that it reads them in.

Every metric is declared below with its labels, and each has a bounded number of series: a value beyond it counts under
the label `other`, so that ten thousand pipelines never become ten thousand lines of every scrape.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

COUNTER, GAUGE, HISTOGRAM = "counter", "gauge", "histogram"
SERIES = 200
"""Series of one metric, at most."""
OTHER = "other"

SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds in seconds for what should take a moment."""
LONG = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0)
"""Upper bounds in seconds for what takes as long as a run."""

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name, its kind, what it means, the names of its labels, the upper bounds of a histogram."""

    name: str
    kind: str
    words: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


DECLARED: tuple[Metric, ...] = (
    Metric("penstock_info", GAUGE, "The version that runs.", ("version",)),
    Metric("penstock_up", GAUGE, "1 while this part works: scheduler, database.", ("part",)),
    Metric("penstock_runs_ended_total", COUNTER, "Runs that have ended while this process runs.", ("state", "origin")),
    Metric("penstock_run_seconds", HISTOGRAM, "How long runs took.", ("state",), LONG),
    Metric("penstock_pipeline_runs_ended_total", COUNTER, "Runs ended, by pipeline.", ("pipeline", "state")),
    Metric("penstock_run_wait_seconds", HISTOGRAM, "How much later than due runs began.", (), (*SHORT[5:], *LONG[4:])),
    Metric("penstock_runs_open", GAUGE, "Runs in the store that have not ended.", ("state",)),
    Metric("penstock_runs_late", GAUGE, "Runs that have not ended although they should have.", ()),
    Metric("penstock_block_runs_ended_total", COUNTER, "Blocks that have ended in runs.", ("state",)),
    Metric("penstock_block_seconds", HISTOGRAM, "How long blocks took.", ("state",), LONG),
    Metric("penstock_block_retries_total", COUNTER, "Attempts that failed and were begun again."),
    Metric("penstock_rows_written_total", COUNTER, "Rows in the outputs of blocks."),
    Metric("penstock_block_cpu_seconds_total", COUNTER, "Processor time of blocks."),
    Metric("penstock_processes", GAUGE, "Processes below this one: workers, their warm parents, readers."),
    Metric("penstock_processes_memory_bytes", GAUGE, "Memory that they hold, what they share counted each time."),
    Metric("penstock_processes_cpu_seconds", GAUGE, "Processor time of those that run now."),
    Metric("penstock_tick_seconds", HISTOGRAM, "What one turn of the scheduler took.", (), SHORT),
    Metric("penstock_scheduler_last_tick_seconds", GAUGE, "When the scheduler last turned, since the epoch."),
    Metric("penstock_triggers", GAUGE, "Triggers, by whether they are active.", ("active",)),
    Metric("penstock_alert_deliveries_total", COUNTER, "Messages handed to channels.", ("result",)),
    Metric("penstock_alerts_unsent", GAUGE, "Alerts that wait to be sent."),
    Metric("penstock_incidents_open", GAUGE, "Incidents that are not over."),
    Metric(
        "penstock_log_uploads_total", COUNTER, "Logs of runs copied to a bucket, and tries that failed.", ("outcome",)
    ),
    Metric("penstock_database_bytes", GAUGE, "Size of the state database, where it is a file."),
    Metric("penstock_database_seconds", HISTOGRAM, "What the questions of a scrape took.", (), SHORT),
    Metric("process_cpu_seconds_total", COUNTER, "Processor time of this process."),
    Metric("process_resident_memory_bytes", GAUGE, "Memory of this process."),
    Metric("process_open_fds", GAUGE, "Open files of this process."),
    Metric("process_threads", GAUGE, "Threads of this process."),
    Metric("process_start_time_seconds", GAUGE, "When this process began, since the epoch."),
)


@dataclass(slots=True)
class _Histogram:
    counts: list[int]
    total: float = 0.0


@dataclass(slots=True)
class _Family:
    metric: Metric
    numbers: dict[Labels, float] = field(default_factory=dict)
    histograms: dict[Labels, _Histogram] = field(default_factory=dict)

    def place(self, labels: Mapping[str, str], known: Mapping[Labels, object]) -> Labels:
        """The series of these labels; that of `other` when there are too many."""
        wanted = tuple(str(labels[name])[:200] for name in self.metric.labels)
        if wanted in known or len(known) < SERIES:
            return wanted
        return (OTHER, *wanted[1:])


class Metrics:
    """The numbers of one process. Safe in any thread."""

    def __init__(self, declared: Iterable[Metric] = DECLARED) -> None:
        self._families = {metric.name: _Family(metric) for metric in declared}
        self._lock = threading.Lock()

    def count(self, name: str, amount: float = 1.0, **labels: str) -> None:
        """Add to a counter; raises KeyError for one that is not declared."""
        with self._lock:
            family = self._families[name]
            place = family.place(labels, family.numbers)
            family.numbers[place] = family.numbers.get(place, 0.0) + amount

    def put(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge, or a counter that something else counts."""
        with self._lock:
            family = self._families[name]
            family.numbers[family.place(labels, family.numbers)] = value

    def clear(self, name: str) -> None:
        """Forget the series of a gauge, before it is set anew."""
        with self._lock:
            self._families[name].numbers.clear()

    def time(self, name: str, seconds: float, times: int = 1, **labels: str) -> None:
        """Put an observation into a histogram, or so many of that length."""
        with self._lock:
            family = self._families[name]
            bounds = family.metric.bounds
            place = family.place(labels, family.histograms)
            found = family.histograms.get(place)
            if found is None:
                found = family.histograms[place] = _Histogram([0] * (len(bounds) + 1))
            found.counts[bisect_left(bounds, seconds)] += times
            found.total += seconds * times

    def text(self) -> str:
        """All numbers in Prometheus' text format."""
        with self._lock:
            return "".join(line for family in self._families.values() for line in _lines(family))


def _lines(family: _Family) -> Iterator[str]:
    metric = family.metric
    if not family.numbers and not family.histograms and metric.labels:
        return
    yield f"# HELP {metric.name} {metric.words}\n# TYPE {metric.name} {metric.kind}\n"
    if metric.kind == HISTOGRAM:
        empty = {(): _Histogram([0] * (len(metric.bounds) + 1))} if not metric.labels else {}
        for labels, found in (family.histograms or empty).items():
            yield from _buckets(metric, labels, found)
        return
    for labels, value in (family.numbers or {(): 0.0}).items():
        yield f"{metric.name}{_shown(metric.labels, labels)} {_number(value)}\n"


def _buckets(metric: Metric, labels: Labels, found: _Histogram) -> Iterator[str]:
    names, running = (*metric.labels, "le"), 0
    for bound, count in zip((*map(_number, metric.bounds), "+Inf"), found.counts, strict=True):
        running += count
        yield f"{metric.name}_bucket{_shown(names, (*labels, bound))} {running}\n"
    yield f"{metric.name}_sum{_shown(metric.labels, labels)} {_number(found.total)}\n"
    yield f"{metric.name}_count{_shown(metric.labels, labels)} {running}\n"


def _shown(names: tuple[str, ...], values: Labels) -> str:
    if not names:
        return ""
    pairs = (f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True))
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)


METRICS = Metrics()
"""Those of this process: whatever happens in it counts here."""
