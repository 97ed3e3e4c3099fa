"""Makes, copies, changes, renames, moves and deletes pipelines."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from msgspec import UNSET

from penstock.model.alert_words import mistakes_of, refuse_templates
from penstock.model.block import Block
from penstock.model.errors import EditRefusedError, FileInvalidError, PipelineNotFoundError, StorageError
from penstock.model.pipeline import PipelineType
from penstock.project.entries import Entry, find_entry, reorder
from penstock.project.layout import METADATA, PIPELINES, TRIGGERS, clean_name, pipeline_folder
from penstock.project.reader import PipelineReading
from penstock.project.templates.starting import Started
from penstock.project.text_file import create_text, read_text, write_text
from penstock.project.yaml_edit import copy_data, update
from penstock.project.yaml_text import parse_yaml
from penstock.server.projects import block_names as names
from penstock.server.projects.deleting import Deleting, Deletion
from penstock.server.projects.detail import SETTINGS
from penstock.server.projects.parts import Parts, every_block
from penstock.server.projects.plain import as_before
from penstock.server.projects.references import References
from penstock.server.schema.pipelines import NewPipeline, PipelineChanges, VariableChanges

_RESERVED = frozenset(
    [
        "con",
        "prn",
        "aux",
        "nul",
        "__pycache__",
        *(f"{name}{digit}" for name in ("com", "lpt") for digit in range(1, 10)),
    ]
)
"""Names that some file system cannot have as a folder."""
_NOT_COPIED = frozenset({METADATA, TRIGGERS, "__pycache__"})
_TYPES = tuple(kind.value for kind in PipelineType if kind is not PipelineType.UNKNOWN)
Moved = Callable[[str, str], None]
"""Told the uuid of a pipeline before and after: stored outputs and logs follow it."""


@dataclass(frozen=True, slots=True)
class Pipelines:
    """Changes pipelines as a whole.

    Args:
        parts: the files.
        deleting: where deletions go.
        moved: told of pipelines that have another uuid; raises when that cannot be now.
        is_running: tells whether a run of the pipeline is under way on this server.
        template: what a pipeline made from the template of that id consists of.
        clock: seconds since the epoch.
    """

    parts: Parts
    deleting: Deleting
    moved: Moved
    template: Callable[[str], Started]
    is_running: Callable[[str], bool]
    clock: Callable[[], float] = time.time

    def create(self, new: NewPipeline) -> tuple[str, list[str]]:
        """Make a pipeline; its uuid, and what to tell.

        Raises:
            EditRefusedError: the name is taken or is none.
            PipelineNotFoundError: there is none to copy.
            FileInvalidError: the one to copy cannot be read.
            StorageError: the disk refuses; nothing was made.
        """
        with self.parts.lock:
            uuid = self.free_uuid(new.folder, new.name, f"making pipeline {new.name[:60]!r}")
            if new.type not in _TYPES:
                raise EditRefusedError(
                    f"making pipeline {uuid}: there is no type {new.type[:60]!r}",
                    hint=f"Types are {', '.join(_TYPES)}.",
                )
            if new.clone_of is not None:
                return uuid, self._clone(uuid, new)
            data: dict[str, Any] = {"name": new.name.strip(), "uuid": uuid.rpartition("/")[2]}
            files: dict[str, str] = {}
            if new.template is not None:
                started = self.template(new.template)
                data, files = {**copy_data(started.data), **data}, started.files
            data |= {key: item for key, item in (("description", new.description), ("tags", new.tags)) if item}
            data.setdefault("type", new.type)
            data["created_at"] = self._now()
            data.setdefault("blocks", [])
            text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
            with self._new_files(files):
                self.write(uuid, {METADATA: text, "__init__.py": ""})
            return uuid, []

    def change(self, pipeline: str, changes: PipelineChanges) -> None:
        """Change what is given.

        Raises:
            SettingInvalidError: the words of an alert name a variable that there is not, and did not before.
            ConflictError, EditRefusedError, StorageError: as `Parts.change`.
        """
        if changes.type is not UNSET and changes.type not in _TYPES:
            raise EditRefusedError(
                f"changing pipeline {pipeline}: there is no type {changes.type[:60]!r}",
                hint=f"Types are {', '.join(_TYPES)}.",
            )
        if changes.settings is not UNSET:
            unknown = [name for name in changes.settings if name not in SETTINGS]
            if unknown:
                raise EditRefusedError(
                    f"changing pipeline {pipeline}: there is no setting {', '.join(unknown)[:80]}",
                    hint=f"Settings are {', '.join(SETTINGS)}.",
                )
        with self.parts.lock:
            variables = self.parts.project().read(pipeline).pipeline.variables
            self.parts.change(pipeline, lambda data: _apply(data, changes, variables), changes.revision)

    def rename(self, pipeline: str, name: str) -> tuple[str, list[str]]:
        """Give a pipeline another name; its uuid then, and what to tell.

        Its folder moves at once or not at all; stored outputs, logs and the references of other files follow.

        Raises:
            EditRefusedError: the name is taken or is none, or the pipeline runs.
            PipelineNotFoundError, StorageError: as they say.
        """
        with self.parts.lock:
            self._must_exist(pipeline)
            folder = pipeline.rpartition("/")[0]
            last = names.checked_uuid(name.replace("/", " "), f"renaming pipeline {pipeline}")
            uuid = f"{folder}/{last}" if folder else last
            if uuid != pipeline:
                return uuid, self._move(pipeline, uuid, name.strip())
            with suppress(FileInvalidError):
                self.parts.change(pipeline, lambda data: data.update(name=name.strip()))
            return uuid, []

    def move(self, pipeline: str, folder: str) -> tuple[str, list[str]]:
        """Put a pipeline into another folder; its uuid then, and what to tell. Raises as `rename`."""
        with self.parts.lock:
            self._must_exist(pipeline)
            last = pipeline.rpartition("/")[2]
            place = clean_name(folder)
            uuid = f"{place}/{last}" if place else last
            return uuid, [] if uuid == pipeline else self._move(pipeline, uuid, None)

    def delete(self, pipeline: str, *, delete_files: bool = False) -> Deletion:
        """Move a pipeline's folder to the trash, and the files of its blocks when asked for and used by no other.

        Raises:
            EditRefusedError: it is running.
            PipelineNotFoundError, StorageError: as they say.
        """
        with self.parts.lock:
            self._must_exist(pipeline)
            if self.is_running(pipeline):
                raise EditRefusedError(
                    f"deleting pipeline {pipeline}: it is running",
                    hint="Wait until the run has ended, or interrupt it.",
                )
            paths = [f"{PIPELINES}/{pipeline}"]
            if delete_files:
                with suppress(FileInvalidError):
                    reading = self.parts.project().read(pipeline)
                    paths += self._own_files(reading)
            return self.deleting.paths(paths)

    def _own_files(self, reading: PipelineReading) -> list[str]:
        """The block files that no other pipeline uses."""
        self.parts.index.entries()
        files = dict.fromkeys(self.parts.relative(block.file) for block in every_block(reading) if block.file)
        return [file for file in files if self.parts.index.pipelines_using(file) == [reading.pipeline.uuid]]

    def _clone(self, uuid: str, new: NewPipeline) -> list[str]:
        source = self.parts.project().read(new.clone_of or "")
        data = copy_data(source.document.data) or {}
        data["name"], data["uuid"], data["created_at"] = new.name.strip(), uuid.rpartition("/")[2], self._now()
        data |= {key: item for key, item in (("description", new.description), ("tags", new.tags)) if item}
        copies = self._copies(source, uuid) if new.own_files else {}
        for block in every_block(source):
            place = find_entry(data, block.uuid)
            if place is not None and block.file in copies:
                put = copies[block.file]
                configuration = dict(place[2].get("configuration") or {})
                configuration = {key: item for key, item in configuration.items() if key not in names.FILE_KEYS}
                place[2]["configuration"] = configuration | {"file_source": {"path": self.parts.relative(put)}}
        files = {METADATA: update(source.file.text, data, source.document.file)}
        folder = Path(source.pipeline.file).parent
        made: list[Path] = []
        try:
            for before, after in copies.items():
                after.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(before, after)
                made.append(after)
            self.write(uuid, files, folder)
        except (OSError, StorageError) as error:
            for path in made:
                path.unlink(missing_ok=True)
            if isinstance(error, StorageError):
                raise
            raise StorageError(f"copying pipeline {source.pipeline.uuid}: {error}", hint="Free space.") from error
        self.parts.tell(made)
        return ["Its triggers were not copied."] if (folder / TRIGGERS).exists() else []

    def _copies(self, source: PipelineReading, uuid: str) -> dict[str, Path]:
        """Where the copy of each block file goes."""
        tail = uuid.rpartition("/")[2]
        copies: dict[str, Path] = {}
        blocks: list[Block] = [block for block in every_block(source) if not block.replicated_block]
        for block in blocks:
            if block.file is None or block.file in copies:
                continue
            file = Path(block.file)
            target, number = file.with_name(f"{file.stem}_{tail}{file.suffix}"), 2
            while target.exists():
                target, number = file.with_name(f"{file.stem}_{tail}_{number}{file.suffix}"), number + 1
            copies[block.file] = target
        return copies

    def _move(self, pipeline: str, uuid: str, name: str | None) -> list[str]:
        doing = f"renaming pipeline {pipeline} to {uuid}"
        self._check_free(uuid, doing)
        source, target = self._folder(pipeline), self._folder(uuid)
        self.parts.resolver.for_writing(f"{PIPELINES}/{uuid}")
        if target.is_relative_to(source):
            raise EditRefusedError(f"{doing}: a pipeline cannot lie in its own folder", hint="Choose another folder.")
        # Outputs and logs first: that is what can be refused, when the pipeline runs.
        self.moved(pipeline, uuid)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.rename(source, target)  # noqa: PTH104 - plain and atomic
        except OSError as error:
            self.moved(uuid, pipeline)
            raise StorageError(f"{doing}: {error.strerror}", hint="Make the folder writable.") from error
        with suppress(OSError):  # folders that are empty now and were made for it
            if source.parent != self.parts.root / PIPELINES:
                source.parent.rmdir()
        self._rename_inside(target, uuid, name)
        notes = References(self.parts).pipeline_renamed(pipeline, uuid)
        self.parts.versions.moved(f"{PIPELINES}/{pipeline}/{METADATA}", f"{PIPELINES}/{uuid}/{METADATA}")
        self.parts.tell([source / METADATA, source, target, *target.iterdir()])
        return notes

    def _rename_inside(self, folder: Path, uuid: str, name: str | None) -> None:
        """Write the new name into the pipeline's file, unless that cannot be read; it works without, too."""
        with suppress(FileInvalidError, EditRefusedError):
            file = read_text(folder / METADATA)
            data = copy_data(parse_yaml(file.text, METADATA).data)
            if isinstance(data, dict):
                if "uuid" in data:
                    data["uuid"] = uuid.rpartition("/")[2] if "/" not in str(data["uuid"]) else uuid
                if name is not None:
                    data["name"] = name
                write_text(file, update(file.text, data, METADATA))

    def _must_exist(self, pipeline: str) -> None:
        folder = pipeline_folder(self.parts.root, pipeline)
        if folder is None or not os.path.lexists(folder / METADATA):
            raise PipelineNotFoundError(
                f"opening pipeline {pipeline[:100]}: the project has none of that name", hint="Look at the list."
            )
        self.parts.resolver.for_writing(f"{PIPELINES}/{pipeline}")

    def _folder(self, uuid: str) -> Path:
        return self.parts.root / PIPELINES / uuid

    def free_uuid(self, folder: str, name: str, doing: str) -> str:
        """The uuid that a new pipeline gets. Raises EditRefusedError when it is taken or none."""
        last = names.checked_uuid(name.replace("/", " "), doing)
        place = clean_name(folder)
        uuid = f"{place}/{last}" if place else last
        self._check_free(uuid, doing)
        return uuid

    def _check_free(self, uuid: str, doing: str) -> None:
        parts = uuid.split("/")
        if any(part in _RESERVED for part in parts):
            raise EditRefusedError(f"{doing}: no folder can have that name everywhere", hint="Choose another name.")
        for depth in range(1, len(parts)):
            parent = "/".join(parts[:depth])
            if os.path.lexists(self._folder(parent) / METADATA):
                raise EditRefusedError(f"{doing}: {parent} is a pipeline, not a folder", hint="Choose another folder.")
        if os.path.lexists(self._folder(uuid)):
            what = "a pipeline" if os.path.lexists(self._folder(uuid) / METADATA) else "a folder"
            raise EditRefusedError(f"{doing}: there is {what} {uuid} already", hint="Choose another name.")

    def write(self, uuid: str, files: Mapping[str, str], like: Path | None = None) -> None:
        """Write a pipeline's folder beside, then put it in its place. Raises StorageError; then nothing was made."""
        target = self._folder(uuid)
        self.parts.resolver.for_writing(f"{PIPELINES}/{uuid}")
        aside = target.with_name(f".{target.name[:80]}.{secrets.token_hex(4)}.new")
        try:
            aside.mkdir(parents=True)
            if like is not None:
                ignored = shutil.ignore_patterns(*_NOT_COPIED)
                shutil.copytree(like, aside, ignore=ignored, symlinks=True, dirs_exist_ok=True)
            for name, text in files.items():
                (aside / name).write_text(text, encoding="utf-8", newline="")
            os.rename(aside, target)  # noqa: PTH104 - plain and atomic
        except (OSError, shutil.Error) as error:
            cause = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise StorageError(
                f"making pipeline {uuid}: {cause}", hint="Free space, or make the folder writable; nothing was made."
            ) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        self.parts.tell([target, *(target / name for name in files)])

    @contextmanager
    def _new_files(self, files: Mapping[str, str]) -> Iterator[None]:
        """Files of the project that are there when what follows succeeds, and gone again when it does not."""
        made: list[Path] = []
        try:
            for path, content in files.items():
                resolved = self.parts.resolver.for_writing(path)
                create_text(resolved.path, content)
                made.append(resolved.path)
            yield
        except BaseException:
            for file in made:
                file.unlink(missing_ok=True)
            raise
        self.parts.tell(made)

    def _now(self) -> str:
        return datetime.fromtimestamp(self.clock(), UTC).isoformat(sep=" ", timespec="microseconds")


