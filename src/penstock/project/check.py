"""Runs all rules over a project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from penstock.config.diagnostics import Diagnostic, Severity
from penstock.model.errors import FileInvalidError, Location, PipelineNotFoundError
from penstock.project.load import Project
from penstock.project.reader import PipelineReading
from penstock.project.reading_rules import FileUnreadable
from penstock.project.rules import blocks, files, graphs, imports, left_out, limits, messages, settings, triggers
from penstock.project.rules.base import CheckingRule
from penstock.project.rules.subject import PipelineSubject, ProjectView

PROJECT_RULES: tuple[CheckingRule[ProjectView], ...] = (
    files.InvalidProfile(),
    files.UnreadableName(),
    messages.AlertsOfProject(),
    imports.MissingRequirement(),
    triggers.TriggerCycle(),
    left_out.DefaultExecutor(),
    settings.SettingWithoutEffect(),
    limits.LimitsOfProject(),
)
"""Rules that look at the project as a whole."""
PIPELINE_RULES: tuple[CheckingRule[PipelineSubject], ...] = (
    graphs.Cycle(),
    graphs.UnsupportedPipeline(),
    graphs.UnsupportedBlock(),
    graphs.NeverAsked(),
    graphs.UnknownIsolation(),
    left_out.ExtensionNotRun(),
    left_out.RemoteExecutor(),
    left_out.BatchesNotRead(),
    left_out.DatabaseOfBlock(),
    limits.LimitsOfPipeline(),
    blocks.UnreadableCode(),
    blocks.PythonSyntax(),
    blocks.NoFunction(),
    blocks.ArgumentCount(),
    blocks.TemplateSyntax(),
    imports.MissingProjectModule(),
    imports.MissingPackage(),
    imports.NoSuchModuleOfMage(),
    imports.ClientToCome(),
    imports.FormerName(),
    triggers.TriggersRead(),
    triggers.UnknownDependency(),
    files.MissingProfile(),
    messages.AlertsOfPipeline(),
)
"""Rules that look at each pipeline."""
_ORDER = (Severity.ERROR, Severity.WARNING, Severity.INFO)


def check_project(project: Project, pipelines: Iterable[str] | None = None) -> list[Diagnostic]:
    """All findings, by file and line; those of the project itself first.

    Args:
        project: the project. No file in it is changed and none of its code is run.
        pipelines: uuids to limit the check to; the project's own files are checked all the same.

    Raises:
        PipelineNotFoundError: one of `pipelines` does not exist.
    """
    found = [*project.findings]
    for rule in PROJECT_RULES:
        found += rule.check(project)
    chosen = project.pipeline_uuids() if pipelines is None else list(pipelines)
    for uuid in chosen:
        found += _check_named(project, uuid, named=pipelines is not None)
    return list(_once(found))


def check_pipeline(project: Project, reading: PipelineReading) -> list[Diagnostic]:
    """All findings about a pipeline that has been read, the worst first, then by file and line; each once."""
    found = [*reading.findings]
    subject = PipelineSubject(project, reading)
    for rule in PIPELINE_RULES:
        found += rule.check(subject)
    return list(_once(sorted(found, key=_place)))


def _check_named(project: Project, uuid: str, *, named: bool) -> list[Diagnostic]:
    try:
        reading = project.read(uuid)
    except FileInvalidError as error:
        place = error.location or Location(f"pipelines/{uuid}/metadata.yaml")
        return [FileUnreadable.found(error.message, hint=error.hint, location=place, pipeline=uuid)]
    except PipelineNotFoundError:
        if named:
            raise
        return []  # removed while this check was running
    return check_pipeline(project, reading)


def _once(found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Each finding once: block files are shared, and what is wrong in one is told for the first pipeline only."""
    told: set[tuple[object, ...]] = set()
    for finding in found:
        key = (finding.code, finding.message, finding.location)
        if key not in told:
            told.add(key)
            yield finding


def _place(finding: Diagnostic) -> tuple[int, str, int, int]:
    place = finding.location or Location("")
    return _ORDER.index(finding.severity), place.file, place.line, place.column
