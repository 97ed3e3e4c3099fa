"""The promises to runs of which blocks yield: whose children there are, what they are made from, and that they go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

from penstock.engine.loop import RunHandle
from penstock.model.expand import Axis, Mode, base_of
from penstock.model.messages import InputOrder, WorkOrder
from penstock.model.product import part_of
from penstock.model.run import RunState
from penstock.state.rows import BlockRunRow, RunRow
from tools.simulation.pipelines import PIPELINES, STREAMS, fan_of
from tools.simulation.streams import Origin
from tools.simulation.world import BrokenPromiseError, World

if TYPE_CHECKING:
    from tools.simulation.play import Play
    from tools.simulation.process import Process

AXES: Mapping[str, Mapping[str, tuple[Axis, ...]]] = {
    "river": {
        "e": (Axis("y", Mode.ITEM),),
        "f": (Axis("e", Mode.EACH),),
        "g": (Axis("f", Mode.ALL),),
    },
    "delta": {
        "s": (Axis("w"), Axis("y", Mode.ITEM)),
        "m": (Axis("y", Mode.ITEM), Axis("x", Mode.ITEM)),
        "n": (Axis("s", Mode.ITEM),),
        "g": (Axis("s", Mode.ALL), Axis("m", Mode.ALL), Axis("n", Mode.ALL)),
    },
}
"""How blocks fan out, said once more by hand: not as the scheduler has it."""
_AXES = {
    name: {b.uuid: AXES[name].get(b.uuid, tuple(map(Axis, b.upstream))) for b in PIPELINES[name].blocks}
    for name in STREAMS
}


def is_group(row: BlockRunRow, pipeline: str) -> bool:
    """Whether that row stands for all children of a block."""
    return any(axis.fans for axis in AXES.get(pipeline, {}).get(row.block, ()))


def is_withdrawn(row: BlockRunRow) -> bool:
    """Whether it is a child that counts no more."""
    return (
        row.state == "cancelled" and base_of(row.block) != row.block and (row.failure or {}).get("kind") == "withdrawn"
    )


def named(world: World, run: str, key: str, token: int) -> str:
    """A block or child, and of which attempts of blocks that yield it is made."""
    roots = sorted((unit, number) for unit, number in world.streams.roots(run, key, token) if unit in {"x", "y"})
    return f"{key} of {roots}" if roots else key


def check_beginning(process: Process, order: WorkOrder) -> None:
    """An attempt begins when the one before is over, and with it all that was made from what that had yielded."""
    streams = process.workers.world.streams
    mine = [w.order for w in process.workers.alive if w.ended is None and w.order.run == order.run]
    if any(other.key == order.key for other in mine):
        raise BrokenPromiseError(f"{order.run} {order.key} is started while another attempt of it is under way")
    if order.pipeline not in STREAMS:
        return
    streams.given[order.run, order.fence.block, order.fence.token] = order.inputs
    if order.tell_parts and process.core is not None and order.run in process.core.runs:
        for other in mine:
            roots = {unit for unit, _ in streams.roots(order.run, other.key, other.fence.token)}
            if order.key in roots:
                raise BrokenPromiseError(f"{order.run} {order.key} is started while {other.key} is under way")


def check_given(play: Play, process: Process, order: WorkOrder, rows: Sequence[BlockRunRow]) -> None:
    """What an attempt of the driver of its run is given is what counts: the store's versions, or parts as they come."""
    versions = {row.block: row.version for row in rows}
    run = process.core.runs.get(order.run) if process.core is not None else None
    for entry in order.inputs:
        for unit, ref in zip(entry.units, entry.refs(), strict=True):
            part = part_of(ref.version)
            if part is None:
                if versions.get(unit) != ref.version:
                    raise BrokenPromiseError(
                        f"{order.run} {order.key} is given {ref}, and {unit} is {versions.get(unit)}"
                    )
                continue
            current = run.handle.current.get(unit) if run is not None and run.handle is not None else None
            if current is None or current.attempt.order.fence.token != part.token or part.number >= current.parts:
                raise BrokenPromiseError(f"{order.run} {order.key} is given {ref}, which is not yielded now")
            if (order.run, unit, part.token) in play.world.streams.lost:
                raise BrokenPromiseError(f"{order.run} {order.key} is given {ref}, which was removed")
        _check_item(play, order, entry)


def _check_item(play: Play, order: WorkOrder, entry: InputOrder) -> None:
    for unit, token, item in play.world.streams.origins(order.run, entry):
        count = play.world.streams.count((order.run, unit, token))
        if item is not None and item >= count:
            raise BrokenPromiseError(f"{order.run} {order.key} is given item {item} of the {count} of {unit}")


def check_growing(play: Play, process: Process) -> None:
    """At each moment a block has a child for each item that its parent has told of, and who yields takes no place."""
    assert process.core is not None
    places = sum(not worker.heard for worker in process.workers.alive)
    taken = process.loop._active  # noqa: SLF001 - nobody else asks for it
    if taken != places:
        raise BrokenPromiseError(f"{process.name} has {taken} places taken, and {places} attempts take one")
    for run in process.core.runs.values():
        handle = run.handle
        if handle is not None and handle.plan.pipeline.uuid in STREAMS and handle.run.state is RunState.RUNNING:
            _check_groups(play, handle)


