"""From records and live runs to what pages show: one run in a line, what has changed about an output."""

from __future__ import annotations

from collections.abc import Iterable

from penstock.model.product import OutputSummary
from penstock.model.run import BlockState
from penstock.observe.archive import RunHead
from penstock.server.schema.runs import RunSummary, ShownOutput

COLUMNS_TOLD = 150
"""Columns of an output that go with an event; a table of up to so many comes whole in pages too."""


def summary_of(head: RunHead) -> RunSummary:
    """A recorded run in one line."""
    return RunSummary(
        run=head.run,
        pipeline=head.pipeline,
        state=head.state,
        started=head.started,
        ended=head.ended,
        seconds=None if head.ended is None else head.ended - head.started,
        blocks_total=len(head.blocks),
        blocks_done=head.done,
        failed_block=head.failed_block,
        error=head.error or None,
        origin=head.origin,
        what=head.what,
    )


def shown_state(state: str, failure_kind: str | None = None) -> str:
    """The word for a block's state on a page: what was fresh is completed, what its user stopped is cancelled."""
    if state == BlockState.SKIPPED:
        return BlockState.COMPLETED.value
    if state == BlockState.FAILED and failure_kind == "interrupted":
        return BlockState.CANCELLED.value
    return BlockState.QUEUED.value if state == BlockState.INITIAL else state


def shown_outputs(outputs: Iterable[OutputSummary]) -> tuple[ShownOutput, ...]:
    """What is told of outputs with every change of a block: of a wide table the first columns."""
    return tuple(
        ShownOutput(
            name=output.name,
            kind=output.kind,
            codec=output.codec,
            rows=output.rows,
            bytes=output.bytes,
            stored_bytes=output.stored_bytes,
            columns=output.columns[:COLUMNS_TOLD],
            columns_total=len(output.columns),
            preview=output.preview,
        )
        for output in outputs
    )


def what_changed(before: Iterable[OutputSummary], after: Iterable[OutputSummary]) -> tuple[str, ...]:
    """How the outputs of a version differ from those of the one before, in a few words each."""
    old = {output.name: output for output in before}
    if not old:
        return ()
    new = {output.name: output for output in after}
    words: list[str] = []
    for name, output in new.items():
        prefix = f"{name}: " if len(new) > 1 else ""
        if (earlier := old.get(name)) is None:
            words.append(f"{name} added")
        else:
            words += [prefix + word for word in _differences(earlier, output)]
    return (*words, *(f"{name} removed" for name in old if name not in new))


def _differences(before: OutputSummary, after: OutputSummary) -> Iterable[str]:
    if before.kind != after.kind:
        yield f"{before.kind} became {after.kind}"
        return
    if before.rows is not None and after.rows is not None and before.rows != after.rows:
        yield f"{after.rows - before.rows:+,} row{'' if abs(after.rows - before.rows) == 1 else 's'}"
    old = {column.name: column.type for column in before.columns}
    new = {column.name: column.type for column in after.columns}
    for count, word in (
        (len(new.keys() - old.keys()), "added"),
        (len(old.keys() - new.keys()), "removed"),
        (sum(old[name] != new[name] for name in old.keys() & new.keys()), "retyped"),
    ):
        if count:
            yield f"{count:,} column{'' if count == 1 else 's'} {word}"
