"""Changes to a pipeline's file, by meaning: a key, a block, an edge, a variable.

Each reads the file, changes its text where it must, and writes it at once; comments, order and unknown keys stay. With
`revision`, the change is refused when the file is no longer the one that the caller saw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from penstock.model.block import Block
from penstock.model.errors import BlockNotFoundError, EditRefusedError, GraphInvalidError
from penstock.model.graph import find_cycle
from penstock.project.entries import (
    Entry,
    connect,
    entries,
    find_entry,
    insert_entry,
    is_entry,
    put,
    remove_entry,
    rename_entry,
)
from penstock.project.layout import clean_name, find_block_file
from penstock.project.load import Project
from penstock.project.reader import PipelineReading
from penstock.project.text_file import TextFile, write_text
from penstock.project.yaml_edit import copy_data, update


def set_pipeline_key(
    project: Project, pipeline: str, path: tuple[str, ...], value: Any, *, revision: str = ""
) -> TextFile:
    """Set a key of a pipeline, such as ("description",) or ("settings", "triggers", "save_in_code_automatically").

    Returns:
        The file as it is now.

    Raises:
        PipelineNotFoundError: there is no such pipeline.
        FileInvalidError: its file cannot be read.
        EditRefusedError: the file has changed, or the change cannot be made without damage.
        StorageError: the file system refuses.
    """

    def change(data: Entry) -> None:
        put(data, path, value)

    return change_pipeline(project.read(pipeline), change, revision)


def set_pipeline_variable(project: Project, pipeline: str, name: str, value: Any, *, revision: str = "") -> TextFile:
    """Set a variable of a pipeline. Legacy variables move into the file with it. Raises as `set_pipeline_key`."""
    reading = project.read(pipeline)

    def change(data: Entry) -> None:
        if not isinstance(data.get("variables"), dict):
            data["variables"] = copy_data(dict(reading.pipeline.variables))
        data["variables"][name] = value

    return change_pipeline(reading, change, revision)


def delete_pipeline_variable(project: Project, pipeline: str, name: str, *, revision: str = "") -> TextFile:
    """Remove a variable of a pipeline; nothing happens when it has none of that name. Raises as `set_pipeline_key`."""
    reading = project.read(pipeline)

    def change(data: Entry) -> None:
        if name in reading.pipeline.variables:
            kept = {key: item for key, item in reading.pipeline.variables.items() if key != name}
            data["variables"] = copy_data(kept)

    return change_pipeline(reading, change, revision)


def add_block(
    project: Project, pipeline: str, entry: Mapping[str, Any], *, position: int | None = None, revision: str = ""
) -> TextFile:
    """Add a block to a pipeline, with its edges on both sides.

    Args:
        project: the project.
        pipeline: the pipeline's uuid.
        entry: the block as it is to stand in the file; `name` or `uuid`, and `type`, are needed.
        position: where in the list; at the end by default.
        revision: what the caller saw.

    Raises:
        EditRefusedError: there is a block of that uuid, or as `set_pipeline_key`.
        GraphInvalidError: an upstream is not in the pipeline.
    """
    reading = project.read(pipeline)
    new = copy_data(dict(entry))
    new["uuid"] = str(new.get("uuid") or clean_name(str(new.get("name") or "")))
    new.setdefault("name", new["uuid"])
    if not new["uuid"] or not new.get("type"):
        raise EditRefusedError(f"adding a block to pipeline {pipeline}: it has no name or no type", hint="Give both.")
    if _find(reading.pipeline.blocks, new["uuid"]):
        raise EditRefusedError(
            f"adding block {new['uuid']} to pipeline {pipeline}: it has one of that uuid", hint="Choose another name."
        )
    upstream = [str(parent) for parent in new.get("upstream_blocks") or []]
    _check_known(reading, upstream)
    new["upstream_blocks"], new["downstream_blocks"] = upstream, list(new.get("downstream_blocks") or [])

    def change(data: Entry) -> None:
        insert_entry(data, "blocks", new, position)

    return change_pipeline(reading, change, revision)


def remove_block(project: Project, pipeline: str, uuid: str, *, revision: str = "") -> TextFile:
    """Take a block out of a pipeline, and all edges to and from it. Its file stays.

    Raises:
        BlockNotFoundError: the pipeline has no such block; or as `set_pipeline_key`.
    """
    reading = project.read(pipeline)
    _must_find(reading, uuid)

    def change(data: Entry) -> None:
        remove_entry(data, uuid)

    return change_pipeline(reading, change, revision)


def rename_block(project: Project, pipeline: str, uuid: str, name: str, *, revision: str = "") -> TextFile:
    """Give a block another name and uuid in one pipeline, and all edges with it.

    Its file stays where it is, since other pipelines may share it; when it would not be found by the new name,
    `configuration.file_source.path` names it.

    Raises:
        BlockNotFoundError: the pipeline has no such block.
        EditRefusedError: the new name is taken, or as `set_pipeline_key`.
    """
    reading = project.read(pipeline)
    block = _must_find(reading, uuid)
    new = clean_name(name)
    if not new or (new != uuid and _find(_all(reading), new)):
        raise EditRefusedError(
            f"renaming block {uuid} of pipeline {pipeline}: the name {name!r} is {'taken' if new else 'empty'}",
            hint="Choose another name.",
        )
    named = _named_file(project, block, new)

    def change(data: Entry) -> None:
        rename_entry(data, uuid, new, name)
        place = find_entry(data, new)
        if named and place:
            put(place[2], ("configuration", "file_source", "path"), named)

    return change_pipeline(reading, change, revision)


def set_edges(project: Project, pipeline: str, uuid: str, upstream: Iterable[str], *, revision: str = "") -> TextFile:
    """Set the upstreams of a block, in argument order, on both sides.

    Raises:
        BlockNotFoundError: the pipeline has no such block.
        GraphInvalidError: an upstream is not in the pipeline, or there would be a cycle.
        EditRefusedError: as `set_pipeline_key`.
    """
    reading = project.read(pipeline)
    _must_find(reading, uuid)
    parents = list(dict.fromkeys(upstream))
    _check_known(reading, parents)
    graph = {block.uuid: block.upstream for block in reading.pipeline.blocks}
    cycle = find_cycle({**graph, uuid: tuple(parents)}) if uuid in graph else None
    if cycle:
        raise GraphInvalidError(
            f"connecting block {uuid} of pipeline {pipeline}: blocks would form a cycle: {' -> '.join(cycle)}",
            hint="Leave out one of these edges.",
        )

    def change(data: Entry) -> None:
        connect(data, uuid, parents)

    return change_pipeline(reading, change, revision)


def set_block_key(
    project: Project, pipeline: str, uuid: str, path: tuple[str, ...], value: Any, *, revision: str = ""
) -> TextFile:
    """Set a key of a block's entry, such as ("timeout",) or ("configuration", "limit").

    Raises:
        BlockNotFoundError: the pipeline has no such block; or as `set_pipeline_key`.
    """
    reading = project.read(pipeline)
    _must_find(reading, uuid)

    def change(data: Entry) -> None:
        for _section, _index, entry in entries(data):
            if is_entry(entry, uuid):
                put(entry, path, value)

    return change_pipeline(reading, change, revision)


def set_block_configuration(
    project: Project, pipeline: str, uuid: str, key: str, value: Any, *, revision: str = ""
) -> TextFile:
    """Set a key of a block's configuration. Raises as `set_block_key`."""
    return set_block_key(project, pipeline, uuid, ("configuration", key), value, revision=revision)