def _apply(data: Entry, changes: PipelineChanges, variables: Mapping[str, Any]) -> None:
    for key in ("name", "type", "description"):
        value = getattr(changes, key)
        if value is not UNSET and (value or key in data):
            data[key] = value
    if changes.tags is not UNSET and (changes.tags or "tags" in data):
        data["tags"] = list(dict.fromkeys(changes.tags))
    if changes.variables is not UNSET:
        _apply_variables(data, changes.variables, variables)
    if changes.settings is not UNSET:
        known = mistakes_of(data.get("notification_config"))
        refuse_templates(changes.settings.get("notification_config"), known)
        for name, value in changes.settings.items():
            key = SETTINGS[name]
            if value is None:
                data.pop(key, None)
            else:
                data[key] = as_before(data.get(key), value)
    if changes.order is not UNSET:
        reorder(data, "blocks", changes.order)


def _apply_variables(data: Entry, changes: VariableChanges, before: Mapping[str, Any]) -> None:
    """Set and remove variables; those that were kept elsewhere move into the file with the first change."""
    if not isinstance(data.get("variables"), dict):
        data["variables"] = copy_data(dict(before))
    variables = data["variables"]
    for name in changes.delete:
        variables.pop(name, None)
    for name, value in changes.set.items():
        variables[name] = as_before(variables.get(name), value)
