"""What is attached to the blocks of a pipeline: conditions that are asked before, callbacks that run after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from penstock.model.block import FOLDERS, Block, BlockType, Language
from penstock.model.messages import BlockOrder
from penstock.model.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Attached:
    """The conditions and callbacks of one block, in the order of the pipeline's file."""

    conditions: tuple[BlockOrder, ...] = ()
    callbacks: tuple[BlockOrder, ...] = ()


NOTHING_ATTACHED = Attached()


def attached_to(pipeline: Pipeline, project: str) -> dict[str, Attached]:
    """Block -> what is attached to it; a block without anything is left out.

    Args:
        pipeline: the pipeline.
        project: the project's folder, for callbacks of the older form: `has_callback: true` in a block's entry, and a
            file `callbacks/<block>_callback.py`.
    """
    conditions = _by_block(pipeline.conditionals)
    callbacks = _by_block(pipeline.callbacks)
    for block in pipeline.blocks:
        if block.raw.get("has_callback") is True:
            uuid = f"{block.uuid}_callback"
            file = Path(project) / FOLDERS[BlockType.CALLBACK] / f"{uuid}.py"
            if all(order.uuid != uuid for order in callbacks.get(block.uuid, ())) and file.is_file():
                order = BlockOrder(uuid, uuid, BlockType.CALLBACK, Language.PYTHON, str(file), None, (), {})
                callbacks.setdefault(block.uuid, []).append(order)
    return {
        uuid: Attached(tuple(conditions.get(uuid, ())), tuple(callbacks.get(uuid, ())))
        for uuid in {**conditions, **callbacks}
    }


def _by_block(attached: Iterable[Block]) -> dict[str, list[BlockOrder]]:
    found: dict[str, list[BlockOrder]] = {}
    for block in attached:
        for uuid in dict.fromkeys(block.upstream):
            found.setdefault(uuid, []).append(block_order(block, ()))
    return found


def block_order(block: Block, upstream: tuple[str, ...]) -> BlockOrder:
    """What a worker needs of a block's entry."""
    return BlockOrder(
        uuid=block.uuid,
        name=block.name,
        type=block.type.value,
        language=block.language.value,
        file=block.file,
        source=block.content,
        upstream=upstream,
        configuration=dict(block.configuration),
        outside=block.outside,
    )
