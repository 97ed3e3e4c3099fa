"""`penstock clean`, and the two commands of Mage that it covers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from penstock.cli.arguments import FOLDER, PIPELINE
from penstock.cli.asking import json_option
from penstock.cli.store import opened_state
from penstock.cli.text import human_size, say_document
from penstock.config.durations import parse_duration
from penstock.config.settings import read_settings
from penstock.config.sizes import parse_size
from penstock.data import CleanPolicy, ProductStore
from penstock.model.errors import FileInvalidError, SettingInvalidError
from penstock.observe.archive import RunArchive
from penstock.observe.retention import prune_runs, remove_old_runs, remove_runs_beyond
from penstock.observe.under_way import versions_in_use
from penstock.project import Project, open_project
from penstock.project.layout import METADATA
from penstock.project.load import setting_place

_project = click.argument("project", default=".", type=FOLDER)
_pipeline = click.option("--pipeline-uuid", type=PIPELINE, help="Only this pipeline.")
_period = click.option(
    "--retention-period", metavar="AGE", help="Such as 12h, 90d or 3w; default: the project's setting."
)
_dry = click.option("--dry-run", is_flag=True, help="Say what would be removed and remove nothing.")

_OUTPUTS = ("variables_retention_period",)
_LOGS = ("logging_config", "logging_config.retention_period", "logging_config.retention_size")
_RUNS = ("run_retention_period",)
_COUNT = ("run_retention_count",)


@click.command()
@_project
@_pipeline
@_period
@click.option(
    "--keep",
    type=click.IntRange(1),
    help="Keep this many versions of each output; alone: remove all others, whatever their age.",
)
@_dry
@json_option
def clean(
    project: Path,
    pipeline_uuid: str | None,
    retention_period: str | None,
    keep: int | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove old versions of outputs, old logs, and old runs from the list of runs.

    The latest good version of every output is always kept, and so is what a kept version is made of.
    """
    opened = _opened(project, pipeline_uuid)
    aged = () if retention_period else (*_LOGS, *_RUNS)
    _refuse_unread(opened, *aged, *(() if retention_period or keep else _OUTPUTS), *_COUNT)
    cleaned = _Cleaned(dry_run=dry_run, as_json=as_json)
    _clean_outputs(opened, pipeline_uuid, retention_period, keep, cleaned)
    _clean_logs(opened, pipeline_uuid, retention_period, cleaned)
    _clean_runs(opened, pipeline_uuid, retention_period, cleaned)
    cleaned.end()


@click.command("clean-cached-variables")
@_project
@_pipeline
@_period
@_dry
@json_option
def clean_cached_variables(
    project: Path, pipeline_uuid: str | None, retention_period: str | None, *, dry_run: bool, as_json: bool
) -> None:
    """Remove old versions of outputs."""
    opened = _opened(project, pipeline_uuid)
    _refuse_unread(opened, *(() if retention_period else _OUTPUTS))
    cleaned = _Cleaned(dry_run=dry_run, as_json=as_json)
    _clean_outputs(opened, pipeline_uuid, retention_period, None, cleaned)
    cleaned.end()


@click.command("clean-old-logs")
@_project
@_pipeline
@_period
@_dry
@json_option
def clean_old_logs(
    project: Path, pipeline_uuid: str | None, retention_period: str | None, *, dry_run: bool, as_json: bool
) -> None:
    """Remove old logs."""
    opened = _opened(project, pipeline_uuid)
    _refuse_unread(opened, *(() if retention_period else _LOGS))
    cleaned = _Cleaned(dry_run=dry_run, as_json=as_json)
    _clean_logs(opened, pipeline_uuid, retention_period, cleaned)
    cleaned.end()


@dataclass(slots=True)
class _Cleaned:
    """What was removed: told part by part as it is done, or in the end as one document."""

    dry_run: bool
    as_json: bool
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def verb(self) -> str:
        return "would remove" if self.dry_run else "removed"

    def tell(self, part: str, words: str, **counts: int) -> None:
        """A part is done; without counts there was nothing to do."""
        self.document[part] = counts or None
        if not self.as_json:
            click.echo(f"{part}: {words}")

    def end(self) -> None:
        """Everything is done."""
        if self.as_json:
            say_document({**self.document, "dry_run": self.dry_run})


