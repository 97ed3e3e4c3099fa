"""The project as a whole: what it is, Home, settings, the check, search."""

from __future__ import annotations

import asyncio
import platform
import sys
from importlib.util import find_spec
from shutil import which

import msgspec

from penstock.config.secrets import PREFIX, environment_names
from penstock.model.errors import FileMissingError
from penstock.project.layout import METADATA
from penstock.server.permissions import Permission
from penstock.server.projects.home import recent_edits
from penstock.server.projects.logo import logo_file, logo_stamp
from penstock.server.projects.parts import Parts
from penstock.server.projects.settings_form import change_settings, show_settings
from penstock.server.projects.workspace import Workspace
from penstock.server.routing import Call, Reply, Routes
from penstock.server.schema.alerts import MuteDetail
from penstock.server.schema.diagnostics import Diagnostics, diagnostic_detail
from penstock.server.schema.project import (
    Attention,
    Counts,
    Features,
    Home,
    ProjectInfo,
    SearchQuery,
    SearchResult,
    SecretNames,
    SettingChanges,
    Settings,
)
from penstock.server.schema.runs import RunSummary
from penstock.state.run_list import RunFilter
from penstock.version import __version__

routes = Routes("project")
RECENT = 10
LATEST_FAILURES = 30
"""Failed runs that are looked at for what still fails."""


@routes.get("/api/project", Permission.VIEW)
def show_project(call: Call) -> ProjectInfo:
    """The open project, the program, and what the caller may do."""
    project = call.studio.project()
    terminal = getattr(getattr(call.app, "options", None), "terminal", False)
    return ProjectInfo(
        name=project.name,
        root=str(project.root),
        version=__version__,
        python=platform.python_version(),
        platform=sys.platform,
        project_uuid=project.settings.project_uuid,
        features=Features(
            terminal=bool(terminal),
            language_server=_has("ty"),
            formatter=_has("ruff"),
            git=which("git") is not None,
        ),
        logo=logo_stamp(call.studio.workspace.parts),
        timezone="local",
        permissions=sorted(str(permission) for permission in call.identity.permissions),
    )


@routes.get("/api/project/logo", Permission.VIEW)
def show_logo(call: Call) -> Reply:
    """The picture that the project's settings name as its logo."""
    found = logo_file(call.studio.workspace.parts)
    if found is None:
        raise FileMissingError("showing the project's logo: it has none", hint="Set the key logo on the page Settings.")
    path, kind = found
    return Reply(path=path, media_type=kind, headers={"Cache-Control": "private, max-age=86400"})


@routes.get("/api/home", Permission.VIEW)
async def show_home(call: Call) -> Home:
    """What needs somebody now, and what happened lately."""
    running = call.studio.runs.running()
    return await asyncio.to_thread(_home, call.studio.workspace, running, call)


@routes.get("/api/settings", Permission.VIEW)
def read_settings(call: Call) -> Settings:
    """Every declared setting of the project; secrets only as set or not."""
    return show_settings(call.studio.workspace.parts)


@routes.patch("/api/settings", Permission.ADMIN, body=SettingChanges)
def write_settings(call: Call) -> Settings:
    """Write settings into the project's file; comments stay."""
    change_settings(call.studio.workspace.parts, call.body.set, call.body.revision)
    return show_settings(call.studio.workspace.parts)


@routes.get("/api/secrets", Permission.EDIT)
def list_secrets(call: Call) -> SecretNames:
    """The names of the secrets in the server's environment; no values."""
    del call
    return SecretNames(environment_names(), PREFIX)


@routes.get("/api/check", Permission.VIEW)
def check(call: Call) -> Diagnostics:
    """Everything that is odd about the project's files. Nothing is run."""
    return Diagnostics([diagnostic_detail(found) for found in call.studio.workspace.checks.all()])


@routes.get("/api/search", Permission.VIEW, query=SearchQuery)
def search(call: Call) -> SearchResult:
    """Anything by its name; then text in files."""
    return call.studio.workspace.everything.find(call.query.q, max(1, min(call.query.limit, 200)))


def _home(workspace: Workspace, running: list[RunSummary], call: Call) -> Home:
    entries = workspace.index.entries()
    board = call.studio.board
    under_way = {run.run for run in running}
    attention = [
        Attention("unreadable", entry.uuid, entry.error, entry.stamp[0] / 1e9)
        for entry in entries.values()
        if entry.error is not None
    ]
    attention += _unread(workspace.parts)
    attention += _failing(board.still_failing(LATEST_FAILURES), set(entries))
    mutes = call.studio.alerts.mutes().mutes
    known = workspace.checks.is_known()
    errors, warnings = workspace.checks.counts() if known else (None, None)
    return Home(
        attention=[_muted(each, mutes) for each in sorted(attention, key=lambda each: each.at, reverse=True)],
        running=running,
        recent_runs=[line for line in board.page(RunFilter(), RECENT, "")[0] if line.run not in under_way],
        recent_edits=recent_edits(workspace.parts),
        counts=Counts(
            pipelines=len(entries),
            blocks=sum(len(entry.blocks) for entry in entries.values()),
            products=call.studio.catalog.count(),
            errors=errors,
            warnings=warnings,
        ),
        scheduler=call.studio.monitoring.health().scheduler,
    )


def _unread(parts: Parts) -> list[Attention]:
    """The project's own file, while it cannot be read."""
    finding = parts.project().unread
    if finding is None:
        return []
    try:
        at = (parts.root / METADATA).stat().st_mtime
    except OSError:
        at = 0.0
    message = f"no change in it counts until it can be read: {finding.message}"
    return [Attention("unreadable", "", message, at, file=METADATA)]


def _failing(lines: list[RunSummary], pipelines: set[str]) -> list[Attention]:
    """Runs that failed or were cut off, of pipelines that are there."""
    found: list[Attention] = []
    for line in lines:
        if line.pipeline in pipelines:
            kind = "interrupted_run" if line.state == "interrupted" else "failed_block"
            message = line.error or ("The run was cut off." if kind == "interrupted_run" else "The run failed.")
            at = line.ended or line.started
            found.append(Attention(kind, line.pipeline, message, at, line.failed_block, line.run))
    return found


def _muted(item: Attention, mutes: list[MuteDetail]) -> Attention:
    ends = [one.until for one in mutes if one.pipeline == item.pipeline and one.block in {"", item.block or ""}]
    return msgspec.structs.replace(item, muted_until=max(ends)) if ends else item


def _has(tool: str) -> bool:
    return find_spec(tool) is not None or which(tool) is not None
