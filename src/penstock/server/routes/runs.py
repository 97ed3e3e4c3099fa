"""Runs: begin, interrupt, list, look into."""

from __future__ import annotations

from penstock.observe.logs import read_logs
from penstock.server.answers import HttpError
from penstock.server.live import stream_run
from penstock.server.permissions import Permission
from penstock.server.routing import Call, Reply, Routes
from penstock.server.runs.summaries import summary_of
from penstock.server.schema.runs import (
    Interrupt,
    Interrupted,
    LogEntry,
    LogLines,
    LogQuery,
    NewRun,
    PipelineStatus,
    RunBegun,
    RunDetail,
    RunList,
    RunQuery,
    Why,
)

routes = Routes("runs")
LONGEST_PAGE = 1000


@routes.post("/api/pipelines/{pipeline}/runs", Permission.RUN, body=NewRun, status=202)
async def begin_run(call: Call) -> RunBegun:
    """Run blocks of a pipeline; texts under `edits` are saved first, and nothing runs when one of them conflicts."""
    if call.body.edits and not call.identity.may(Permission.EDIT):
        raise HttpError(
            403, "A103", "saving before a run: you may not change files", "Run without edits, or ask for the right."
        )
    run, saved = await call.studio.runs.begin(call.path["pipeline"], call.body)
    return RunBegun(run, saved)


@routes.get("/api/pipelines/{pipeline}/status", Permission.VIEW)
async def show_status(call: Call) -> PipelineStatus:
    """How the blocks of a pipeline stand; subscribe to its topic with `since` = `seq` to hear what follows."""
    return await call.studio.runs.status(call.path["pipeline"])


@routes.post("/api/pipelines/{pipeline}/interrupt", Permission.RUN, status=202)
async def interrupt_pipeline(call: Call) -> Interrupted:
    """Interrupt every run of a pipeline."""
    return Interrupted(call.studio.runs.interrupt_pipeline(call.path["pipeline"]))


@routes.get("/api/runs", Permission.VIEW, query=RunQuery)
def list_runs(call: Call) -> RunList:
    """Runs, newest first: those of this server, of the command line, and those that blocks have begun."""
    wanted = call.query
    heads, following = call.studio.runs.archive.page(
        pipeline=wanted.pipeline,
        state=wanted.state,
        text=wanted.q,
        limit=max(1, min(wanted.limit, LONGEST_PAGE)),
        before=wanted.before,
    )
    return RunList([summary_of(head) for head in heads], following)


@routes.get("/api/runs/{run}", Permission.VIEW)
def show_run(call: Call) -> RunDetail:
    """A run with its blocks."""
    return call.studio.runs.detail(call.path["run"])


@routes.get("/api/runs/{run}/logs", Permission.VIEW, query=LogQuery)
def show_logs(call: Call) -> LogLines:
    """A page of a run's logs, forwards from `after` or backwards from `before`."""
    wanted = call.query
    page = read_logs(
        call.studio.runs.folder(call.path["run"]),
        block=wanted.block,
        after=wanted.after,
        before=wanted.before,
        limit=max(1, min(wanted.limit, LONGEST_PAGE)),
        level=wanted.level,
        text=wanted.q,
    )
    lines = [LogEntry(line.at, line.level, line.block, line.stream, line.text) for line in page.lines]
    return LogLines(lines, page.next, page.previous, page.truncated)


@routes.get("/api/runs/{run}/events", Permission.VIEW)
async def stream_events(call: Call) -> Reply:
    """The run's events as server-sent events, until it ends; `Last-Event-ID` goes on after that number."""
    run = call.path["run"]
    summary = summary_of(await call.studio.runs.find(run))
    given = call.request.headers.get("last-event-id", "")
    since = int(given) if given.isascii() and given.isdigit() else None
    ended = {"type": "run_ended", "run": summary} if summary.state != "running" else None
    return Reply(stream=stream_run(call.studio.hub, run, since, ended), media_type="text/event-stream")


@routes.get("/api/runs/{run}/why/{block}", Permission.VIEW)
def show_why(call: Call) -> Why:
    """Why a block failed: the failure, what it was given, what has changed since it last went well."""
    return call.studio.runs.why(call.path["run"], call.path["block"])


@routes.post("/api/runs/{run}/interrupt", Permission.RUN, body=Interrupt, status=202)
async def interrupt_run(call: Call) -> Interrupted:
    """Interrupt a run, or one of its blocks."""
    call.studio.runs.interrupt(call.path["run"], call.body.block)
    return Interrupted([call.path["run"]])
