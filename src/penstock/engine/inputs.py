"""What a block or a child of one reads: the pinned version of each upstream, an item of it, or all its children."""

from __future__ import annotations

from dataclasses import replace

from penstock.data import ProductStore
from penstock.engine.plan import RunPlan
from penstock.model.block import Block, BlockType
from penstock.model.errors import ProductMissingError
from penstock.model.expand import Axis, Fans, Mode, Option, Source, item_options
from penstock.model.messages import InputOrder
from penstock.model.product import Address, ProductRef
from penstock.model.run import DONE, BlockState, Run


def with_outside(store: ProductStore, plan: RunPlan) -> Fans:
    """The fan-out of a run, with what is stored of the dynamic parents that take no part in it."""
    fans = plan.fan_out
    wanted = {
        axis
        for axes in fans.axes.values()
        for axis in axes
        if axis.mode is not Mode.WHOLE and axis.parent not in plan.graph
    }
    if not wanted:
        return fans
    return replace(fans, outside={axis: _stored_options(store, plan, axis) for axis in wanted})


def _stored_options(store: ProductStore, plan: RunPlan, axis: Axis) -> tuple[Option, ...]:
    parent = axis.parent
    if axis.mode is Mode.ITEM:
        manifest = store.latest(Address(plan.pipeline.uuid, parent, plan.options.partition))
        if manifest is not None:
            return item_options(parent, manifest.items)
    found: list[Option] = []
    for key, label in _stored_children(store, plan, parent):
        if axis.mode is Mode.ITEM:
            latest = store.latest(Address(plan.pipeline.uuid, key, plan.options.partition))
            found.extend(item_options(key, latest.items if latest is not None else None, label))
        else:
            found.append(Option(label, key))
    return tuple(found)


def _stored_children(store: ProductStore, plan: RunPlan, parent: str) -> list[tuple[str, str]]:
    """The children of a block that its newest run has stored, and their labels; numbers by their value."""
    found: list[tuple[str, str, str]] = []
    for address in store.addresses(plan.pipeline.uuid):
        base, _, label = address.block.partition(":")
        if base == parent and label and address.partition == plan.options.partition:
            manifest = store.latest(address)
            if manifest is not None:
                found.append((manifest.lineage.run, address.block, label))
    newest = max((run for run, _, _ in found), default="")
    children = [(key, label) for run, key, label in found if run == newest]
    return sorted(children, key=lambda child: [(not part.isdigit(), part.zfill(12)) for part in child[1].split(":")])


def bound_inputs(store: ProductStore, plan: RunPlan, run: Run, key: str) -> tuple[InputOrder, ...]:
    """What that entry of the run reads, in argument order.

    Raises:
        ProductMissingError: an upstream that takes no part in the run has nothing stored.
    """
    unit = run.units.get(key)
    if unit is not None:
        sources = unit.sources
    else:
        axes = plan.fan_out.axes.get(key) or tuple(Axis(parent) for parent in plan.graph[key])
        sources = tuple(Source(axis.parent, axis.parent, None, axis.mode) for axis in axes)
    return tuple(_bound(store, plan, run, key, source) for source in sources)


def _bound(store: ProductStore, plan: RunPlan, run: Run, key: str, source: Source) -> InputOrder:
    upstream = plan.index.get(source.parent) or plan.pipeline.block(source.parent)
    if source.mode is Mode.ALL:
        units = _children(store, plan, run, source.parent)
        parts = tuple(_ref(store, plan, run, key, unit, upstream) for unit in units)
        order = InputOrder(source.parent, None, parts=parts, units=tuple(units))
    elif source.item is not None and _yields(run, source.unit):
        part, item = run.streams[source.unit].place(source.item)
        order = InputOrder(source.parent, part, item=item, units=(source.unit,))
    else:
        ref = _ref(store, plan, run, key, source.unit, upstream)
        order = InputOrder(source.parent, ref, item=source.item, units=(source.unit,))
    if upstream is None:
        return order
    return replace(
        order,
        type=upstream.type.value,
        language=upstream.language.value,
        configuration=dict(upstream.configuration),
    )


def _yields(run: Run, unit: str) -> bool:
    """Whether what that block gives its children is not published as a whole yet."""
    return unit in run.streams and run.blocks[unit].state not in DONE


def _children(store: ProductStore, plan: RunPlan, run: Run, parent: str) -> list[str]:
    """The children whose output is reduced; one that was not to run has none."""
    if parent not in run.blocks:
        return [key for key, _ in _stored_children(store, plan, parent)]
    return [key for key in run.children[parent] if run.blocks[key].state is not BlockState.CONDITION_FAILED]


def _ref(
    store: ProductStore, plan: RunPlan, run: Run, key: str, unit: str, upstream: Block | None
) -> ProductRef | None:
    """The run's own version, else the one asked for, else the latest good one; None for a sensor, which has none."""
    if unit in run.blocks:
        return run.blocks[unit].ref
    if upstream is not None and upstream.type is BlockType.SENSOR:
        return None
    address = Address(plan.pipeline.uuid, unit, plan.options.partition)
    if (version := plan.options.inputs.get(unit)) is not None:
        return store.manifest(ProductRef(address, version)).ref
    manifest = store.latest(address)
    if manifest is None:
        raise ProductMissingError(
            f"running block {key}: its upstream {unit} has no stored output",
            hint=f"Run {unit} first, or add --with-upstream.",
        )
    return manifest.ref
