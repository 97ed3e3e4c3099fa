"""Runs, the state of blocks, logs and the card of a failure, as JSON. Times in seconds since the epoch."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from penstock.model.messages import Failure, TestOutcome
from penstock.model.product import Column, Kind


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Text of a block that is saved before the run begins; `revision` is that of the text which was edited."""

    block: str
    content: str
    revision: str


class NewRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to run: all blocks, or `blocks` and what is asked for around them.

    `incomplete_upstream` adds those upstreams that have no output yet; `stale_only` leaves out what is fresh. `inputs`
    are the versions to read of upstreams that take no part in the run, by block; of others the newest is read.
    """

    blocks: list[str] = []
    with_upstream: bool = False
    with_downstream: bool = False
    incomplete_upstream: bool = False
    stale_only: bool = False
    variables: dict[str, Any] = {}
    tests: bool = True
    edits: list[Edit] = []
    inputs: dict[str, str] = {}


class TriggerRef(msgspec.Struct, frozen=True):
    """The trigger that made a run; `removed` when no file declares it, be it that it was never more than a name."""

    id: int
    name: str
    removed: bool = False


class Waiting(msgspec.Struct, frozen=True):
    """Why a run waits, in one sentence, and since when."""

    kind: str
    text: str
    since: float | None = None


class RunSummary(msgspec.Struct, frozen=True):
    """One line of a list of runs. `error` says in one sentence what went wrong.

    `started` of one that has not begun is when it was made; `lateness` how many seconds after its moment it began, or
    has waited until now.
    """

    run: str
    pipeline: str
    state: str
    started: float
    ended: float | None
    seconds: float | None
    blocks_total: int
    blocks_done: int
    failed_block: str | None
    error: str | None
    origin: str
    what: str
    trigger: TriggerRef | None = None
    backfill: int | None = None
    execution_date: float | None = None
    priority: int = 0
    waiting: Waiting | None = None
    retry_of: str | None = None
    parent_run: str | None = None
    sla_missed: bool = False
    lateness: float | None = None


class Saved(msgspec.Struct, frozen=True):
    """The revision that a block's text has after it was saved."""

    block: str
    content_revision: str


class RunBegun(msgspec.Struct, frozen=True):
    """A run that has begun, and the texts that were saved before."""

    run: RunSummary
    saved: list[Saved]


class RunChoice(msgspec.Struct, frozen=True):
    """Some runs: those that fit all that is given; `pipeline`, `state` and `origin` may name several, with commas."""

    pipeline: str = ""
    state: str = ""
    origin: str = ""
    trigger: int | None = None
    backfill: int | None = None


class RunQuery(RunChoice, frozen=True):
    """Which runs to list: those that fit all that is given.

    `pipeline`, `state` and `origin` may name several, separated by commas; `from` and `to` bound when they were made,
    in seconds since the epoch; `sort` is newest, oldest, longest or shortest; `before` is `next` of the page before.
    """

    since: float | None = msgspec.field(name="from", default=None)
    until: float | None = msgspec.field(name="to", default=None)
    partition: str = ""
    block: str = ""
    q: str = ""
    sort: str = "newest"
    limit: int = 50
    before: str = ""


class RunList(msgspec.Struct, frozen=True):
    """Runs in their order. A page may hold fewer than were asked for, or none, and still have `next`: go on there."""

    runs: list[RunSummary]
    next: str | None


class VersionRef(msgspec.Struct, frozen=True):
    """A version of a block's output."""

    version: str


class ShownOutput(msgspec.Struct, frozen=True):
    """What is told about an output with the state of its block.

    `columns` has the first of a wide table, `columns_total` is how many there are; all of them by name and type are at
    `/products/{pipeline}/{block}/columns`.
    """

    name: str
    kind: Kind
    codec: str
    rows: int | None = None
    bytes: int = 0
    stored_bytes: int = 0
    columns: tuple[Column, ...] = ()
    columns_total: int = 0
    preview: Any = None


class CallbackFailure(msgspec.Struct, frozen=True):
    """A callback of a block raised, which does not change how the block has ended.

    `after` is the ending that it was called for: success, failure or cancelled; `callback` is empty when the process of
    all callbacks was lost.
    """

    callback: str
    after: str
    failure: Failure


class NextAttempt(msgspec.Struct, frozen=True):
    """What a block waits for whose last attempt has ended at `since`: the next one begins at `due`."""

    since: float
    due: float


class BlockRunDetail(msgspec.Struct, frozen=True):
    """One block in a run. One that `waits` for its next attempt is queued, and has the failure of its last."""

    block: str
    state: str
    attempts: int
    queued: float | None
    started: float | None
    ended: float | None
    seconds: float | None
    ref: VersionRef | None
    outputs: tuple[ShownOutput, ...]
    tests: list[TestOutcome]
    failure: Failure | None
    peak_memory: int
    cpu_seconds: float
    upstream: list[str]
    callback_failures: tuple[CallbackFailure, ...] = ()
    waits: NextAttempt | None = None


