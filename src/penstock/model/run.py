"""The run state machine: `advance(run, event)` gives the next run and the effects that the caller carries out.

Pure: no clock, no I/O. The command line, the scheduler and the tests drive the same function.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from penstock.model.graph import Graph, descendants
from penstock.model.messages import Failure
from penstock.model.product import ProductRef


class BlockState(StrEnum):
    """States of a block run; the values are Mage's.

    Ours are `SKIPPED` (fresh, not run again) and `INTERRUPTED` (the process that drove the run has ended).
    """

    INITIAL = "initial"
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UPSTREAM_FAILED = "upstream_failed"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"


class RunState(StrEnum):
    """States of a pipeline run. `INTERRUPTED` is one whose driving process has ended before it."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


DONE = frozenset({BlockState.COMPLETED, BlockState.SKIPPED})
ENDED = DONE | {BlockState.FAILED, BlockState.CANCELLED, BlockState.UPSTREAM_FAILED, BlockState.INTERRUPTED}


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and when a failed block is tried again; seconds."""

    retries: int = 0
    delay: float = 5.0
    max_delay: float = 60.0
    exponential: bool = True

    def wait(self, failed_attempts: int) -> float | None:
        """Seconds before the next attempt after that many failures, or None when there is none left."""
        if failed_attempts > self.retries:
            return None
        # Beyond 2**32 every delay is at its maximum, and a power of any size would not fit into a float.
        factor = 2 ** min(failed_attempts - 1, 32) if self.exponential else 1
        return min(self.delay * factor, self.max_delay)


@dataclass(frozen=True, slots=True)
class BlockRun:
    """One block in a run: its state, how often it was tried, what it published."""

    state: BlockState = BlockState.INITIAL
    attempts: int = 0
    ref: ProductRef | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a pipeline. `graph` holds only the blocks that take part."""

    id: str
    graph: Graph
    blocks: Mapping[str, BlockRun]
    policies: Mapping[str, RetryPolicy]
    state: RunState = RunState.RUNNING
    keep_going: bool = True


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """A worker has taken the block."""

    block: str


@dataclass(frozen=True, slots=True)
class AttemptSucceeded:
    """The attempt ended well; `ref` is None for a block without output."""

    block: str
    ref: ProductRef | None


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """The attempt ended badly; `final` forbids a retry (a user's interrupt)."""

    block: str
    failure: Failure
    final: bool = False


@dataclass(frozen=True, slots=True)
class BlockFresh:
    """The block's stored version is current, so it need not run."""

    block: str
    ref: ProductRef | None


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """The user wants the run to end."""


RunEvent = AttemptStarted | AttemptSucceeded | AttemptFailed | BlockFresh | CancelRequested


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Start an attempt of the block after `delay` seconds."""

    block: str
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Kill:
    """End the block's running attempt."""

    block: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run has reached its last state."""

    state: RunState


Effect = Dispatch | Kill | RunEnded


def new_run(
    run_id: str, graph: Graph, policies: Mapping[str, RetryPolicy] | None = None, *, keep_going: bool = True
) -> tuple[Run, list[Effect]]:
    """A run of that graph and its first effects.

    Args:
        run_id: unique name of the run.
        graph: block -> upstream blocks; upstreams outside the graph count as satisfied.
        policies: retries per block; none where absent.
        keep_going: after a failure, go on with blocks that do not depend on it.
    """
    blocks = MappingProxyType({node: BlockRun() for node in graph})
    return _settle(Run(run_id, graph, blocks, dict(policies or {}), keep_going=keep_going))


def advance(run: Run, event: RunEvent) -> tuple[Run, list[Effect]]:
    """The run after the event and what follows from it. Events of blocks that have ended change nothing."""
    if isinstance(event, CancelRequested):
        return _cancel(run)
    current = run.blocks.get(event.block)
    if current is None or current.state in ENDED:
        return run, []
    match event:
        case AttemptStarted():
            run = _with(run, event.block, replace(current, state=BlockState.RUNNING, attempts=current.attempts + 1))
            return run, []
        case AttemptSucceeded(ref=ref):
            run = _with(run, event.block, replace(current, state=BlockState.COMPLETED, ref=ref, failure=None))
        case BlockFresh(ref=ref):
            run = _with(run, event.block, replace(current, state=BlockState.SKIPPED, ref=ref))
        case AttemptFailed(failure=failure, final=final):
            if current.state is not BlockState.RUNNING:  # no worker could be started: that attempt counts too
                current = replace(current, attempts=current.attempts + 1)
            wait = None if final else run.policies.get(event.block, RetryPolicy()).wait(current.attempts)
            if wait is not None and not _stopping(run):
                waiting = replace(current, state=BlockState.QUEUED, failure=failure)
                return _with(run, event.block, waiting), [Dispatch(event.block, wait)]
            run = _fail(run, event.block, replace(current, state=BlockState.FAILED, failure=failure))
    return _settle(run)


def _stopping(run: Run) -> bool:
    """Whether nothing new is to be started: a block has failed and the run does not keep going."""
    return not run.keep_going and any(entry.state is BlockState.FAILED for entry in run.blocks.values())


def _with(run: Run, block: str, value: BlockRun) -> Run:
    return replace(run, blocks=MappingProxyType({**run.blocks, block: value}))


def _fail(run: Run, block: str, value: BlockRun) -> Run:
    blocks = dict(run.blocks)
    blocks[block] = value
    for child in descendants(run.graph, [block]):
        if blocks[child].state not in ENDED:
            blocks[child] = replace(blocks[child], state=BlockState.UPSTREAM_FAILED)
    if not run.keep_going:
        for other, entry in blocks.items():
            if entry.state in {BlockState.INITIAL, BlockState.QUEUED}:
                blocks[other] = replace(entry, state=BlockState.CANCELLED)
    return replace(run, blocks=MappingProxyType(blocks))


def _cancel(run: Run) -> tuple[Run, list[Effect]]:
    if run.state is not RunState.RUNNING:
        return run, []
    kills: list[Effect] = [Kill(node) for node, entry in run.blocks.items() if entry.state is BlockState.RUNNING]
    blocks = {
        node: entry if entry.state in ENDED else replace(entry, state=BlockState.CANCELLED)
        for node, entry in run.blocks.items()
    }
    run = replace(run, blocks=MappingProxyType(blocks), state=RunState.CANCELLED)
    return run, [*kills, RunEnded(RunState.CANCELLED)]


def _settle(run: Run) -> tuple[Run, list[Effect]]:
    """Queue what has become ready, and end the run when nothing is left."""
    blocks = dict(run.blocks)
    effects: list[Effect] = []
    for node, parents in run.graph.items():
        if blocks[node].state is BlockState.INITIAL and all(
            parent not in blocks or blocks[parent].state in DONE for parent in parents
        ):
            blocks[node] = replace(blocks[node], state=BlockState.QUEUED)
            effects.append(Dispatch(node))
    run = replace(run, blocks=MappingProxyType(blocks))
    if run.state is RunState.RUNNING and all(entry.state in ENDED for entry in blocks.values()):
        state = RunState.COMPLETED if all(entry.state in DONE for entry in blocks.values()) else RunState.FAILED
        run = replace(run, state=state)
        effects.append(RunEnded(state))
    return run, effects