def _opened(project: Path, pipeline: str | None) -> Project:
    """The project.

    Raises:
        FileInvalidError: its file cannot be read, so that neither its data folder nor its retention periods are known.
        PipelineNotFoundError: it has no pipeline of that name, and nothing is left of one.
    """
    opened = open_project(project)
    if finding := opened.unread:
        raise FileInvalidError(
            f"cleaning: {finding.message}, so its data folder and retention periods are not known",
            hint=finding.hint,
            location=finding.location,
        )
    if pipeline == "" or (pipeline and pipeline not in opened.pipeline_uuids() and not _is_left(opened, pipeline)):
        # Of an empty name too, as of a variable that is not set: the logs and runs of all would go.
        opened.pipeline(pipeline)
    return opened


def _refuse_unread(project: Project, *settings: str) -> None:
    """Refuse to go by these settings, before anything is removed, where one has a value that cannot be read.

    Raises:
        SettingInvalidError: one has; without it, all would be kept as if nobody had asked for anything.
    """
    for problem in read_settings(project.settings.raw)[1]:
        if ".".join(problem.path) in settings:
            raise SettingInvalidError(
                f"cleaning project {project.name}: {problem.message}",
                hint=problem.hint,
                location=setting_place(project.root / METADATA, problem.path),
            )


def _is_left(project: Project, pipeline: str) -> bool:
    """Whether outputs, logs or runs are stored of a pipeline of that name, which may be deleted since."""
    if any(ProductStore(project.store_root()).addresses(pipeline)):
        return True
    if next(RunArchive(project.logs_root()).newest(pipeline), None) is not None:
        return True
    from penstock.state.run_list import RunFilter

    with opened_state(project) as state:
        if state is None:
            return False
        with state.read() as connection:
            return bool(state.runs.page(connection, RunFilter(pipelines=(pipeline,)), limit=1).rows)


def _clean_outputs(
    project: Project, pipeline: str | None, period: str | None, keep: int | None, cleaned: _Cleaned
) -> None:
    if keep is None:  # a number that is asked for by itself is not narrowed by the age that the project sets
        period = period or project.settings.variables_retention_period
    if period is None and keep is None:
        cleaned.tell("outputs", "nothing to do, no retention period is set (--retention-period, --keep)")
        return
    store = ProductStore(project.store_root())
    policy = CleanPolicy(
        older_than=_seconds(period) if period else None,
        keep_last=keep,
        pipeline=pipeline,
        dry_run=cleaned.dry_run,
        pinned=versions_in_use(project.logs_root(), _open_runs(project)),
    )
    removed = store.clean(policy)
    words = f"{cleaned.verb} {removed.versions} versions, {human_size(removed.bytes)}"
    cleaned.tell("outputs", words, versions=removed.versions, bytes=removed.bytes)


def _clean_logs(project: Project, pipeline: str | None, period: str | None, cleaned: _Cleaned) -> None:
    size = project.settings.logging_config.retention_size if period is None and pipeline is None else None
    period = period or project.settings.log_retention_period
    if period is None and size is None:
        cleaned.tell("logs", "nothing to do, no retention period is set (--retention-period)")
        return
    root, count, spared = project.logs_root(), 0, _open_runs(project)
    if period is not None:
        before = time.time() - _seconds(period)
        count += remove_old_runs(root, before=before, pipeline=pipeline, dry_run=cleaned.dry_run, spared=spared)
    if size is not None:
        count += remove_runs_beyond(root, parse_size(size), dry_run=cleaned.dry_run, spared=spared)
    cleaned.tell("logs", f"{cleaned.verb} those of {count} runs", runs=count)


def _clean_runs(project: Project, pipeline: str | None, period: str | None, cleaned: _Cleaned) -> None:
    period = period or project.settings.run_retention_period
    keep = project.settings.run_retention_count or None
    if period is None and keep is None:
        cleaned.tell("runs", "nothing to do, no retention period is set (--retention-period)")
        return
    before = time.time() - _seconds(period) if period else None
    with opened_state(project) as state:
        count = 0
        if state is not None:
            count = prune_runs(state, before=before, keep=keep, pipeline=pipeline or "", dry_run=cleaned.dry_run)
    cleaned.tell("runs", f"{cleaned.verb} {count} from the list of runs", runs=count)


def _open_runs(project: Project) -> frozenset[str]:
    """The runs that have not ended, by what the state store says; none while there is no store."""
    with opened_state(project) as state:
        if state is None:
            return frozenset()
        with state.read() as connection:
            return frozenset(row.id for row in state.runs.open(connection))


def _seconds(period: str) -> float:
    seconds = parse_duration(period)
    if seconds < 0:
        raise SettingInvalidError(f"reading the retention period {period!r}: it is negative", hint="Such as 90d.")
    return seconds
