"""Turns one entry of a pipeline file into a block."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penstock.model.block import EXTENSIONS, MOVE_IT, Block, BlockType, Language, outside_words
from penstock.project.layout import BlockFile, ProjectPlace, clean_name, find_block_file, type_of_folder
from penstock.project.reading_rules import (
    ForeignPath,
    MissingBlockFile,
    MissingType,
    PathOutside,
    UnknownBlockType,
    UnknownLanguage,
    WrongShape,
)
from penstock.project.rule import Rule
from penstock.project.text_file import is_folder
from penstock.project.values import Path as Steps
from penstock.project.values import Values, name_of

FILELESS = frozenset({BlockType.GLOBAL_DATA_PRODUCT, BlockType.UNKNOWN})
"""Types that have no code, or none that we know of."""
_TYPES = {kind.value: kind for kind in BlockType if kind is not BlockType.UNKNOWN}
_LANGUAGES = {language.value: language for language in Language if language is not Language.UNKNOWN}
_LANGUAGE_OF = {extension: language for language, extension in EXTENSIONS.items()} | {"yml": Language.YAML}
_OF_TYPE = {BlockType.MARKDOWN: Language.MARKDOWN}


def read_block(place: ProjectPlace, values: Values, entry: Any, path: Steps, assumed: BlockType | None) -> Block | None:
    """The block of an entry; None, with a finding, when it cannot be told apart.

    Args:
        place: the project.
        values: the pipeline file.
        entry: the entry as parsed.
        path: where in the file it stands.
        assumed: the type when none is written, as for the entries of `callbacks`.
    """
    if not isinstance(entry, Mapping):
        values.tell(WrongShape, path, f"{path[0]} has an entry that is {name_of(entry)}", "Write a map with a uuid.")
        return None
    raw = values.mapping(entry, path)
    uuid = values.text(raw.get("uuid"), (*path, "uuid")) or clean_name(values.text(raw.get("name"), (*path, "name")))
    if not uuid:
        values.tell(WrongShape, path, f"{path[0]} has an entry without uuid and name", "Give it a uuid.")
        return None
    configuration = values.mapping(raw.get("configuration"), (*path, "configuration"), block=uuid)
    kind = _type(place, values, raw, path, uuid, configuration, assumed)
    language = _language(values, raw, path, uuid, kind, configuration)
    content = raw.get("content")
    return Block(
        uuid=uuid,
        name=values.text(raw.get("name"), (*path, "name"), block=uuid) or uuid,
        type=kind,
        language=language,
        upstream=values.texts(raw.get("upstream_blocks"), (*path, "upstream_blocks"), block=uuid),
        downstream=values.texts(raw.get("downstream_blocks"), (*path, "downstream_blocks"), block=uuid),
        configuration=configuration,
        content=content if isinstance(content, str) and content.strip() else None,
        declared_type=values.text(raw.get("type"), (*path, "type"), block=uuid),
        timeout=values.number(raw.get("timeout"), (*path, "timeout"), block=uuid),
        retry_config=read_retries(values, raw.get("retry_config"), (*path, "retry_config"), uuid),
        executor_type=values.text(raw.get("executor_type"), (*path, "executor_type"), block=uuid) or None,
        replicated_block=values.text(raw.get("replicated_block"), (*path, "replicated_block"), block=uuid) or None,
        color=values.text(raw.get("color"), (*path, "color"), block=uuid) or None,
        raw=raw,
    )


def read_retries(values: Values, given: Any, path: Steps, block: str = "") -> Mapping[str, Any]:
    """Retry settings with numbers for numbers; what is unusable is left out."""
    config = dict(values.mapping(given, path, block=block))
    for key in ("retries", "delay", "max_delay"):
        if key in config:
            number = values.number(config.pop(key), (*path, key), block=block)
            if number is not None:
                config[key] = int(number) if number.is_integer() else number
    if "exponential_backoff" in config:
        config["exponential_backoff"] = values.flag(config["exponential_backoff"])
    return config


def find_code(
    place: ProjectPlace, values: Values, block: Block, original: Block, path: Steps
) -> tuple[str | None, str]:
    """The block's file, that of its original for a replica; findings tell when it is missing or elsewhere.

    Beside it the path that leaves the project, where the entry names such a one: it is not opened.
    """
    if original.type in FILELESS or original.language is Language.UNKNOWN:
        return None, ""
    found = find_block_file(place, original.uuid, original.type, original.language, original.configuration)
    if found.outside:
        named = found.named or original.uuid
        values.tell(PathOutside, _where(values, path), outside_words(named), MOVE_IT, block=block.uuid)
        return None, named
    if found.path is None:
        if original.content is None:
            _tell_missing(place, values, block, found, path)
        return None, ""
    if found.named:
        shown = _relative(place.root, found.path)
        message = f"its path {found.named} leads nowhere here; {shown} is used"
        values.tell(ForeignPath, _where(values, path), message, f"Write {shown}.", block=block.uuid)
    return str(found.path), ""


def _tell_missing(place: ProjectPlace, values: Values, block: Block, found: BlockFile, path: Steps) -> None:
    if block.replicated_block and found.expected.stem == block.uuid:
        message = f"it repeats the block {block.replicated_block}, which is not in the pipeline"
        hint = "Write in replicated_block which block of the pipeline it repeats, or remove it."
        values.tell(MissingBlockFile, (*path, "replicated_block"), message, hint, block=block.uuid)
        return
    expected = _relative(place.root, found.expected)
    named = f", nor at {found.named}" if found.named else ""
    where = _where(values, path) if found.named else path
    values.tell(
        MissingBlockFile,
        where,
        f"its file is missing: {_what_is_at(found.expected, expected)}{named}",
        f"{_way_to(found.expected, expected)}, or remove the block from the pipeline.",
        block=block.uuid,
    )


def _way_to(path: Path, shown: str) -> str:
    if os.path.lexists(path):
        return f"Move what is at {shown} away and put the block's file in its place"
    return f"Create {shown}"


def _what_is_at(path: Path, shown: str) -> str:
    if is_folder(path):
        return f"{shown} is a folder"
    if os.path.islink(path):  # noqa: PTH114 - pathlib raises for a name that is too long
        return f"{shown} is a link that leads nowhere"
    return f"{shown} is not a regular file" if os.path.lexists(path) else f"there is none at {shown}"


def _where(values: Values, path: Steps) -> Steps:
    """The path of the key that names the block's file, as far as it is written."""
    for tail in (("configuration", "file_source", "path"), ("configuration", "file_path"), ("uuid",)):
        if values.document.node((*path, *tail)) is not None:
            return (*path, *tail)
    return path


