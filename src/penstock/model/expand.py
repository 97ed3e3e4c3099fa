"""How blocks fan out: from the settings of dynamic blocks to the children that a run makes of a block.

A *dynamic* block returns a list of items; each block below it runs once for each item, as its *children*. A block below
children runs once for each of them, unless their output is *reduced* to one list. Several such parents multiply. Pure:
the run state machine decides when, the engine reads the values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice, product
from math import prod
from typing import Any

from penstock.model.graph import Graph
from penstock.model.messages import Failure
from penstock.model.product import Items

MOST_CHILDREN = 100_000
"""Children of one block at most, when no limit is set."""
SHARED = "shared"
"""The one value of `isolation` in a block's configuration: its children take turns in a few processes."""

_YES = frozenset({True, "true", "True", "yes"})
_NO = frozenset({"", "false", "False", "no", "None", "null", "0"})


class Mode(StrEnum):
    """What one upstream is to a block: its whole output, one child of it, one item of it, or all its children."""

    WHOLE = "whole"
    EACH = "each"
    ITEM = "item"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Axis:
    """One upstream of a block, in argument order."""

    parent: str
    mode: Mode = Mode.WHOLE

    @property
    def fans(self) -> bool:
        """Whether the block runs more than once because of it."""
        return self.mode in {Mode.EACH, Mode.ITEM}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a child's argument comes from: `unit` names a block or a child, `item` counts from 0 within its output."""

    parent: str
    unit: str
    item: int | None = None
    mode: Mode = Mode.WHOLE


@dataclass(frozen=True, slots=True)
class Unit:
    """One child of a block; `index` counts the children of the block from 0."""

    block: str
    label: str
    index: int
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """One value along an axis: a child of the parent, or an item of it, and how it is called."""

    label: str
    unit: str
    item: int | None = None


@dataclass(frozen=True, slots=True)
class Fans:
    """How the blocks of a run fan out.

    `axes` has every block that fans out or reads a reduced output; `outside` the options of parents that are not part
    of the run. At most `most` children of a block are made: beyond that it fails, or with `cut` has no more. `at_once`
    of its children are under way at a time. `streams` has the blocks whose children are made while what they are made
    from still comes, each with the axis along which they grow: their only one that fans.

    Of parents outside, `above` has the axes of those that have children themselves, `unknown` says along which axes it
    is not known what there is, and why; `lacking` are the children whose output is missing among those of the others.
    """

    axes: Mapping[str, tuple[Axis, ...]] = field(default_factory=dict)
    outside: Mapping[Axis, tuple[Option, ...]] = field(default_factory=dict)
    most: int = MOST_CHILDREN
    cut: bool = False
    at_once: int | None = None
    streams: Mapping[str, Axis] = field(default_factory=dict)
    above: Mapping[str, tuple[Axis, ...]] = field(default_factory=dict)
    unknown: Mapping[Axis, Failure] = field(default_factory=dict)
    lacking: frozenset[str] = frozenset()

    def fanned(self, block: str) -> bool:
        """Whether that block has children."""
        return any(axis.fans for axis in self.axes.get(block, ()))

    def dynamic(self, block: str) -> bool:
        """Whether a block of the run runs once for each item of that one."""
        wanted = Axis(block, Mode.ITEM)
        return any(wanted in axes for axes in self.axes.values())

    def streaming(self, block: str) -> bool:
        """Whether children of others begin while that block still yields."""
        return Axis(block, Mode.ITEM) in self.streams.values()


NO_FANS = Fans()


Choice = frozenset[str] | bool
"""Some blocks, all of them or none."""


@dataclass(frozen=True, slots=True)
class DynamicSettings:
    """What a block's configuration says of the blocks below it, and `reduce_upstream` of those above.

    With `stream` their children begin as soon as the block has yielded what they are made from.
    """

    parent: Choice = False
    reduce: Choice = False
    reduce_upstream: Choice = False
    stream: bool = False


def dynamic_settings(configuration: Mapping[str, Any]) -> DynamicSettings:
    """The settings in both forms: `dynamic: true` beside `reduce_output: true`, and the map under `dynamic`."""
    given = configuration.get("dynamic")
    reduce, above = (_choice(configuration.get(key)) for key in ("reduce_output", "reduce_output_upstream"))
    if not isinstance(given, Mapping):
        return DynamicSettings(_choice(given, named=False), reduce, above)
    return DynamicSettings(
        _choice(given.get("parent")),
        _either(reduce, _choice(given.get("reduce_output"))),
        _choice(given.get("reduce_output_upstream")),
        _streams(given.get("modes")),
    )


def _streams(modes: Any) -> bool:
    """Whether one of the modes is `stream`; its `poll_interval` is not needed: who waits for a part is told of it."""
    listed = modes if isinstance(modes, list | tuple) else [modes]
    return any((mode.get("type") if isinstance(mode, Mapping) else mode) == "stream" for mode in listed)


