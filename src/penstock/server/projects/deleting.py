"""Takes blocks out of pipelines, and brings back what was deleted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from penstock.model.errors import ConflictError, EditRefusedError, PenstockError, PipelineNotFoundError
from penstock.project.entries import Entry, entries, find_entry, list_of, remove_entry
from penstock.project.reader import SECTIONS
from penstock.project.text_file import write_text
from penstock.project.yaml_edit import copy_data
from penstock.project.yaml_text import parse_yaml
from penstock.server.projects import block_names as names
from penstock.server.projects.parts import Parts, every_block, must_find
from penstock.server.projects.trash import Record, Removed
from penstock.server.projects.trigger_files import SECTION, TriggerFiles


@dataclass(frozen=True, slots=True)
class Deletion:
    """What went, and the token that brings it back."""

    token: str
    paths: list[str]


@dataclass(frozen=True, slots=True)
class Deleting:
    """Deletes blocks, and undoes deletions."""

    parts: Parts

    def block(self, pipeline: str, uuid: str, *, keep_file: bool = False) -> Deletion:
        """Take a block out of a pipeline; its file goes too, unless another block uses it.

        Raises:
            EditRefusedError: other blocks of the pipeline run its code.
            BlockNotFoundError, StorageError: as they say.
        """
        with self.parts.lock:
            reading = self.parts.project().read(pipeline)
            block = must_find(reading, uuid)
            replicas = [other.uuid for other in every_block(reading) if other.replicated_block == uuid]
            if replicas:
                raise EditRefusedError(
                    f"deleting block {uuid}: {', '.join(replicas)} runs its code", hint="Delete or detach that first."
                )
            paths: list[str] = []
            lonely = block.file is not None and not block.replicated_block
            if lonely and not keep_file and not names.sharers(self.parts, reading, block):
                paths = [self.parts.relative(block.file or "")]
                self.parts.resolver.for_writing(paths[0])
            data = copy_data(reading.document.data)
            removed = _removed(data, uuid)
            before = reading.file.text

            def change(data: Entry) -> None:
                remove_entry(data, uuid)

            self.parts.change(pipeline, change, reading.file.revision)
            after = self.parts.project().read(pipeline).file
            removed = Removed(removed.section, removed.index, removed.entry, removed.children, before, after.revision)
            try:
                token = self.parts.trash.put(paths, pipeline=pipeline, removed=[removed])
            except PenstockError:
                write_text(after, before)
                self.parts.tell([after.path])
                raise
            self.parts.tell([self.parts.root / path for path in paths])
            return Deletion(token, paths)

    def paths(self, paths: list[str]) -> Deletion:
        """Move files and folders to the trash. Raises StorageError."""
        with self.parts.lock:
            token = self.parts.trash.put(paths)
            self.parts.tell([self.parts.root / path for path in paths])
            return Deletion(token, paths)

    def undo(self, token: str) -> tuple[str | None, list[str]]:
        """Bring back what a deletion took: the pipeline that has changed by it, if one has, and the paths.

        Raises:
            ConflictError: something else is in its place now.
            FileMissingError: it is not in the trash any more.
            StorageError: the disk refuses.
        """
        with self.parts.lock:
            record = self.parts.trash.look(token)
            if record.removed and record.removed[0].section == SECTION and record.pipeline is not None:
                TriggerFiles(self.parts).put_back(record.pipeline, record.removed[0])
                self.parts.trash.drop(token)
                return None, []
            if record.removed and record.pipeline is not None:
                self._check_free(record)
            paths = self.parts.trash.restore(token)
            self.parts.tell(_all_below([self.parts.root / path for path in paths]))
            if record.removed and record.pipeline is not None:
                self._insert(record.pipeline, record.removed)
            self.parts.trash.drop(token)
            return record.pipeline, paths

    def _check_free(self, record: Record) -> None:
        reading = self.parts.project().read(record.pipeline or "")
        for removed in record.removed:
            uuid = str(_entry(removed).get("uuid") or "")
            if uuid in names.taken_uuids(reading):
                raise ConflictError(
                    f"bringing back block {uuid}: pipeline {record.pipeline} has another one of that name now",
                    hint="Rename that one first.",
                )

    def _insert(self, pipeline: str, removed: list[Removed]) -> None:
        reading = self.parts.project().read(pipeline)
        first = removed[0]
        if len(removed) == 1 and reading.file.revision == first.after:
            # Nothing has happened since: the file becomes what it was, comments of the entry included.
            write_text(reading.file, first.before)
            self.parts.tell([Path(reading.pipeline.file)])
            return

        def change(data: Entry) -> None:
            for each in removed:
                _put_back(data, each)

        self.parts.change(pipeline, change)


def _removed(data: Entry, uuid: str) -> Removed:
    place = find_entry(data, uuid)
    if place is None:
        raise PipelineNotFoundError(f"deleting block {uuid}: it is not in the pipeline any more", hint="Look again.")
    section, index, entry = place
    children = {
        str(other.get("uuid")): other["upstream_blocks"].index(uuid)
        for _section, _index, other in entries(data)
        if isinstance(other.get("upstream_blocks"), list) and uuid in other["upstream_blocks"]
    }
    return Removed(section, index, yaml.safe_dump(entry, allow_unicode=True), children)


def _entry(removed: Removed) -> dict[str, Any]:
    data = parse_yaml(removed.entry).data
    return data if isinstance(data, dict) else {}


def _put_back(data: Entry, removed: Removed) -> None:
    """Insert an entry where it was, with those of its edges whose other end is still there."""
    entry = _entry(removed)
    uuid = str(entry.get("uuid") or "")
    present = {str(other.get("uuid")): other for _section, _index, other in entries(data)}
    parents = [parent for parent in entry.get("upstream_blocks") or [] if parent in present]
    entry["upstream_blocks"] = parents
    entry["downstream_blocks"] = [child for child in entry.get("downstream_blocks") or [] if child in present]
    listed = list_of(data, removed.section if removed.section in SECTIONS else "blocks")
    listed.insert(min(removed.index, len(listed)), entry)
    for parent in parents:
        names_of = list_of(present[parent], "downstream_blocks")
        if uuid not in names_of:
            names_of.append(uuid)
    for child, index in removed.children.items():
        if child in present:
            upstream = list_of(present[child], "upstream_blocks")
            if uuid not in upstream:
                upstream.insert(min(index, len(upstream)), uuid)


def _all_below(paths: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        found.append(path)
        if path.is_dir():
            found += [each for each in path.rglob("*") if each.is_file()]
    return found
