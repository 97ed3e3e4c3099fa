"""What follows the end of a block that has not ended well: its callbacks, in a process of their own.

They run at least once: who takes a run over begins those again that a process was running which is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from penstock.data import ProductStore
from penstock.engine.attached import NOTHING_ATTACHED
from penstock.engine.handle import RunHandle
from penstock.engine.inputs import bound_inputs
from penstock.engine.plan import work_order
from penstock.model import events
from penstock.model.errors import PenstockError
from penstock.model.messages import Aftermath, CallbackStatus, Failure, InputOrder, WorkOrder
from penstock.model.run import BlockRun, BlockState

MOST = 6
"""How often callbacks are begun at most when the process that drives them ends each time."""


def aftermath_of(order: WorkOrder, entry: BlockRun) -> WorkOrder | None:
    """The order to run the callbacks of a block that has not ended well; None when there are none to run."""
    if not order.callbacks or entry.state not in {BlockState.FAILED, BlockState.CANCELLED}:
        return None
    interrupted = entry.failure is not None and entry.failure.kind == "interrupted"
    if entry.state is BlockState.CANCELLED or interrupted:
        return replace(order, aftermath=Aftermath(CallbackStatus.CANCELLED), conditions=())
    return replace(order, aftermath=Aftermath(CallbackStatus.FAILURE, entry.failure), conditions=())


def left_waiting(handle: RunHandle, store: ProductStore, key: str) -> WorkOrder | None:
    """The order to run the callbacks of a sensor that has ended between two of its questions; None for any other."""
    run, plan = handle.run, handle.plan
    if key not in run.between:
        return None
    run.between.discard(key)
    callbacks = plan.attached.get(run.base(key), NOTHING_ATTACHED).callbacks
    return aftermath_of(_order(handle, store, key), run.blocks[key]) if callbacks else None


def owed(
    handle: RunHandle, store: ProductStore, resume: Mapping[str, Mapping[str, Any]], now: float
) -> Iterator[tuple[str, WorkOrder]]:
    """The callbacks that were under way when the process ended which drove the run before, by block.

    What cannot be run again is told to the sink.

    Args:
        handle: the run.
        store: of the project.
        resume: as for `RunLoop.start`; `owed` says how often they were begun.
        now: seconds since the epoch.
    """
    for key, saved in resume.items():
        if not saved.get("owed") or key in handle.run.withdrawn:  # what such a child was made from came to nothing
            continue
        order = None
        if key in handle.run.blocks and saved["owed"] < MOST:
            entry = replace(handle.run.blocks[key], state=BlockState(saved["state"]))
            order = aftermath_of(_order(handle, store, key), entry)
        if order is not None:
            yield key, order
        elif saved["owed"] >= MOST:
            text = f"the process that drove its callbacks ended {MOST} times while they ran; they are not run again"
            handle.sink(events.BlockLogged(handle.plan.run, key, "ERROR", text, now))
            failure = Failure("lost", text, code="X102")
            after = CallbackStatus.FAILURE if saved["state"] == BlockState.FAILED else CallbackStatus.CANCELLED
            handle.sink(events.CallbackFailed(handle.plan.run, key, "", after.value, failure, now))


def _order(handle: RunHandle, store: ProductStore, key: str) -> WorkOrder:
    plan, base = handle.plan, handle.run.base(key)
    inputs: tuple[InputOrder, ...] = ()
    with suppress(PenstockError):  # callbacks get of them no more than what they add to the keyword arguments
        inputs = bound_inputs(store, plan, handle.run, key)
    failed = max(0, handle.run.blocks[key].attempts - 1)
    fence = store.issue_fence(plan.run, key)
    return work_order(plan, base, fence, inputs, failed_attempts=failed, child=handle.run.units.get(key))