class RunRelative(msgspec.Struct, frozen=True):
    """A run that a block has asked for, or whose block has: `block` is the one that asked."""

    run: str
    pipeline: str
    state: str
    block: str
    started: float
    seconds: float | None


class RunDetail(RunSummary, frozen=True):
    """A run with its blocks, in the order in which they could run; `seq` is the number of the newest event.

    `parent` is the run whose block has asked for this one, `children` are those that blocks of this one have asked for,
    the oldest first; of very many the newest.
    """

    partition: str = ""
    variables: dict[str, Any] = {}
    seq: int = 0
    blocks: list[BlockRunDetail] = []
    parent: RunRelative | None = None
    children: list[RunRelative] = []


class BlockStatus(msgspec.Struct, frozen=True):
    """How a block stands: its last run, what it has stored, whether that is stale (`stale` says why, in words).

    `state` is never, queued, running, completed, failed, cancelled, upstream_failed or interrupted; `changed` compares
    the output with that of the version before.
    """

    state: str = "never"
    run: str | None = None
    started: float | None = None
    seconds: float | None = None
    attempts: int = 0
    version: str | None = None
    outputs: tuple[ShownOutput, ...] = ()
    stale: str = ""
    failure: Failure | None = None
    tests: tuple[TestOutcome, ...] = ()
    changed: tuple[str, ...] = ()
    interrupting: bool = False
    callback_failures: tuple[CallbackFailure, ...] = ()


class PipelineStatus(msgspec.Struct, frozen=True):
    """How all blocks of a pipeline stand, its runs under way, and the number of the newest event."""

    blocks: dict[str, BlockStatus]
    runs: list[RunSummary]
    seq: int


class WaitQuery(msgspec.Struct, frozen=True):
    """For how many seconds to wait at most; a minute when nothing is said, and ten at most."""

    seconds: float = 60.0


class LogQuery(msgspec.Struct, frozen=True):
    """Which lines to read; `after` and `before` are places that another page gave, `before=end` the newest lines."""

    block: str = ""
    after: str = ""
    before: str = ""
    limit: int = 500
    level: str = ""
    q: str = ""


class LogEntry(msgspec.Struct, frozen=True):
    """One line."""

    at: float
    level: str
    block: str
    stream: str
    text: str


class LogLines(msgspec.Struct, frozen=True):
    """Lines, oldest first; `next` and `previous` lead on, `truncated` says that there is more that way.

    `fetched` tells that they were no longer on this disk, and were read back from the bucket that logs are copied to.
    """

    lines: list[LogEntry]
    next: str
    previous: str
    truncated: bool
    fetched: bool = False


class Interrupt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to interrupt: one block of the run, or all of it."""

    block: str | None = None


class Interrupted(msgspec.Struct, frozen=True):
    """The runs that are being interrupted."""

    runs: list[str]


class InputAtFailure(msgspec.Struct, frozen=True):
    """An input as the failed attempt saw it; `rows` and `columns` are None where its version has been cleaned."""

    block: str
    ref: VersionRef
    rows: int | None
    columns: int | None


class Change(msgspec.Struct, frozen=True):
    """Something that differs from the last good run: kind is code, input, variable, configuration or environment."""

    kind: str
    what: str
    before: str | None
    after: str | None


class LastGood(msgspec.Struct, frozen=True):
    """The last version that was stored before the failure, and the run that made it."""

    run: str
    version: str
    at: str


class Why(msgspec.Struct, frozen=True):
    """Why a block failed: the failure, what it was given, and what has changed since it last went well.

    `known` is false when the attempt's process ended without telling its code; then the files of now are compared.
    """

    failure: Failure
    inputs: list[InputAtFailure]
    changed_since_good: list[Change]
    last_good: LastGood | None
    known: bool = True


class ReasonDetail(msgspec.Struct, frozen=True):
    """One thing that keeps something from running, since when, and what would change it."""

    text: str
    since: float | None
    change: str | None


class Explanation(msgspec.Struct, frozen=True):
    """Why something is not running: in one sentence, and everything that bears on it."""

    text: str
    details: list[ReasonDetail]


class RunAnswer(msgspec.Struct, frozen=True):
    """A run as it stands after what was asked."""

    run: RunSummary


class RetryFrom(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The block from which a run goes on: that one, what depends on it, and what is not done run again."""

    block: str


class BulkRuns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do with several runs: cancel, retry, retry_incomplete or delete."""

    action: Literal["cancel", "retry", "retry_incomplete", "delete"]
    runs: list[str]


class Refused(msgspec.Struct, frozen=True):
    """A run with which it was not done, and why."""

    run: str
    message: str


class BulkDone(msgspec.Struct, frozen=True):
    """The runs with which it was done, and those that were refused."""

    done: list[str]
    refused: list[Refused]
