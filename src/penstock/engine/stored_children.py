"""What a run finds stored of the dynamic parents that take no part in it: their items, and the children of others.

Which children there are follows from the stored items, as in the run that made them: in the order of the items, and
those that have failed among them. A child *lacks* its output when it has none, or one of an earlier making than that of
the newest child: whoever reads all of them, or that one, is refused. The children of a block need not come from one
run, for `stale_only` makes only some of them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from penstock.data import Manifest, ProductStore
from penstock.engine.attached import NOTHING_ATTACHED
from penstock.engine.endings import refusal_of
from penstock.engine.freshness import came_of
from penstock.engine.plan import RunPlan
from penstock.model.block import BlockType
from penstock.model.errors import PenstockError, ProductMissingError
from penstock.model.expand import Axis, Fans, Mode, Option, Unit, base_of, children_of, item_options, without_items
from penstock.model.messages import Failure
from penstock.model.product import Address, Items, ProductRef, part_of


def with_outside(store: ProductStore, plan: RunPlan) -> Fans:
    """The fan-out of a run, with what is stored of the dynamic parents that take no part in it."""
    fans = plan.fan_out
    wanted = dict.fromkeys(
        axis
        for axes in fans.axes.values()
        for axis in axes
        if axis.mode is not Mode.WHOLE and axis.parent not in plan.graph
    )
    if not wanted:
        return fans
    stored = _Stored(store, plan)
    outside: dict[Axis, tuple[Option, ...]] = {}
    unknown: dict[Axis, Failure] = {}
    for axis in wanted:
        try:
            outside[axis] = stored.along(axis)
        except PenstockError as error:
            unknown[axis] = refusal_of(error)
    return replace(fans, outside=outside, unknown=unknown, lacking=frozenset(stored.lacking))


class _Stored:
    """What is stored of the blocks outside a run.

    Args:
        store: the product store.
        plan: the run.

    `lacking` are the children, of those that were asked for, that have no output which goes with those of the others.
    """

    def __init__(self, store: ProductStore, plan: RunPlan) -> None:
        self._store = store
        self._plan = plan
        self._children: dict[str, tuple[Option, ...]] = {}
        self._manifests: dict[str, Manifest | None] = {}
        self.lacking: set[str] = set()

    def along(self, axis: Axis) -> tuple[Option, ...]:
        """What there is along an axis.

        Raises:
            PenstockError: it is not known; the message says what is not stored.
        """
        parent = axis.parent
        if parent not in self._plan.fan_out.above:
            return item_options(parent, self._items(parent))
        children = self._children.get(parent)
        if children is None:
            children = self._children[parent] = self._children_of(parent)
        if axis.mode is not Mode.ITEM:
            return children
        found: list[Option] = []
        for child in children:
            if child.unit in self.lacking:  # what stands for its items shares its fate
                found.append(child)
            else:
                found.extend(item_options(child.unit, self._items(child.unit), child.label))
        return tuple(found)

    def _children_of(self, block: str) -> tuple[Option, ...]:
        fans, newest = self._plan.fan_out, self._newest(block)
        axes = fans.above[block]
        options = {axis: self._read_along(axis, newest) for axis in axes if axis.fans}
        units = [unit for _, unit in children_of(block, axes, options, fans.most)[0]]
        if not units or self._is_sensor(block):
            return tuple(Option(unit.label, f"{block}:{unit.label}") for unit in units)
        if newest is None:
            raise ProductMissingError(
                f"reading the children of {block}: none of them has a stored output",
                hint=f"Run {block} first, or add --with-upstream.",
            )
        return tuple(self._told_apart(block, units, newest))

    def _told_apart(self, block: str, units: list[Unit], newest: Manifest) -> list[Option]:
        """The children of a block, with those noted that lack their output; one that a condition left out has none."""
        conditional = bool(self._plan.attached.get(block, NOTHING_ATTACHED).conditions)
        current = self._reads_newest(newest)
        found: list[Option] = []
        for unit in units:
            key = f"{block}:{unit.label}"
            manifest = self._latest(key)
            lacks = manifest is None or not self._go_together(manifest, newest, current=current)
            if lacks and conditional:
                continue
            if lacks:
                self.lacking.add(key)
            found.append(Option(unit.label, key))
        return found

    def _read_along(self, axis: Axis, newest: Manifest | None) -> tuple[Option, ...]:
        """What there was along an axis of a block when the newest of its children was made."""
        if axis.mode is Mode.ITEM and axis.parent not in self._plan.fan_out.above:
            return item_options(axis.parent, self._items_read(axis.parent, newest))
        return self.along(axis)

    def _items_read(self, parent: str, newest: Manifest | None) -> Items | None:
        items, latest = self._items(parent), self._latest(parent)
        if newest is None or latest is None or items is None or not items.count or parent in self._plan.options.inputs:
            return items
        read = next((ref for ref in newest.lineage.inputs if ref.address == latest.ref.address), latest.ref)
        if read == latest.ref or came_of(self._store, read, latest.ref):
            return items
        if part_of(read.version) is not None:
            raise ProductMissingError(
                f"reading the items of {parent}: its newest children began while it yielded, and it has not ended well",
                hint=f"Run {parent} again with what is below it.",
            )
        with suppress(PenstockError):  # it was removed since: then its children are compared with the latest one
            return self._store.manifest(read).items or items
        return items

    def _items(self, unit: str) -> Items | None:
        """The items that are stored of a block or child; None for a sensor, which has none."""
        if self._is_sensor(base_of(unit)):
            return None
        manifest = self._latest(unit)
        if manifest is None:
            raise ProductMissingError(
                f"reading the items of {unit}: it has no stored output",
                hint=f"Run {base_of(unit)} first, or add --with-upstream.",
            )
        if manifest.items is None:
            failure = without_items(unit)
            raise ProductMissingError(failure.message, hint=failure.hint)
        return manifest.items

    def _is_sensor(self, block: str) -> bool:
        found = self._plan.pipeline.block(block)
        return found is not None and found.type is BlockType.SENSOR

    def _latest(self, unit: str) -> Manifest | None:
        """The version of a block or child that the run reads."""
        if unit not in self._manifests:
            self._manifests[unit] = self._look_up(unit)
        return self._manifests[unit]

    def _look_up(self, unit: str) -> Manifest | None:
        address = Address(self._plan.pipeline.uuid, unit, self._plan.options.partition)
        version = self._plan.options.inputs.get(unit)
        if version is not None:
            return self._store.manifest(ProductRef(address, version))
        return self._store.latest(address)

    def _newest(self, block: str) -> Manifest | None:
        """The output of a child of that block that the newest run has stored."""
        found: list[Manifest] = []
        for address in self._store.addresses(self._plan.pipeline.uuid):
            if address.partition == self._plan.options.partition and address.block.startswith(f"{block}:"):
                manifest = self._latest(address.block)
                if manifest is not None:
                    found.append(manifest)
        return max(found, key=lambda manifest: manifest.lineage.run, default=None)

    def _reads_newest(self, child: Manifest) -> bool:
        """Whether a child was made from what is stored last of the children of others."""
        return all(self._is_latest(ref) for ref in child.lineage.inputs if ":" in ref.address.block)

    def _is_latest(self, ref: ProductRef) -> bool:
        latest = self._store.latest(ref.address)
        return latest is not None and latest.ref == ref

    def _go_together(self, one: Manifest, newest: Manifest, *, current: bool) -> bool:
        """Whether the output of a child is of the same making as that of the newest: one run might have made both.

        Args:
            one: the output of the child.
            newest: the output of the newest child.
            current: whether that was made from what is stored last.
        """
        own, other = one.lineage, newest.lineage
        if own.run == other.run or one.ref.address.block in self._plan.options.inputs:
            return True
        if own.variables != other.variables or own.settings != other.settings:
            return False
        if _differ(own.code, other.code) or _differ(own.environment, other.environment):
            return False
        read = {ref.address: ref for ref in other.inputs}
        for ref in own.inputs:
            theirs = read.get(ref.address)
            if theirs is not None and not self._same(ref, theirs):
                return False
            if theirs is None and current and not self._is_latest(ref):
                return False
        return True

    def _same(self, one: ProductRef, other: ProductRef) -> bool:
        """Whether two references name one output, or parts of it."""
        if one == other:
            return True
        first, second = part_of(one.version), part_of(other.version)
        if first is not None and second is not None:
            return (first.run, first.token) == (second.run, second.token)
        return came_of(self._store, one, other) or came_of(self._store, other, one)


def _differ(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether something that both have is not the same; a child may import what another one does not."""
    return any(name in other and other[name] != value for name, value in one.items())
