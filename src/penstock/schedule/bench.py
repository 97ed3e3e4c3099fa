"""What the scheduler needs of a project that can run things; `cli.wire.Workbench` is one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from penstock.engine.loop import RunHandle, RunLoop, Sink
from penstock.engine.plan import RunOptions, RunPlan


class Bench(Protocol):
    """A project and the processes that run its blocks, for one scheduler alone."""

    @property
    def loop(self) -> RunLoop:
        """The run loop."""

    def plan(self, pipeline: str, options: RunOptions, *, run: str = "") -> RunPlan:
        """Decide a run of that name. Raises as `make_plan`."""

    def start(
        self,
        plan: RunPlan,
        sinks: Iterable[Sink],
        *,
        resume: Mapping[str, Mapping[str, Any]] | None = None,
        gate: Callable[[RunHandle, str], bool] | None = None,
    ) -> RunHandle:
        """Begin it, or go on with it."""

    def poll(self, timeout: float | None) -> None:
        """Hear what the processes tell, waiting at most that long."""
