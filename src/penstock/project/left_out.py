"""What a pipeline's file asks of a run, and a run of this version leaves out without failing."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from penstock.config.templates import has_marks
from penstock.model.pipeline import Pipeline
from penstock.project.values import Path as Steps

LOCAL = frozenset({"", "none", "local_python", "local_python_force"})
"""Executors that run a block on this machine; without one it is local_python."""


@dataclass(frozen=True, slots=True)
class ExtensionBlock:
    """A block below `extensions`: where in the file it stands, of which extension it is, and its name."""

    steps: Steps
    extension: str
    uuid: str


def extension_blocks(pipeline: Pipeline) -> Iterator[ExtensionBlock]:
    """The blocks below `extensions`, in the order of the file; entries of another shape are passed over."""
    extensions = pipeline.raw.get("extensions")
    for extension, entry in extensions.items() if isinstance(extensions, Mapping) else ():
        listed = entry.get("blocks") if isinstance(entry, Mapping) else None
        for index, block in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(block, Mapping):
                uuid = str(block.get("uuid") or block.get("name") or index)
                yield ExtensionBlock(("extensions", extension, "blocks", index), str(extension), uuid)


def remote_executor(asked: object) -> str:
    """The executor that an `executor_type` names, when that is not this machine; "" when it is, or names none."""
    text = "" if asked is None else str(asked).strip()
    return "" if text.lower() in LOCAL or has_marks(text) else text  # a template says it where it is rendered


def left_out(pipeline: Pipeline, blocks: Container[str]) -> Iterator[str]:
    """What a run of these blocks leaves out, a sentence each."""
    for extension in extension_blocks(pipeline):
        yield f"block {extension.uuid} of the extension {extension.extension} is not run: {UNCHECKED}"
    if executor := remote_executor(pipeline.raw.get("executor_type")):
        yield f"pipeline {pipeline.uuid} asks for the executor {executor}; {HERE}"
    for block in pipeline.blocks:
        if block.uuid in blocks and (executor := remote_executor(block.executor_type)):
            yield f"block {block.uuid} asks for the executor {executor}; {HERE}"


UNCHECKED = "this version does not run extensions, so no data is validated by it"
HERE = "this version runs blocks on this machine only"
