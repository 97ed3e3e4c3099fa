"""In which order pipelines get their turn: round robin, a pipeline of higher priority more often, none never.

Each pipeline has a clock that advances with every turn it gets, slower the higher the priority of its run; the pipeline
whose clock is furthest behind is next. One that comes back after a while does not make up for the time it was away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

_STEEPEST = 8
"""Priorities beyond this, in either direction, weigh no more: no pipeline is starved."""
_MOST_KEPT = 50_000


def weight(priority: int) -> float:
    """How many turns one of that priority gets for each turn of priority 0."""
    return float(2 ** max(-_STEEPEST, min(_STEEPEST, priority)))


@dataclass(slots=True)
class Turns:
    """Whose turn it is. For one thread."""

    _clocks: dict[str, float] = field(default_factory=dict)
    _now: float = 0.0

    def order(self, pipelines: Iterable[str]) -> list[str]:
        """These pipelines, whose turn it is first; equal ones by name."""
        return sorted(pipelines, key=lambda pipeline: (self.clock(pipeline), pipeline))

    def clock(self, pipeline: str) -> float:
        """How far a pipeline has come; never behind what was served last by more than nothing."""
        return max(self._clocks.get(pipeline, 0.0), self._now)

    def took(self, pipeline: str, priority: int) -> float:
        """A run of it begins; where its clock stands then."""
        at = self.clock(pipeline)
        self._clocks[pipeline] = at + 1.0 / weight(priority)
        if len(self._clocks) > _MOST_KEPT:
            self._clocks = {name: clock for name, clock in self._clocks.items() if clock > self._now}
        return self._clocks[pipeline]

    def settle(self, waiting: Iterable[str]) -> None:
        """Move on to the pipeline that is furthest behind of those that still wait."""
        self._now = max(self._now, min((self.clock(pipeline) for pipeline in waiting), default=self._now))
