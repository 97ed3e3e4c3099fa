"""Rules about the words of alerts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from penstock.config.diagnostics import Diagnostic, Severity
from penstock.model.alert_words import template_mistakes
from penstock.model.errors import FileInvalidError
from penstock.project.layout import METADATA
from penstock.project.reader import read_document
from penstock.project.rule import Rule
from penstock.project.rules.base import CheckingRule
from penstock.project.rules.subject import PipelineSubject, ProjectView
from penstock.project.yaml_text import YamlDocument

_STEPS = ("notification_config", "message_templates")


class UnknownVariable(Rule):
    """A template of alerts names a variable that no alert has: the message would show it in braces.

    Write one that there is; the page about alerts lists them.
    """

    code, severity = "PS050", Severity.ERROR


class UnknownVariableOfProject(UnknownVariable, CheckingRule[ProjectView]):
    """The templates of the project."""

    def check(self, subject: ProjectView) -> Iterator[Diagnostic]:
        """One finding a variable."""
        file = subject.root / METADATA
        if not file.is_file():
            return
        try:
            document = read_document(file, subject.root)[1]
        except FileInvalidError:
            return  # told already
        yield from _unknown(document, f"project {subject.name}", "")


class UnknownVariableOfPipeline(UnknownVariable, CheckingRule[PipelineSubject]):
    """The templates of a pipeline."""

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding a variable."""
        uuid = subject.pipeline.uuid
        yield from _unknown(subject.reading.document, f"pipeline {uuid}", uuid)


def _unknown(document: YamlDocument, whose: str, pipeline: str) -> Iterator[Diagnostic]:
    found = document.data
    for step in _STEPS:
        found = found.get(step) if isinstance(found, Mapping) else None
    for mistake in template_mistakes(found):
        yield UnknownVariable.found(
            f"{whose}: {mistake.message}",
            hint=mistake.hint,
            location=document.locate((*_STEPS, mistake.occasion, mistake.part)),
            pipeline=pipeline,
        )
