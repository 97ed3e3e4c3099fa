"""The rows of the state store as values. Times are seconds since the epoch, UTC; None where something has not happened.

They are made by the queries of the store, and to insert something is to hand one over. Nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

INITIAL = "initial"
"""The state of a run that waits for a scheduler."""
RUNNING = "running"
OPEN = (INITIAL, RUNNING)
"""The states of a run that has not ended."""


@dataclass(frozen=True, slots=True)
class TriggerRow:
    """A trigger as its file declares it, and where its schedule stands.

    `next_due_at` is None for one that has no moment to wait for, `removed_at` is set when its entry has gone from the
    file (its runs and its address stay), `problem` says why it cannot fire. `id` is 0 before it is stored.
    """

    pipeline: str
    name: str
    definition: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""
    active: bool = False
    next_due_at: float | None = None
    last_slot: float | None = None
    last_enabled_at: float | None = None
    token_hash: str | None = None
    problem: str = ""
    created_at: float = 0.0
    updated_at: float = 0.0
    removed_at: float | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run of a pipeline, waiting, under way or ended.

    `slot` is the logical time of its trigger, which together with the trigger and `ordinal` is unique; `due_at` the
    moment before which it does not start. `options` and `settings` are what its driver needs to begin it, `waiting`
    says why it does not go on: kind, text, since. Who drives it holds the lease `lease_owner`, `lease_token` until
    `lease_until`; `process` tells which process that is. `seconds` is how long an ended run took.
    """

    id: str
    pipeline: str
    created_at: float
    state: str = INITIAL
    origin: str = ""
    what: str = ""
    partition: str = ""
    trigger_id: int | None = None
    slot: float | None = None
    ordinal: int = 0
    execution_date: float | None = None
    interval_start: float | None = None
    interval_end: float | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    event: Mapping[str, Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 0
    due_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None
    seconds: float | None = None
    sla_at: float | None = None
    sla_missed: bool = False
    blocks_total: int = 0
    blocks_done: int = 0
    failed_block: str | None = None
    error: str = ""
    retry_of: str | None = None
    backfill_id: int | None = None
    parent_run: str | None = None
    cancel_requested: bool = False
    waiting: Mapping[str, Any] | None = None
    lease_owner: str | None = None
    lease_token: int = 0
    lease_until: float | None = None
    process: Mapping[str, Any] | None = None

    @property
    def open(self) -> bool:
        """Whether the run has not ended."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class BlockRunRow:
    """A block in a run. `position` orders them; `expansion` is what `model.run` restores dynamic children from.

    `rows_in` and `rows_out` count rows, `peak_memory` is in bytes, `upstream` names the blocks that it waits for.
    """

    run_id: str
    block: str
    position: int = 0
    state: str = INITIAL
    attempts: int = 0
    due_at: float | None = None
    queued_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    version: str | None = None
    failure: Mapping[str, Any] | None = None
    rows_in: int | None = None
    rows_out: int | None = None
    peak_memory: int = 0
    cpu_seconds: float = 0.0
    upstream: list[str] = field(default_factory=list)
    expansion: Mapping[str, Any] | None = None
    waiting: Mapping[str, Any] | None = None


_OF_BLOCK = tuple(field.name for field in fields(BlockRunRow))
_values_of_block = attrgetter(*_OF_BLOCK)


def changed(row: BlockRunRow, **values: Any) -> BlockRunRow:
    """The row with these values instead of its own; in half the time of `replace`, for each block comes by here."""
    found = dict(zip(_OF_BLOCK, _values_of_block(row), strict=True))
    found.update(values)
    return BlockRunRow(**found)


@dataclass(frozen=True, slots=True)
class BackfillRow:
    """A backfill: runs of a pipeline over a span of time, or as the block of code `block` lists them."""

    pipeline: str
    name: str
    created_at: float
    state: str = INITIAL
    block: str | None = None
    start: float | None = None
    end: float | None = None
    interval_type: str = ""
    interval_units: int = 0
    variables: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    parallelism: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    error: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class HoldRow:
    """Units of a named resource, or of a limit that spans runs, that a block of a run has taken."""

    key: str
    run_id: str
    block: str
    units: int
    since: float


@dataclass(frozen=True, slots=True)
class AlertRow:
    """A message that is to go out, written in the transaction of the fact that it tells.

    `incident` names what it is about: at most one that is not closed has that name. `due_at` is when it is tried next.
    """

    incident: str
    kind: str
    created_at: float
    pipeline: str = ""
    run_id: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    due_at: float = 0.0
    attempts: int = 0
    sent_at: float | None = None
    closed_at: float | None = None
    error: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A process that takes part: kind is server, scheduler or both."""

    id: str
    kind: str
    host: str
    pid: int
    started_at: float
    seen_at: float


@dataclass(frozen=True, slots=True)
class Blocked:
    """A resource that had too few units left: `taken` of `capacity` by others, when `units` were asked for."""

    key: str
    units: int
    taken: int
    capacity: int
