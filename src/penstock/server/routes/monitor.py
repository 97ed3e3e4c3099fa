"""How the server and its runs do: figures by day, all logs, metrics, health."""

from __future__ import annotations

import msgspec

from penstock.observe.search import LogSearch, search_logs
from penstock.server.permissions import Permission
from penstock.server.routing import Call, Reply, Routes
from penstock.server.runs.rows import filter_of
from penstock.server.schema.alerts import (
    Alive,
    Health,
    HourQuery,
    HoursPage,
    InstanceStatus,
    MonitorPage,
    MonitorQuery,
    ProjectLogEntry,
    ProjectLogLines,
    ProjectLogQuery,
    Statuses,
)

routes = Routes("monitor")
LONGEST_PAGE = 1000
_SERVING, _DOWN = 200, 503


@routes.get("/api/monitor", Permission.VIEW, query=MonitorQuery)
def show_monitor(call: Call) -> MonitorPage:
    """Runs by day and state, durations, lateness, and where runs fail."""
    return call.studio.monitoring.page(call.query.days, call.query.pipeline)


@routes.get("/api/monitor/hours", Permission.VIEW, query=HourQuery)
def show_hours(call: Call) -> HoursPage:
    """Runs by the hour in which they were made and the state that they are in, as the list of runs is narrowed."""
    return call.studio.monitoring.hours.page(filter_of(call.query), call.query.days)


@routes.get("/api/logs", Permission.VIEW, query=ProjectLogQuery)
def search_project_logs(call: Call) -> ProjectLogLines:
    """Lines of the logs of all runs, newest first; a page ends after a while and says where the next goes on."""
    wanted = call.query
    page = search_logs(
        call.studio.bench.project.logs_root(),
        LogSearch(
            wanted.pipeline,
            wanted.run,
            wanted.block,
            wanted.level,
            wanted.q,
            _moment(wanted.since),
            _moment(wanted.until),
        ),
        limit=max(1, min(wanted.limit, LONGEST_PAGE)),
        before=wanted.before,
    )
    lines = [
        ProjectLogEntry(
            each.line.at, each.line.level, each.pipeline, each.run, each.line.block, each.line.stream, each.line.text
        )
        for each in page.lines
    ]
    return ProjectLogLines(lines, page.next, page.newest, page.oldest)


@routes.get("/api/metrics", Permission.VIEW, media=("text/plain",))
def show_metrics(call: Call) -> Reply:
    """Numbers for Prometheus, with bounded labels; a bearer token does as a login."""
    return _metrics(call)


def _metrics(call: Call) -> Reply:
    return Reply(call.studio.monitoring.metrics(), "text/plain; version=0.0.4; charset=utf-8")


@routes.get("/metrics", Permission.VIEW, media=("text/plain",))
def show_metrics_where_they_are_looked_for(call: Call) -> Reply:
    """The same as `/api/metrics`, where Prometheus and Mage have it."""
    return _metrics(call)


@routes.get("/api/health", Permission.PUBLIC, media=("application/json",))
def show_health(call: Call) -> Reply:
    """Whether the server works: 200, or 503 where database or scheduler do not. Tells nothing about the project."""
    health = call.studio.monitoring.health()
    status = _SERVING if health.status == "ok" else _DOWN
    return Reply(msgspec.json.encode(health), "application/json", status)


@routes.get("/api/health/live", Permission.PUBLIC)
async def show_alive(call: Call) -> Alive:
    """Whether the process answers: 200, whatever has become of the database. Restarting it would not help that."""
    del call
    return Alive()


@routes.get("/api/health/ready", Permission.PUBLIC, media=("application/json",))
def show_ready(call: Call) -> Reply:
    """Whether requests can be served: 200, or 503 with words while the database is away."""
    ready = call.studio.monitoring.ready()
    return Reply(msgspec.json.encode(ready), "application/json", _SERVING if ready.status == "ok" else _DOWN)


@routes.get("/api/status", Permission.PUBLIC)
def show_instance_status(call: Call) -> Statuses:
    """The server as Mage tells of one, for probes that ask so; where the project lies is told to who may see it."""
    health: Health = call.studio.monitoring.health()
    settings = call.studio.project().settings
    known = call.identity.may(Permission.VIEW)
    scheduler = call.studio.scheduler is not None
    return Statuses(
        [
            InstanceStatus(
                is_instance_manager=False,
                instance_type="server_and_scheduler" if scheduler else "web_server",
                scheduler_status="running" if health.scheduler.status == "ok" else "stopped",
                project_type=settings.project_type,
                project_uuid=settings.project_uuid if known else None,
                repo_path=str(call.studio.root) if known else None,
                require_user_authentication=True,
                disable_pipeline_edit_access=False,
            )
        ]
    )


def _moment(given: float | None) -> float | None:
    """A time that a calendar can hold; what lies beyond is the end of it."""
    return None if given is None else max(0.0, min(given, 32_000_000_000.0))
