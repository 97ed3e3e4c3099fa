"""Reads a pipeline: its file, its blocks, its edges. What is odd gives a finding; the rest goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from penstock.config.diagnostics import Diagnostic
from penstock.model.block import Block, BlockType
from penstock.model.errors import FileInvalidError, Location
from penstock.model.pipeline import Pipeline, PipelineType
from penstock.project.block_reader import find_code, read_block, read_retries
from penstock.project.layout import METADATA, ProjectPlace
from penstock.project.legacy import read_legacy_variables
from penstock.project.reading_rules import (
    DuplicateBlock,
    DuplicateKey,
    MissingType,
    OddValue,
    OneSidedEdge,
    UnknownBlockType,
    UnknownUpstream,
    WrongShape,
)
from penstock.project.rule import Rule
from penstock.project.text_file import TextFile, read_text
from penstock.project.values import Path as Steps
from penstock.project.values import Values, name_of
from penstock.project.yaml_text import YamlDocument, parse_yaml

SECTIONS: Mapping[str, BlockType | None] = {
    "blocks": None,
    "callbacks": BlockType.CALLBACK,
    "conditionals": BlockType.CONDITIONAL,
    "widgets": BlockType.CHART,
}
"""The lists of blocks in a pipeline file, with the type of an entry that names none."""
_RULES: Mapping[str, type[Rule]] = {"duplicate": DuplicateKey, "value": OddValue}
_TYPES = {kind.value: kind for kind in PipelineType if kind is not PipelineType.UNKNOWN}


@dataclass(frozen=True, slots=True)
class PipelineReading:
    """A pipeline as it was read: the value, the text it came from, and what was found. `steps` locates each block."""

    pipeline: Pipeline
    file: TextFile
    document: YamlDocument
    findings: tuple[Diagnostic, ...]
    steps: Mapping[str, Steps]

    def locate(self, block: str, *tail: str) -> Location:
        """The place of a block's entry, or of a key in it."""
        return self.document.locate((*self.steps.get(block, ()), *tail))


def read_document(path: Path, root: Path) -> tuple[TextFile, YamlDocument]:
    """Read and parse a YAML file of the project; locations name it relative to the project.

    Raises:
        FileInvalidError: it cannot be read.
    """
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    try:
        file = read_text(path)
    except FileInvalidError as error:
        line = error.location.line if error.location else 0
        raise FileInvalidError(
            error.message.replace(str(path), shown), hint=error.hint, location=Location(shown, line)
        ) from error
    return file, parse_yaml(file.text, shown)


def listed_blocks(root: Path, folder: Path) -> set[str]:
    """The uuids of a pipeline's blocks, by its file alone.

    Raises:
        FileInvalidError: it cannot be read.
    """
    data = read_document(folder / METADATA, root)[1].data
    listed = data.get("blocks") if isinstance(data, dict) else None
    return {str(each.get("uuid") or each.get("name")) for each in listed or [] if isinstance(each, dict)}


def oddities(document: YamlDocument, pipeline: str = "") -> list[Diagnostic]:
    """The findings of the parser."""
    hints = {"duplicate": "Remove the one that is not meant.", "value": "Quote it."}
    return [
        _RULES[odd.kind].found(
            f"{document.file}: {odd.message}", hint=hints[odd.kind], location=odd.location, pipeline=pipeline
        )
        for odd in document.oddities
    ]


def read_pipeline(place: ProjectPlace, uuid: str, folder: Path, data_dirs: Iterable[Path] = ()) -> PipelineReading:
    """Read the pipeline in a folder.

    Args:
        place: the project.
        uuid: the pipeline's uuid, which is the folder's name.
        folder: where its metadata.yaml is.
        data_dirs: data folders in which legacy variables may lie.

    Raises:
        FileInvalidError: the file cannot be read, is not YAML, or holds no map.
    """
    path = folder / METADATA
    file, document = read_document(path, place.root)
    if document.data is not None and not isinstance(document.data, Mapping):
        raise FileInvalidError(
            f"reading pipeline {uuid}: {document.file} holds {name_of(document.data)} where a map belongs",
            hint="Write the keys of a pipeline: name, type, blocks.",
            location=document.locate(()),
        )
    values = Values(document, uuid, oddities(document, uuid))
    raw = values.mapping(document.data, ("metadata",))
    steps: dict[str, Steps] = {}
    sections = {name: _section(place, values, raw, name, steps) for name in SECTIONS}
    sections["blocks"] = _derive_edges(values, sections["blocks"], steps)
    _check_edges(values, sections, steps)
    pipeline = Pipeline(
        uuid=uuid,
        name=values.text(raw.get("name"), ("name",)) or uuid,
        type=_type(values, raw),
        declared_type=values.text(raw.get("type"), ("type",)) or PipelineType.PYTHON.value,
        description=values.text(raw.get("description"), ("description",)),
        tags=values.texts(raw.get("tags"), ("tags",)),
        blocks=tuple(sections["blocks"].values()),
        callbacks=tuple(sections["callbacks"].values()),
        conditionals=tuple(sections["conditionals"].values()),
        widgets=tuple(sections["widgets"].values()),
        variables=_variables(values, raw, folder, data_dirs),
        retry_config=read_retries(values, raw.get("retry_config"), ("retry_config",)),
        concurrency_config=values.mapping(raw.get("concurrency_config"), ("concurrency_config",)),
        run_in_one_process=values.flag(raw.get("run_pipeline_in_one_process")),
        cache_output_in_memory=values.flag(raw.get("cache_block_output_in_memory")),
        file=str(path),
        raw=raw,
    )
    return PipelineReading(pipeline, file, document, tuple(values.findings), steps)


