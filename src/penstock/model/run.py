"""The run state machine: `advance(run, event)` changes a run and gives the effects that the caller carries out.

Pure: no clock, no I/O. The command line, the scheduler and the tests drive the same functions. `run_nouns` holds the
nouns, `settling` what follows from what, `expand` how blocks fan out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from penstock.model.expand import NO_FANS, Fans
from penstock.model.graph import Graph
from penstock.model.messages import Failure, Frame
from penstock.model.product import Address, Items, ProductRef
from penstock.model.run_nouns import (
    BAD,
    DONE,
    ENDED,
    WELL,
    AttemptFailed,
    AttemptStarted,
    AttemptSucceeded,
    AttemptWaits,
    BlockFresh,
    BlockRun,
    BlockState,
    CancelRequested,
    ConditionFalse,
    Dispatch,
    Effect,
    Expanded,
    Grown,
    ItemsCame,
    Kill,
    RetryPolicy,
    Run,
    RunEnded,
    RunEvent,
    RunState,
    TimedOut,
    Withdrawn,
)
from penstock.model.settling import Settling
from penstock.model.withdrawal import ebbed, leave_behind, withdraw

__all__ = [
    "BAD",
    "DONE",
    "ENDED",
    "WELL",
    "AttemptFailed",
    "AttemptStarted",
    "AttemptSucceeded",
    "AttemptWaits",
    "BlockFresh",
    "BlockRun",
    "BlockState",
    "CancelRequested",
    "ConditionFalse",
    "Dispatch",
    "Effect",
    "Expanded",
    "Grown",
    "ItemsCame",
    "Kill",
    "RetryPolicy",
    "Run",
    "RunEnded",
    "RunEvent",
    "RunState",
    "TimedOut",
    "Withdrawn",
    "advance",
    "new_run",
    "restored",
    "snapshot",
]

_KEPT = DONE | {BlockState.FAILED, BlockState.CONDITION_FAILED}
"""Stored states that a run of another process takes over; blocks in any other run again."""


def new_run(
    run_id: str,
    graph: Graph,
    policies: Mapping[str, RetryPolicy] | None = None,
    *,
    keep_going: bool = True,
    fans: Fans = NO_FANS,
) -> tuple[Run, list[Effect]]:
    """A run of that graph and its first effects.

    Args:
        run_id: unique name of the run.
        graph: block -> upstream blocks; upstreams outside the graph count as satisfied.
        policies: retries per block; none where absent.
        keep_going: after a failure, go on with blocks that do not depend on it.
        fans: which blocks fan out, and over what.
    """
    step = Settling(_empty(run_id, graph, policies, keep_going, fans))
    step.begin()
    return step.run, step.settle()


def _empty(
    run_id: str, graph: Graph, policies: Mapping[str, RetryPolicy] | None, keep_going: object, fans: Fans
) -> Run:
    blocks = {node: BlockRun() for node in graph}
    return Run(run_id, graph, blocks, dict(policies or {}), keep_going=bool(keep_going), fans=fans)


def advance(run: Run, event: RunEvent) -> tuple[Run, list[Effect]]:
    """Change the run by the event; the same run, and what follows. Events of what has ended change nothing."""
    if isinstance(event, CancelRequested):
        return run, _end_all(run, RunState.CANCELLED, None)
    if isinstance(event, TimedOut):
        return run, _end_all(run, event.state, event.failure)
    follows = None if isinstance(event, ItemsCame) else ebbed(run, event.block)
    if follows is not None:
        return run, [*follows]
    current = run.blocks.get(event.block)
    if current is None or current.state in ENDED or event.block in run.children:
        return run, []
    step = Settling(run)
    _take(step, current, event)
    return run, step.settle()


_OfBlock = AttemptStarted | ItemsCame | AttemptSucceeded | AttemptFailed | AttemptWaits | BlockFresh | ConditionFalse


def _take(step: Settling, current: BlockRun, event: _OfBlock) -> None:
    """Change the entry of the block that an event is about, which has not ended."""
    key = event.block
    match event:
        case AttemptStarted():
            step.run.between.discard(key)
            step.put(key, replace(current, state=BlockState.RUNNING, attempts=current.attempts + 1))
        case ItemsCame(ref=ref, items=items):
            if current.state is BlockState.RUNNING and step.run.fans.streaming(key):
                step.came(key, ref, items)
        case AttemptSucceeded():
            _succeeded(step, current, event)
        case BlockFresh(ref=ref, items=items):
            step.end(key, replace(current, state=BlockState.SKIPPED, ref=ref, items=items))
        case ConditionFalse():
            step.end(key, replace(current, state=BlockState.CONDITION_FAILED, failure=_left_out(event)))
        case AttemptWaits():
            _too_early(step, key, current)
        case AttemptFailed():
            _attempt_failed(step, current, event)


def _left_out(event: ConditionFalse) -> Failure | None:
    """Which condition has left a block out; one that could not be asked is told apart from one that said no."""
    if not event.condition:
        return None
    if (wrong := event.failure) is None:
        return Failure("condition", f"condition {event.condition} said no")
    cause = wrong.message if wrong.kind in wrong.message else f"{wrong.kind}: {wrong.message}"
    return replace(wrong, kind="condition", message=f"condition {event.condition} failed and counts as no: {cause}")


def _succeeded(step: Settling, current: BlockRun, event: AttemptSucceeded) -> None:
    wrong = _contradiction(step.run, event)
    if wrong is not None:
        _attempt_failed(step, current, AttemptFailed(event.block, wrong, final=True))
        return
    ended = replace(current, state=BlockState.COMPLETED, ref=event.ref, items=event.items, failure=None)
    step.end(event.block, ended)


def _contradiction(run: Run, event: AttemptSucceeded) -> Failure | None:
    """Why the block's end does not go with what it has yielded, from which children are made."""
    stream = run.streams.get(event.block)
    if stream is None or (event.items is not None and event.items.labels() == tuple(stream.labels)):
        return None
    told = event.items.count if event.items is not None else 0
    yielded = len(stream.labels)
    message = f"running block {event.block}: it has yielded {yielded:,} items and returned {told:,} others"
    return Failure("lost", message, "Run the block again.", "X102")


