"""What a dynamic block has returned, as items: in the worker that stores it, and in those of its children.

`[[item, ...], [metadata, ...]]` is the full form; the metadata may be left out. A frame stands for its rows, each a
dict; a list, a series or an array for its elements, an array of two dimensions for its rows; several values that are
none of these for themselves. A block in stream mode yields parts, each of which is read so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from penstock.model.errors import BlockFailedError
from penstock.model.product import Items

LABEL = "block_uuid"
"""The key of an item's metadata that says how its child is called."""

_LONGEST = 200
_ROWS_AND_COLUMNS = 2
_PLAIN = frozenset({str, int, float, bool, type(None), dict, list})
_SHAPE = (
    "Return [[item, ...], [{'block_uuid': name, ...}, ...]]; the second list, of one dict for each item, is optional."
)


@dataclass(slots=True)
class DynamicOutput:
    """The items of one output; nothing is converted before an item is asked for."""

    values: Any
    metadata: Sequence[Mapping[str, Any]] = ()

    def __len__(self) -> int:
        return len(self.values)

    def item(self, at: int) -> Any:
        """The item of that number, from 0."""
        values = self.values
        if not _is_frame(values):
            return values.iloc[at] if hasattr(values, "iloc") else values[at]
        if hasattr(values, "iloc"):
            return values.iloc[[at]].to_dict(orient="records")[0]
        if hasattr(values, "row"):
            return values.row(at, named=True)
        return values.slice(at, 1).to_pylist()[0]

    def separable(self) -> bool:
        """Whether an item can be handed out again after its first taker has changed it: rows, and plain values."""
        return _is_frame(self.values) or (
            isinstance(self.values, list) and all(type(value) in _PLAIN for value in self.values)
        )

    def named(self, at: int) -> dict[str, Any]:
        """The metadata of the item of that number; empty when there is none."""
        return dict(self.metadata[at]) if self.metadata else {}

    def told(self, first: int = 0) -> Items:
        """What the control side is told; as one part of several, `first` items came before."""
        if not any(LABEL in entry for entry in self.metadata):
            return Items(len(self))
        return Items(len(self), tuple(_label(entry, at) for at, entry in enumerate(self.metadata, first)))


@dataclass(slots=True)
class Tally:
    """What a block has yielded so far: how many items in each part, and how they are called."""

    sizes: list[int] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    named: bool = False

    def add(self, part: object, block: str) -> Items:
        """Count one more part; what it adds. Raises as `items_of`."""
        items = part_items(part, block).told(len(self.labels))
        self.labels.extend(items.labels(len(self.labels)))
        self.sizes.append(items.count)
        self.named = self.named or bool(items.names)
        return items

    def told(self) -> Items:
        """All of them together."""
        return Items(len(self.labels), tuple(self.labels) if self.named else (), tuple(self.sizes))


def part_items(part: object, block: str) -> DynamicOutput:
    """The items in one part that a block in stream mode has yielded: it is read as what a function returns.

    Raises:
        BlockFailedError: as `items_of`.
    """
    if part is None:
        return DynamicOutput([])
    several = isinstance(part, list) or (isinstance(part, tuple) and not hasattr(part, "_fields"))
    return items_of(list(part) if several else [part], block)  # type: ignore[call-overload]


def place_of(sizes: Sequence[int], item: int) -> tuple[int, int]:
    """Which part holds an item, and the number of the item in it; of parts with so many items each."""
    for part, size in enumerate(sizes):
        if item < size:
            return part, item
        item -= size
    raise IndexError(item)


def items_of(outputs: Sequence[Any], block: str) -> DynamicOutput:
    """The items in what a block has returned.

    Args:
        outputs: its outputs, in order.
        block: its name, for messages.

    Raises:
        BlockFailedError: the metadata does not go with the items.
    """
    if not outputs:
        return DynamicOutput([])
    first, *rest = outputs
    if not _is_many(first):
        return DynamicOutput(list(outputs))
    if not rest or (len(rest) == 1 and rest[0] is None):
        return _parts(first, block)
    if len(rest) > 1 or not _is_list(rest[0]):
        return DynamicOutput(list(outputs))
    return _with_metadata(first, rest[0], block)


def _with_metadata(values: Any, metadata: Any, block: str) -> DynamicOutput:
    entries = list(metadata)
    doing = f"reading the items of dynamic block {block}"
    if any(not isinstance(entry, Mapping) for entry in entries):
        raise BlockFailedError(f"{doing}: its second list holds something that is no dict", hint=_SHAPE)
    if entries and len(entries) != len(values):
        raise BlockFailedError(
            f"{doing}: it has {len(values)} items and metadata for {len(entries)}",
            hint="Return one dict of metadata for each item, or none at all.",
        )
    return DynamicOutput(values, entries)


def _parts(values: Any, block: str) -> DynamicOutput:
    """The one output: items, or what a generator has yielded piece by piece."""
    pairs = _is_list(values) and len(values) > 0 and all(_is_pair(value) for value in values)
    if not pairs:
        return DynamicOutput(values)
    joined: list[Any] = []
    metadata: list[Mapping[str, Any]] = []
    for items, entries in values:
        part = _with_metadata(items, entries, block)
        joined.extend(part.item(at) for at in range(len(part)))
        metadata.extend(part.named(at) for at in range(len(part)))
    return DynamicOutput(joined, metadata)


def _is_pair(value: Any) -> bool:
    """Whether it is `[[item, ...], [metadata, ...]]`."""
    both = 2
    if not _is_list(value) or len(value) != both or not _is_many(value[0]) or not _is_list(value[1]):
        return False
    return len(value[0]) == len(value[1]) and all(isinstance(entry, Mapping) for entry in value[1])


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _is_frame(value: Any) -> bool:
    table = getattr(value, "ndim", 0) == _ROWS_AND_COLUMNS and hasattr(value, "columns")
    return table or type(value).__name__ in {"DataFrame", "Table"}


def _is_many(value: Any) -> bool:
    """Whether it stands for several items."""
    dimensions = getattr(value, "ndim", 0)
    one = dimensions == 1 or type(value).__name__ == "Series"
    rows = dimensions == _ROWS_AND_COLUMNS and type(value).__module__ == "numpy"
    return _is_list(value) or _is_frame(value) or one or rows


def _label(entry: Mapping[str, Any], at: int) -> str:
    """A child's name from its metadata; what is not there or empty is the number."""
    return str(entry.get(LABEL) or at).strip()[:_LONGEST] or str(at)
