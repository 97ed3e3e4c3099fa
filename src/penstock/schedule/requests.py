"""What anybody asks of the scheduler, put into the store: create, cancel, retry and delete runs.

All of it is one transaction, from any process; whoever asks wakes the scheduler afterwards (topic `RUNS`, the run's
name), and nothing is lost when that message is. Light to import.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from penstock.engine.plan import new_run_id
from penstock.model.errors import RunNotFoundError, RunStateError
from penstock.model.expand import base_of
from penstock.model.run import DONE, ENDED, BlockState, RunState
from penstock.schedule.failpoints import reach
from penstock.schedule.family import ASKED, close_wishes, left_alone
from penstock.schedule.rearm import rearm
from penstock.schedule.retiring import retire
from penstock.state.rows import INITIAL, RunRow, TriggerRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

RUNS = "runs"
"""Topic of wake-ups: something was asked of the run whose name is the text."""
TRIGGERS = "triggers"
"""Topic of wake-ups: the triggers of the pipeline whose name is the text have changed."""
EXECUTION_PARTITION = "execution_partition"
"""Option of a run that a trigger has made: what the block variable of that name says."""
MOST_PRIORITY = 1_000_000_000
"""The highest priority of a run; the lowest is as far below 0."""

_OF_SETTINGS = ("allow_blocks_to_fail", "timeout", "timeout_status", "on_limit", "pipeline_run_limit")


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run that is asked for. Times are seconds since the epoch.

    The variables of the trigger lie below these; `options` are fields of `RunOptions` (blocks, with_upstream, ...), to
    which the name of the trigger is added; `settings` go over those of the trigger; `due_at` is the moment before which
    it does not begin.
    """

    pipeline: str
    origin: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    trigger: TriggerRow | None = None
    slot: float | None = None
    ordinal: int = 0
    execution_date: float | None = None
    interval_start: float | None = None
    interval_end: float | None = None
    partition: str = ""
    priority: int | None = None
    what: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    event: Mapping[str, Any] | None = None
    due_at: float | None = None
    retry_of: str | None = None
    backfill_id: int | None = None
    parent_run: str | None = None


def run_row(new: NewRun, now: float) -> RunRow:
    """The row of a run that waits for a scheduler."""
    definition: Mapping[str, Any] = new.trigger.definition if new.trigger is not None else {}
    of_trigger: Mapping[str, Any] = definition.get("settings") or {}
    settings = {key: of_trigger[key] for key in _OF_SETTINGS if of_trigger.get(key) is not None}
    settings |= {key: value for key, value in new.settings.items() if value is not None}
    date = new.execution_date if new.execution_date is not None else now
    options = dict(new.options)
    if new.trigger is not None:
        options |= {"trigger": new.trigger.name, EXECUTION_PARTITION: execution_partition(new.trigger.id, date)}
    return RunRow(
        id=new_run_id(datetime.fromtimestamp(now, UTC), secrets.token_hex(3)),
        pipeline=new.pipeline,
        created_at=now,
        origin=new.origin,
        what=new.what or "all",
        partition=new.partition,
        trigger_id=new.trigger.id if new.trigger is not None else None,
        slot=new.slot,
        ordinal=new.ordinal,
        execution_date=date,
        interval_start=new.interval_start,
        interval_end=new.interval_end,
        variables={**(definition.get("variables") or {}), **new.variables},
        event=dict(new.event) if new.event is not None else None,
        options=options,
        settings=settings,
        priority=_priority(new.priority if new.priority is not None else of_trigger.get("priority")),
        due_at=new.due_at if new.due_at is not None else now,
        sla_at=_sla_at(definition.get("sla"), date),
        retry_of=new.retry_of,
        backfill_id=new.backfill_id,
        parent_run=new.parent_run,
    )


def execution_partition(trigger: int, date: float) -> str:
    """What `execution_partition` says in a run of that trigger: its date, to the microsecond where it has any."""
    moment = datetime.fromtimestamp(date, UTC)
    return f"{trigger}/{moment:%Y%m%dT%H%M%S}" + (f"_{moment:%f}" if moment.microsecond else "")


def insert_run(connection: sa.Connection, state: State, new: NewRun, now: float) -> RunRow | None:
    """Put a run into the store, in a transaction of the caller; None when its slot has one already."""
    added = state.runs.add(connection, [run_row(new, now)])
    return added[0] if added else None


