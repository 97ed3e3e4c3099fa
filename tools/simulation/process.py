"""A scheduler of a simulation: what it drives runs with, and what would die with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from penstock.engine.loop import RunHandle, RunLoop
from penstock.engine.plan import Place, RunOptions, RunPlan, make_plan
from penstock.model.errors import PipelineNotFoundError
from penstock.schedule.core import Core
from tools.simulation.curses import Curses
from tools.simulation.pipelines import PIPELINES, STREAMS, fan_of
from tools.simulation.world import START, Workers


@dataclass(slots=True, eq=False)
class Process:
    """A scheduler, and what would die with it. `wanted` is when it turns next, `paused_until` when it wakes.

    `inside` tells that it is in the middle of a turn, while others act.
    """

    name: str
    workers: Workers
    loop: RunLoop
    curses: Curses
    core: Core | None = None
    alive: bool = True
    paused_until: float = 0.0
    wanted: float = 0.0
    inside: bool = False

    @property
    def acts(self) -> bool:
        """Whether it may begin a turn."""
        return self.alive and not self.inside

    def plan(self, pipeline: str, options: RunOptions, *, run: str = "") -> RunPlan:
        """A run of one of the pipelines of this world."""
        if pipeline == "gone":
            raise PipelineNotFoundError("opening pipeline gone: there is none of that name")
        if pipeline == "odd":
            raise ValueError("a file that nobody thought of")
        self.curses.strike(run, "plan")
        if pipeline in STREAMS:
            options = replace(options, **fan_of(run))
        moment = datetime.fromtimestamp(START, UTC)
        return make_plan(run, Place("/p", "p", "/d"), PIPELINES[pipeline], options, moment)

    def start(self, plan: RunPlan, sinks: Any, *, resume: Any = None, gate: Any = None) -> RunHandle:
        """Begin it."""
        (sink,) = sinks
        return self.loop.start(plan, self.curses.sink(plan.run, sink), resume=resume, gate=gate)

    def poll(self, timeout: float | None) -> None:
        """Hear the workers."""
        self.workers.poll(timeout)