def _is_over(run: Run, key: str) -> bool:
    """Whether nothing is begun any more: of the whole run, or of a block whose parent failed while it yielded."""
    return run.stopping or (key in run.units and run.base(key) in run.floor)


def _too_early(step: Settling, key: str, current: BlockRun) -> None:
    """The attempt counts for nothing; where another block has failed, and nothing is begun any more, there is none."""
    step.run.between.add(key)
    if _is_over(step.run, key):
        step.end(key, replace(current, state=BlockState.CANCELLED))
    else:
        step.put(key, replace(current, state=BlockState.QUEUED, attempts=max(0, current.attempts - 1)))


def _attempt_failed(step: Settling, current: BlockRun, event: AttemptFailed) -> None:
    run = step.run
    if current.state is not BlockState.RUNNING:  # no worker could be started: that attempt counts too
        current = replace(current, attempts=current.attempts + 1)
    wait = None if event.final else run.policy(event.block).wait(current.attempts)
    if wait is not None and not _is_over(run, event.block):
        step.put(event.block, replace(current, state=BlockState.QUEUED, failure=event.failure))
        if event.block in run.streams:
            withdraw(step, event.block, wait)
        else:
            step.do(Dispatch(event.block, wait))
        return
    step.fail(event.block, replace(current, state=BlockState.FAILED, failure=event.failure))


def _end_all(run: Run, state: RunState, failure: Failure | None) -> list[Effect]:
    """End everything that has not ended; with a failure, what is under way has failed for that reason."""
    if run.state is not RunState.RUNNING:
        return []
    effects: list[Effect] = []
    for key, entry in run.blocks.items():
        if entry.state in ENDED:
            continue
        under_way = entry.state is BlockState.RUNNING
        if under_way and key not in run.children:
            effects.append(Kill(key))
        if (under_way or key in run.between) and failure is not None and state is RunState.FAILED:
            run.blocks[key] = replace(entry, state=BlockState.FAILED, failure=failure)
        else:
            run.blocks[key] = replace(entry, state=BlockState.CANCELLED)
        run.changed[key] = None
    run.open = 0
    run.state = state
    return [*effects, RunEnded(state)]


def snapshot(run: Run, key: str) -> dict[str, Any]:
    """An entry of the run as JSON values, for `restored`."""
    entry = run.blocks[key]
    return {
        "state": entry.state.value,
        "attempts": entry.attempts,
        "ref": asdict(entry.ref) if entry.ref is not None else None,
        "failure": asdict(entry.failure) if entry.failure is not None else None,
        "items": asdict(entry.items) if entry.items is not None else None,
    }


def restored(
    run_id: str,
    graph: Graph,
    policies: Mapping[str, RetryPolicy] | None,
    entries: Mapping[str, Mapping[str, Any]],
    *,
    keep_going: bool = True,
    fans: Fans = NO_FANS,
) -> tuple[Run, list[Effect]]:
    """A run of another process, taken up where its stored entries say, and the effects with which it goes on.

    What had ended by itself stays so; everything else runs again, its attempts counted on. Children are made anew from
    what their parents had returned, and keep their own entries.

    Args:
        run_id: the run's name.
        graph: as for `new_run`.
        policies: as for `new_run`.
        entries: what `snapshot` gave for blocks and children; left out is what is to run again from the start.
            `between` says of one that it had found it too early.
        keep_going: as for `new_run`.
        fans: as for `new_run`.
    """
    run = _empty(run_id, graph, policies, keep_going, fans)
    run.saved = {key: _entry(saved) for key, saved in entries.items()}
    begun = {key for key, saved in entries.items() if saved.get("between")}
    run.between = {key for key in begun if run.saved[key].state not in ENDED}
    step = Settling(run)
    leave_behind(step)
    step.begin()
    return run, step.settle()


def _entry(saved: Mapping[str, Any]) -> BlockRun:
    ref, failure, items = saved.get("ref"), saved.get("failure"), saved.get("items")
    state = BlockState(saved["state"])
    return BlockRun(
        state=state if state in _KEPT else BlockState.QUEUED,
        attempts=int(saved.get("attempts") or 0),
        ref=ProductRef(Address(**ref["address"]), ref["version"]) if ref else None,
        failure=Failure(**{**failure, "frames": tuple(Frame(**frame) for frame in failure.get("frames") or ())})
        if failure
        else None,
        items=Items(int(items["count"]), tuple(items["names"])) if items else None,
    )