def create_run(state: State, new: NewRun | Callable[[sa.Connection], NewRun], now: float) -> RunRow:
    """Ask for a run; it is in the store when this returns.

    Args:
        state: the store.
        new: the run, or what gives it in the transaction that writes it, and may raise.
        now: seconds since the epoch.

    Raises:
        RunStateError: its slot of its trigger has a run already.
        StateUnavailableError: the store is away; nothing was asked.
    """

    def work(connection: sa.Connection) -> RunRow:
        wanted = new(connection) if callable(new) else new
        row = insert_run(connection, state, wanted, now)
        if row is None:
            raise RunStateError(
                f"starting {wanted.pipeline}: that slot of the trigger has a run", hint="Retry that run."
            )
        reach("create.before_commit")
        return row

    row = state.transact(work)
    reach("create.after_commit")
    return row


_DRIVEN_BY_ITS_MAKER = frozenset({"studio", "cli", "block"})
"""Origins of runs that the process which began them drives, unless a scheduler has taken them."""
_BEEN = {"cancelled": "been cancelled", "interrupted": "been interrupted"}


def cancel_run(state: State, name: str, now: float, told: Callable[[RunRow], object] = lambda _: None) -> RunRow:
    """End a run: at once when nobody drives it, else its driver is asked to. What its blocks wait for ends with it.

    Args:
        state: the store.
        name: the run.
        now: seconds since the epoch.
        told: called with each run that ends with it, or whose driver is asked to end it, to wake who drives that.

    Raises:
        RunNotFoundError: there is no such run.
        RunStateError: it has ended, or no scheduler drives it.
    """

    def work(connection: sa.Connection) -> tuple[RunRow, list[RunRow]]:
        row = _found(connection, state, name, "cancelling")
        if not row.open:
            been = _BEEN.get(row.state, row.state)
            raise RunStateError(f"cancelling run {name}: it has {been}", hint="There is nothing left to cancel.")
        if row.lease_token == 0 and row.state != INITIAL and row.origin in _DRIVEN_BY_ITS_MAKER:
            raise RunStateError(
                f"cancelling run {name}: the process that began it drives it, not a scheduler",
                hint="Interrupt it where it was begun; one of the command line with Ctrl-C.",
            )
        row = close_run(connection, state, row, now)
        left = [] if row.open else cancel_left_alone(connection, state, name, now)
        reach("cancel.before_commit")
        return row, left

    row, left = state.transact(work)
    reach("cancel.after_commit")
    for each in left:
        told(each)
    return row


def close_run(connection: sa.Connection, state: State, row: RunRow, now: float) -> RunRow:
    """End an open run: at once when nobody drives it, else its driver is asked to; the run as it is then."""
    asked: dict[str, Any] = {"cancel_requested": True}
    ended = {"state": "cancelled", "ended_at": now, "seconds": _seconds(row, now), "waiting": None}
    if row.lease_owner is None and state.runs.change_waiting(connection, row.id, **asked, **ended):
        close_blocks(connection, state, row.id, now)
        state.holds.release(connection, row.id)
        rearm(connection, state, row, now)
        retire(connection, state, row)
    else:
        state.runs.change_open(connection, row.id, **asked)
    return state.runs.get(connection, row.id) or row


def cancel_left_alone(connection: sa.Connection, state: State, parent: str, now: float) -> list[RunRow]:
    """End the runs that blocks of an ended run waited for; those runs, each as it is then.

    Args:
        connection: of the transaction that ends the run.
        state: the store.
        parent: the run.
        now: seconds since the epoch.
    """
    found: list[RunRow] = []
    for row in left_alone(connection, state, parent):
        found.append(close_run(connection, state, row, now))
        if not found[-1].open:
            found += cancel_left_alone(connection, state, row.id, now)
    return found


def close_blocks(connection: sa.Connection, state: State, name: str, now: float) -> None:
    """Mark as cancelled the blocks of a run that had not ended, when no process works on it."""
    found = state.block_runs.of_run(connection, name)
    rows = [row for row in found if row.ended_at is None or row.state not in ENDED]
    state.block_runs.put(connection, [replace(row, state=BlockState.CANCELLED, ended_at=now) for row in rows])


def retry_run(state: State, name: str, now: float) -> RunRow:
    """Run the same again from its beginning, as a new run with the same variables, dates and options.

    Raises: as `retry_incomplete`.
    """

    def work(connection: sa.Connection) -> RunRow:
        old = _ended(connection, state, name, "retrying")
        row = replace(_fresh(old, now), created_at=now, retry_of=old.id, lease_token=0, parent_run=None)
        row = replace(row, options={key: value for key, value in old.options.items() if key != ASKED})
        if old.trigger_id is not None and old.slot is not None:
            row = replace(
                row, ordinal=1 + max(e.ordinal for e in state.runs.of_slot(connection, old.trigger_id, old.slot))
            )
        while True:
            row = replace(row, id=new_run_id(datetime.fromtimestamp(now, UTC), secrets.token_hex(3)))
            if state.runs.insert(connection, row):
                return row
            row = replace(row, ordinal=row.ordinal + 1)  # somebody else retries another run of the slot just now

    return state.transact(work)


