"""What runs add up to: figures of some runs, of a span of time, and the texts that the state store keeps of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from penstock.config.decoding import from_json

Steps = Counter[int]
Key = TypeVar("Key", str, int)

PLACES = 300
"""Of how many places where runs fail a span knows."""
_ERROR = 500
"""Characters of an error that are kept."""


@dataclass(slots=True)
class Figures:
    """What is known of some runs: how many by state, their durations in steps, and how late they began."""

    states: Counter[str] = field(default_factory=Counter)
    steps: Steps = field(default_factory=Counter)
    begun: int = 0
    waited: float = 0.0
    longest_wait: float = 0.0
    missed: int = 0

    def add(self, other: Figures | Kept) -> None:
        """Take in the figures of other runs."""
        _into(self.states, other.states)
        _into(self.steps, other.steps)
        self.begun += other.begun
        self.waited += other.waited
        self.longest_wait = max(self.longest_wait, other.longest_wait)
        self.missed += other.missed

    def count(self, line: Any) -> None:
        """Take in a line of `state.monitoring.ended`."""
        self.states[line.state] += line.count
        if line.state == "completed" and line.step is not None:
            self.steps[line.step] += line.count
        self.begun += line.begun
        self.waited += line.waited or 0.0
        self.longest_wait = max(self.longest_wait, line.most or 0.0)
        self.missed += int(line.missed or 0)

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


def _into(counts: Counter[Key], given: Mapping[Key, int]) -> None:
    for key, count in given.items():
        counts[key] = counts.get(key, 0) + count


class Kept(msgspec.Struct, array_like=True):
    """Figures as they are written."""

    states: dict[str, int] = {}
    steps: dict[int, int] = {}
    begun: int = 0
    waited: float = 0.0
    longest_wait: float = 0.0
    missed: int = 0


@dataclass(slots=True)
class Span:
    """Everything about the runs that ended in a span of time."""

    days: dict[int, Figures] = field(default_factory=dict)
    pipelines: dict[str, Figures] = field(default_factory=dict)
    failures: list[Mapping[str, Any]] = field(default_factory=list)


def total_of(text: str) -> Kept:
    """The figures of all pipelines together."""
    return from_json(text, Kept)


def pipelines_of(text: str) -> dict[str, Kept]:
    """The figures of each pipeline."""
    return from_json(text, dict[str, Kept])


def pipeline_of(text: str, pipeline: str) -> Kept:
    """The figures of one pipeline; the others are not looked at."""
    raw = from_json(text, dict[str, msgspec.Raw]).get(pipeline)
    return Kept() if raw is None else from_json(raw, Kept)


def failures_of(text: str) -> list[dict[str, Any]]:
    """Where runs failed."""
    return from_json(text, list[dict[str, Any]])


def texts_of(pipelines: Mapping[str, Figures], failures: Iterable[Mapping[str, Any]]) -> tuple[str, str, str]:
    """Total, pipelines and failures, as they are written."""
    total = Figures()
    for figures in pipelines.values():
        total.add(figures)
    places = [{**line, "error": str(line["error"])[:_ERROR]} for line in failures]
    written: list[Any] = [_kept(total), {name: _kept(figures) for name, figures in pipelines.items()}, places]
    first, second, third = (msgspec.json.encode(each).decode() for each in written)
    return first, second, third


def _kept(figures: Figures) -> Kept:
    return Kept(
        dict(figures.states),
        dict(figures.steps),
        figures.begun,
        round(figures.waited, 6),
        figures.longest_wait,
        figures.missed,
    )


def merged(parts: Iterable[Iterable[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    """Failures of several spans, the most frequent first; the latest says the error."""
    found: dict[tuple[str, str | None], dict[str, Any]] = {}
    for line in (line for part in parts for line in part):
        key = (line["pipeline"], line["block"])
        known = found.get(key)
        if known is None:
            found[key] = dict(line)
            continue
        count = known["count"] + line["count"]
        if (line["at"] or 0) >= (known["at"] or 0):
            known.update(line)
        known["count"] = count
    most: list[Mapping[str, Any]] = sorted(found.values(), key=lambda line: (-line["count"], -(line["at"] or 0)))
    return most[:PLACES]