def _relative(root: Path, file: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)


def _type(
    place: ProjectPlace,
    values: Values,
    raw: Mapping[str, Any],
    path: Steps,
    uuid: str,
    configuration: Mapping[str, Any],
    assumed: BlockType | None,
) -> BlockType:
    declared = values.text(raw.get("type"), (*path, "type"), block=uuid)
    if declared in _TYPES:
        return _TYPES[declared]
    if declared:
        _unknown(values, UnknownBlockType, (*path, "type"), uuid, f"its type {declared!r} is not known to this version")
        return BlockType.UNKNOWN
    kind = assumed or type_of_folder(place, uuid, configuration)
    if kind is None:
        message = "it has no type, and no folder holds a file of its name; it loads and does not run"
        values.tell(MissingType, path, message, "Add its type.", block=uuid)
        return BlockType.UNKNOWN
    values.tell(
        MissingType,
        path,
        f"it has no type; {kind.value} is taken from its place",
        f"Add type: {kind.value}.",
        block=uuid,
    )
    return kind


def _language(
    values: Values, raw: Mapping[str, Any], path: Steps, uuid: str, kind: BlockType, configuration: Mapping[str, Any]
) -> Language:
    declared = values.text(raw.get("language"), (*path, "language"), block=uuid)
    language = _LANGUAGES.get(declared.lower())
    if language is not None:
        return language
    if declared:
        _unknown(values, UnknownLanguage, (*path, "language"), uuid, f"its language {declared!r} is not known")
        return Language.UNKNOWN
    source = configuration.get("file_source")
    named = source.get("path") if isinstance(source, Mapping) else configuration.get("file_path")
    extension = str(named or uuid).rpartition(".")[2].lower()
    return _OF_TYPE.get(kind) or _LANGUAGE_OF.get(extension, Language.PYTHON)


def _unknown(values: Values, rule: type[Rule], path: Steps, uuid: str, message: str) -> None:
    values.tell(rule, path, f"{message}; the block loads and does not run", "Correct it, or leave it.", block=uuid)
