"""Names and files of blocks that are made or renamed: which is free, and where a block's file belongs."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penstock.model.block import EXTENSIONS, FOLDERS, Block, BlockType, Language
from penstock.model.errors import EditRefusedError, UnsupportedError
from penstock.project.entries import Entry
from penstock.project.layout import clean_name, find_block_file
from penstock.project.load import Project
from penstock.project.reader import PipelineReading
from penstock.server.projects.parts import Parts, every_block

SECTION_OF: Mapping[BlockType, str] = {
    BlockType.CALLBACK: "callbacks",
    BlockType.CONDITIONAL: "conditionals",
    BlockType.CHART: "widgets",
}
"""The list of a pipeline's file in which blocks of these types stand; all others stand in `blocks`."""
LONGEST_NAME = 150
"""Characters of the longest name; file names hold 255 bytes."""
_BASE = 120
"""Bytes of a name that is made up, before its number."""
FILE_KEYS = ("file_source", "file_path")


def type_named(text: str) -> BlockType:
    """The block type of that name.

    Raises:
        UnsupportedError: there is none that has files of its own.
    """
    found = next((kind for kind in FOLDERS if kind.value == text), None)
    if found is None:
        known = ", ".join(kind.value for kind in FOLDERS)
        raise UnsupportedError(f"making a block: there is no type {text[:60]!r}", hint=f"Types are {known}.")
    return found


def language_named(text: str | None, kind: BlockType) -> Language:
    """The language of that name; by default that of the type.

    Raises:
        UnsupportedError: there is none.
    """
    if text is None:
        return Language.MARKDOWN if kind is BlockType.MARKDOWN else Language.PYTHON
    found = next((language for language in EXTENSIONS if language.value == text), None)
    if found is None:
        known = ", ".join(language.value for language in EXTENSIONS)
        raise UnsupportedError(f"making a block: there is no language {text[:60]!r}", hint=f"Languages are {known}.")
    return found


def checked_uuid(name: str, doing: str) -> str:
    """The uuid of a name.

    Raises:
        EditRefusedError: nothing of the name can stand in one, or it is too long.
    """
    uuid = clean_name(name)
    if not uuid.replace("_", "").replace("/", "") or len(uuid) > LONGEST_NAME or len(uuid.encode()) > 240:  # noqa: PLR2004
        raise EditRefusedError(
            f"{doing}: {name[:60]!r} gives no name for a file",
            hint=f"Use letters and digits, at most {LONGEST_NAME} of them.",
        )
    return uuid


def taken_uuids(reading: PipelineReading) -> set[str]:
    """The uuids that a pipeline has, in any section."""
    return {block.uuid for block in every_block(reading)}


def free_name(parts: Parts, reading: PipelineReading, kind: BlockType, language: Language, base: str) -> str:
    """A name like `base`, or its beginning where that is long, whose uuid and file are both free."""
    base = base.encode("utf-8", "replace")[:_BASE].decode("utf-8", "ignore")
    taken = taken_uuids(reading)
    for number in itertools.count(1):
        name = base if number == 1 else f"{base} {number}"
        uuid = clean_name(name)
        if uuid not in taken and not default_file(parts.root, uuid, kind, language).exists():
            return name
    raise AssertionError  # numbers do not end


def default_file(root: Path, uuid: str, kind: BlockType, language: Language) -> Path:
    """Where the file of a block belongs."""
    return root / FOLDERS[kind] / f"{uuid}.{EXTENSIONS[language]}"


def points_to(project: Project, entry: Entry, kind: BlockType, language: Language, file: Path) -> None:
    """Make an entry find its file: by its name where that leads there, else by `configuration.file_source.path`."""
    configuration = {key: value for key, value in (entry.get("configuration") or {}).items() if key not in FILE_KEYS}
    found = find_block_file(project, entry["uuid"], kind, language, configuration)
    if found.path != file:
        configuration["file_source"] = {"path": file.relative_to(project.root).as_posix()}
    if configuration or entry.get("configuration") is not None:
        entry["configuration"] = configuration


def sharers(parts: Parts, reading: PipelineReading, block: Block) -> list[tuple[str, str]]:
    """The other blocks, of any pipeline, that use the file of a block; replicas of it are not among them."""
    if block.file is None:
        return []
    parts.index.entries()
    own = reading.pipeline.uuid
    replicas = {other.uuid for other in every_block(reading) if other.replicated_block == block.uuid}
    return [
        (pipeline, uuid)
        for pipeline, uuid in parts.index.users(parts.relative(block.file))
        if (pipeline, uuid) != (own, block.uuid) and not (pipeline == own and uuid in replicas)
    ]


def new_entry(uuid: str, name: str, kind: BlockType, language: Language, upstream: list[str]) -> dict[str, Any]:
    """The entry of a new block, with the keys that every block has."""
    return {
        "uuid": uuid,
        "name": name,
        "type": kind.value,
        "language": language.value,
        "upstream_blocks": upstream,
        "downstream_blocks": [],
    }
