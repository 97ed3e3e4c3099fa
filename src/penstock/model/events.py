"""What a run tells about itself: facts in the order in which they happened, for logs, progress and pages.

Times are seconds since the epoch, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from penstock.model.messages import Failure, TestOutcome
from penstock.model.product import Lineage, OutputSummary, ProductRef
from penstock.model.run import BlockState, RunState


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run has begun with these blocks, in the order in which they can run.

    `origin` is who asked for it (cli, studio, block), `what` which blocks, in words, `upstream` the edges among them.
    `parent` is the run whose block `parent_block` asked for it; empty when no block did. `variables` are those of the
    pipeline and of the run; `given` is what else makes a run see the same, as `engine.restoring` writes and reads it.
    """

    run: str
    pipeline: str
    partition: str
    at: float
    blocks: tuple[str, ...]
    variables: dict[str, Any] = field(default_factory=dict)
    origin: str = ""
    what: str = ""
    upstream: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parent: str = ""
    parent_block: str = ""
    given: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BlockStarted:
    """An attempt of a block has begun; `attempt` counts from 1."""

    run: str
    block: str
    attempt: int
    at: float


@dataclass(frozen=True, slots=True)
class BlockExpanded:
    """A block runs once for each of these children, which are told like blocks; its own end comes after theirs.

    `left_out` more are not made, because of the limit.
    """

    run: str
    block: str
    children: tuple[str, ...]
    at: float
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class BlockGrew:
    """A block that has expanded runs once for each of these children too; `left_out` more are not made, at its end."""

    run: str
    block: str
    children: tuple[str, ...]
    at: float
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class BlockLogged:
    """The block's logger wrote a record."""

    run: str
    block: str
    level: str
    text: str
    at: float


@dataclass(frozen=True, slots=True)
class BlockPrinted:
    """Lines that the block (or a library, or a child process) wrote to `stdout` or `stderr`."""

    run: str
    block: str
    stream: str
    text: str
    at: float


@dataclass(frozen=True, slots=True)
class BlockRetrying:
    """An attempt failed and the next one starts after `wait` seconds."""

    run: str
    block: str
    attempt: int
    wait: float
    failure: Failure
    at: float


@dataclass(frozen=True, slots=True)
class BlockWaiting:
    """A sensor has said "not yet"; it is asked again at `due` and holds no process until then."""

    run: str
    block: str
    due: float
    at: float


@dataclass(frozen=True, slots=True)
class BlockEnded:
    """A block has reached its last state in this run; `lineage` tells what one that failed was made from."""

    run: str
    block: str
    state: BlockState
    at: float
    seconds: float = 0.0
    attempts: int = 0
    ref: ProductRef | None = None
    outputs: tuple[OutputSummary, ...] = ()
    tests: tuple[TestOutcome, ...] = ()
    failure: Failure | None = None
    peak_memory: int = 0
    cpu_seconds: float = 0.0
    lineage: Lineage | None = None


@dataclass(frozen=True, slots=True)
class CallbackFailed:
    """A callback of a block raised; that does not change how the block ends. It may come before that end or after it.

    `after` is the ending that it was called for: success, failure or cancelled; `callback` is empty when the process of
    all of them was lost.
    """

    run: str
    block: str
    callback: str
    after: str
    failure: Failure
    at: float


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run has reached its last state: `done` blocks are done, `error` says in a sentence what went wrong."""

    run: str
    pipeline: str
    state: RunState
    at: float
    seconds: float
    done: int = 0
    failed_block: str | None = None
    error: str = ""


Event = (
    RunStarted
    | BlockStarted
    | BlockExpanded
    | BlockGrew
    | BlockLogged
    | BlockPrinted
    | BlockRetrying
    | BlockWaiting
    | BlockEnded
    | CallbackFailed
    | RunEnded
)
