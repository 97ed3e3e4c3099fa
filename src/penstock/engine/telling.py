"""What a process says of its block, as events of the run."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.data import ProductStore
from penstock.engine.handle import RunHandle
from penstock.engine.supervisor import Attempt, Captured
from penstock.model import events
from penstock.model.messages import CallbackFailed, Failure, Log
from penstock.model.product import OutputSummary


def told_by(run: str, block: str, message: Log | Captured | CallbackFailed, now: float) -> events.Event:
    """The event that a message of the block's process amounts to; `now` is for those that do not say when they were."""
    match message:
        case Log(level=level, text=text, at=at):
            return events.BlockLogged(run, block, level, text, at)
        case Captured(stream=stream, text=text):
            return events.BlockPrinted(run, block, stream, text, now)
        case CallbackFailed(callback=callback, after=after, failure=failure):
            return events.CallbackFailed(run, block, callback, after.value, failure, now)


def lost_callbacks(
    run: str, block: str, attempt: Attempt, failure: Failure | None, now: float
) -> Iterator[events.Event]:
    """What there is to tell when the process that ran a block's callbacks has ended so; nothing when it ended well."""
    after = attempt.order.aftermath
    if failure is not None and after is not None:
        yield events.BlockLogged(run, block, "ERROR", f"its callbacks could not be run: {failure.message}", now)
        yield events.CallbackFailed(run, block, "", after.status.value, failure, now)


def stored_outputs(store: ProductStore, handle: RunHandle, key: str) -> tuple[OutputSummary, ...]:
    """What is told of the outputs of a block that took a stored version; empty where an attempt has made its own."""
    current, ref = handle.current.get(key), handle.run.blocks[key].ref
    made = current is not None and current.output is not None
    return tuple(store.manifest(ref).summaries()) if ref is not None and not made else ()
