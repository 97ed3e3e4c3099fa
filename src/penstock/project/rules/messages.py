"""Rules about alerts: their words, and whom they reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from penstock.config.alert_channels import setting_problems
from penstock.config.diagnostics import Diagnostic, Severity
from penstock.model.alert_words import mistakes_of
from penstock.model.errors import FileInvalidError
from penstock.project.layout import METADATA
from penstock.project.reader import read_document
from penstock.project.rule import Rule
from penstock.project.rules.base import CheckingRule
from penstock.project.rules.subject import PipelineSubject, ProjectView
from penstock.project.yaml_text import YamlDocument

_SETTINGS = "notification_config"
_STEPS = (_SETTINGS, "message_templates")


class UnknownVariable(Rule):
    """A template of alerts names a variable, an occasion or a part that there is not: it would not be told as meant.

    Write one that there is; the page about alerts lists them.
    """

    code, severity = "PS050", Severity.ERROR


class UnusableAlertSetting(Rule):
    """A setting of alerts cannot be used, such as a channel without its address: nobody would hear of a failure there.

    Mend it, or leave it out; `penstock alerts test` sends a message to those that can be used.
    """

    code, severity = "PS051", Severity.WARNING


class AlertsOfProject(UnknownVariable, CheckingRule[ProjectView]):
    """The alerts of the project."""

    def check(self, subject: ProjectView) -> Iterator[Diagnostic]:
        """One finding for each mistake."""
        file = subject.root / METADATA
        if not file.is_file():
            return
        try:
            document = read_document(file, subject.root)[1]
        except FileInvalidError:
            return  # told already
        yield from _findings(document, f"project {subject.name}", "")


class AlertsOfPipeline(UnknownVariable, CheckingRule[PipelineSubject]):
    """The alerts of a pipeline."""

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding for each mistake."""
        uuid = subject.pipeline.uuid
        yield from _findings(subject.reading.document, f"pipeline {uuid}", uuid)


def _findings(document: YamlDocument, whose: str, pipeline: str) -> Iterator[Diagnostic]:
    config = document.data.get(_SETTINGS) if isinstance(document.data, Mapping) else None
    if not isinstance(config, Mapping):
        return
    for mistake in mistakes_of(config):
        steps = [step for step in (*_STEPS, mistake.occasion, mistake.part) if step]
        yield UnknownVariable.found(
            f"{whose}: {mistake.message}", hint=mistake.hint, location=document.locate(steps), pipeline=pipeline
        )
    for key, problem in setting_problems(config):
        words = problem if key in problem else f"{key}: {problem}"
        yield UnusableAlertSetting.found(
            f"{whose}: {words}",
            hint="Mend it, or leave it out.",
            location=document.locate((_SETTINGS, key)),
            pipeline=pipeline,
        )
