"""Changes blocks: text, name, type, language, edges, settings. What belongs together changes together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from penstock.model.block import RUNNABLE_TYPES, Block, BlockType, Language
from penstock.model.errors import BlockNotFoundError, ConflictError, EditRefusedError, GraphInvalidError, Location
from penstock.model.graph import find_cycle
from penstock.project.entries import Entry, connect, find_entry, put
from penstock.project.layout import find_block_file
from penstock.project.reader import PipelineReading
from penstock.project.text_file import revision_of
from penstock.server.projects.adding import position_after
from penstock.server.projects.detail import block_text
from penstock.server.projects.links import links_of, sql_names
from penstock.server.projects.parts import Parts, check_revision, must_find
from penstock.server.projects.plain import as_before
from penstock.server.projects.renaming import Renaming
from penstock.server.projects.signature import with_upstream
from penstock.server.schema.blocks import BlockChanges

_PLAIN_KEYS = ("color", "timeout", "executor_type")
_DRAWN = frozenset({Language.PYTHON, Language.SQL})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change came to: the uuid that the block has now, its text's revision, and what to tell, in sentences."""

    block: str
    revision: str = ""
    notes: tuple[str, ...] = ()
    edges: bool = False


@dataclass(frozen=True, slots=True)
class Changing:
    """Changes blocks."""

    parts: Parts
    renaming: Renaming

    def save(self, pipeline: str, uuid: str, content: str, revision: str) -> Outcome:
        """Save the text of a block; blocks that it newly names as upstreams are connected.

        Raises:
            ConflictError: the text is no longer that of the revision; its details tell what it is now.
            EditRefusedError: the block has no text to save.
            BlockNotFoundError, PipelineNotFoundError, FileInvalidError, StorageError: as they say.
        """
        with self.parts.lock:
            reading = self.parts.project().read(pipeline)
            block = must_find(reading, uuid)
            before = block_text(self.parts.resolver, block)
            if block.file is not None:
                saved = self.parts.contents.save(self.parts.relative(block.file), content, revision).revision
            elif block.content is not None:
                saved = self._save_inline(pipeline, block, content, revision)
            else:
                saved = self._make_missing(block, content, revision)
            notes, drawn = self._draw(pipeline, uuid, before.content, content)
            return Outcome(uuid, saved, tuple(notes), drawn)

    def change(self, pipeline: str, uuid: str, changes: BlockChanges) -> Outcome:
        """Change what is given. Raises as `save`; GraphInvalidError when edges cannot be as asked for."""
        with self.parts.lock:
            reading = self.parts.project().read(pipeline)
            check_revision(reading, changes.revision)
            block = must_find(reading, uuid)
            if changes.upstream is not UNSET:
                _check_upstream(reading, block, changes.upstream)
            notes: list[str] = []
            drawn = False
            if changes.content is not UNSET:
                known = changes.content_revision or block_text(self.parts.resolver, block).revision
                saved = self.save(pipeline, uuid, changes.content, known)
                notes += saved.notes
                drawn = saved.edges
            if changes.type is not UNSET or changes.language is not UNSET:
                kind = None if changes.type is UNSET else changes.type
                language = None if changes.language is UNSET else changes.language
                notes += self.renaming.convert(pipeline, uuid, kind, language)
            if changes.name is not UNSET:
                uuid, told = self.renaming.rename(pipeline, uuid, changes.name)
                notes += told
            notes += self._change_entry(pipeline, uuid, changes)
            return Outcome(uuid, notes=tuple(notes), edges=drawn or changes.upstream is not UNSET)

    def _change_entry(self, pipeline: str, uuid: str, changes: BlockChanges) -> list[str]:
        wanted = {
            key: getattr(changes, key)
            for key in (*_PLAIN_KEYS, "retry_config", "configuration")
            if getattr(changes, key) is not UNSET
        }
        if not wanted and changes.upstream is UNSET and changes.after is UNSET:
            return []
        upstream = None if changes.upstream is UNSET else list(dict.fromkeys(changes.upstream))
        before = self.parts.change(pipeline, _changing(uuid, wanted, upstream, changes.after))
        if upstream is None:
            return []
        block = must_find(before, uuid)
        if block.language is Language.SQL:
            return self._still_read(block, upstream)
        return self._rewrite_parameters(before, block, upstream)

    def _still_read(self, block: Block, upstream: list[str]) -> list[str]:
        """What a query still reads although it is no upstream any more."""
        gone = [uuid for uuid in block.upstream if uuid not in upstream]
        named = sql_names(block_text(self.parts.resolver, block).content or "", gone)
        return [f"The query of {block.uuid} still reads {', '.join(named)}."] if named else []

    def _rewrite_parameters(self, reading: PipelineReading, block: Block, upstream: list[str]) -> list[str]:
        """Make the function take what the block now gets, when that can be done without a doubt."""
        if block.language is not Language.PYTHON or block.type not in RUNNABLE_TYPES or block.file is None:
            return []
        text = block_text(self.parts.resolver, block)
        if text.content is None:
            return []
        rewritten = with_upstream(text.content, block.type, _given(reading, block.upstream), _given(reading, upstream))
        if rewritten.text == text.content:
            return [rewritten.why_not] if rewritten.why_not else []
        path = self.parts.relative(block.file)
        self.parts.index.entries()
        others = [user for user in self.parts.index.pipelines_using(path) if user != reading.pipeline.uuid]
        if others:
            return [f"{path} is shared with {', '.join(others[:3])}; its parameters were left as they are."]
        self.parts.contents.save(path, rewritten.text, text.revision)
        return []

    def redraw(self, pipeline: str, uuid: str, old: str | None, new: str) -> None:
        """Connect the blocks that a text names which was written elsewhere. Raises as `save`."""
        with self.parts.lock:
            self._draw(pipeline, uuid, old, new)

    def _draw(self, pipeline: str, uuid: str, old: str | None, new: str) -> tuple[list[str], bool]:
        """Connect the blocks that a new text names; what could not be done, and whether an edge has changed."""
        reading = self.parts.project().read(pipeline)
        block = next((each for each in reading.pipeline.blocks if each.uuid == uuid), None)
        if block is None or block.language not in _DRAWN or block.type not in RUNNABLE_TYPES:
            return [], False
        known = [each.uuid for each in reading.pipeline.blocks if each.uuid != uuid and each.type in RUNNABLE_TYPES]
        links = links_of(block.type, block.language, old, new, block.upstream, known)
        if links.upstream == list(block.upstream):
            return [], False
        cycle = find_cycle(_graph(reading) | {uuid: tuple(links.upstream)})
        if cycle:
            names = ", ".join(links.drawn)
            return [f"No edge was drawn from {names}: it depends on {uuid}, so the blocks would form a cycle."], False
        self.parts.change(pipeline, _changing(uuid, {}, links.upstream, UNSET))
        return [], True

    def _save_inline(self, pipeline: str, block: Block, content: str, revision: str) -> str:
        now = revision_of((block.content or "").encode("utf-8", "surrogatepass"))
        if now != revision:
            raise ConflictError(
                f"saving block {block.uuid}: it has changed since it was opened",
                hint="Merge your text with that of the file, or choose one of them.",
                location=Location(self.parts.relative(self.parts.project().read(pipeline).pipeline.file)),
                details={"revision": now, "content": block.content},
            )
        self.parts.change(pipeline, _changing(block.uuid, {"content": content}, None, UNSET))
        return revision_of(content.encode("utf-8"))

    def _make_missing(self, block: Block, content: str, revision: str) -> str:
        """Write the file that a block lacks, where it belongs; the revision of a missing file is empty."""
        project = self.parts.project()
        found = find_block_file(project, block.uuid, block.type, block.language, block.configuration)
        if revision:
            raise ConflictError(
                f"saving block {block.uuid}: its file has been deleted or moved since it was opened",
                hint="Create the file again with your text, or remove the block.",
                details={"revision": None, "content": None},
            )
        if found.outside or found.expected == project.root:
            raise EditRefusedError(
                f"saving block {block.uuid}: its file is missing", hint="Create the file, or remove the block."
            )
        return self.parts.contents.save(self.parts.relative(found.expected), content, None).revision


