"""Adds blocks to a pipeline: new ones, shared ones, replicas, copies."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from msgspec import UNSET, UnsetType

from penstock.model.block import EXTENSIONS, FOLDERS, RUNNABLE_TYPES, Block, BlockType, Language
from penstock.model.errors import (
    BlockNotFoundError,
    EditRefusedError,
    FileMissingError,
    GraphInvalidError,
    PenstockError,
    UnsupportedError,
)
from penstock.project.entries import Entry, find_entry, insert_entry
from penstock.project.layout import clean_name
from penstock.project.reader import PipelineReading
from penstock.project.templates.template import Template
from penstock.project.text_file import create_text
from penstock.server.projects import block_names as names
from penstock.server.projects.detail import block_text
from penstock.server.projects.links import links_of
from penstock.server.projects.parts import Parts, must_find
from penstock.server.projects.plain import as_before
from penstock.server.projects.signature import with_upstream
from penstock.server.projects.starters import starter
from penstock.server.schema.blocks import NewBlock

_LANGUAGE_OF = {extension: language for language, extension in EXTENSIONS.items()} | {"yml": Language.YAML}


class TemplateSource(Protocol):
    """Where templates come from; `project.templates` is one."""

    def find(self, template: str) -> Template:
        """The template of that id; raises FileMissingError when there is none."""

    def text(self, template: Template, name: str, values: Mapping[str, Any]) -> str:
        """The text of a new block; its function is called `name`."""


@dataclass(frozen=True, slots=True)
class Adding:
    """Adds blocks.

    Args:
        parts: the files.
        templates: where templates come from.
    """

    parts: Parts
    templates: TemplateSource

    def add(self, pipeline: str, new: NewBlock) -> str:
        """Add a block; its uuid.

        Raises:
            EditRefusedError: the name or the file is taken, or the file cannot be changed.
            GraphInvalidError: an upstream is not in the pipeline.
            UnsupportedError: the type or language is none.
            PipelineNotFoundError, FileMissingError, StorageError: as they say.
        """
        with self.parts.lock:
            reading = self.parts.project().read(pipeline)
            _check_upstream(reading, new.upstream)
            if new.replicate is not None:
                return self._replicate(reading, new)
            if new.file is not None:
                return self._share(reading, new)
            return self._make(reading, new)

    def duplicate(self, pipeline: str, uuid: str, name: str = "") -> str:
        """A copy of a block behind it, with a file of its own; its uuid. Raises as `add`."""
        with self.parts.lock:
            reading = self.parts.project().read(pipeline)
            block = must_find(reading, uuid)
            text = self._text(block)
            if block.type not in FOLDERS or block.language not in EXTENSIONS:
                raise UnsupportedError(f"copying block {uuid}: its type is not known here", hint="Copy its file.")
            configuration = {key: item for key, item in block.configuration.items() if key not in names.FILE_KEYS}
            chosen = name or names.free_name(self.parts, reading, block.type, block.language, f"{block.name} copy")
            new = NewBlock(
                type=block.type.value,
                name=chosen,
                language=block.language.value,
                content=text,
                configuration=configuration,
                upstream=list(block.upstream),
                after=uuid,
                color=block.color,
            )
            return self._make(reading, new, like=block, draw=False)

    def detach(self, pipeline: str, uuid: str) -> str:
        """Give a block whose file others use a copy of its own; the path of the copy.

        Raises:
            EditRefusedError: nobody else uses the file.
        """
        with self.parts.lock:
            reading = self.parts.project().read(pipeline)
            block = must_find(reading, uuid)
            if block.file is None or (not names.sharers(self.parts, reading, block) and not block.replicated_block):
                raise EditRefusedError(
                    f"detaching block {uuid}: no other block uses its file", hint="It has a file of its own already."
                )
            text = self._text(block)
            tail = pipeline.rpartition("/")[2]
            source = Path(block.file)
            target = source.with_name(f"{source.stem}_{tail}{source.suffix}")
            number = 2
            while target.exists():
                target = source.with_name(f"{source.stem}_{tail}_{number}{source.suffix}")
                number += 1
            create_text(target, text)

            def change(data: Entry) -> None:
                place = find_entry(data, uuid)
                if place is not None:
                    place[2].pop("replicated_block", None)
                    names.points_to(self.parts.project(), place[2], block.type, block.language, target)

            self._with_file(target, pipeline, change)
            return self.parts.relative(target)

    def _make(self, reading: PipelineReading, new: NewBlock, *, like: Block | None = None, draw: bool = True) -> str:
        kind = names.type_named(new.type)
        template = self.templates.find(new.template) if new.template else None
        language = names.language_named(new.language or (template.language.value if template else None), kind)
        base = new.suggested.strip() or (template.name if template else kind.value.replace("_", " "))
        name = new.name.strip() or names.free_name(self.parts, reading, kind, language, base)
        uuid = names.checked_uuid(name, f"adding a block to pipeline {reading.pipeline.uuid}")
        _check_free(reading, uuid)
        file = names.default_file(self.parts.root, uuid, kind, language)
        self.parts.resolver.for_writing(self.parts.relative(file))
        self._check_no_file(file)
        upstream = list(new.upstream)
        text = self._new_text(new, template, kind, language, uuid)
        if draw and kind in RUNNABLE_TYPES and language in {Language.PYTHON, Language.SQL}:
            known = [block.uuid for block in reading.pipeline.blocks if block.type in RUNNABLE_TYPES]
            upstream = links_of(kind, language, None, text, upstream, known).upstream
        entry = names.new_entry(uuid, name, kind, language, upstream)
        if like is not None:
            kept = {
                key: like.raw[key]
                for key in ("timeout", "retry_config", "executor_type", "executor_config")
                if key in like.raw
            }
            entry |= kept
        configuration = {**(template.configuration if template else {}), **new.configuration}
        if configuration:
            entry["configuration"] = as_before(like.configuration if like else None, configuration)
        _colour(entry, new.color or (template.color if template else None))
        create_text(file, text)
        self._with_file(file, reading.pipeline.uuid, _inserting(entry, kind, new.after))
        return uuid

    def _new_text(
        self, new: NewBlock, template: Template | None, kind: BlockType, language: Language, uuid: str
    ) -> str:
        if new.content is not None:
            return new.content
        if template is None:
            return starter(kind, language, uuid, list(new.upstream))
        text = self.templates.text(template, uuid.rpartition("/")[2], new.values)
        # What an add-on is attached to is not what its function takes.
        takes = kind in RUNNABLE_TYPES and language is Language.PYTHON
        return with_upstream(text, kind, [], list(new.upstream)).text if takes else text

    def _share(self, reading: PipelineReading, new: NewBlock) -> str:
        """A block that uses a file which is there."""
        resolved = self.parts.resolver.resolve(new.file or "")
        if not resolved.path.is_file():
            raise FileMissingError(
                f"adding a block with the file {new.file}: there is none", hint="Choose a file of the project."
            )
        kind = names.type_named(new.type)
        extension = resolved.path.suffix.lstrip(".").lower()
        language = names.language_named(new.language, kind) if new.language else _LANGUAGE_OF.get(extension)
        if language is None:
            raise UnsupportedError(
                f"adding a block with the file {new.file}: {extension or 'no'} files are no blocks",
                hint=f"Files of blocks end in {', '.join(EXTENSIONS.values())}.",
            )
        stem = resolved.relative.removeprefix(f"{FOLDERS[kind]}/").rpartition(".")[0]
        own = stem if resolved.relative.startswith(f"{FOLDERS[kind]}/") else stem.rpartition("/")[2]
        name = new.name.strip() or own
        uuid = names.checked_uuid(name, "adding a block") if new.name.strip() else own
        taken = names.taken_uuids(reading)
        if uuid in taken and new.name.strip():
            _check_free(reading, uuid)
        number = 2
        while uuid in taken:
            uuid, name = f"{own}_{number}", f"{own} {number}"
            number += 1
        entry = names.new_entry(uuid, name, kind, language, list(new.upstream))
        if new.configuration:
            entry["configuration"] = dict(new.configuration)
        _colour(entry, new.color)
        names.points_to(self.parts.project(), entry, kind, language, resolved.path)
        self.parts.change(reading.pipeline.uuid, _inserting(entry, kind, new.after))
        return uuid

    def _replicate(self, reading: PipelineReading, new: NewBlock) -> str:
        """A block that runs the code of another one of the same pipeline."""
        original = must_find(reading, new.replicate or "")
        source = original.replicated_block or original.uuid
        taken = names.taken_uuids(reading)
        name = new.name.strip()
        number = 1
        while not name or clean_name(name) in taken:
            if new.name.strip():
                _check_free(reading, clean_name(name))
            name = f"{original.name} replica" if number == 1 else f"{original.name} replica {number}"
            number += 1
        uuid = names.checked_uuid(name, "adding a replica")
        entry = names.new_entry(uuid, name, original.type, original.language, list(new.upstream))
        entry["type"] = original.declared_type or original.type.value
        entry["replicated_block"] = source
        if new.configuration:
            entry["configuration"] = dict(new.configuration)
        _colour(entry, new.color)
        self.parts.change(reading.pipeline.uuid, _inserting(entry, original.type, new.after))
        return uuid

    def _check_no_file(self, file: Path) -> None:
        if not file.exists() and not file.is_symlink():
            return
        shown = self.parts.relative(file)
        self.parts.index.entries()
        users = self.parts.index.pipelines_using(shown)
        used = f"; it is used by {', '.join(users[:5])}" if users else ""
        raise EditRefusedError(
            f"adding a block: the file {shown} is there already{used}",
            hint="Choose another name, or add that file as a shared block.",
        )

    def _text(self, block: Block) -> str:
        text = block_text(self.parts.resolver, block)
        if text.content is None:
            raise EditRefusedError(f"copying block {block.uuid}: {text.problem or 'it has no text'}", hint="")
        return text.content

    def _with_file(self, file: Path, pipeline: str, change: Any) -> None:
        """Change the pipeline; when that fails, the file that was made for it goes again."""
        try:
            self.parts.change(pipeline, change)
        except PenstockError:
            with suppress(OSError):
                file.unlink()
            raise
        self.parts.tell([file])


def _inserting(entry: Entry, kind: BlockType, after: str | UnsetType | None) -> Any:
    section = names.SECTION_OF.get(kind, "blocks")

    def change(data: Entry) -> None:
        insert_entry(data, section, dict(entry), position_after(data, section, after))

    return change


def position_after(data: Entry, section: str, after: str | UnsetType | None) -> int | None:
    """Where in a section a block goes that is to stand behind another: None for the end.

    Raises:
        BlockNotFoundError: there is no such block in that section.
    """
    if after is UNSET:
        return None
    if after is None:
        return 0
    place = find_entry(data, str(after))
    if place is None:
        raise BlockNotFoundError(
            f"placing a block behind {after}: there is no such block", hint="Choose another place."
        )
    return place[1] + 1 if place[0] == section else None


def _check_upstream(reading: PipelineReading, upstream: list[str]) -> None:
    known = {block.uuid for block in reading.pipeline.blocks}
    missing = [parent for parent in upstream if parent not in known]
    if missing:
        raise GraphInvalidError(
            f"connecting a new block of pipeline {reading.pipeline.uuid}: it has no block {', '.join(missing)}",
            hint="Add that block first.",
        )


def _check_free(reading: PipelineReading, uuid: str) -> None:
    if uuid in names.taken_uuids(reading):
        raise EditRefusedError(
            f"adding block {uuid} to pipeline {reading.pipeline.uuid}: it has one of that name",
            hint="Choose another name.",
        )


def _colour(entry: Entry, color: str | None) -> None:
    if color:
        entry["color"] = color
