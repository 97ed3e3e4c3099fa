"""The nouns of a run: its state and that of its blocks, what may happen to it, and what follows."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from penstock.model.expand import NO_FANS, Fans, Unit, base_of
from penstock.model.graph import Graph
from penstock.model.messages import Failure
from penstock.model.product import Items, ProductRef


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
    CONDITION_FAILED = "condition_failed"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"


class RunState(StrEnum):
    """States of a pipeline run.

    `INITIAL` is one that has been asked for and not begun, `INTERRUPTED` one whose driving process has ended before it.
    """

    INITIAL = "initial"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


DONE = frozenset({BlockState.COMPLETED, BlockState.SKIPPED})
WELL = DONE | {BlockState.CONDITION_FAILED}
"""A run whose blocks have all ended so is complete."""
BAD = frozenset({BlockState.FAILED, BlockState.UPSTREAM_FAILED, BlockState.INTERRUPTED})
"""What depends on a block that has ended so cannot run."""
ENDED = WELL | BAD | {BlockState.CANCELLED}


_MOST_DOUBLED = 1000
"""How often a delay is doubled at most: further ones would not fit into a float."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and when a failed block is tried again; seconds. All its delays together stay below `max_delay`."""

    retries: int = 0
    delay: float = 5.0
    max_delay: float = 60.0
    exponential: bool = True

    def wait(self, failed_attempts: int) -> float | None:
        """Seconds before the next attempt after that many failures, or None when there is none left."""
        if failed_attempts > self.retries:
            return None
        times = min(failed_attempts, _MOST_DOUBLED)
        delay = self.delay * 2 ** (times - 1) if self.exponential else self.delay
        together = self.delay * (2**times - 1) if self.exponential else self.delay * failed_attempts
        return delay if together < self.max_delay else None


@dataclass(frozen=True, slots=True)
class BlockRun:
    """One block in a run, or one child of a block: its state, how often it was tried, what it published.

    `items` is what a dynamic block has returned for its children.
    """

    state: BlockState = BlockState.INITIAL
    attempts: int = 0
    ref: ProductRef | None = None
    failure: Failure | None = None
    items: Items | None = None


@dataclass(slots=True)
class Stream:
    """What a block under way has yielded so far: how its items are called, and the parts that hold them."""

    labels: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    refs: list[ProductRef] = field(default_factory=list)

    def add(self, ref: ProductRef, items: Items) -> None:
        """Take one more part."""
        if items.count:
            self.starts.append(len(self.labels))
            self.refs.append(ref)
            self.labels.extend(items.labels(len(self.labels)))

    def place(self, item: int) -> tuple[ProductRef, int]:
        """The part that holds an item, and the number of the item in it."""
        at = bisect_right(self.starts, item) - 1
        return self.refs[at], item - self.starts[at]


_NO_RETRY = RetryPolicy()


@dataclass(slots=True)
class Run:
    """One execution of a pipeline. `graph` holds only the blocks that take part.

    `blocks` has an entry for each block and for each child (`block:label`) of a block that has fanned out; the block's
    own entry then stands for all of them. `units` tells of each child what it is made from, `children` the children of
    each block, in order. Only `advance` changes a run.

    `streams` has what blocks under way have yielded, `growing` the blocks whose children are not all known and over how
    many options they have fanned out, `floor` those that can end no better than so. Entries in `withdrawn` count no
    more; the processes of those in `ebbing` have to end before the block that they were made from is tried again. Those
    in `between` were under way and have found it too early; they are asked again later.
    """

    id: str
    graph: Graph
    blocks: dict[str, BlockRun]
    policies: Mapping[str, RetryPolicy]
    state: RunState = RunState.RUNNING
    keep_going: bool = True
    fans: Fans = NO_FANS
    units: dict[str, Unit] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=dict)
    down: dict[str, list[str]] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    tainted: set[str] = field(default_factory=set)
    lined_up: dict[str, deque[str]] = field(default_factory=dict)
    busy: dict[str, set[str]] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    saved: dict[str, BlockRun] = field(default_factory=dict)
    streams: dict[str, Stream] = field(default_factory=dict)
    growing: dict[str, int] = field(default_factory=dict)
    floor: dict[str, BlockState] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    ebbing: dict[str, tuple[set[str], float]] = field(default_factory=dict)
    between: set[str] = field(default_factory=set)
    open: int = 0
    stopping: bool = False
    changed: dict[str, None] = field(default_factory=dict)

    def base(self, key: str) -> str:
        """The block that an entry belongs to."""
        unit = self.units.get(key)
        if unit is not None:
            return unit.block
        return key if key in self.graph else base_of(key)

    def policy(self, key: str) -> RetryPolicy:
        """The retry policy of an entry."""
        return self.policies.get(self.base(key), _NO_RETRY)

    def take_changes(self) -> list[str]:
        """The entries that have changed since this was last asked."""
        found = list(self.changed)
        self.changed.clear()
        return found


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """A worker has taken the block."""

    block: str


@dataclass(frozen=True, slots=True)
class ItemsCame:
    """A block under way has yielded a part: `ref` is what holds it, `items` what it adds for the children."""

    block: str
    ref: ProductRef
    items: Items


@dataclass(frozen=True, slots=True)
class AttemptSucceeded:
    """The attempt ended well; `ref` is None for a block without output, `items` what a dynamic one has returned."""

    block: str
    ref: ProductRef | None
    items: Items | None = None


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """The attempt ended badly; `final` forbids a retry (a user's interrupt)."""

    block: str
    failure: Failure
    final: bool = False


@dataclass(frozen=True, slots=True)
class AttemptWaits:
    """The attempt has found that it is too early: it counts for nothing, and another one follows."""

    block: str


@dataclass(frozen=True, slots=True)
class BlockFresh:
    """The block's stored version is current, so it need not run."""

    block: str
    ref: ProductRef | None
    items: Items | None = None


@dataclass(frozen=True, slots=True)
class ConditionFalse:
    """A condition of the block, `condition` by name, says that it is not to run; `failure` if it could not say."""

    block: str
    condition: str = ""
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """The user wants the run to end."""


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The run has taken too long: it ends in `state`, FAILED or CANCELLED, for that reason."""

    state: RunState
    failure: Failure


RunEvent = (
    AttemptStarted
    | ItemsCame
    | AttemptSucceeded
    | AttemptFailed
    | AttemptWaits
    | BlockFresh
    | ConditionFalse
    | CancelRequested
    | TimedOut
)


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
class Expanded:
    """The block runs as these children; `left_out` more are not made, because of the limit."""

    block: str
    children: tuple[str, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Grown:
    """The block, which had fanned out already, runs as these children too; `left_out` as above, told at the end."""

    block: str
    children: tuple[str, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """These children count no more: what they were made from is made anew."""

    block: str
    children: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run has reached its last state."""

    state: RunState


Effect = Dispatch | Kill | Expanded | Grown | Withdrawn | RunEnded
