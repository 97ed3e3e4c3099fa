"""One run under way, written through to the store: a sink of its events that gathers what the next commit holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from penstock.engine.loop import RunHandle
from penstock.engine.plan import Occasion, RunOptions
from penstock.model import events
from penstock.model.expand import base_of
from penstock.model.messages import Failure
from penstock.model.product import UNPARTITIONED
from penstock.model.run import DONE, ENDED, BlockState, Run
from penstock.model.withdrawal import left_behind
from penstock.schedule.requests import EXECUTION_PARTITION
from penstock.state.rows import RUNNING, BlockRunRow, RunRow, changed

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

_OPTIONS = frozenset(
    {"with_upstream", "with_downstream", "stale_only", "run_tests", "skip_sensors", "environment", "memory_limit"}
)


def options_of(row: RunRow) -> RunOptions:
    """What a run was asked for with, as the engine takes it."""
    given = {key: value for key, value in row.options.items() if key in _OPTIONS and value is not None}
    date = _moment(row.execution_date if row.execution_date is not None else row.created_at)
    assert date is not None
    occasion = Occasion(
        execution_date=date,
        interval_start=_moment(row.interval_start),
        interval_end=_moment(row.interval_end),
        partition=str(row.options.get(EXECUTION_PARTITION) or _former_partition(row, date)),
        event=dict(row.event or {}),
        trigger=str(row.options.get("trigger") or ""),
    )
    return RunOptions(
        variables=dict(row.variables),
        blocks=tuple(str(block) for block in row.options.get("blocks") or ()),
        partition=row.partition or UNPARTITIONED,
        keep_going=bool(row.settings.get("allow_blocks_to_fail")),
        origin=row.origin or "schedule",
        words="" if row.what in {"", "all"} else row.what,
        occasion=occasion,
        parent=row.parent_run or "",
        parent_block=str((row.options.get("asked") or {}).get("block") or ""),
        remote_blocks=tuple(each for each in row.options.get("remote_blocks") or () if isinstance(each, dict)),
        **given,
    )


def _former_partition(row: RunRow, date: datetime) -> str:
    """The execution partition of a run that was made before runs kept theirs: two of one second shared it."""
    return f"{row.trigger_id}/{date:%Y%m%dT%H%M%S}" if row.trigger_id is not None else ""


def _moment(at: float | None) -> datetime | None:
    return datetime.fromtimestamp(at, UTC) if at is not None else None


STOPPED = {"kind": "handed_over", "text": "its scheduler was stopped; it goes on when one is there"}
"""What a run waits for that was put back by a scheduler which ends."""
OWED = "owed"
"""Of a block that has ended: how often its callbacks were begun that have not."""
_LASTING = DONE | {BlockState.FAILED}
SENSOR = "sensor"
"""What a block waits for whose code says that it is too early."""


@dataclass(slots=True)
class DrivenRun:
    """A run that this process drives under a lease.

    Args:
        row: the run as the store has it.
        token: of the lease.
        blocks: its blocks as the store has them, when it was begun before.
    """

    row: RunRow
    token: int
    blocks: dict[str, BlockRunRow] = field(default_factory=dict)
    handle: RunHandle | None = None
    ended: events.RunEnded | None = None
    deadline: float | None = None
    asked: set[str] = field(default_factory=set)
    _dirty: dict[str, None] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)
    _changes: dict[str, Any] = field(default_factory=dict)
    _written: dict[str, BlockRunRow] = field(default_factory=dict)

    def __call__(self, event: events.Event) -> None:
        """Hear one event."""
        match event:
            case events.RunStarted():
                self._started(event)
            case events.BlockStarted(block=block, at=at):
                self._put(block, state=BlockState.RUNNING.value, started_at=at, due_at=None)
            case events.BlockExpanded(block=block, at=at):
                # It fans out anew in a run that is taken up, and the end of one that was done is not told again.
                if not self._is_told(block):
                    self._put(block, state=BlockState.RUNNING.value, started_at=at)
            case events.BlockRetrying(block=block, wait=wait, at=at, failure=failure):
                self._put(block, due_at=at + wait, failure=_plain(failure), queued_at=at)
            case events.BlockWaiting(block=block, due=due, at=at):
                self._put(block, due_at=due, waiting=self._waits(block, at))
            case events.BlockEnded():
                self._block_ended(event)
            case events.RunEnded():
                self.ended = event

    def _is_told(self, block: str) -> bool:
        """Whether a block had ended for good when the run was taken up."""
        row = self.blocks.get(block)
        return row is not None and row.ended_at is not None and row.state in _LASTING

    @property
    def ends(self) -> bool:
        """Whether it has ended, or could not begin, and that is not in the store."""
        return self.ended is not None or "ended_at" in self._changes

    def freed(self) -> list[str]:
        """The blocks that had to ask before they started, whose attempt is over, and not so in the store."""
        if not self.asked or self.handle is None:
            return []
        return [block for block in self.asked & self._dirty.keys() if not self.handle.under_way(block)]

    @property
    def steered(self) -> RunHandle | None:
        """What is under way of it; None when it could not begin, has ended, or was let go of."""
        return self.handle if self.handle is not None and not self.handle.ended else None

    def late(self) -> None:
        """It was told that the run should have ended; the store knows."""
        self.row = replace(self.row, sla_missed=True)

    def cancel_asked(self) -> None:
        """Somebody wants it to end; the store knows."""
        self.row = replace(self.row, cancel_requested=True)

    @property
    def pending(self) -> bool:
        """Whether something has happened that is not in the store."""
        if self.handle is not None and self.handle.unsaved:
            self._dirty.update(dict.fromkeys(self.handle.unsaved))
            self.handle.unsaved.clear()
        if self.handle is not None and self.ended is not None:
            self._close_left(self.handle.run, self.ended.at)
        return bool(self._dirty or self._changes or self.ended)

    def _started(self, event: events.RunStarted) -> None:
        self._changes["state"] = RUNNING
        self._changes["started_at"] = self.row.started_at or event.at
        self._changes["blocks_total"] = len(event.blocks)
        self._done = {key for key, row in self.blocks.items() if row.state in DONE and base_of(key) == key}
        for position, block in enumerate(event.blocks):
            upstream = list(event.upstream.get(block, ()))
            known = self.blocks.get(block)
            if known is None or known.ended_at is None:
                # One that has failed before keeps the moment at which it did.
                since = known.queued_at if known is not None and known.failure is not None else event.at
                self._put(block, position=position, upstream=upstream, queued_at=since)

    def _waits(self, block: str, at: float) -> dict[str, Any]:
        """What a sensor waits for, and since when."""
        known = (self.blocks[block].waiting if block in self.blocks else None) or {}
        since = known["since"] if known.get("kind") == SENSOR else at
        return {"kind": SENSOR, "text": "its condition is not met yet", "since": since}

    def _block_ended(self, event: events.BlockEnded) -> None:
        rows = [output.rows for output in event.outputs if output.rows is not None]
        known = self.blocks.get(event.block)
        parents = known.upstream if known is not None else []
        taken = [row.rows_out for parent in parents if (row := self.blocks.get(parent)) and row.rows_out is not None]
        if event.state in DONE and base_of(event.block) == event.block:  # children are told as well, and not counted
            self._done.add(event.block)
            self._changes["blocks_done"] = len(self._done)
        self._put(
            event.block,
            state=event.state.value,
            attempts=event.attempts,
            ended_at=event.at,
            due_at=None,
            version=event.ref.version if event.ref is not None else None,
            failure=_plain(event.failure) if event.failure is not None else None,
            rows_out=sum(rows) if rows else None,
            rows_in=sum(taken) if taken else None,
            peak_memory=event.peak_memory,
            cpu_seconds=event.cpu_seconds,
            waiting=None,
        )

    def _put(self, block: str, **values: Any) -> None:
        known = self.blocks.get(block)
        if known is None:
            parent = self.blocks.get(base_of(block))
            position = parent.position if parent is not None else len(self.blocks)
            upstream = list(parent.upstream) if parent is not None else []
            known = BlockRunRow(self.row.id, block, position=position, upstream=upstream)
        self.blocks[block] = changed(known, **values)
        self._dirty[block] = None

    def _close_left(self, run: Run, at: float) -> None:
        """End what an earlier driver had begun and the run has ended without: children that nothing has made again.

        Where their block is done it is so without them, whatever had become of them. Blocks that left the pipeline end
        as well, with their children, unless they had.
        """
        for key, row in self.blocks.items():
            block = run.blocks.get(base_of(key))
            withdrawn = (row.failure or {}).get("kind") == "withdrawn"
            if key in run.blocks or (withdrawn and row.ended_at is not None):
                continue
            done = block is not None and block.state in DONE
            if row.ended_at is None or done:
                # One that was withdrawn and came again has that failure still: it says nothing of this end.
                why = _plain(left_behind(base_of(key))) if done else None if withdrawn else row.failure
                gone = {"due_at": None, "version": None, "waiting": None, "failure": why}
                self._put(key, state=BlockState.CANCELLED.value, ended_at=at, **gone)

    def write(self, connection: sa.Connection, state: State) -> bool:
        """Put what has happened into the store; False when the lease is lost, and nothing was written.

        Nothing is forgotten before `saved` is called: the transaction may have to be begun again.
        """
        changes = self._all_changes()
        if changes:
            if not state.runs.write(connection, self.row.id, self.token, **changes):
                return False
        elif not state.runs.fence(connection, self.row.id, self.token):
            return False
        self._written = {key: self._current(key) for key in self._dirty}
        state.block_runs.put(connection, self._written.values())
        return True

    def finish(self, connection: sa.Connection, state: State) -> RunRow:
        """Give the lease up; the run as it is then. Call after `write`, in its transaction, when it has ended."""
        row = replace(self.row, **self._all_changes(), lease_owner=None, lease_until=None)
        state.runs.release(connection, self.row.id, self.token)
        return row

    def saved(self) -> None:
        """What was written is committed."""
        self.asked.difference_update(self.freed())
        self.row = replace(self.row, **self._all_changes())
        self.blocks.update(self._written)
        self._written = {}
        self._dirty.clear()
        self._changes.clear()
        self.ended = None

    def fail(self, message: str, at: float, state: str = "failed") -> None:
        """End a run that could not be begun."""
        self._changes |= {"state": state, "ended_at": at, "error": message, "waiting": None}
        self._changes["started_at"] = self.row.started_at or at
        self._changes["seconds"] = max(0.0, at - self._changes["started_at"])
        for block, row in self.blocks.items():
            if row.ended_at is None or row.state not in ENDED:  # an earlier driver had begun it, or begun it anew
                self._put(block, state=BlockState.CANCELLED.value, ended_at=at, due_at=None, waiting=None)

    def give_up(self, message: str, at: float) -> None:
        """End a run that goes wrong each time: what is done stays, and nothing else of it is kept."""
        if self.pending:
            self.blocks.update({key: self._current(key) for key in self._dirty})
        self.handle = self.ended = None
        self.fail(message, at)

    def hand_over(self, connection: sa.Connection, state: State, waiting: Mapping[str, Any], **also: Any) -> bool:
        """Put the run back for another process, its blocks as they stand; as `write`.

        Args:
            connection: of a transaction that writes.
            state: the store.
            waiting: what it waits for from now on.
            also: other columns that change.
        """
        changes = {**self._all_changes(), "state": "initial", "waiting": waiting, "process": None, **also}
        if not state.runs.release(connection, self.row.id, self.token, **changes):
            return False
        rows = [self._current(key) for key in self.blocks]
        under_way = [replace(row, state=BlockState.QUEUED.value) for row in rows if row.state == BlockState.RUNNING]
        state.block_runs.put(connection, [*(self._current(key) for key in self._dirty), *under_way])
        return True

    def _all_changes(self) -> dict[str, Any]:
        end = self.ended
        if end is None:
            return self._changes
        started = self._changes.get("started_at") or self.row.started_at or end.at
        return {
            **self._changes,
            "state": end.state.value,
            "ended_at": end.at,
            "seconds": max(0.0, end.at - started),
            "failed_block": end.failed_block,
            "error": end.error,
            "waiting": None,
        }

    def _current(self, key: str) -> BlockRunRow:
        """The row of a block or child as the state machine has it."""
        row = self.blocks.get(key)
        if row is None:
            self._put(key)
            row = self.blocks[key]
        entry = self.handle.run.blocks.get(key) if self.handle is not None else None
        if entry is None:
            return row
        expansion: dict[str, Any] = dict(row.expansion or {})
        begun = int(expansion.pop(OWED, 0))
        if self.handle is not None and key in self.handle.after:
            expansion[OWED] = begun or 1
        for name, value in (("ref", entry.ref), ("items", entry.items)):
            expansion.pop(name, None)  # that of an attempt which counts no more
            if value is not None:
                expansion[name] = msgspec.to_builtins(value)
        ended = row.ended_at if entry.state in ENDED else None
        failure = row.failure or (_plain(entry.failure) if entry.failure is not None else None)
        return changed(
            row,
            state=entry.state.value,
            attempts=entry.attempts,
            expansion=expansion or None,
            failure=failure if entry.state is not BlockState.COMPLETED else None,
            ended_at=ended,
        )


def _plain(failure: Failure) -> Mapping[str, Any]:
    return asdict(failure)
