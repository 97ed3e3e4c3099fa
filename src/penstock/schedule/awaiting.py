"""What stands in a run's row while its blocks wait for other runs: which block, for which run, since when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.schedule.reasons import Reason, counted

if TYPE_CHECKING:
    from penstock.model.messages import Answer
    from penstock.schedule.wishes import Request
    from penstock.state.rows import RunRow

CHILD = "child"
"""The kind of waiting of a run whose blocks wait for other runs."""
_NAMED = 20
"""Blocks of one run whose waits are written down; of more, only how many they are."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """A block that waits for a run, since `since`; `product` names the global data product that this run makes."""

    block: str
    run: str
    pipeline: str
    since: float
    product: str = ""

    @property
    def text(self) -> str:
        """It in one sentence."""
        if self.product:
            what = f"the global data product {self.product}, which the run {self.run} of pipeline {self.pipeline} makes"
            return f"{self.block} waits for {what}"
        return f"{self.block} waits for the run {self.run} of pipeline {self.pipeline}"

    @property
    def change(self) -> str:
        """What would end the waiting."""
        goes_on = f"It goes on when the run {self.run} has ended"
        return f"{goes_on}; when that one fails or is cancelled, the block fails." if self.product else f"{goes_on}."


@dataclass(slots=True, eq=False)
class Wait:
    """A block that waits for a run.

    `deadline` is on the monotonic clock; `late` once it has waited as long as it wanted to. `open` tells whether the
    run had yet to end when it began to wait.
    """

    request: Request
    run: str
    pipeline: str
    since: float
    deadline: float | None
    open: bool = True
    answer: Answer | None = None
    late: bool = False

    @property
    def awaited(self) -> Awaited:
        """It, as it is written down."""
        product = self.request.wish.product if self.request.wish is not None else None
        name = product.uuid if product is not None else ""
        return Awaited(self.request.block, self.run, self.pipeline, self.since, name)


def waiting_of(waits: Sequence[Awaited]) -> dict[str, Any] | None:
    """What is written into the row of the run whose blocks wait so, the first that began first; None for nobody."""
    if not waits:
        return None
    first, *rest = waits
    text = first.text
    if rest:
        text += f" (and {counted(len(rest), 'more wait')} of its blocks)"
    blocks = [
        {"block": each.block, "run": each.run, "text": each.text, "since": each.since, "change": each.change}
        for each in waits[:_NAMED]
    ]
    more = len(waits) - len(blocks)
    return {"kind": CHILD, "text": text, "since": first.since, "run": first.run, "blocks": blocks, "more": more}


def awaited_by(waiting: Mapping[str, Any] | None, block: str = "") -> list[tuple[str, Reason]]:
    """The runs that blocks of a run wait for, each with the sentence of it.

    Args:
        waiting: from the row of the run.
        block: that block's alone; empty for those of all blocks.
    """
    if waiting is None or waiting.get("kind") != CHILD:
        return []
    lines = waiting.get("blocks") or ()
    return [
        (str(line["run"]), Reason(str(line["text"]), float(line["since"]), str(line["change"])))
        for line in lines
        if not block or line["block"] == block
    ]


def unnamed_waits(waiting: Mapping[str, Any] | None) -> int:
    """How many waits of a run's blocks there are beyond those that `awaited_by` tells."""
    return int(waiting.get("more") or 0) if waiting is not None and waiting.get("kind") == CHILD else 0


@dataclass(slots=True)
class Outcome:
    """What a step of `Children` has done: calls to be made now, runs that are new, whether something held is free.

    `waits` are the runs whose blocks have begun to wait for others, or have ended to.
    """

    acts: list[Callable[[], None]] = field(default_factory=list)
    made: list[RunRow] = field(default_factory=list)
    waits: list[RunRow] = field(default_factory=list)
    freed: bool = False

    @property
    def news(self) -> list[tuple[str, RunRow]]:
        """What there is to be told of runs: a word, as hearers know it, and the run."""
        return [*(("created", row) for row in self.made), *(("waiting", row) for row in self.waits)]
