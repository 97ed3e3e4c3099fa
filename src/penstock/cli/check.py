"""`penstock check`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import click

from penstock.cli.arguments import FOLDER, PIPELINE
from penstock.cli.exits import Exit
from penstock.cli.text import one_line, say
from penstock.config.diagnostics import Diagnostic, Severity
from penstock.project import check_project, open_project
from penstock.schedule.reasons import counted

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}


@click.command()
@click.argument("project", default=".", type=FOLDER)
@click.argument("pipelines", type=PIPELINE, nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print the diagnostics as JSON.")
@click.option("--quiet", "-q", is_flag=True, help="Only errors.")
@click.pass_context
def check(ctx: click.Context, project: Path, pipelines: tuple[str, ...], *, as_json: bool, quiet: bool) -> None:
    """Find what is wrong in the files of PROJECT (or of some PIPELINES), without running any of them.

    Exit code 1 when there are errors.
    """
    opened = open_project(project)
    pipelines = tuple(dict.fromkeys(pipelines))
    found = check_project(opened, list(pipelines) or None)
    if quiet:
        found = [diagnostic for diagnostic in found if diagnostic.severity is Severity.ERROR]
    counts = Counter(diagnostic.severity for diagnostic in found)
    if as_json:
        document = {
            "project": str(opened.root),
            "diagnostics": [diagnostic.to_dict() for diagnostic in found],
            "errors": counts[Severity.ERROR],
            "warnings": counts[Severity.WARNING],
        }
        say(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        for diagnostic in found:
            _show(diagnostic)
        total = len(list(pipelines) or opened.pipeline_uuids())
        say(
            f"{counted(total, 'pipeline')} checked: "
            f"{counted(counts[Severity.ERROR], 'error')}, {counted(counts[Severity.WARNING], 'warning')}"
        )
    ctx.exit(Exit.FAILED if counts[Severity.ERROR] else Exit.SUCCESS)


def _show(diagnostic: Diagnostic) -> None:
    place = f"{diagnostic.location}: " if diagnostic.location else ""
    severity = click.style(diagnostic.severity.value, fg=_COLOURS[diagnostic.severity])
    say(f"{place}{severity} {diagnostic.code}: {one_line(diagnostic.message)}")
    if diagnostic.hint:
        say(f"    {one_line(diagnostic.hint)}")
