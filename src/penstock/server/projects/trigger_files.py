"""Changes the triggers.yaml files of the project: with revisions, versions, and deletions that can be undone."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from penstock.config.diagnostics import Diagnostic
from penstock.model.errors import (
    ConflictError,
    EditRefusedError,
    Location,
    PipelineNotFoundError,
    ScheduleInvalidError,
)
from penstock.project.layout import METADATA, PIPELINES, TRIGGERS, pipeline_folder
from penstock.project.trigger_edit import VariableChanges, add_trigger, change_trigger, remove_trigger
from penstock.project.trigger_entry import TriggerEntry
from penstock.project.triggers import TriggersReading, entries_of, read_triggers
from penstock.project.yaml_edit import copy_data
from penstock.project.yaml_text import parse_yaml
from penstock.server.projects.parts import ATTEMPTS, Parts
from penstock.server.projects.trash import Removed

SECTION = "triggers"
"""Where a deleted trigger belongs; sections of pipelines have other names."""
_SWITCHED = frozenset({"status", "last_enabled_at", "token"})
"""Keys that buttons of their own change."""
_IGNORED = frozenset({"PS017", "PS044"})
"""Findings that say of a value that it counts for nothing."""


@dataclass(frozen=True, slots=True)
class TriggerFiles:
    """Reads and changes the files."""

    parts: Parts

    def read(self, pipeline: str) -> TriggersReading:
        """The triggers of a pipeline as its file has them.

        Raises:
            PipelineNotFoundError: there is no such pipeline.
            FileInvalidError, PathRefusedError: the file cannot be read, or is not one of the project.
        """
        folder = pipeline_folder(self.parts.root, pipeline)
        if folder is None or not _is_there(os.path.join(folder, METADATA)):  # noqa: PTH118 - a name may be too long
            message = f"opening the triggers of pipeline {pipeline[:100]}: the project has none of that name"
            raise PipelineNotFoundError(message, hint="Look at the list of pipelines.")
        path = file_of(pipeline)
        self.parts.resolver.for_writing(path)
        return read_triggers(self.parts.root, pipeline, folder)

    def add(self, pipeline: str, values: Mapping[str, Any]) -> TriggerEntry:
        """Add a trigger; its entry. Raises ScheduleInvalidError when it could not start, and as `change`."""
        name = str(values["name"])
        return self._write(pipeline, name, lambda reading: add_trigger(reading, values))

    def change(
        self,
        pipeline: str,
        name: str,
        changes: Mapping[str, Any],
        revision: str = "",
        *,
        whole: bool = True,
        variables: VariableChanges | None = None,
    ) -> TriggerEntry:
        """Change keys of a trigger; its entry as it is then.

        Args:
            pipeline: the pipeline's uuid.
            name: the trigger's name before.
            changes: keys of the file; None takes one out.
            revision: refuse when the trigger is another one, by `revision_of`.
            whole: refuse what could not start; without it, a trigger that is wrong can be switched off.
            variables: what changes of its variables, one by one.

        Raises:
            ConflictError: the trigger is not of that revision.
            ScheduleInvalidError: it could not start as it would be then.
            TriggerNotFoundError, EditRefusedError, StorageError: as they say; and as `read`.
        """
        after = str(changes.get("name", name))

        def change(reading: TriggersReading) -> str:
            _check_revision(reading, name, revision)
            return change_trigger(reading, name, changes, variables)

        return self._write(pipeline, after if whole else "", change, after)

    def remove(self, pipeline: str, name: str) -> str:
        """Take a trigger out; the token that brings it back for a day. Raises as `change`."""
        with self.parts.lock:
            before = self.read(pipeline)
            text = remove_trigger(before, name)
            entry = before.entries[name]
            data = copy_data(before.document.data)
            listed = data if isinstance(data, list) else data["triggers"]
            index = int(entry.path[-1])
            saved = self._save(before, text)
            written = yaml.safe_dump(listed[index], allow_unicode=True, sort_keys=False)
            removed = Removed(SECTION, index, written, {}, before.document.text, saved)
            return self.parts.trash.put([], pipeline=pipeline, removed=[removed])

    def put_back(self, pipeline: str, removed: Removed) -> None:
        """Bring a deleted trigger back: byte for byte when nothing has happened to the file since. Raises as `add`."""
        with self.parts.lock:
            reading = self.read(pipeline)
            if reading.file is not None and reading.file.revision == removed.after:
                self._save(reading, removed.before)
                return
            entry = parse_yaml(removed.entry).data
            if isinstance(entry, dict):
                self._save(reading, add_trigger(reading, entry))

    def _write(
        self,
        pipeline: str,
        checked: str,
        change: Callable[[TriggersReading], str],
        name: str = "",
    ) -> TriggerEntry:
        with self.parts.lock:
            for attempt in range(ATTEMPTS):
                reading = self.read(pipeline)
                text = change(reading)
                entries, found = entries_of(parse_yaml(text, reading.document.file), pipeline)
                entry = entries.get(name or checked)
                if entry is None:
                    raise EditRefusedError(
                        f"changing the triggers of pipeline {pipeline}: {(name or checked)[:100]!r} is no usable name",
                        hint="Take a name of 1 to 200 characters.",
                    )
                if checked and entry.problem:
                    raise ScheduleInvalidError(
                        f"trigger {name or checked}: {entry.problem}", hint="Nothing was written."
                    )
                if checked:
                    _refuse_what_is_new(name or checked, pipeline, found, entries_of(reading.document, pipeline)[1])
                try:
                    self._save(reading, text)
                except ConflictError:
                    if attempt == ATTEMPTS - 1:
                        raise
                    continue
                return entry
        raise AssertionError  # the last attempt returns or raises

    def _save(self, reading: TriggersReading, text: str) -> str:
        revision = reading.file.revision if reading.file else None
        return self.parts.contents.save(file_of(reading.pipeline), text, revision).revision


def revision_of(reading: TriggersReading, name: str) -> str:
    """What a change of a trigger is made from: its entry; "" where there is none.

    Its switch and its token are not of it, nor are other triggers: whoever changes those does not stand in the way.
    """
    entry = reading.entries.get(name)
    if entry is None:
        return ""
    data = reading.document.data
    listed = data if isinstance(data, list) else data["triggers"]
    kept = {key: value for key, value in copy_data(listed[int(entry.path[-1])]).items() if key not in _SWITCHED}
    written = yaml.safe_dump(kept, allow_unicode=True, sort_keys=False)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()


def file_of(pipeline: str) -> str:
    """The path of a pipeline's triggers in the project."""
    return f"{PIPELINES}/{pipeline}/{TRIGGERS}"


def _refuse_what_is_new(name: str, pipeline: str, found: Iterable[Diagnostic], before: Iterable[Diagnostic]) -> None:
    """A value that would be ignored is told to whoever writes it; what stood in the file already stays theirs."""
    known = [each.message for each in before]
    for each in found:
        if each.message in known:
            known.remove(each.message)
        elif each.code in _IGNORED:
            what = each.message.removeprefix(f"pipeline {pipeline}: ").removeprefix(f"trigger {name}: ")
            raise ScheduleInvalidError(
                f"trigger {name}: {what.partition(';')[0]}", hint=f"{each.hint} Nothing was written.".strip()
            )


def _check_revision(reading: TriggersReading, name: str, revision: str) -> None:
    if not revision or name not in reading.entries:
        return
    now = revision_of(reading, name)
    if revision != now:
        raise ConflictError(
            f"changing trigger {name} of pipeline {reading.pipeline}: it has changed since it was opened",
            hint="Look at the trigger as it is now, and repeat the change.",
            location=Location(reading.document.file),
            details={"revision": now, "content": reading.document.text},
        )


def _is_there(path: str) -> bool:
    try:
        return os.path.lexists(path)
    except ValueError:
        return False
