"""What a block or a child of one reads: the pinned version of each upstream, an item of it, or all its children."""

from __future__ import annotations

from dataclasses import replace

from penstock.data import ProductStore
from penstock.engine.plan import RunPlan
from penstock.model.block import Block, BlockType
from penstock.model.errors import ProductMissingError
from penstock.model.expand import Axis, Mode, Source, base_of
from penstock.model.messages import InputOrder
from penstock.model.product import Address, ProductRef
from penstock.model.run import DONE, BlockState, Run

_SHOWN = 10


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
        units = _children(plan, run, key, source.parent)
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


def _children(plan: RunPlan, run: Run, key: str, parent: str) -> list[str]:
    """The children whose output is reduced; one that was not to run has none."""
    if parent not in run.blocks:
        return _stored_children(plan, key, Axis(parent, Mode.ALL))
    return [key for key in run.children[parent] if run.blocks[key].state is not BlockState.CONDITION_FAILED]


def _stored_children(plan: RunPlan, key: str, axis: Axis) -> list[str]:
    """The children of a block that takes no part in the run, when all of them have what they returned stored."""
    fans, parent = plan.fan_out, axis.parent
    if (unknown := fans.unknown.get(axis)) is not None:
        raise ProductMissingError(f"running block {key}: {unknown.message}", hint=unknown.hint)
    units = [option.unit for option in fans.outside.get(axis, ())]
    if lacking := [unit for unit in units if unit in fans.lacking]:
        names = ", ".join(lacking[:_SHOWN]) + (", ..." if len(lacking) > _SHOWN else "")
        raise ProductMissingError(
            f"running block {key}: {len(lacking):,} of {len(units):,} children of its upstream {parent} have no stored "
            f"output that goes with those of the others ({names})",
            hint=f"Run {parent} again, or what is stale, or add --with-upstream.",
        )
    return units


def _ref(
    store: ProductStore, plan: RunPlan, run: Run, key: str, unit: str, upstream: Block | None
) -> ProductRef | None:
    """The run's own version, else the one asked for, else the latest good one; None for a sensor, which has none."""
    if unit in run.blocks:
        return run.blocks[unit].ref
    if upstream is not None and upstream.type is BlockType.SENSOR:
        return None
    if unit in plan.fan_out.lacking:
        raise ProductMissingError(
            f"running block {key}: its upstream {unit} has no stored output that goes with those of the others",
            hint=f"Run {base_of(unit)} again, or what is stale, or add --with-upstream.",
        )
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
