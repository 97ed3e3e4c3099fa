"""Rules about triggers.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from penstock.config.diagnostics import Diagnostic, Severity
from penstock.model.errors import FileInvalidError
from penstock.model.trigger import Trigger, TriggerKind, Upstream
from penstock.model.trigger_links import circles
from penstock.project.layout import TRIGGERS, pipeline_folder
from penstock.project.reader import listed_blocks
from penstock.project.reading_rules import FileUnreadable
from penstock.project.rules.base import CheckingRule
from penstock.project.rules.subject import PipelineSubject, ProjectView
from penstock.project.text_file import read_bytes
from penstock.project.triggers import TriggersReading, read_triggers


class TriggersRead(CheckingRule[PipelineSubject]):
    """What comes up while the triggers are read."""

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """The findings in the file."""
        pipeline = subject.pipeline
        try:
            yield from _reading(subject.project, pipeline.uuid, Path(pipeline.file).parent).findings
        except FileInvalidError as error:
            yield FileUnreadable.found(error.message, hint=error.hint, location=error.location, pipeline=pipeline.uuid)


class UnknownDependency(CheckingRule[PipelineSubject]):
    """A trigger waits for a pipeline, or a trigger or block of one, that is not in the project. It does not start."""

    code, severity = "PS047", Severity.ERROR

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding for each that is missing."""
        pipeline, project = subject.pipeline, subject.project
        try:
            reading = _reading(project, pipeline.uuid, Path(pipeline.file).parent)
        except FileInvalidError:
            return
        known = set(project.pipeline_uuids()) if _waits(reading) else set()
        for name, entry in reading.entries.items():
            for upstream in entry.trigger.settings.after:
                if missing := _missing(project, known, upstream):
                    yield self.found(
                        f"pipeline {pipeline.uuid}: trigger {name}: it waits for {missing}, which is not there",
                        hint="Correct the name below settings, after.",
                        location=reading.locate(name, "settings", "after"),
                        pipeline=pipeline.uuid,
                    )


class TriggerCycle(CheckingRule[ProjectView]):
    """Pipelines wait for one another's success in a circle, so that one run would cause the next for ever.

    None of the triggers on the circle starts. Remove one of them.
    """

    code, severity = "PS048", Severity.ERROR

    def check(self, subject: ProjectView) -> Iterator[Diagnostic]:
        """One finding for each trigger on a circle."""
        readings: dict[str, TriggersReading] = {}
        triggers: list[Trigger] = []
        for uuid in subject.pipeline_uuids():
            folder = pipeline_folder(subject.root, uuid)
            if folder is None or not _may_wait(folder):
                continue
            try:
                reading = _reading(subject, uuid, folder)
            except FileInvalidError:
                continue
            if _waits(reading):
                readings[uuid] = reading
                triggers += [entry.trigger for entry in reading.entries.values() if entry.trigger.active]
        for (uuid, name), circle in circles(triggers).items():
            yield self.found(
                f"pipeline {uuid}: trigger {name}: pipelines wait for one another in a circle: {circle}",
                hint="Remove one of these triggers, or switch it off.",
                location=readings[uuid].locate(name, "settings", "after"),
                pipeline=uuid,
            )


def _reading(project: ProjectView, uuid: str, folder: Path) -> TriggersReading:
    return read_triggers(project.root, uuid, folder)


def _may_wait(folder: Path) -> bool:
    """Whether the text has the word; thousands of files without it need no parser."""
    try:
        return TriggerKind.DEPENDENCY.encode() in read_bytes(folder / TRIGGERS)
    except FileInvalidError:
        return False


def _waits(reading: TriggersReading) -> bool:
    return any(entry.trigger.kind is TriggerKind.DEPENDENCY for entry in reading.entries.values())


def _missing(project: ProjectView, known: set[str], upstream: Upstream) -> str:
    """What of an upstream is not in the project; "" when all is, or its file cannot be read, which is told there."""
    folder = pipeline_folder(project.root, upstream.pipeline)
    if upstream.pipeline not in known or folder is None:
        return f"the pipeline {upstream.pipeline}"
    try:
        if upstream.trigger and upstream.trigger not in _reading(project, upstream.pipeline, folder).entries:
            return f"the trigger {upstream.trigger} of {upstream.pipeline}"
        if upstream.product and upstream.product not in listed_blocks(project.root, folder):
            return f"the block {upstream.product} of {upstream.pipeline}"
    except FileInvalidError:
        return ""
    return ""