def _type(values: Values, raw: Mapping[str, Any]) -> PipelineType:
    declared = values.text(raw.get("type"), ("type",))
    if not declared:
        message = "it has no type; python is taken"
        values.tell(MissingType, ("type",), message, "Add type: python.")
        return PipelineType.PYTHON
    kind = _TYPES.get(declared, PipelineType.UNKNOWN)
    if kind is PipelineType.UNKNOWN:
        message = f"its type {declared!r} is not known to this version; it loads and does not run"
        values.tell(UnknownBlockType, ("type",), message, f"Known are: {', '.join(_TYPES)}.")
    return kind


def _variables(values: Values, raw: Mapping[str, Any], folder: Path, data_dirs: Iterable[Path]) -> Mapping[str, Any]:
    if raw.get("variables") is not None:
        return values.mapping(raw["variables"], ("variables",))
    return read_legacy_variables(values.pipeline, folder, data_dirs)


def _section(
    place: ProjectPlace, values: Values, raw: Mapping[str, Any], name: str, steps: dict[str, Steps]
) -> dict[str, Block]:
    entries = raw.get(name)
    if entries is None:
        return {}
    listed = list(entries.values()) if isinstance(entries, Mapping) and not entries else entries
    if not isinstance(listed, list):
        values.tell(
            WrongShape, (name,), f"{name} is {name_of(entries)} where a list belongs", "Write a list of blocks."
        )
        return {}
    blocks: dict[str, Block] = {}
    for index, entry in enumerate(listed):
        block = read_block(place, values, entry, (name, index), SECTIONS[name])
        if block is None:
            continue
        if block.uuid in blocks:
            first = values.locate(steps[block.uuid]).line
            message = f"its uuid stands twice in {name}, first on line {first}; the last one counts"
            values.tell(DuplicateBlock, (name, index, "uuid"), message, "Rename or remove one.", block=block.uuid)
        blocks[block.uuid] = block
        steps[block.uuid] = (name, index)
    for uuid, block in blocks.items():
        original = blocks.get(block.replicated_block or "", block)
        file, outside = find_code(place, values, block, original, steps[uuid])
        blocks[uuid] = replace(block, file=file, outside=outside)
    return blocks


def _derive_edges(values: Values, blocks: dict[str, Block], steps: Mapping[str, Steps]) -> dict[str, Block]:
    """Complete the edges of blocks that have no `upstream_blocks` at all; tell the edges written on one side only."""
    given: dict[str, list[str]] = {uuid: [] for uuid in blocks}
    for block in blocks.values():
        for child in block.downstream:
            if child in given:
                given[child].append(block.uuid)
    result: dict[str, Block] = {}
    for uuid, block in blocks.items():
        missing = [parent for parent in dict.fromkeys(given[uuid]) if parent not in block.upstream]
        if not missing:
            result[uuid] = block
            continue
        derive = "upstream_blocks" not in block.raw
        outcome = "it is used" if derive else "it is not used: upstream_blocks decides"
        values.tell(
            OneSidedEdge,
            (*steps[uuid], "upstream_blocks"),
            f"{', '.join(missing)} names it in downstream_blocks and upstream_blocks does not; {outcome}",
            "Write the edge on both sides, or on none.",
            block=uuid,
        )
        result[uuid] = replace(block, upstream=(*block.upstream, *missing)) if derive else block
    return result


def _check_edges(values: Values, sections: Mapping[str, dict[str, Block]], steps: Mapping[str, Steps]) -> None:
    known = set(sections["blocks"])
    for blocks in sections.values():
        for uuid, block in blocks.items():
            for parent in block.upstream:
                if parent not in known:
                    values.tell(
                        UnknownUpstream,
                        (*steps[uuid], "upstream_blocks"),
                        f"its upstream {parent} is not in the pipeline",
                        f"Add the block {parent}, or remove the edge.",
                        block=uuid,
                    )