def change_pipeline(reading: PipelineReading, change: Callable[[Entry], None], revision: str = "") -> TextFile:
    """Write a pipeline's file anew with what `change` does to its data; only what differs is touched.

    Raises:
        EditRefusedError: the file has changed since it was read, or the change cannot be made without damage.
        StorageError: the file system refuses.
    """
    file = reading.file
    if revision and revision != file.revision:
        raise EditRefusedError(
            f"changing pipeline {reading.pipeline.uuid}: its file has changed since it was read",
            hint="Read it again and repeat the change.",
        )
    data = copy_data(reading.document.data)
    data = {} if data is None else data
    change(data)
    return write_text(file, update(file.text, data, reading.document.file))


def _all(reading: PipelineReading) -> tuple[Block, ...]:
    pipeline = reading.pipeline
    return (*pipeline.blocks, *pipeline.callbacks, *pipeline.conditionals, *pipeline.widgets)


def _find(blocks: Iterable[Block], uuid: str) -> Block | None:
    return next((block for block in blocks if block.uuid == uuid), None)


def _must_find(reading: PipelineReading, uuid: str) -> Block:
    block = _find(_all(reading), uuid)
    if block is None:
        raise BlockNotFoundError(
            f"changing block {uuid}: pipeline {reading.pipeline.uuid} has none of that name",
            hint=f"Its blocks: {', '.join(each.uuid for each in _all(reading)) or 'none'}.",
        )
    return block


def _check_known(reading: PipelineReading, upstream: Iterable[str]) -> None:
    for parent in upstream:
        if not _find(reading.pipeline.blocks, parent):
            raise GraphInvalidError(
                f"connecting blocks of pipeline {reading.pipeline.uuid}: it has no block {parent}",
                hint="Add that block first.",
            )


def _named_file(project: Project, block: Block, new: str) -> str:
    """The path to write so that a renamed block still finds its code; "" when it finds it anyway."""
    if block.file is None or block.replicated_block:
        return ""
    found = find_block_file(project, new, block.type, block.language, block.configuration)
    if found.path is not None and str(found.path) == block.file:
        return ""
    return Path(block.file).relative_to(project.root).as_posix()
