"""Why is it not running? One sentence about a run or a block in it, from the store and the limits as they are now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from penstock.model.expand import base_of
from penstock.model.run import DONE, ENDED
from penstock.schedule.awaiting import awaited_by, unnamed_waits
from penstock.schedule.claim import AT_ONCE
from penstock.schedule.limit_rules import Rules
from penstock.schedule.limits import Load, blocked_words, refusal
from penstock.schedule.presence import NO_SCHEDULER, START_ONE, presence
from penstock.schedule.reasons import Explanation, Reason, counted, listed, moment
from penstock.schedule.stumbles import STUMBLED
from penstock.state.rows import INITIAL, Blocked, BlockRunRow, RunRow

if TYPE_CHECKING:
    import sqlalchemy as sa

    from penstock.state.store import State

_SHOWN = 20
_LOOKED_AT = 500
_FOLLOWED = 3
_DEEP = 5
"""How far it is followed that a run waits for another, which waits for another."""
RulesOf = Callable[[str], Rules]


def explain_run(state: State, connection: sa.Connection, row: RunRow, rules: RulesOf, now: float) -> Explanation:
    """Why a run has not begun, does not go on, or has ended as it has.

    Args:
        state: the store.
        connection: in a transaction.
        row: the run.
        rules: the limits of a pipeline, such as a `RuleBook`.
        now: seconds since the epoch.
    """
    if not row.open:
        return Explanation((_ended(row),))
    if row.state == INITIAL and row.lease_owner is None:
        return Explanation(tuple(_waiting(state, connection, row, rules, now)))
    return Explanation(tuple(_under_way(state, connection, row, rules, now)))


def explain_block(
    state: State, connection: sa.Connection, row: RunRow, block: str, rules: RulesOf, now: float
) -> Explanation | None:
    """Why a block of a run has not started, or has ended as it has; None when it takes no part in the run.

    Arguments as for `explain_run`; `block` is a block's uuid, or the key of a dynamic child.
    """
    blocks = {each.block: each for each in state.block_runs.of_run(connection, row.id)}
    found = blocks.get(block)
    if found is None:
        if row.state != INITIAL:
            return None
        run = explain_run(state, connection, row, rules, now)
        return Explanation((Reason(f"its run has not begun: {run.text}", row.created_at), *run.details))
    reason = _of_block(state, connection, row, found, blocks, rules(row.pipeline), now)
    if found.state in {"initial", "queued"} and not row.open:
        reason = Reason(f"it did not start before its run {_past(row.state)}", row.ended_at, "Retry the run.")
    return Explanation((reason,))


def has_scheduler(state: State, connection: sa.Connection, now: float) -> bool:
    """Whether a scheduler is there."""
    return presence(state, connection, now).there > 0


def _ended(row: RunRow) -> Reason:
    match row.state:
        case "completed":
            return Reason("it has completed", row.ended_at)
        case "failed":
            where = f" in block {row.failed_block}" if row.failed_block else ""
            return Reason(f"it failed{where}: {row.error or 'no reason was told'}", row.ended_at, "Retry it.")
        case "cancelled" if row.error:
            return Reason(row.error, row.ended_at, "Retry it to run it all the same.")
        case "cancelled":
            return Reason("it was cancelled", row.ended_at, "Retry it.")
        case _:
            return Reason("the process that drove it ended before it", row.ended_at, "Retry it.")


def _waiting(state: State, connection: sa.Connection, row: RunRow, rules: RulesOf, now: float) -> list[Reason]:
    """Everything that keeps a run from beginning, what weighs most first."""
    found = []
    if row.due_at > now:
        found.append(
            Reason(f"it is not to begin before {moment(row.due_at)}", row.created_at, "Nothing has to be done.")
        )
    schedulers = presence(state, connection, now).there
    if not schedulers:
        found.append(Reason(NO_SCHEDULER, row.due_at, START_ONE))
    counts = state.runs.open_counts(connection)
    load = Load.counted(counts)
    own = rules(row.pipeline)
    refused = refusal(own, load, row)
    told = row.waiting or {}
    if refused is not None:
        since = told.get("since") if told.get("kind") == refused.kind else row.due_at
        found.append(Reason(refused.text, since, refused.change))
    elif told.get("kind") == STUMBLED:
        found.append(Reason(str(told.get("text")), told.get("since"), "It is tried again by itself."))
    elif told.get("kind") == "handed_over":
        found.append(Reason(str(told.get("text")), told.get("since"), START_ONE))
    found += [
        reason for reason in (_full(counts, schedulers, row), _ahead(state, connection, row, own, load, now)) if reason
    ]
    if not found:
        found.append(Reason("nothing keeps it: a scheduler takes it next", row.due_at))
    return found


def _full(counts: Iterable[Mapping[str, Any]], schedulers: int, row: RunRow) -> Reason | None:
    """Every scheduler drives as many runs as it takes."""
    driven = sum(int(line["count"]) for line in counts if line["leased"] and not line["waits"])
    if not schedulers or driven < schedulers * AT_ONCE:
        return None
    text = f"{driven} runs are under way, as many as are driven at once"
    return Reason(text, row.due_at, "It begins when one of them has ended and it is the turn of its pipeline.")


def _ahead(state: State, connection: sa.Connection, row: RunRow, rules: Rules, load: Load, now: float) -> Reason | None:
    """The runs of its pipeline that come before it."""
    queue = _queue(state, connection, row, rules, load, now)
    names = [each.id for each in queue]
    place = names.index(row.id) if row.id in names else len(names)
    if place == 0 or row.due_at > now:
        return None
    higher = sum(each.priority > row.priority for each in queue[:place])
    many = f"{place}" if place < _LOOKED_AT else f"{_LOOKED_AT} or more"
    verb = "run comes" if place == 1 else "runs of its pipeline come"
    text = f"{many} {verb} before it"
    if higher:
        text += f", {higher} of them with a higher priority"
    return Reason(text, row.due_at, f"The first of them is {names[0]}; a higher priority moves it forward.")


def _queue(state: State, connection: sa.Connection, row: RunRow, rules: Rules, load: Load, now: float) -> list[RunRow]:
    """What waits of its pipeline, itself too, in this order; not what the limit of another trigger keeps back."""
    full: set[int] = set()
    while True:
        queue = state.runs.waiting(connection, now, _LOOKED_AT, pipeline=row.pipeline, but_of=full)
        found: set[int] = set()
        for each in queue:
            if each.trigger_id is not None and each.trigger_id not in {row.trigger_id, *found}:
                refused = refusal(rules, load, each)
                if refused is not None and refused.kind == "trigger_limit":
                    found.add(each.trigger_id)
        if not found:
            return queue
        full |= found


def _under_way(
    state: State, connection: sa.Connection, row: RunRow, rules: RulesOf, now: float, deep: int = _DEEP
) -> list[Reason]:
    blocks = {each.block: each for each in state.block_runs.of_run(connection, row.id)}
    found = []
    if row.cancel_requested:
        found.append(Reason("it is being cancelled: its blocks are given a moment to end", None))
    if row.lease_owner is None and row.lease_token > 0:
        found.append(Reason("nobody drives it at the moment", None, START_ONE))
    elif row.lease_until is not None and row.lease_until < now:
        text = f"the process that drove it is gone since about {moment(row.lease_until)}"
        alive = has_scheduler(state, connection, now)
        found.append(Reason(text, row.lease_until, "A scheduler takes it over." if alive else START_ONE))
    found += _awaited(state, connection, row, rules, now, deep)
    working, waits = _not_named(row, blocks), unnamed_waits(row.waiting)
    idle = [each for each in blocks.values() if each.state in {"initial", "queued"}]
    if waits:  # which of those they are is not known
        if len(working) > waits:
            found.append(Reason(f"it is under way: {counted(len(working) - waits, 'block')}", row.started_at))
    elif working or not (idle or found):
        what = f": {listed(working)}" if working else ""
        found.append(Reason(f"it is under way{what}", row.started_at))
    own = rules(row.pipeline)
    for each in idle[:_SHOWN]:
        reason = _of_block(state, connection, row, each, blocks, own, now)
        found.append(Reason(f"block {each.block}: {reason.text}", reason.since, reason.change))
    if len(idle) > _SHOWN:
        found.append(Reason(f"{counted(len(idle) - _SHOWN, 'more block')} wait"))
    return found


def _awaited(
    state: State, connection: sa.Connection, row: RunRow, rules: RulesOf, now: float, deep: int
) -> list[Reason]:
    """The runs that blocks of a run wait for, and how the first of them stand, those that they wait for as well."""
    said = awaited_by(row.waiting)
    found = [reason for _, reason in said]
    if waits := unnamed_waits(row.waiting):
        found.append(Reason(f"and {waits:,} more wait{'s' if waits == 1 else ''} for other runs"))
    others = state.runs.many(connection, {name for name, _ in said[:_FOLLOWED]}) if deep else {}
    for name in sorted(others):
        if (other := others[name]).state == INITIAL:
            reasons = _waiting(state, connection, other, rules, now)
        else:
            reasons = _under_way(state, connection, other, rules, now, deep - 1)[:1] if other.open else []
        found += [Reason(f"run {name}: {each.text}", each.since, each.change) for each in reasons]
    return found


def _of_block(
    state: State,
    connection: sa.Connection,
    row: RunRow,
    found: BlockRunRow,
    blocks: Mapping[str, BlockRunRow],
    rules: Rules,
    now: float,
) -> Reason:
    if found.state == "running":
        return _running(row, found, blocks)
    if found.state in ENDED or found.state == "interrupted":
        return _block_ended(found, blocks)
    missing = [parent for parent in found.upstream if parent in blocks and blocks[parent].state not in ENDED]
    if missing:
        states = [f"{parent} ({blocks[parent].state})" for parent in missing]
        return Reason(f"it waits for {listed(states)}", found.queued_at, f"It starts when {listed(missing)} has ended.")
    if found.due_at is not None and found.due_at > now:
        return _later(found)
    blocked = _blocked(state, connection, row, found.block, rules)
    if blocked is not None:
        refused = blocked_words(blocked)
        return Reason(refused.text, found.queued_at, refused.change)
    return _ready(row, found, blocks, rules)


def _not_named(row: RunRow, blocks: Mapping[str, BlockRunRow]) -> list[str]:
    """The blocks under way of which the run does not say that they wait; a fanned-out one is told by its children."""
    named = {key for key in blocks if awaited_by(row.waiting, key)}
    running = [key for key, each in blocks.items() if each.state == "running"]
    parents = {base_of(key) for key in running if base_of(key) != key}
    return [key for key in running if key not in named and key not in parents]


def _running(row: RunRow, found: BlockRunRow, blocks: Mapping[str, BlockRunRow]) -> Reason:
    """A block that is under way, or waits for other runs: itself, or all of its children that are under way."""
    if own := awaited_by(row.waiting, found.block):
        return own[0][1]
    parts = [key for key, each in blocks.items() if each.state == "running" and found.block in {key, base_of(key)}]
    said = [reason for key in parts for _, reason in awaited_by(row.waiting, key)[:1]]
    alone, waits = _not_named(row, blocks), unnamed_waits(row.waiting)
    unnamed = set(alone) & set(parts)
    if unnamed and len(alone) > waits:
        text = "it is under way, or one of those that wait for other runs" if waits else "it is under way"
        return Reason(text, found.started_at)
    if not said:
        return Reason("it waits for another run", found.started_at, "It goes on when that one has ended.")
    first, more = said[0], len(said) + len(unnamed) - 1
    return replace(first, text=f"{first.text}, and {more:,} more wait{'s' if more == 1 else ''}") if more else first


def _ready(row: RunRow, found: BlockRunRow, blocks: Mapping[str, BlockRunRow], rules: Rules) -> Reason:
    """A block that could start."""
    if row.lease_owner is None:
        return Reason("nobody drives its run at the moment", found.queued_at, START_ONE)
    running = [key for key, each in blocks.items() if each.state == "running"]
    fanned_out = {base_of(key) for key in running if base_of(key) != key}
    busy = len([key for key in running if key not in fanned_out])
    under_way = f"{counted(busy, 'block')} of its run {'is' if busy == 1 else 'are'} under way"
    if rules.in_one_process and busy:
        text = f"{under_way}, and its pipeline runs in one process, one block at a time"
        return Reason(text, found.queued_at, "It starts when that one has ended.")
    if rules.run_blocks is not None and busy >= rules.run_blocks:
        text = f"{under_way}, and block_run_limit of its pipeline is {rules.run_blocks}"
        change = "It starts when one of them ends; a higher block_run_limit holds for runs that begin from then on."
        return Reason(text, found.queued_at, change)
    return Reason(
        f"it waits for a free worker; {under_way}",
        found.queued_at,
        "It starts when one is free; a higher queue_config.concurrency holds from the scheduler's next start on.",
    )


def _later(found: BlockRunRow) -> Reason:
    """A block that has a moment to wait for: a sensor that is asked again, an attempt after a failure."""
    assert found.due_at is not None
    told = found.waiting or {}
    if told.get("kind") == "sensor":
        text = f"{told.get('text')}; it is asked again at {moment(found.due_at)}"
        return Reason(text, told.get("since"), "It goes on when its code says so.")
    if found.failure:
        error = str(found.failure.get("message") or "it failed")
        text = f"attempt {found.attempts} failed ({error[:200]}); it is tried again at {moment(found.due_at)}"
        return Reason(text, found.queued_at, "Retry the run to try at once, once what failed is mended.")
    text = f"its condition is not met yet; it is asked again at {moment(found.due_at)}"
    return Reason(text, found.queued_at, "It goes on when its code says so.")


_HOW_IT_ENDED = {
    "completed": ("it has completed", None),
    "condition_failed": ("it was left out: its condition said no", "Change what the condition asks."),
    "skipped": ("it was not run again: its output is fresh", None),
    "cancelled": ("it was cancelled", "Retry the run."),
    "interrupted": ("the process that drove it ended before it", "Retry the run."),
}


def _block_ended(found: BlockRunRow, blocks: Mapping[str, BlockRunRow]) -> Reason:
    if found.state == "failed":
        message = str((found.failure or {}).get("message") or "no reason was told")
        return Reason(f"it failed: {message}", found.ended_at, "Retry from this block.")
    if found.state == "upstream_failed":
        bad = [name for name in found.upstream if name in blocks and blocks[name].state not in DONE]
        text = f"it did not run because {listed(bad) or 'something before it'} did not complete"
        return Reason(text, found.ended_at, "Retry what failed; this one follows.")
    text, change = _HOW_IT_ENDED.get(found.state, (f"it is {found.state}", None))
    if found.state == "condition_failed" and found.failure:
        text = f"it was left out: {found.failure.get('message')}"
    elif found.state == "condition_failed" and (out := [name for name in found.upstream if _left_out(blocks, name)]):
        text = f"it was left out, because {listed(out)} was"
    return Reason(text, found.ended_at, change)


def _left_out(blocks: Mapping[str, BlockRunRow], name: str) -> bool:
    return name in blocks and blocks[name].state == "condition_failed"


def _blocked(state: State, connection: sa.Connection, row: RunRow, block: str, rules: Rules) -> Blocked | None:
    """The first resource or limit that leaves no room for a block; nothing is taken."""
    wanted = rules.wanted(base_of(block))
    if not wanted:
        return None
    taken = dict.fromkeys(wanted, 0) | state.holds.taken(connection, wanted)
    for held in state.holds.of_run(connection, row.id):
        if held.block == block and held.key in taken:
            taken[held.key] -= held.units
    for key, (units, capacity) in wanted.items():
        if taken[key] + units > capacity:
            return Blocked(key, units, taken[key], capacity)
    return None


def _past(state: str) -> str:
    return "was cancelled" if state in {"cancelled", "interrupted"} else state