def _choice(value: Any, *, named: bool = True) -> Choice:
    """What a value chooses; where blocks may be named, any text but yes and no is the name of one."""
    if isinstance(value, list | tuple | set | frozenset):
        return frozenset(str(item) for item in value) or False
    if named and isinstance(value, str) and value not in _YES | _NO:
        return frozenset({value})
    return isinstance(value, str | bool | int) and value in _YES


def _either(one: Choice, other: Choice) -> Choice:
    if isinstance(one, frozenset) and isinstance(other, frozenset):
        return one | other
    return one is True or other is True or (one or other)


def _has(choice: Choice, block: str) -> bool:
    return choice if isinstance(choice, bool) else block in choice


def axes_of(graph: Graph, order: Sequence[str], settings: Mapping[str, DynamicSettings]) -> dict[str, tuple[Axis, ...]]:
    """The axes of every block that fans out or reads a reduced output.

    Args:
        graph: block -> upstreams, in argument order, of the whole pipeline.
        order: its blocks, upstreams first.
        settings: those of the blocks that have any.
    """
    nothing = DynamicSettings()
    fanned: set[str] = set()
    found: dict[str, tuple[Axis, ...]] = {}
    for block in order:
        wanted = settings.get(block, nothing).reduce_upstream
        axes: list[Axis] = []
        for parent in graph[block]:
            theirs = settings.get(parent, nothing)
            if _has(theirs.parent, block):
                mode = Mode.ITEM
            elif parent not in fanned:
                mode = Mode.WHOLE
            else:
                mode = Mode.ALL if _has(theirs.reduce, block) or _has(wanted, parent) else Mode.EACH
            axes.append(Axis(parent, mode))
        if any(axis.fans for axis in axes):
            fanned.add(block)
        if any(axis.mode is not Mode.WHOLE for axis in axes):
            found[block] = tuple(axes)
    return found


def streams_of(
    axes: Mapping[str, tuple[Axis, ...]], order: Sequence[str], streaming: Collection[str]
) -> dict[str, Axis]:
    """The blocks whose children are made while what they are made from still comes, and along which axis.

    One that fans out over several waits until all of them are known.

    Args:
        axes: those of the blocks that take part.
        order: the blocks that take part, upstreams first.
        streaming: those whose parts are told as they are yielded.
    """
    found: dict[str, Axis] = {}
    for block in order:
        fans = list(dict.fromkeys(axis for axis in axes.get(block, ()) if axis.fans))
        if len(fans) != 1:
            continue
        axis, parent = fans[0], fans[0].parent
        spread = any(each.fans for each in axes.get(parent, ()))
        if parent in found if axis.mode is Mode.EACH else parent in streaming and parent in order and not spread:
            found[block] = axis
    return found


def without_items(unit: str) -> Failure:
    """Why a block cannot run for each item of one that has stored its output before it was dynamic."""
    block = base_of(unit)
    return Failure(
        "NoItems",
        f"reading the items of {unit}: its output was stored when it was not dynamic, so they are not known",
        f"Run {block} again; in a run that goes on, run it again from {block}.",
    )


def item_options(unit: str, items: Items | None, prefix: str = "") -> tuple[Option, ...]:
    """The options that the items of one block or child give; `prefix` is the child's own label."""
    if items is None:
        return ()
    labels = items.names or tuple(str(at) for at in range(items.count))
    return tuple(Option(f"{prefix}:{label}" if prefix else label, unit, at) for at, label in enumerate(labels))


def children_of(
    block: str,
    axes: Sequence[Axis],
    options: Mapping[Axis, Sequence[Option]],
    most: int,
    *,
    first: int = 0,
    taken: Collection[str] = frozenset(),
) -> tuple[list[tuple[str, Unit]], int]:
    """The children of a block, by key, and how many there would be without the limit.

    Args:
        block: the block.
        axes: its upstreams.
        options: what there is along each axis that fans.
        most: make no more than so many.
        first: the number of the first of them, where others were made before.
        taken: the keys of those.
    """
    fans = list(dict.fromkeys(axis for axis in axes if axis.fans))
    total = prod(len(options[axis]) for axis in fans)
    made: list[tuple[str, Unit]] = []
    labels: set[str] = set()
    for index, chosen in enumerate(islice(product(*(options[axis] for axis in fans)), max(0, most)), first):
        label = ":".join(option.label for option in chosen)
        while label in labels or f"{block}:{label}" in taken:  # names need not be unique, and keys must be
            label = f"{label}_{index}"
        labels.add(label)
        by_axis = dict(zip(fans, chosen, strict=True))
        made.append((f"{block}:{label}", Unit(block, label, index, tuple(_sources(axes, by_axis)))))
    return made, total


def _sources(axes: Sequence[Axis], chosen: Mapping[Axis, Option]) -> Iterator[Source]:
    for axis in axes:
        option = chosen.get(axis)
        if option is None:
            yield Source(axis.parent, axis.parent, None, axis.mode)
        else:
            yield Source(axis.parent, option.unit, option.item, axis.mode)


def base_of(key: str) -> str:
    """The block that an entry of a run belongs to."""
    return key.partition(":")[0]
