"""What the studio needs of a project that can run things; `cli.wire.Workbench` is one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from penstock.data import ProductStore
from penstock.engine.handle import Asking
from penstock.engine.loop import RunHandle, RunLoop, Sink
from penstock.engine.plan import RunOptions, RunPlan
from penstock.engine.supervisor import Supervisor
from penstock.model.messages import Answer, Ask
from penstock.project import Project


class Bench(Protocol):
    """A project, its store, and the processes that run its blocks. All but `plan` and `imports` on the event loop."""

    project: Project
    store: ProductStore
    supervisor: Supervisor
    loop: RunLoop
    warnings: list[str]

    def plan(self, pipeline: str, options: RunOptions) -> RunPlan:
        """Decide a run, as `penstock run` decides it. Reads files: call it in a thread. Raises as `make_plan`."""

    def imports(self, plan: RunPlan) -> list[str]:
        """Modules that its blocks need. Reads files: call it in a thread."""

    def start(self, plan: RunPlan, sinks: Iterable[Sink], *, warm: Iterable[str] | None = None) -> RunHandle:
        """Begin it: recorded in the project's logs, told to those sinks; `warm` is what `imports` gave."""

    def watch_runs(self, sinks_for: Callable[[RunPlan], Iterable[Sink]]) -> None:
        """Ask for sinks of every run that begins, those that blocks trigger included."""

    def answer(self, pipeline: str, ask: Ask, reply: Callable[[Answer], None]) -> None:
        """Answer what code of a scratchpad of that pipeline asks for, now or later."""

    def answer_runs(
        self,
        asked: Callable[[Asking], None],
        of_nobody: Callable[[str, Ask, Callable[[Answer], None]], None] | None = None,
    ) -> None:
        """Hand on what code asks of runs: of blocks, and of a pipeline's scratchpad."""

    def learn(self) -> None:
        """Keep what the workers have imported, for the next start."""

    def close(self) -> None:
        """End every process."""