def _check_groups(play: Play, handle: RunHandle) -> None:
    run, axes = handle.run, _AXES[handle.plan.pipeline.uuid]
    most = run.fans.most
    for block, taken in run.growing.items():
        (axis,) = (axis for axis in axes[block] if axis.fans)
        children = run.children.get(block, [])
        if axis.mode is Mode.EACH:
            wanted = len(run.children[axis.parent])
        else:
            current = handle.current.get(axis.parent)
            if current is None:
                raise BrokenPromiseError(f"{run.id} {block} grows with {axis.parent}, which is not under way")
            made = (run.id, axis.parent, current.attempt.order.fence.token)
            wanted = sum(items.count for items in play.world.streams.parts.get(made, ())[: current.parts])
        if run.stopping or block in run.tainted:  # nothing more is begun
            continue
        if taken != wanted or len(children) != min(wanted, most):
            raise BrokenPromiseError(
                f"{run.id} {block} has {len(children)} children of {taken}, and there are {wanted}"
            )
        if odd := run.withdrawn.intersection(children):
            raise BrokenPromiseError(f"{run.id} {block}: {odd} count, and were withdrawn")


def check_streams(play: Play, row: RunRow, blocks: Sequence[BlockRunRow]) -> None:
    """Each block that completed was made from what its upstreams have come to, and its children from each item once."""
    found = {block.block: block for block in blocks}
    axes, cut = _AXES[row.pipeline], fan_of(row.id)
    for block in blocks:
        base = base_of(block.block)
        if block.state != "completed" or not (row.state == "completed" or base == block.block):
            continue
        if is_group(block, row.pipeline):
            _check_children(play, row, block, found, cut["most_children"] if cut["cut_children"] else None)
        else:
            _check_made(play, row, block, axes[base], found)


def _check_children(
    play: Play, row: RunRow, group: BlockRunRow, found: Mapping[str, BlockRunRow], most: int | None
) -> None:
    """The children of a block that completed: one for each of what it fans out over, all of them complete."""
    axes = [axis for axis in _AXES[row.pipeline][group.block] if axis.fans]
    children = _children(found, group.block)
    if odd := [child.block for child in children if child.state != "completed"]:
        raise BrokenPromiseError(f"{row.id} {group.block} is complete, and of its children {odd} are not")
    made = Counter(tuple(_given(play, row, child, axis) for axis in axes) for child in children)
    wanted = Counter(product(*(_options(play, row, axis, found) for axis in axes)))
    if made - wanted or sum(made.values()) != min(wanted.total(), most or wanted.total()):
        raise BrokenPromiseError(f"{row.id} {group.block} is complete with children of {made}, and there are {wanted}")


def _children(found: Mapping[str, BlockRunRow], block: str) -> list[BlockRunRow]:
    """The children of a block that count."""
    rows = [row for key, row in found.items() if key != block and base_of(key) == block]
    return [row for row in rows if not is_withdrawn(row)]


def _options(play: Play, row: RunRow, axis: Axis, found: Mapping[str, BlockRunRow]) -> list[Origin]:
    """What there is along an axis, by what the newest attempts of the parents have come to."""
    fanned = any(each.fans for each in _AXES[row.pipeline][axis.parent])
    parents = _children(found, axis.parent) if fanned else [found[axis.parent]]
    # Where blocks may fail, what one child has failed to give is fanned out by nobody, and the others go on.
    parents = [parent for parent in parents if parent.state == "completed"]
    options: list[Origin] = []
    for parent in parents:
        token = play.world.streams.tokens[parent.version or ""]
        count = play.world.streams.count((row.id, parent.block, token))
        items = range(count) if axis.mode is Mode.ITEM else (None,)
        options.extend((parent.block, token, item) for item in items)
    return options


def _given(play: Play, row: RunRow, made: BlockRunRow, axis: Axis) -> Origin:
    """What a child was given along an axis."""
    streams = play.world.streams
    given = streams.given[row.id, made.block, streams.tokens[made.version or ""]]
    (origin,) = (origin for entry in given if entry.block == axis.parent for origin in streams.origins(row.id, entry))
    return origin


def _check_made(
    play: Play, row: RunRow, made: BlockRunRow, axes: Sequence[Axis], found: Mapping[str, BlockRunRow]
) -> None:
    """What a block was given whole is what its upstreams have published last; of children all of them."""
    streams = play.world.streams
    given = {entry.block: entry for entry in streams.given[row.id, made.block, streams.tokens[made.version or ""]]}
    for axis in axes:
        if axis.fans:
            continue
        rows = _children(found, axis.parent) if axis.mode is Mode.ALL else [found[axis.parent]]
        wanted = sorted(str(each.version) for each in rows)
        if wanted != (got := sorted(ref.version for ref in given[axis.parent].refs())):
            raise BrokenPromiseError(
                f"{row.id} {made.block} is complete with {got} of {axis.parent}, which are {wanted}"
            )
