# ruff: noqa: PLR2004 - chances
"""Blocks that yield: what comes of each attempt, and what was read of it by whom."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from penstock.model.messages import InputOrder, WorkOrder
from penstock.model.product import Items, ProductRef, part_of

Made = tuple[str, str, int]
"""An attempt: the run, the block or child, and its number, which is that of its fence."""
Origin = tuple[str, int, int | None]
"""What an argument is: of which block or child, of which attempt of it, and which item of that."""


def parts_of(order: WorkOrder) -> list[Items]:
    """What an attempt of a dynamic block comes to, part by part; of one that does not yield it is a single one.

    Each attempt has something else, for the world has changed meanwhile; names may come twice.
    """
    rng = random.Random(f"parts of {order.run} {order.key} {order.fence.token}")
    few = not order.tell_parts or order.key == "x"
    counts = [rng.choice((0, 1, 1, 2)) for _ in range(1 if few else rng.choice((0, 1, 2, 2, 3, 4)))]
    named = rng.random() < 0.3
    return [Items(count, tuple(rng.choice("01ab") for _ in range(count)) if named else ()) for count in counts]


def together(parts: Sequence[Items]) -> Items:
    """All of them, as the process says at its end."""
    labels: list[str] = []
    for items in parts:
        labels.extend(items.labels(len(labels)))
    named = any(items.names for items in parts)
    return Items(len(labels), tuple(labels) if named else (), tuple(items.count for items in parts))


@dataclass(slots=True)
class Streams:
    """Who has yielded and returned what, and who was given what of it.

    `parts` are what an attempt has yielded so far, or has returned; `given` what it was told to read; `lost` the
    attempts whose parts were removed, because their run was said to have ended.
    """

    parts: dict[Made, list[Items]] = field(default_factory=dict)
    given: dict[Made, tuple[InputOrder, ...]] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    lost: set[Made] = field(default_factory=set)

    def forget(self, run: str) -> None:
        """The parts of a run are removed."""
        self.lost.update(made for made in self.parts if made[0] == run)

    def origins(self, run: str, entry: InputOrder) -> list[Origin]:
        """What an argument is made of."""
        refs = (entry.ref,) if entry.parts is None else entry.parts
        pairs = zip(entry.units, refs, strict=True)
        return [self._origin(run, unit, ref, entry.item) for unit, ref in pairs if ref is not None]

    def _origin(self, run: str, unit: str, ref: ProductRef, item: int | None) -> Origin:
        part = part_of(ref.version)
        if part is None:
            return unit, self.tokens[ref.version], item
        before = self.parts.get((run, unit, part.token), [])[: part.number]
        return unit, part.token, sum(items.count for items in before) + (item or 0)

    def roots(self, run: str, key: str, token: int) -> set[tuple[str, int]]:
        """The attempts from which one was made, through all that it has read."""
        found: set[tuple[str, int]] = set()
        for entry in self.given.get((run, key, token), ()):
            for unit, number, _ in self.origins(run, entry):
                found |= {(unit, number)} | self.roots(run, unit, number)
        return found

    def count(self, made: Made) -> int:
        """How many items an attempt has come to."""
        return sum(items.count for items in self.parts.get(made, ()))
