"""A block's upstreams as its language sees them: nothing is read before it is asked for, and each value once."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from penstock.engine.items import DynamicOutput, items_of, part_items, place_of
from penstock.model.block import BlockType, Language
from penstock.model.errors import ProductMissingError, ValueRefusedError
from penstock.model.messages import InputOrder
from penstock.model.product import ProductRef, part_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from penstock.data import ProductStore

Memory = Mapping[str, list[object]]
"""Block or child -> its outputs, where they are kept in this process because they could not be stored."""


_kept: list[tuple[ProductStore, ProductRef, int, DynamicOutput]] = []
"""The items that were read last in this process, for the next child that takes its turn in it."""
_sizes: list[tuple[ProductStore, ProductRef, tuple[int, ...]]] = []
"""How many items are in each part of the output that was looked at last; empty when it did not come in parts."""
_ALL = -1
"""In place of the number of a part: the items are those of a whole output."""


class Upstream:
    """One upstream of a block; implements `languages.job.Input`.

    Args:
        order: which block it is and which version was pinned.
        store: where that version lies.
        memory: what is kept in this process.
    """

    def __init__(self, order: InputOrder, store: ProductStore, memory: Memory | None = None) -> None:
        self.block = order.block
        self.type = order.type
        self.language = order.language
        self.configuration: Mapping[str, Any] = order.configuration
        self.partial = order.item is not None or order.parts is not None or order.units not in {(), (order.block,)}
        self._order = order
        self._store = store
        memory = memory or {}
        self._memory = {unit: memory[unit] for unit in order.units or (order.block,) if unit in memory}
        self._value: list[object] | None = None
        self._dynamic: tuple[DynamicOutput, int] | None = None

    def empty(self) -> bool:
        """Whether the upstream has no output at all."""
        order = self._order
        if order.parts is not None or order.item is not None:
            return not order.parts and order.item is None
        if self._memory:
            return not next(iter(self._memory.values()))
        return order.ref is None or not self._store.manifest(order.ref).outputs

    def value(self) -> object:
        """The single output, else the list of them, empty when there is none; the same object each time."""
        if self._value is None:
            self._value = [self._load()]
        return self._value[0]

    def metadata(self) -> dict[str, Any]:
        """What becomes keyword arguments: what a dynamic block says about the item, the blocks of a data product."""
        if self.type == BlockType.GLOBAL_DATA_PRODUCT and isinstance(found := self.value(), dict):
            return found
        if self._order.item is None:
            return {}
        items, at = self._items()
        return items.named(at)

    def table(self) -> pa.Table:
        """The single output as Arrow, mapped.

        Raises:
            ValueRefusedError: it is not tabular, or there is none.
        """
        order = self._order
        if order.item is not None:
            raise ValueRefusedError(f"reading an item of {self.block} as a table: it is a value", hint="Use it as one.")
        if order.parts is not None:
            return self._joined_tables(order.refs())
        if order.ref is None:
            raise ValueRefusedError(
                f"reading the output of {self.block} as a table: the block has no output",
                hint=f"Return a frame from {self.block}.",
            )
        return self._store.table(order.ref)

    def _joined_tables(self, refs: Sequence[ProductRef]) -> pa.Table:
        from penstock.data.tables import joined

        tables = [self._store.table(ref) for ref in refs if self._store.manifest(ref).outputs]
        if not tables:
            raise ValueRefusedError(
                f"reading the outputs of the children of {self.block} as a table: there are none",
                hint=f"Return a frame from {self.block}.",
            )
        return joined(tables)

    def _load(self) -> object:
        order = self._order
        if order.parts is not None:
            return self._reduced()
        if order.item is not None:
            items, at = self._items()
            value = items.item(at)
            return copy.deepcopy(value) if isinstance(value, dict | list) else value
        if order.ref is None and not self._memory and self.type in {"", BlockType.SENSOR}:
            return []
        return self._whole(order.ref, order.units[0] if order.units else order.block)

    def _whole(self, ref: ProductRef | None, unit: str) -> object:
        outputs = self._outputs(ref, unit)
        if self.type == BlockType.GLOBAL_DATA_PRODUCT and outputs and isinstance(outputs[0], dict):
            from penstock.sdk.remote import resolved

            return resolved(outputs[0].get("outputs") or {})
        return outputs[0] if len(outputs) == 1 else outputs

    def _outputs(self, ref: ProductRef | None, unit: str) -> list[object]:
        if unit in self._memory:
            return self._memory[unit]
        if ref is None:
            raise ProductMissingError(
                f"reading the output of {unit}: it was in the memory of a process that has ended",
                hint=f"Run the pipeline again, or let {self.block} return what can be stored.",
            )
        values: list[object] = self._store.values(self._store.manifest(ref))
        if len(values) == 1 and self.language == Language.SQL and type(values[0]).__name__ == "DataFrame":
            from penstock.connect.sql.stored import as_expected

            return [as_expected(cast("pd.DataFrame", values[0]), self._store.table(ref))]
        return values

    def _items(self) -> tuple[DynamicOutput, int]:
        """The items among which the argument is, and its number among them: those of one part, where it was yielded."""
        if self._dynamic is None:
            ref, unit = self._order.ref, self._order.units[0] if self._order.units else self.block
            number, at = self._place(ref, unit)
            if ref is None or unit in self._memory:
                self._dynamic = items_of(self._outputs(ref, unit), unit), at
            else:
                self._dynamic = self._items_of(ref, number, unit), at
        return self._dynamic

    def _items_of(self, ref: ProductRef, number: int, unit: str) -> DynamicOutput:
        if _kept and _kept[0][0] is self._store and _kept[0][1:3] == (ref, number):
            return _kept[0][3]
        found = self._stored_items(ref, number, unit)
        if found.separable():
            _kept[:] = [(self._store, ref, number, found)]
        return found

    def _place(self, ref: ProductRef | None, unit: str) -> tuple[int, int]:
        """The part that the argument is in, if the output came in parts, and the number of the item in it."""
        item = self._order.item or 0
        if ref is None or unit in self._memory or part_of(ref.version) is not None:
            return _ALL, item
        if not _sizes or _sizes[0][0] is not self._store or _sizes[0][1] != ref:
            items = self._store.manifest(ref).items
            _sizes[:] = [(self._store, ref, items.parts if items is not None else ())]
        parts = _sizes[0][2]
        return place_of(parts, item) if parts else (_ALL, item)

    def _stored_items(self, ref: ProductRef, number: int, unit: str) -> DynamicOutput:
        if part_of(ref.version) is not None:
            return part_items(self._store.values(self._store.manifest(ref))[0], unit)
        if number != _ALL:
            return part_items(self._store.part(self._store.manifest(ref), number), unit)
        return items_of(self._outputs(ref, unit), unit)

    def _reduced(self) -> object:
        """What the children have returned, as one list, those without output left out; frames become one frame."""
        order = self._order
        assert order.parts is not None
        lists = [
            outputs
            for ref, unit in zip(order.parts, order.units, strict=True)
            if (ref is not None or unit in self._memory) and (outputs := self._outputs(ref, unit))
        ]
        return joined([outputs[0] if len(outputs) == 1 else outputs for outputs in lists])


def joined(values: list[Any]) -> Any:
    """One frame, where all of them are frames of one library; else the list as it is."""
    kinds = {type(value) for value in values}
    if len(kinds) != 1 or (kind := kinds.pop()).__name__ != "DataFrame":
        return values
    if kind.__module__.startswith("polars"):
        import polars as pl

        return pl.concat(values, how="diagonal_relaxed")
    import pandas as pd

    plain = all(isinstance(value.index, pd.RangeIndex) for value in values)
    return pd.concat(values, ignore_index=plain)
