"""What a block under way yields, on the control side: parts that are taken, children that come and go with them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from penstock.data import ProductStore
from penstock.engine.endings import after_storing
from penstock.engine.events import Ended
from penstock.engine.handle import Current, RunHandle
from penstock.model import events
from penstock.model.errors import PenstockError
from penstock.model.messages import Failure, Yielded
from penstock.model.product import Address, PartName, ProductRef
from penstock.model.run import ENDED, Effect, Expanded, Grown, ItemsCame, Withdrawn

Waiting = tuple[float, int, RunHandle, str]
"""An attempt that is to start: when, in which order, of which run, of what."""
YIELDS = -1
"""Among the unanswered requests of an attempt: it takes no place, for its children are to go on beside it."""
_REFUSED = Failure(
    "lost",
    "the block's process told of a part which is not the next one of those that it yields, and was ended",
    "Code in the block may write to file descriptors that are not its own.",
    "X105",
)


def part_came(key: str, current: Current, event: Yielded) -> ItemsCame | None:
    """The fact that a part has come; None when it is not the next one of an attempt that was to tell of them.

    The part is that of this attempt by its own order, whatever the process says. Nothing is believed of a process that
    has told of another one: its attempt has failed, as `believed` says.
    """
    order = current.attempt.order
    if current.refused or not order.tell_parts or event.number != current.parts:
        current.refused = True
        return None
    current.parts += 1
    address = Address(order.pipeline, order.key, order.stored_in or order.partition)
    part = PartName(order.fence.run, order.fence.token, event.number)
    return ItemsCame(key, ProductRef(address, part.version()), event.items)


def believed(current: Current, end: Ended) -> Ended:
    """How an attempt has ended: not well when a part was refused, even if its process came to its end by itself."""
    stored = current.output is not None and bool(current.attempt.order.callbacks)
    if end.failure is not None and stored and not current.refused:
        return replace(end, failure=after_storing(end.failure))
    if not current.refused or (end.failure is not None and end.failure.kind != "killed"):
        return end
    return replace(end, failure=replace(_REFUSED, traceback=end.output))


def regroup(handle: RunHandle, effect: Expanded | Grown | Withdrawn) -> set[str]:
    """Note which children count no more, and which of those do so again; the former."""
    children = set(effect.children)
    again = children if isinstance(effect, Withdrawn) else handle.withdrawn & children
    handle.told -= again
    for key in again:
        handle.first_start.pop(key, None)
        handle.failures.pop(key, None)
        handle.due.pop(key, None)
    if not isinstance(effect, Withdrawn):
        handle.withdrawn -= again
        return set()
    if handle.run.blocks[effect.block].state not in ENDED:  # else it has failed for good, and only its children go
        handle.told.discard(effect.block)
    handle.withdrawn |= children
    handle.held = type(handle.held)(entry for entry in handle.held if entry[2] not in children)
    return children


def regrouped(handle: RunHandle, effects: list[Effect]) -> set[str]:
    """As `regroup`, for all that follows from one fact."""
    gone: set[str] = set()
    for effect in effects:
        if isinstance(effect, Expanded | Grown | Withdrawn):
            gone |= regroup(handle, effect)
    return gone


def without(entries: list[Waiting], handle: RunHandle, gone: set[str]) -> list[Waiting]:
    """What waits for its start, but for those children of that run."""
    return [entry for entry in entries if entry[2] is not handle or entry[3] not in gone]


def forget_parts(store: ProductStore, run: str) -> None:
    """Remove what blocks of a run that has ended have yielded, beside everything else: there may be thousands of files.

    What cannot be removed now goes with the housekeeping of a day to come.
    """
    ended: list[str] = []
    with suppress(PenstockError):
        ended = store.yielding(run)  # now: the run may be retried in a moment

    def work() -> None:
        with suppress(PenstockError):
            store.forget_parts(ended)

    if ended:
        threading.Thread(target=work, name=f"parts of {run}").start()


def expansion_told(handle: RunHandle, effect: Expanded | Grown, now: float) -> Iterator[events.Event]:
    """What there is to tell when a block has fanned out, or further."""
    run, block = handle.plan.run, effect.block
    if isinstance(effect, Expanded):
        yield events.BlockExpanded(run, block, effect.children, now, effect.left_out)
    else:
        yield events.BlockGrew(run, block, effect.children, now, effect.left_out)
    if effect.left_out:
        text = f"the limit of {handle.plan.fan_out.most:,} children leaves out {effect.left_out:,} more"
        yield events.BlockLogged(run, block, "WARNING", text, now)
