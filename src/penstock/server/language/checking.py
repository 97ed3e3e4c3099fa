"""Checks a text as it stands in an editor, by the rules of the project's check; nothing of it is run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from penstock.config.diagnostics import Diagnostic
from penstock.model.block import Block
from penstock.model.errors import FileInvalidError, Location
from penstock.project.code import CodeFacts, scan
from penstock.project.load import Project
from penstock.project.rules import blocks
from penstock.project.rules.base import CheckingRule
from penstock.project.rules.subject import PipelineSubject
from penstock.project.yaml_text import parse_yaml
from penstock.server.schema.language import TextFinding

_RULES: tuple[CheckingRule[PipelineSubject], ...] = (
    blocks.PythonSyntax(),
    blocks.NoFunction(),
    blocks.ArgumentCount(),
    blocks.TemplateSyntax(),
)


@dataclass(frozen=True, slots=True)
class EditedSubject(PipelineSubject):
    """A pipeline in which one block has another text than its file."""

    edited: str = ""
    text: str = ""

    def every_block(self) -> Iterator[Block]:
        """The edited block alone: the others are not asked about."""
        for block in PipelineSubject.every_block(self):
            if block.uuid == self.edited:
                yield block

    def python_blocks(self) -> Iterator[tuple[Block, CodeFacts]]:
        """The edited block with what its text says, when it is Python that parses."""
        yield from PipelineSubject.python_blocks(self)

    def source(self, block: Block) -> str | FileInvalidError | None:
        """The text in the editor."""
        return self.text if block.uuid == self.edited else PipelineSubject.source(self, block)


def check_block(project: Project, pipeline: str, block: str, text: str) -> list[TextFinding]:
    """What there is to say about a block with that text.

    Raises:
        PipelineNotFoundError: there is no such pipeline.
        FileInvalidError: its file cannot be read.
    """
    subject = EditedSubject(project, project.read(pipeline), block, text)
    found = [finding for rule in _RULES for finding in rule.check(subject)]
    return _shown(found, block)


def check_file(path: str, text: str) -> list[TextFinding]:
    """What there is to say about a file of the project with that text: whether it parses."""
    if path.endswith((".yaml", ".yml")):
        try:
            parse_yaml(text, path)
        except FileInvalidError as error:
            place = error.location or Location(path)
            return [TextFinding(place.line, place.column, "error", error.message, error.hint, error.code)]
    if path.endswith(".py") and (facts := scan(text)).error:
        message = f"it does not parse: {facts.error}"
        return [TextFinding(facts.line, facts.column, "error", message, "Correct this line.", "PS030")]
    return []


def _shown(found: Iterable[Diagnostic], block: str) -> list[TextFinding]:
    findings = []
    for each in found:
        place = each.location or Location("")
        # The editor shows the sentence beside the block: it need not name it.
        message = each.message.removeprefix(f"block {block}: ")
        findings.append(TextFinding(place.line, place.column, each.severity.value, message, each.hint, each.code))
    return sorted(findings, key=lambda finding: (finding.line, finding.column))
