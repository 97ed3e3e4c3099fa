"""Reads a pipeline's triggers.yaml. A trigger that is wrong stops nothing but itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from penstock.config.diagnostics import Diagnostic
from penstock.model.errors import Location
from penstock.project.layout import TRIGGERS
from penstock.project.reader import oddities, read_document
from penstock.project.text_file import TextFile
from penstock.project.trigger_entry import TriggerEntry, read_entry
from penstock.project.trigger_rules import DuplicateTrigger, InvalidTrigger
from penstock.project.values import Path as Steps
from penstock.project.values import Values, name_of
from penstock.project.yaml_text import YamlDocument, parse_yaml

LONGEST_NAME = 200
"""Characters of a trigger's name."""


@dataclass(frozen=True, slots=True)
class TriggersReading:
    """A triggers.yaml as it was read: its triggers by name, in their order, its text, and what was found.

    `file` is None where there is none: then there are no triggers.
    """

    pipeline: str
    entries: Mapping[str, TriggerEntry]
    document: YamlDocument
    file: TextFile | None = None
    findings: tuple[Diagnostic, ...] = ()

    def locate(self, name: str, *tail: str) -> Location:
        """The place of a trigger's entry, or of a key in it."""
        entry = self.entries.get(name)
        return self.document.locate((*entry.path, *tail) if entry else ())


def read_triggers(root: Path, pipeline: str, folder: Path) -> TriggersReading:
    """The triggers of the pipeline in a folder of the project at `root`.

    Raises:
        FileInvalidError: the file is there and cannot be read: encoding, YAML syntax, no permission.
    """
    path = folder / TRIGGERS
    if not os.path.lexists(path):
        shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
        return TriggersReading(pipeline, {}, parse_yaml("", shown))
    file, document = read_document(path, root)
    entries, findings = entries_of(document, pipeline)
    return TriggersReading(pipeline, entries, document, file, tuple(findings))


def entries_of(document: YamlDocument, pipeline: str) -> tuple[dict[str, TriggerEntry], list[Diagnostic]]:
    """The triggers of a parsed file by name, and what was found."""
    values = Values(document, pipeline, oddities(document, pipeline))
    found: dict[str, TriggerEntry] = {}
    for path, raw in _listed(values):
        if not isinstance(raw, Mapping):
            message = f"trigger {int(path[-1]) + 1} is {name_of(raw)}"
            values.tell(InvalidTrigger, path, message, "Write its keys: name, schedule_type.")
            continue
        name = values.text(raw.get("name"), (*path, "name"))
        if not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
            message = f"trigger {int(path[-1]) + 1} has no name by which it could be known"
            values.tell(InvalidTrigger, (*path, "name"), message, f"Give it one of 1 to {LONGEST_NAME} characters.")
            continue
        earlier: tuple[Steps, ...] = ()
        if name in found:
            earlier = (*found[name].earlier, found[name].path)
            first = values.locate(found[name].path).line
            message = f"trigger {name}: an earlier one, on line {first}, has the same name; this one counts"
            values.tell(DuplicateTrigger, (*path, "name"), message, "Rename or remove one.")
        found[name] = replace(read_entry(values, raw, path, name), earlier=earlier)
    return found, values.findings


def _listed(values: Values) -> list[tuple[Steps, object]]:
    """The entries with their paths: a list below `triggers`, or a bare one."""
    data = values.document.data
    prefix: Steps = ()
    if isinstance(data, Mapping):
        data, prefix = data.get("triggers"), ("triggers",)
    if data is None or data == {}:
        return []
    if not isinstance(data, list):
        values.tell(InvalidTrigger, prefix, f"triggers is {name_of(data)}", "Write a list of triggers.")
        return []
    return [((*prefix, index), raw) for index, raw in enumerate(data)]
