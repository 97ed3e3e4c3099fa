"""The promises, and whether a play has kept them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from penstock.model.messages import WorkOrder
from penstock.model.slots import due_slots
from penstock.model.trigger_definition import from_definition
from penstock.state.rows import BlockRunRow, RunRow
from penstock.state.run_list import RunFilter
from tools.simulation.families import check_families
from tools.simulation.pipelines import RETRIES, STREAMS
from tools.simulation.stream_checks import check_beginning, check_given, check_streams, is_group, is_withdrawn, named
from tools.simulation.world import BrokenPromiseError

if TYPE_CHECKING:
    from tools.simulation.play import Play
    from tools.simulation.process import Process

CANCELLED_WITHIN = (12.0, 100.0)
"""Seconds after which a run that was to be cancelled has ended, also when nobody heard of it: all being well, or not."""
AGAIN_WITHIN = 40.0
"""Seconds after which a trigger that is always on has begun again."""
UNDER_WAY = frozenset({"running", "queued", "initial"})


def check_order(play: Play, process: Process, order: WorkOrder) -> None:
    """A block is never started again by the driver of its run when its end is in the store."""
    check_beginning(process, order)
    away, play.state.away = play.state.away, False
    with play.state.read() as connection:
        rows = play.state.block_runs.of_run(connection, order.run)
        run = play.state.runs.get(connection, order.run)
    play.state.away = away
    if run is None or run.lease_owner != process.name:
        return
    world, streams = play.world, run.pipeline in STREAMS
    done = play.done.setdefault(order.run, set())
    completed = [row for row in rows if row.state == "completed" and (row.version or not streams)]
    tokens = world.streams.tokens
    done.update(
        named(world, run.id, row.block, tokens[row.version or ""]) if streams else row.block for row in completed
    )
    if (named(world, run.id, order.key, order.fence.token) if streams else order.key) in done:
        raise BrokenPromiseError(f"{order.run} {order.key} is started again after its end")
    if not run.open:
        raise BrokenPromiseError(f"{order.run} has ended, and {order.key} is started")
    if streams:
        check_given(play, process, order, rows)


def check_limits(play: Play) -> None:
    """What is under way keeps to the limits."""
    if play.state.away:
        return
    with play.state.read() as connection:
        counts: Counter[str] = Counter()
        for group in play.state.runs.open_counts(connection):
            if group["leased"]:
                counts[group["pipeline"]] += int(group["count"])
        taken = play.state.holds.taken(connection)
    for pipeline, count in counts.items():
        most = play.rules(pipeline).pipeline
        if most is not None and count > most:
            raise BrokenPromiseError(f"{count} runs of {pipeline} are driven, and its limit is {most}")
    capacity = play.rules("one").capacity.get("database", 0)
    if taken.get("resource:database", 0) > capacity:
        raise BrokenPromiseError(f"{taken} is held, and there are {capacity}")


def check_living(play: Play) -> None:
    """A minute after all was well again nothing is left with somebody who is gone."""
    now = play.world.clock()
    alive = {process.name for process in play.processes if process.alive}
    with play.state.read() as connection:
        rows = play.state.runs.leased(connection)
    if left := [row.id for row in all_runs(play) if row.state == "running" and row.lease_owner is None]:
        raise BrokenPromiseError(f"{left} are running, and nobody drives them")
    for row in rows:
        if row.lease_owner not in alive or (row.lease_until or 0.0) < now - 1.0:
            raise BrokenPromiseError(f"{row.id} is left with {row.lease_owner}, whose lease ended at {row.lease_until}")


def check_renewed(play: Play, process: Process) -> None:
    """Who has renewed its leases drives all of the runs that they are of: others are kept from them."""
    away, play.state.away = play.state.away, False
    with play.state.read() as connection:
        held = {row.id for row in play.state.runs.leased(connection, process.name)}
    play.state.away = away
    if process.core is not None and (unknown := held - process.core.runs.keys()):
        raise BrokenPromiseError(f"{process.name} keeps {sorted(unknown)} and does not drive them")


def check_probe(play: Play) -> None:
    """A run that was asked for when all was well has begun a second later."""
    with play.state.read() as connection:
        row = play.state.runs.get(connection, play.probe)
    if play.curses.place(play.probe):
        return
    if row is None or (row.lease_owner is None and row.open):
        raise BrokenPromiseError(f"the run {play.probe} was asked for, everybody was told, and it has not begun")


def check_end(play: Play) -> None:
    """Everything that holds when nothing is left to do."""
    rows = all_runs(play)
    with play.state.read() as connection:
        blocks = {row.id: play.state.block_runs.of_run(connection, row.id) for row in rows}
        held = play.state.holds.taken(connection)
    for row in rows:
        _check_run(play, row, blocks[row.id])
        _check_kept(play, row, blocks[row.id])
    if held:
        raise BrokenPromiseError(f"nothing is under way, and {held} is held")
    timed = {row.id for row in play.people.triggers if row.definition["kind"] == "time"}
    slots = Counter((row.trigger_id, row.slot) for row in rows if row.trigger_id in timed and row.retry_of is None)
    for slot, count in slots.items():
        if slot[1] is not None and count > 1:
            raise BrokenPromiseError(f"the slot {slot} has {count} runs")
    check_families(rows)
    _check_followers(play, rows)
    _check_backfills(play, rows)
    if not play.jumped:
        _check_slots(play, rows)


def all_runs(play: Play) -> list[RunRow]:
    """Every run there is."""
    with play.state.read() as connection:
        page = play.state.runs.page(connection, RunFilter(), limit=10_000)
        return list(play.state.runs.many(connection, [row.id for row in page.rows]).values())


def _check_run(play: Play, row: RunRow, blocks: list[BlockRunRow]) -> None:
    if row.open or row.lease_owner is not None:
        raise BrokenPromiseError(f"{row.id} never ended: {row}")
    if row.state == "failed" and not row.error:
        raise BrokenPromiseError(f"{row.id} failed without a cause")
    for block in blocks:
        _check_block(play, row, block)
    if row.pipeline in STREAMS:
        check_streams(play, row, blocks)
    if play.jumped:
        return
    asked = play.people.cancelled.get(row.id)
    limit = CANCELLED_WITHIN[bool(play.people.troubles)]
    if asked is not None and row.state == "completed" and (row.ended_at or 0.0) > play.start + asked + limit:
        raise BrokenPromiseError(f"{row.id} was to be cancelled, and completed {limit} s later")
    if not play.people.troubles and row.id not in play.people.retried and not play.curses.place(row.id):
        _check_calm(row, blocks)


def _check_block(play: Play, row: RunRow, block: BlockRunRow) -> None:
    if block.state in UNDER_WAY or block.ended_at is None:
        raise BrokenPromiseError(f"{row.id} has ended as {row.state}, and {block.block} is {block.state}")
    if row.state == "completed" and block.state != "completed" and not is_withdrawn(block):
        raise BrokenPromiseError(f"{row.id} is complete without {block.block}")
    published = is_group(block, row.pipeline) or _is_published(play, row.id, block)
    if block.state == "completed" and not published:
        raise BrokenPromiseError(f"{row.id} {block.block} is complete with what nobody has published")


def _check_kept(play: Play, row: RunRow, blocks: list[BlockRunRow]) -> None:
    """What was complete in the store stays so; of what is made from what others yield `check_streams` knows more."""
    states = {block.block: block.state for block in blocks}
    for name in play.done.get(row.id, ()):
        if " of " not in name and states.get(name) != "completed":
            raise BrokenPromiseError(f"{row.id} {name} was complete, and is {states.get(name)}")


def _check_calm(row: RunRow, blocks: list[BlockRunRow]) -> None:
    """What a run is like in a world in which nothing goes wrong."""
    if row.lease_token > 1:
        raise BrokenPromiseError(
            f"nothing went wrong, and {row.id} was driven by {row.lease_token} one after the other"
        )
    for block in blocks:
        if block.attempts > 1 + RETRIES[row.pipeline]:
            raise BrokenPromiseError(f"{row.id} {block.block} was tried {block.attempts} times")
    timeout = row.settings.get("timeout")
    if timeout and row.seconds is not None and row.seconds > timeout + 5:
        raise BrokenPromiseError(f"{row.id} took {row.seconds} s, and its timeout is {timeout} s")


def _is_published(play: Play, run: str, row: BlockRunRow) -> bool:
    world = play.world
    tokens = range(1, world.fences.get((run, row.block), 0) + 1)
    return row.version in {world.published.get((run, row.block, token)) for token in tokens}


def _check_slots(play: Play, rows: list[RunRow]) -> None:
    """Every slot that was due has its run."""
    at = datetime.fromtimestamp(play.calm_at, UTC) + timedelta(seconds=5)
    for row in play.people.triggers:
        made = [run for run in rows if run.trigger_id == row.id]
        if row.definition["kind"] != "time":
            continue
        if row.definition["schedule"] == "@always_on":
            newest = max((max(run.created_at, run.ended_at or 0.0) for run in made), default=0.0)
            if newest < play.calm_at + AGAIN_WITHIN:
                raise BrokenPromiseError(f"{row.name} is always on, and the last that was heard of it was at {newest}")
            continue
        enabled = datetime.fromtimestamp(row.last_enabled_at or 0.0, UTC)
        slots = due_slots(from_definition(row.definition), None, at, enabled_at=enabled)
        lost = {slot.logical.timestamp() for slot in slots} - {run.slot for run in made}
        if lost:
            raise BrokenPromiseError(f"{row.name} {row.definition}: slots without a run: {lost}")


def _check_followers(play: Play, rows: list[RunRow]) -> None:
    """Each run that completed has its follower."""
    for row in play.people.triggers:
        if row.definition["kind"] != "dependency":
            continue
        (upstream,) = row.definition["settings"]["after"]
        again = play.people.repeated  # such a run completes more than once
        made = [run for run in rows if run.trigger_id == row.id and run.retry_of is None]
        followers = Counter(str((run.event or {}).get("run")) for run in made)
        causes = [run.id for run in rows if run.pipeline == upstream["pipeline"] and run.state == "completed"]
        once = Counter({run: count for run, count in followers.items() if run not in again})
        if once != Counter(run for run in causes if run not in again) or set(causes) - followers.keys():
            raise BrokenPromiseError(f"followers of {upstream}: {followers}, and the runs {causes}")


def _check_backfills(play: Play, rows: list[RunRow]) -> None:
    """Each window of a backfill has its runs, and the backfill has ended."""
    with play.state.read() as connection:
        found = {row.id: row for row in play.state.backfills.all(connection)}
    for number, days in play.people.backfills.items():
        if number in play.people.stopped:
            continue
        row = found[number]
        if row.state == "initial":
            continue  # nobody heard that it was stored, and so nobody has started it
        windows = Counter(
            run.slot for run in rows if run.backfill_id == number and run.ordinal == 0 and run.retry_of is None
        )
        if sorted(slot for slot in windows if slot is not None) != list(range(days)) or set(windows.values()) != {1}:
            raise BrokenPromiseError(f"backfill {number} of {days} windows has the runs {windows}")
        if row.state not in {"completed", "failed"}:
            raise BrokenPromiseError(f"backfill {number} is {row.state}, and all of its runs have ended")
