"""Gives blocks other names, types and languages; files, edges, queries and stored outputs follow."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from penstock.model.block import EXTENSIONS, FOLDERS, Block, BlockType, Language
from penstock.model.errors import EditRefusedError, FileInvalidError, PenstockError, StorageError, UnsupportedError
from penstock.project.entries import Entry, find_entry, rename_entry
from penstock.project.reader import PipelineReading
from penstock.project.text_file import create_text, read_text, write_text
from penstock.project.yaml_edit import copy_data, update
from penstock.project.yaml_text import parse_yaml
from penstock.server.projects import block_names as names
from penstock.server.projects.detail import block_text
from penstock.server.projects.links import renamed_in_sql
from penstock.server.projects.parts import Parts, must_find
from penstock.server.projects.signature import with_decorator

INTERACTIONS = "interactions.yaml"
CONVERTIBLE = frozenset(
    {
        BlockType.DATA_LOADER,
        BlockType.TRANSFORMER,
        BlockType.DATA_EXPORTER,
        BlockType.CUSTOM,
        BlockType.SENSOR,
        BlockType.SCRATCHPAD,
        BlockType.MARKDOWN,
    }
)
"""Types that a block can change between: they stand in the same list and have files of their own."""
Moved = Callable[[str, str, str], None]
"""Told a pipeline, and the uuid of a block before and after: stored outputs follow it."""


@dataclass(frozen=True, slots=True)
class Renaming:
    """Renames and converts blocks.

    Args:
        parts: the files.
        moved: told of blocks that have another uuid.
    """

    parts: Parts
    moved: Moved

    def rename(self, pipeline: str, uuid: str, name: str) -> tuple[str, list[str]]:
        """Give a block another name; its uuid then, and what to tell.

        Its file is renamed too when nobody else uses it; otherwise it stays, and the entry names it.

        Raises:
            EditRefusedError: the name is taken or is none.
            BlockNotFoundError, StorageError: as they say.
        """
        with self.parts.lock:
            reading = self.parts.project().read(pipeline)
            block = must_find(reading, uuid)
            doing = f"renaming block {uuid} of pipeline {pipeline}"
            new = names.checked_uuid(name, doing)
            if new == uuid:
                self.parts.change(pipeline, _naming(uuid, name.strip()))
                return uuid, []
            if new in names.taken_uuids(reading):
                raise EditRefusedError(f"{doing}: it has a block {new} already", hint="Choose another name.")
            source = self.parts.checked_file(block)
            target = self._new_place(reading, block, new)
            notes: list[str] = []
            if source is not None and target is None and not block.replicated_block:
                notes += self._why_not_moved(reading, block)
            self._move(source, target, doing)
            try:
                self.parts.change(pipeline, self._renaming(block, new, name.strip(), target or source))
            except PenstockError:
                self._move(target, source, doing)
                raise
            if source is not None and target is not None:
                self.parts.versions.moved(self.parts.relative(source), self.parts.relative(target))
                self.parts.tell([source, target])
            notes += self._rename_in_queries(pipeline, uuid, new)
            self._rename_in_interactions(reading, uuid, new)
            self.moved(pipeline, uuid, new)
            return new, notes

    def convert(self, pipeline: str, uuid: str, kind: str | None, language: str | None) -> list[str]:
        """Give a block another type or language: its file goes to another folder, its decorator gets another name.

        Raises:
            UnsupportedError: a block cannot be changed between these types.
            EditRefusedError: a file is where its file would go.
            BlockNotFoundError, StorageError: as they say.
        """
        with self.parts.lock:
            reading = self.parts.project().read(pipeline)
            block = must_find(reading, uuid)
            new_kind = names.type_named(kind) if kind is not None else block.type
            new_language = names.language_named(language, new_kind) if language is not None else block.language
            if new_kind is BlockType.MARKDOWN and language is None:
                new_language = Language.MARKDOWN
            elif block.language is Language.MARKDOWN and new_kind is not BlockType.MARKDOWN and language is None:
                new_language = Language.PYTHON
            if (new_kind, new_language) == (block.type, block.language):
                return []
            self._check_convertible(block, new_kind)
            return self._convert(reading, block, new_kind, new_language)

    def _convert(self, reading: PipelineReading, block: Block, kind: BlockType, language: Language) -> list[str]:
        doing = f"changing block {block.uuid} of pipeline {reading.pipeline.uuid}"
        text = block_text(self.parts.resolver, block)
        source = self.parts.checked_file(block)
        if text.content is None or source is None:
            raise EditRefusedError(f"{doing}: {text.problem or 'it has no file'}", hint="Correct that first.")
        notes: list[str] = []
        content = text.content
        if Language.PYTHON is language is block.language:
            rewritten = with_decorator(content, block.type, kind)
            content = rewritten.text
            notes += [rewritten.why_not] if rewritten.why_not else []
        elif language is not block.language:
            notes.append(f"The text is still {block.language.value}; write it as {language.value}.")
        target = self._converted_place(block, source, kind, language)
        if target.exists():
            raise EditRefusedError(
                f"{doing}: the file {self.parts.relative(target)} is there already", hint="Rename the block first."
            )
        others = names.sharers(self.parts, reading, block)
        create_text(target, content)
        try:
            self.parts.change(reading.pipeline.uuid, self._converting(block, kind, language, target))
        except PenstockError:
            with suppress(OSError):
                target.unlink()
            raise
        if others:
            users = ", ".join(dict.fromkeys(pipeline for pipeline, _ in others))
            notes.append(f"{self.parts.relative(source)} stays for {users}; this block has a copy of its own now.")
        else:
            self.parts.versions.keep(self.parts.relative(source), source.read_bytes())
            self.parts.versions.moved(self.parts.relative(source), self.parts.relative(target))
            with suppress(OSError):
                source.unlink()
        self.parts.tell([source, target])
        return notes

    def _check_convertible(self, block: Block, kind: BlockType) -> None:
        if block.type is kind:
            return
        if block.type not in CONVERTIBLE or kind not in CONVERTIBLE or block.replicated_block:
            what = "a replica" if block.replicated_block else block.declared_type or block.type.value
            raise UnsupportedError(
                f"changing block {block.uuid}: {what} cannot become {kind.value}",
                hint="Add a new block and copy the text.",
            )

    def _converted_place(self, block: Block, source: Path, kind: BlockType, language: Language) -> Path:
        """Where the file of a converted block belongs: the same path below the folder of its type, where it has one."""
        old, new = FOLDERS.get(block.type), FOLDERS[kind]
        if old is not None and source.is_relative_to(self.parts.root / old):
            inside = source.relative_to(self.parts.root / old)
            return (self.parts.root / new / inside).with_suffix(f".{EXTENSIONS[language]}")
        return names.default_file(self.parts.root, block.uuid, kind, language)

    def _converting(self, block: Block, kind: BlockType, language: Language, target: Path) -> Callable[[Entry], None]:
        def change(data: Entry) -> None:
            place = find_entry(data, block.uuid)
            if place is not None:
                place[2]["type"], place[2]["language"] = kind.value, language.value
                names.points_to(self.parts.project(), place[2], kind, language, target)

        return change

    def _new_place(self, reading: PipelineReading, block: Block, new: str) -> Path | None:
        """Where the file of a renamed block goes; None when it stays."""
        if block.file is None or block.replicated_block or names.sharers(self.parts, reading, block):
            return None
        source = Path(block.file)
        extension = source.suffix
        folder = FOLDERS.get(block.type)
        if folder is None:
            return None
        usual = self.parts.root / folder / f"{block.uuid}{extension}"
        if source == usual:
            target = self.parts.root / folder / f"{new}{extension}"
        elif source.stem == block.uuid.rpartition("/")[2]:
            target = source.with_name(f"{new.rpartition('/')[2]}{extension}")
        else:
            return None
        self.parts.resolver.for_writing(self.parts.relative(target))
        if target.exists():
            raise EditRefusedError(
                f"renaming block {block.uuid}: the file {self.parts.relative(target)} is there already",
                hint="Choose another name.",
            )
        return target

    def _why_not_moved(self, reading: PipelineReading, block: Block) -> list[str]:
        users = [pipeline for pipeline, _ in names.sharers(self.parts, reading, block)]
        if not users:
            return []
        others = ", ".join(dict.fromkeys(users))
        return [f"{self.parts.relative(block.file or '')} keeps its name, because {others} uses it too."]

    def _move(self, source: Path | None, target: Path | None, doing: str) -> None:
        if source is None or target is None:
            return
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.rename(source, target)  # noqa: PTH104 - plain and atomic
        except OSError as error:
            raise StorageError(f"{doing}: {error.strerror}", hint="Make the folder writable.") from error

    def _renaming(self, block: Block, new: str, name: str, file: Path | None) -> Callable[[Entry], None]:
        def change(data: Entry) -> None:
            rename_entry(data, block.uuid, new, name)
            place = find_entry(data, new)
            if place is not None and file is not None and not block.replicated_block:
                names.points_to(self.parts.project(), place[2], block.type, block.language, file)

        return change

    def _rename_in_queries(self, pipeline: str, old: str, new: str) -> list[str]:
        """Give the table its new name in the queries of the blocks below; what could not be changed."""
        notes: list[str] = []
        reading = self.parts.project().read(pipeline)
        for block in reading.pipeline.blocks:
            if block.language is not Language.SQL or new not in block.upstream or block.file is None:
                continue
            text = block_text(self.parts.resolver, block)
            changed = renamed_in_sql(text.content or "", old, new)
            if text.content is None or changed == text.content:
                continue
            path = self.parts.relative(block.file)
            if names.sharers(self.parts, reading, block):
                notes.append(f"{path} still reads {old}; it is shared, so it was left as it is.")
                continue
            try:
                self.parts.contents.save(path, changed, text.revision)
            except PenstockError as error:  # the block has its new name by now: what belongs to it has to follow
                notes.append(f"{path} still reads {old}: {error.message}.")
        return notes

    def _rename_in_interactions(self, reading: PipelineReading, old: str, new: str) -> None:
        """The forms that belong to the block stay with it; a file that cannot be read is left alone."""
        path = Path(reading.pipeline.file).with_name(INTERACTIONS)
        if not path.is_file():
            return
        with suppress(FileInvalidError, EditRefusedError):
            file = read_text(path)
            data = copy_data(parse_yaml(file.text, path.name).data)
            blocks = data.get("blocks") if isinstance(data, dict) else None
            if isinstance(blocks, dict) and old in blocks and new not in blocks:
                data["blocks"] = {new if key == old else key: item for key, item in blocks.items()}
                write_text(file, update(file.text, data, path.name))
                self.parts.tell([path])


def _naming(uuid: str, name: str) -> Callable[[Entry], None]:
    def change(data: Entry) -> None:
        place = find_entry(data, uuid)
        if place is not None:
            place[2]["name"] = name

    return change