def _changing(uuid: str, wanted: Mapping[str, Any], upstream: list[str] | None, after: Any) -> Callable[[Entry], None]:
    def change(data: Entry) -> None:
        place = find_entry(data, uuid)
        if place is None:
            raise BlockNotFoundError(f"changing block {uuid}: it is not in the pipeline any more", hint="Look again.")
        section, index, entry = place
        for key, value in wanted.items():
            if value in (None, {}) and key not in entry:
                continue
            put(entry, (key,), as_before(entry.get(key), value))
        if upstream is not None:
            connect(data, uuid, upstream)
        if after is not UNSET and after != uuid:
            listed = data[section]
            del listed[index]
            position = position_after(data, section, after)
            listed.insert(len(listed) if position is None else position, entry)

    return change


def _check_upstream(reading: PipelineReading, block: Block, upstream: Iterable[str]) -> None:
    known = {each.uuid for each in reading.pipeline.blocks}
    doing = f"connecting block {block.uuid} of pipeline {reading.pipeline.uuid}"
    for parent in upstream:
        if parent not in known:
            raise GraphInvalidError(f"{doing}: it has no block {parent[:100]}", hint="Add that block first.")
    if block.uuid in known:
        cycle = find_cycle(_graph(reading) | {block.uuid: tuple(upstream)})
        if cycle:
            raise GraphInvalidError(
                f"{doing}: blocks would form a cycle: {' -> '.join(cycle)}", hint="Leave out one of these edges."
            )


def _graph(reading: PipelineReading) -> dict[str, tuple[str, ...]]:
    return {block.uuid: block.upstream for block in reading.pipeline.blocks}


def _given(reading: PipelineReading, upstream: Iterable[str]) -> list[str]:
    """The upstreams that give the function an argument: notes and scratchpads do not."""
    silent = {
        block.uuid
        for block in reading.pipeline.blocks
        if block.type in {BlockType.MARKDOWN, BlockType.SCRATCHPAD, BlockType.CHART}
    }
    return [uuid for uuid in upstream if uuid not in silent]
