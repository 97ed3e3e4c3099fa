"""One run in the loop, and the attempts of its blocks that are under way."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from penstock.engine.attached import block_order
from penstock.engine.crew import Crew
from penstock.engine.lineage import block_settings
from penstock.engine.plan import RunPlan
from penstock.engine.restoring import given_of
from penstock.engine.supervisor import Attempt
from penstock.model import events
from penstock.model.errors import headline
from penstock.model.expand import SHARED
from penstock.model.messages import Answer, Ask, BlockOrder, Failure, Finished, Output
from penstock.model.product import Lineage, OutputSummary, ProductRef
from penstock.model.run import DONE, ENDED, BlockState, Expanded, Grown, Run, RunState

_MOST = 1_000_000
"""Attempts under way at once at most, where the pipeline's own limit is no number that can be counted to."""
P = ParamSpec("P")
Result = TypeVar("Result")
Sink = Callable[[events.Event], None]
"""Where the facts of a run go; called in order, must not raise."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A request of user code: which attempt of which block or child of a run puts it, and how it is answered.

    `reply` is called once, at once or later; for an attempt that has ended it does nothing. The attempt takes no place
    among those under way until then. `failed` is when the attempt before this one ended, and as which kind of failure;
    None when there was none that ended by itself.
    """

    handle: RunHandle
    block: str
    attempt: int
    ask: Ask
    reply: Callable[[Answer], None]
    failed: tuple[float, str] | None
    _current: Current

    @property
    def over(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self.handle.ended or self._current.over or self._current.attempt.ended is not None


Asker = Callable[[Asking], None]
"""Answers a worker's request, at once or later."""


@dataclass(slots=True)
class Current:
    """The attempt of a block, or of a child of one, that is under way.

    `asks` are its unanswered requests: with any it takes no place. `parts` is how many it has yielded; `refused` says
    that its process has told of a part that cannot be.
    """

    attempt: Attempt
    started: float
    output: Output | None = None
    finished: Finished | None = None
    over: bool = False
    asks: set[int] = field(default_factory=set)
    parts: int = 0
    refused: bool = False


@dataclass(slots=True)
class RunHandle:
    """A run in the loop.

    `unsaved` are the entries that have changed since whoever stores the run has taken them out. `crews` are
    the processes of the blocks whose children share them. `failures` tell when the last attempt of a block
    ended that failed, and as what kind; `withdrawn` are children that count no more. `due` are the moments, in seconds
    since the epoch, before which blocks that were taken up are not tried again, each with the seconds that it is to
    wait at most, though somebody sets the clock. `guard` stands around whatever is done for the run after its start.
    `unforced` says that not all of its outputs could be forced to the disk.
    """

    plan: RunPlan
    run: Run
    sink: Sink
    started: float
    on_end: Callable[[RunHandle], None] | None = None
    gate: Callable[[RunHandle, str], bool] | None = None
    current: dict[str, Current] = field(default_factory=dict)
    after: dict[str, Current] = field(default_factory=dict)
    first_start: dict[str, float] = field(default_factory=dict)
    session: Attempt | None = None
    told: set[str] = field(default_factory=set)
    unsaved: set[str] = field(default_factory=set)
    due: dict[str, tuple[float, float]] = field(default_factory=dict)
    held: deque[tuple[float, int, str]] = field(default_factory=deque)
    crews: dict[str, Crew] = field(default_factory=dict)
    failures: dict[str, tuple[float, str]] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    reason: str = ""
    ended: bool = False
    guard: Callable[[], AbstractContextManager[object]] = nullcontext
    unforced: bool = False

    @property
    def state(self) -> RunState:
        """The run's state."""
        return RunState.FAILED if self.unforced else self.run.state

    def take_up(self, resume: Mapping[str, Mapping[str, Any]]) -> None:
        """Note what was told and when what failed in the process that drove the run before; as for `RunLoop.start`."""
        for key, saved in resume.items():
            entry = self.run.blocks.get(key)
            # What was cancelled runs again in a run that goes on, and its end is told again.
            if entry is not None and entry.state in ENDED and saved["state"] in ENDED and saved.get("told", True):
                self.told.add(key)
            if saved.get("due"):
                self.due[key] = float(saved["due"]), float(saved.get("pause", math.inf))
            if saved.get("failed_at") and saved.get("failure"):
                self.failures[key] = (float(saved["failed_at"]), str(saved["failure"].get("kind") or ""))

    def cut_off(self, failure: Failure, now: float) -> Iterator[events.BlockEnded]:
        """The end of everything that has not ended, when nothing of it is waited for."""
        for block, entry in self.run.blocks.items():
            if block in self.told:
                continue
            self.told.add(block)
            begun = self.first_start.get(block)
            yield events.BlockEnded(
                self.plan.run,
                block,
                BlockState.CANCELLED if begun is None else BlockState.INTERRUPTED,
                now,
                seconds=now - (begun or now),
                attempts=entry.attempts,
                failure=None if begun is None else failure,
            )

    def refs(self) -> dict[str, ProductRef | None]:
        """What each block and child of the run has published so far."""
        return {key: entry.ref for key, entry in self.run.blocks.items()}

    def under_way(self, key: str) -> bool:
        """Whether a process still works on it, be it to its end after an interrupt."""
        current = self.current.get(key)
        return current is not None and not current.over

    def room(self, width: int) -> int:
        """How many more attempts may be under way.

        Args:
            width: how many at most, by the machine; those that wait for an answer do not count. The limit of the
                pipeline counts them.
        """
        at_work = len([current for current in self.current.values() if not current.asks])  # asked for each child
        own = self.width()
        return max(0, min(width - at_work, own - len(self.current) if own else width))

    def width(self) -> int:
        """How many of its blocks and children may be under way at once, as the pipeline says; 0 is any number."""
        if self.plan.pipeline.run_in_one_process:
            return 1
        value = self.plan.pipeline.concurrency_config.get("block_run_limit")
        if isinstance(value, str):  # in quotes, as a template may leave it
            with suppress(ValueError):
                value = float(value)
        return int(min(value, _MOST)) if isinstance(value, int | float) and value >= 1 else 0

    def begun_run(self, now: float) -> events.RunStarted:
        """The first fact about the run."""
        plan, options = self.plan, self.plan.options
        return events.RunStarted(
            plan.run,
            plan.pipeline.uuid,
            options.partition,
            now,
            tuple(plan.graph),
            {**plan.pipeline.variables, **options.variables},
            options.origin,
            options.what(),
            dict(plan.graph),
            options.parent,
            options.parent_block,
            given_of(plan),
        )

    def ended_run(self, state: RunState, now: float, reason: str = "") -> events.RunEnded:
        """The last fact about the run; its error is the reason, else the failure of the first block that failed."""
        blocks = self.run.blocks
        failed = next((block for block, entry in blocks.items() if entry.state is BlockState.FAILED), None)
        failure = blocks[failed].failure if failed is not None else None
        return events.RunEnded(
            self.plan.run,
            self.plan.pipeline.uuid,
            state,
            now,
            now - self.started,
            done=sum(blocks[key].state in DONE for key in self.plan.graph),
            failed_block=failed,
            error=reason or (headline(failure.kind, failure.message) if failure is not None else ""),
        )

    def ended_block(self, key: str, now: float, stored: tuple[OutputSummary, ...]) -> events.BlockEnded:
        """The last fact about a block or child.

        Args:
            key: which.
            now: seconds since the epoch.
            stored: what is told of its outputs when no attempt has made them now.
        """
        entry, current = self.run.blocks[key], self.current.get(key)
        finished = current.finished if current else None
        output = current.output if current else None
        told = not self.plan.options.stored_in
        return events.BlockEnded(
            self.plan.run,
            key,
            entry.state,
            now,
            seconds=now - self.first_start.get(key, now),
            attempts=entry.attempts or (1 if key in self.run.children else 0),
            ref=(entry.ref or (output.ref if output else None)) if told else None,
            outputs=(output.outputs if output else stored) if told else (),
            tests=finished.tests if finished else (),
            failure=entry.failure,
            peak_memory=finished.peak_memory if finished else 0,
            cpu_seconds=finished.cpu_seconds if finished else 0.0,
            lineage=lineage_of_attempt(current) if entry.failure is not None and current is not None else None,
        )


def guarded(handle: RunHandle, act: Callable[P, Result]) -> Callable[P, Result | None]:
    """What does the same under the guard of its run; None when that has caught a mistake."""

    def call(*given: P.args, **more: P.kwargs) -> Result | None:
        found: list[Result] = []
        with handle.guard():
            found.append(act(*given, **more))
        return found[0] if found else None

    return call


def lineage_of_attempt(current: Current) -> Lineage:
    """What a failed attempt was made from, as far as it is known when its process ended without a word."""
    if current.finished is not None and current.finished.lineage is not None:
        return current.finished.lineage
    order = current.attempt.order
    inputs = tuple(ref for entry in order.inputs for ref in entry.refs())
    settings = block_settings(order.block.configuration)
    return Lineage(inputs=inputs, variables=order.variables, settings=settings, run=order.run, attempt=order.attempt)


def coming(handle: RunHandle, effect: Expanded | Grown, width: int, free: int) -> tuple[BlockOrder, int]:
    """For which block how many processes are about to be wanted, if its children share them.

    Args:
        handle: the run.
        effect: the children that there are now.
        width: how many attempts of the run may be under way, by the machine.
        free: how many more of all runs.
    """
    plan, block = handle.plan, effect.block
    room = handle.room(width) + sum(current.over for current in handle.current.values())
    crew, orders = handle.crews.get(block), min(len(effect.children), room, free)
    return block_order(plan.block(block), ()), crew.wanted(orders) if crew is not None else 0


def shares_processes(plan: RunPlan, block: str) -> bool:
    """Whether the children of that block take turns in a few processes: `isolation: shared` in its configuration."""
    return plan.fan_out.fanned(block) and plan.block(block).configuration.get("isolation") == SHARED
