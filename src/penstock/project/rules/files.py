"""Rules about the other files: triggers.yaml and io_config.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from penstock.config.diagnostics import Diagnostic, Severity
from penstock.config.secrets import default_provider
from penstock.config.templates import has_marks, project_functions, render
from penstock.model.errors import FileInvalidError, Location, PenstockError
from penstock.project.layout import IO_CONFIG, TRIGGERS
from penstock.project.reader import oddities, read_document
from penstock.project.reading_rules import FileUnreadable
from penstock.project.rules.base import CheckingRule
from penstock.project.rules.schedules import is_schedule
from penstock.project.rules.subject import PipelineSubject, ProjectView
from penstock.project.text_file import read_text
from penstock.project.yaml_text import YamlDocument, parse_yaml

_TYPES = ("time", "api", "event")
_STATES = ("active", "inactive")
_ENVS = ("dev", "staging", "prod", "production", "test", "test_mage")


class InvalidTrigger(CheckingRule[PipelineSubject]):
    """A value in a pipeline's triggers.yaml is not one that a trigger can have. The trigger does not start."""

    code, severity = "PS040", Severity.ERROR

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding a value."""
        path = Path(subject.pipeline.file).with_name(TRIGGERS)
        if not path.is_file():
            return
        uuid = subject.pipeline.uuid
        try:
            _, document = read_document(path, subject.project.root)
        except FileInvalidError as error:
            yield FileUnreadable.found(error.message, hint=error.hint, location=error.location, pipeline=uuid)
            return
        yield from oddities(document, uuid)
        triggers = document.data.get("triggers") if isinstance(document.data, Mapping) else document.data
        if triggers is None:
            return
        if not isinstance(triggers, list):
            yield self._tell(subject, document, ("triggers",), "triggers is not a list", "Write a list of triggers.")
            return
        names: set[str] = set()
        for index, trigger in enumerate(triggers):
            if not isinstance(trigger, Mapping):
                message = f"trigger {index + 1} is not a map"
                yield self._tell(
                    subject, document, ("triggers", index), message, "Write its keys: name, schedule_type."
                )
                continue
            name = str(trigger.get("name") or f"number {index + 1}")
            problems = list(_trigger_problems(trigger))
            if name in names:
                problems.append(("name", "an earlier trigger has the same name", "Names are unique in a pipeline."))
            names.add(name)
            for key, message, hint in problems:
                yield self._tell(subject, document, ("triggers", index, key), f"trigger {name}: {message}", hint)

    def _tell(
        self, subject: PipelineSubject, document: YamlDocument, path: tuple[str | int, ...], message: str, hint: str
    ) -> Diagnostic:
        uuid = subject.pipeline.uuid
        return self.found(f"pipeline {uuid}: {message}", hint=hint, location=document.locate(path), pipeline=uuid)


class InvalidProfile(CheckingRule[ProjectView]):
    """io_config.yaml cannot be read, or what it holds is not a map of profiles. Blocks that use it fail."""

    code, severity = "PS041", Severity.ERROR

    def check(self, subject: ProjectView) -> Iterator[Diagnostic]:
        """The findings in the file."""
        try:
            document = _io_config(subject.root)
        except FileInvalidError as error:
            yield FileUnreadable.found(error.message, hint=error.hint, location=_io_place(error))
            return
        except PenstockError as error:
            yield self.found(error.message, hint=error.hint, location=error.location or Location(IO_CONFIG))
            return
        if document is None or document.data is None:
            return
        yield from oddities(document)
        if not isinstance(document.data, Mapping):
            message = f"{IO_CONFIG}: it holds no map of profiles"
            yield self.found(message, hint="Write default: and keys below it.", location=document.locate(()))
            return
        for name, profile in document.data.items():
            if name != "version" and profile is not None and not isinstance(profile, Mapping):
                message = f"{IO_CONFIG}: the profile {name} is not a map"
                place = document.locate((str(name),))
                yield self.found(message, hint="Write keys below it.", location=place, severity=Severity.WARNING)


class MissingProfile(CheckingRule[PipelineSubject]):
    """A SQL block names a profile that io_config.yaml does not have. DuckDB needs none: it runs embedded."""

    code, severity = "PS042", Severity.ERROR

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding a block."""
        try:
            document = _io_config(subject.project.root)
        except PenstockError:
            return
        data = document.data if document else None
        profiles = data if isinstance(data, Mapping) else {}
        for block in subject.every_block():
            profile = block.configuration.get("data_provider_profile")
            if not isinstance(profile, str) or not profile or has_marks(profile) or profile in profiles:
                continue
            if block.configuration.get("data_provider") not in {None, "", "duckdb"}:  # DuckDB runs without a profile
                yield subject.tell(
                    type(self),
                    block,
                    f"its profile {profile} is not in {IO_CONFIG}",
                    f"Add {profile} to {IO_CONFIG}, or name another profile.",
                    subject.reading.locate(block.uuid, "configuration", "data_provider_profile"),
                )


def _trigger_problems(trigger: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Key, message and hint of each value that is wrong."""
    kind = trigger.get("schedule_type")
    if kind not in _TYPES:
        yield "schedule_type", f"schedule_type is {kind!r}", f"Write one of {', '.join(_TYPES)}."
    interval = trigger.get("schedule_interval")
    if kind == "time" and not is_schedule(interval):
        message = f"schedule_interval is {interval!r}, which is neither a preset nor a cron expression of five fields"
        yield "schedule_interval", message, "Write @hourly, @daily, @weekly, @monthly, @once, or such as '0 6 * * 1'."
    state = trigger.get("status", "inactive")
    if state not in _STATES:
        yield "status", f"status is {state!r}", "Write active or inactive."
    envs = trigger.get("envs") or []
    wrong = [env for env in envs if env not in _ENVS] if isinstance(envs, list) else [envs]
    if wrong:
        yield "envs", f"envs has {', '.join(map(repr, wrong))}", f"Write some of {', '.join(_ENVS[:3])}, test."
    start = trigger.get("start_time")
    if start is not None and not _is_moment(start):
        yield "start_time", f"start_time is {start!r}, which is no date", "Write such as 2024-01-31 06:00:00."
    variables = trigger.get("variables")
    if variables is not None and not isinstance(variables, Mapping):
        yield "variables", "variables is not a map", "Write names and values below it."


def _is_moment(value: object) -> bool:
    if isinstance(value, date):
        return True
    try:
        date.fromisoformat(str(value).strip()[:10])
    except ValueError:
        return False
    return True


def _io_config(root: Path) -> YamlDocument | None:
    """The profiles, templates rendered; None when there is no such file. Raises PenstockError."""
    path = root / IO_CONFIG
    if not path.is_file():
        return None
    text = read_text(path).text
    if has_marks(text):
        text = render(text, {}, functions=project_functions(default_provider()), strict=False, file=IO_CONFIG)
    return parse_yaml(text, IO_CONFIG)


def _io_place(error: FileInvalidError) -> Location:
    line = error.location.line if error.location else 0
    return Location(IO_CONFIG, line, error.location.column if error.location else 0)