def retry_incomplete(state: State, name: str, now: float) -> RunRow:
    """Let a run go on: what is done stays, everything else runs again, in the same run.

    Raises:
        RunNotFoundError: there is no such run.
        RunStateError: it has not ended.
    """
    return _again(state, name, frozenset(), now)


def retry_from(state: State, name: str, block: str, downstream: Iterable[str], now: float) -> RunRow:
    """Let a run go on from a block: that one, all that depends on it, and what is not done run again.

    Args:
        state: the store.
        name: the run.
        block: the block.
        downstream: the blocks that depend on it, in the pipeline as it is now.
        now: seconds since the epoch.

    Raises: as `retry_incomplete`.
    """
    return _again(state, name, frozenset({block, *downstream}), now)


def _again(state: State, name: str, blocks: frozenset[str], now: float) -> RunRow:
    def work(connection: sa.Connection) -> RunRow:
        old = _ended(connection, state, name, "retrying")
        rows = state.block_runs.of_run(connection, name)
        chosen = blocks | _below(blocks, {row.block: row.upstream for row in rows})
        dropped = [row.block for row in rows if row.state not in DONE or base_of(row.block) in chosen]
        close_wishes(connection, state, name, lambda block: block in dropped)
        # One that went on before and did not begin, cancelled while it waited say, has no rows of what is left to do.
        if rows and not dropped and old.state == RunState.COMPLETED:
            raise RunStateError(f"retrying run {name}: all of its blocks are done", hint="Retry the whole run.")
        if dropped:
            state.block_runs.delete(connection, name, dropped)
        # Children do not count.
        kept = sum(row.block not in dropped and base_of(row.block) == row.block for row in rows)
        row = replace(_fresh(old, now), blocks_total=old.blocks_total, blocks_done=kept)
        changed = ("state", "due_at", "started_at", "ended_at", "seconds", "sla_at", "sla_missed", "failed_block")
        values = {key: getattr(row, key) for key in (*changed, "error", "cancel_requested", "waiting", "blocks_done")}
        state.runs.change(connection, name, lease_token=old.lease_token + 1, **values)
        return _found(connection, state, name, "retrying")

    return state.transact(work)


def delete_run(state: State, name: str) -> RunRow:
    """Forget a run that has ended; its logs are the caller's to remove.

    Raises:
        RunNotFoundError: there is no such run.
        RunStateError: it has not ended.
    """

    def work(connection: sa.Connection) -> RunRow:
        row = _ended(connection, state, name, "deleting")
        state.runs.delete(connection, [name])
        return row

    return state.transact(work)


def _below(blocks: frozenset[str], upstream: Mapping[str, list[str]]) -> frozenset[str]:
    """What depends on these blocks, as the run knew it."""
    found = set(blocks)
    grown = bool(found)
    while grown:
        more = {base_of(key) for key, parents in upstream.items() if found & {base_of(each) for each in parents}}
        grown = not more <= found
        found |= more
    return frozenset(found)


def _fresh(old: RunRow, now: float) -> RunRow:
    """The row of a run that is to begin again."""
    return replace(
        old,
        state=INITIAL,
        due_at=now,
        started_at=None,
        ended_at=None,
        seconds=None,
        sla_at=None,
        sla_missed=False,
        failed_block=None,
        error="",
        cancel_requested=False,
        waiting=None,
        lease_owner=None,
        lease_until=None,
        process=None,
        blocks_total=0,
        blocks_done=0,
    )


def _found(connection: sa.Connection, state: State, name: str, doing: str) -> RunRow:
    row = state.runs.held(connection, name)  # two who ask for the same at once must not both find it as it was
    if row is None:
        message = f"{doing} run {name[:100]}: there is none of that name"
        raise RunNotFoundError(message, hint="It may have been deleted.")
    return row


def _ended(connection: sa.Connection, state: State, name: str, doing: str) -> RunRow:
    row = _found(connection, state, name, doing)
    if row.open:
        raise RunStateError(f"{doing} run {name}: it is {row.state}", hint="Cancel it, or wait for its end.")
    return row


def _seconds(row: RunRow, now: float) -> float | None:
    return max(0.0, now - row.started_at) if row.started_at is not None else None


def _sla_at(sla: Any, date: float) -> float | None:
    """When a run is late: so many seconds after its execution date."""
    if not isinstance(sla, int | float) or isinstance(sla, bool) or sla <= 0:
        return None
    return date + float(sla)


def _priority(value: Any) -> int:
    """A number that every database can hold, whatever a file says: one odd trigger must not keep back the others."""
    given = int(value) if isinstance(value, int | float) else 0
    return max(-MOST_PRIORITY, min(given, MOST_PRIORITY))
