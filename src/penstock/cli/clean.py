"""`penstock clean`, and the two commands of Mage that it covers."""

from __future__ import annotations

import time
from pathlib import Path

import click

from penstock.cli.store import opened_state
from penstock.cli.text import human_size
from penstock.config.durations import parse_duration
from penstock.config.sizes import parse_size
from penstock.data import CleanPolicy, ProductStore
from penstock.data.naming import quote
from penstock.model.errors import SettingInvalidError
from penstock.observe.retention import prune_runs, remove_old_runs, remove_runs_beyond
from penstock.observe.under_way import versions_in_use
from penstock.project import Project, open_project

_project = click.argument("project", default=".", type=click.Path(path_type=Path))
_pipeline = click.option("--pipeline-uuid", help="Only this pipeline.")
_period = click.option(
    "--retention-period", metavar="AGE", help="Such as 12h, 90d or 3w; default: the project's setting."
)
_dry = click.option("--dry-run", is_flag=True, help="Say what would be removed and remove nothing.")


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
def clean(
    project: Path, pipeline_uuid: str | None, retention_period: str | None, keep: int | None, *, dry_run: bool
) -> None:
    """Remove old versions of outputs, old logs, and old runs from the list of runs.

    The latest good version of every output is always kept, and so is what a kept version is made of.
    """
    opened = open_project(project)
    _known(opened, pipeline_uuid)
    _clean_outputs(opened, pipeline_uuid, retention_period, keep, dry_run=dry_run)
    _clean_logs(opened, pipeline_uuid, retention_period, dry_run=dry_run)
    _clean_runs(opened, pipeline_uuid, retention_period, dry_run=dry_run)


@click.command("clean-cached-variables")
@_project
@_pipeline
@_period
@_dry
def clean_cached_variables(
    project: Path, pipeline_uuid: str | None, retention_period: str | None, *, dry_run: bool
) -> None:
    """Remove old versions of outputs."""
    opened = open_project(project)
    _known(opened, pipeline_uuid)
    _clean_outputs(opened, pipeline_uuid, retention_period, None, dry_run=dry_run)


@click.command("clean-old-logs")
@_project
@_pipeline
@_period
@_dry
def clean_old_logs(project: Path, pipeline_uuid: str | None, retention_period: str | None, *, dry_run: bool) -> None:
    """Remove old logs."""
    opened = open_project(project)
    _known(opened, pipeline_uuid)
    _clean_logs(opened, pipeline_uuid, retention_period, dry_run=dry_run)


def _clean_outputs(
    project: Project, pipeline: str | None, period: str | None, keep: int | None, *, dry_run: bool
) -> None:
    if keep is None:  # a number that is asked for by itself is not narrowed by the age that the project sets
        period = period or project.settings.variables_retention_period
    if period is None and keep is None:
        click.echo("outputs: nothing to do, no retention period is set (--retention-period, --keep)")
        return
    store = ProductStore(project.store_root())
    policy = CleanPolicy(
        older_than=_seconds(period) if period else None,
        keep_last=keep,
        pipeline=pipeline,
        dry_run=dry_run,
        pinned=versions_in_use(project.logs_root(), _open_runs(project)),
    )
    removed = store.clean(policy)
    verb = "would remove" if dry_run else "removed"
    click.echo(f"outputs: {verb} {removed.versions} versions, {human_size(removed.bytes)}")


def _clean_logs(project: Project, pipeline: str | None, period: str | None, *, dry_run: bool) -> None:
    size = project.settings.logging_config.retention_size if period is None and pipeline is None else None
    period = period or project.settings.log_retention_period
    if period is None and size is None:
        click.echo("logs: nothing to do, no retention period is set (--retention-period)")
        return
    root, count, spared = project.logs_root(), 0, _open_runs(project)
    if period is not None:
        before = time.time() - _seconds(period)
        count += remove_old_runs(root, before=before, pipeline=pipeline, dry_run=dry_run, spared=spared)
    if size is not None:
        count += remove_runs_beyond(root, parse_size(size), dry_run=dry_run, spared=spared)
    click.echo(f"logs: {'would remove' if dry_run else 'removed'} those of {count} runs")


def _clean_runs(project: Project, pipeline: str | None, period: str | None, *, dry_run: bool) -> None:
    period = period or project.settings.run_retention_period
    keep = project.settings.run_retention_count or None
    if period is None and keep is None:
        click.echo("runs: nothing to do, no retention period is set (--retention-period)")
        return
    before = time.time() - _seconds(period) if period else None
    with opened_state(project) as state:
        count = 0
        if state is not None:
            count = prune_runs(state, before=before, keep=keep, pipeline=pipeline or "", dry_run=dry_run)
    click.echo(f"runs: {'would remove' if dry_run else 'removed'} {count} from the list of runs")


def _open_runs(project: Project) -> frozenset[str]:
    """The runs that have not ended, by what the state store says; none while there is no store."""
    with opened_state(project) as state:
        if state is None:
            return frozenset()
        with state.read() as connection:
            return frozenset(row.id for row in state.runs.open(connection))


def _known(project: Project, pipeline: str | None) -> None:
    """Refuse a pipeline that neither the project nor what it has left knows. Raises PipelineNotFoundError."""
    stored = {address.pipeline for address in ProductStore(project.store_root()).addresses(pipeline)}
    logs = project.logs_root() / "pipelines" / quote(pipeline or "")
    if pipeline is not None and not stored and not logs.is_dir():
        project.read(pipeline)


def _seconds(period: str) -> float:
    seconds = parse_duration(period)
    if seconds < 0:
        raise SettingInvalidError(f"reading the retention period {period!r}: it is negative", hint="Such as 90d.")
    return seconds
