"""What becomes of children whose parent did not come to its end: they are withdrawn, and made anew.

A block that yields has children before it has published anything. When its attempt is given up and another follows,
what they were made from never was: those under way are ended, all count no more, and the next attempt begins when the
last of their processes is gone. So there are never two attempts of one child at once. A block that has failed since it
would run too often stays so, and its children go as well: they would pass for children of what the next attempt yields.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from penstock.model.expand import Mode, base_of
from penstock.model.messages import Failure
from penstock.model.run_nouns import DONE, ENDED, BlockRun, BlockState, Dispatch, Kill, Run, RunState, Withdrawn
from penstock.model.settling import Settling


def withdraw(step: Settling, parent: str, wait: float) -> None:
    """Take back the children that were made from what an attempt of a block has yielded, and have it tried again.

    Args:
        step: the step in which the attempt has failed.
        parent: the block.
        wait: seconds until it is tried again, from the end of the last child on.
    """
    run = step.run
    ebbing: set[str] = set()
    for block in list(_grown_from(run, parent)):
        counted = block in run.growing or _has_come(run, block)
        closed = block in run.children and block not in run.growing
        children = run.children.pop(block, [])
        for key in children:
            ebbing |= _take_back(step, key, parent)
        if run.growing.pop(block, None) is not None:
            step.put(block, BlockRun())
        if closed:
            run.children[block] = []
            step.finish(block)
        run.waiting[block] += counted
        if children:
            step.do(Withdrawn(block, tuple(children)))
    run.streams.pop(parent, None)
    if ebbing:
        run.ebbing[parent] = (ebbing, wait)
    else:
        step.do(Dispatch(parent, wait))


def _has_come(run: Run, block: str) -> bool:
    """Whether that block waits no longer for the first of what it is made from."""
    parent = run.fans.streams[block].parent
    return parent in run.streams or parent in run.children


def _grown_from(run: Run, parent: str) -> Iterator[str]:
    """The blocks that grow with what that one yields, or did until they failed, those further down first."""
    for block in run.down[parent]:
        axis = run.fans.streams.get(block)
        waits = run.blocks[block].state is BlockState.INITIAL or block in run.growing or block in run.children
        if axis is not None and axis.parent == parent and waits:
            yield from _grown_from(run, block)
            yield block


def _take_back(step: Settling, key: str, parent: str) -> set[str]:
    """Let a child count no more; itself, if its process has to end first."""
    run, entry = step.run, step.run.blocks[key]
    under_way = entry.state is BlockState.RUNNING
    if under_way:
        step.do(Kill(key))
    else:
        del run.units[key]
    if entry.state not in ENDED:
        run.open -= 1
    for known in (run.down, run.waiting, run.saved):
        known.pop(key, None)
    run.tainted.discard(key)
    _set_aside(run, key, replace(entry, state=BlockState.CANCELLED, ref=None, items=None, failure=_why(parent)))
    return {key} if under_way else set()


def _set_aside(run: Run, key: str, entry: BlockRun) -> None:
    run.blocks[key] = entry
    run.changed[key] = None
    run.withdrawn.add(key)


def _why(parent: str) -> Failure:
    return Failure(
        "withdrawn",
        f"{parent} did not come to its end: what this child was made from counts no more",
        f"Nothing to do: where {parent} is tried again, it runs again when it is yielded again.",
        "X104",
    )


def left_behind(block: str) -> Failure:
    """Why a child counts no more that a run which was taken up had no cause to make again."""
    message = f"{block} was made anew when its run was taken up, and this child was not among those that it ran as"
    return Failure("withdrawn", message, "Nothing to do: what it was made from came to nothing.", "X104")


def ebbed(run: Run, key: str) -> list[Dispatch] | None:
    """The process of a withdrawn child has ended: what follows; None when it is no such child."""
    for parent, (left, wait) in run.ebbing.items():
        if key in left:
            left.discard(key)
            run.units.pop(key, None)
            if left:
                return []
            del run.ebbing[parent]
            again = run.state is RunState.RUNNING and run.blocks[parent].state is BlockState.QUEUED
            return [Dispatch(parent, wait)] if again else []
    return None


def leave_behind(step: Settling) -> None:
    """Set aside what another process stored of children whose parent does not count as ended, when a run is taken up.

    With a parent that is to run again they are withdrawn; with one that has failed those that had ended stay as they
    are, and the others do not run.
    """
    run = step.run
    for parent in {axis.parent for axis in run.fans.streams.values() if axis.mode is Mode.ITEM}:
        saved = run.saved.get(parent)
        state = saved.state if saved is not None else BlockState.QUEUED
        if state in DONE or state is BlockState.CONDITION_FAILED:
            continue
        for block in set(_below(run, parent)):
            keys = [key for key in run.saved if key != block and base_of(key) == block]
            for key in keys:
                _leave(run, key, parent, failed=state is BlockState.FAILED)
            if state is not BlockState.FAILED:
                run.saved.pop(block, None)
                step.do(Withdrawn(block, tuple(keys)))


def _leave(run: Run, key: str, parent: str, *, failed: bool) -> None:
    entry = run.saved.pop(key)
    if not failed:
        entry = replace(entry, state=BlockState.CANCELLED, ref=None, items=None, failure=_why(parent))
    elif entry.state not in ENDED:
        entry = replace(entry, state=BlockState.UPSTREAM_FAILED)
    _set_aside(run, key, entry)


def _below(run: Run, parent: str) -> Iterator[str]:
    for block, axis in run.fans.streams.items():
        if axis.parent == parent:
            yield block
            yield from _below(run, block)
