"""Runs: begin, interrupt, list, look into."""

from __future__ import annotations

import asyncio
from typing import Any

from penstock.model.errors import RunNotFoundError
from penstock.observe.log_fetch import is_fetched
from penstock.observe.logs import read_logs
from penstock.server.answers import HttpError
from penstock.server.live import stream_run
from penstock.server.numbers import whole_number
from penstock.server.permissions import Permission
from penstock.server.routing import Call, Reply, Routes
from penstock.server.runs.board import MOST_AT_ONCE
from penstock.server.runs.rows import filter_of
from penstock.server.schema.runs import (
    BulkDone,
    BulkRuns,
    Explanation,
    Interrupt,
    Interrupted,
    LogEntry,
    LogLines,
    LogQuery,
    NewRun,
    PipelineStatus,
    RetryFrom,
    RunAnswer,
    RunBegun,
    RunDetail,
    RunList,
    RunQuery,
    RunSummary,
    WaitQuery,
    Why,
)
from penstock.server.waiting import unless_gone
from penstock.state.rows import OPEN

routes = Routes("runs")
LONGEST_PAGE = 1000
LONGEST_WAIT = 600.0
"""Seconds for which a caller may wait for the end of a run; who wants to wait longer asks again."""


@routes.post("/api/pipelines/{pipeline}/runs", Permission.RUN, body=NewRun, status=202)
async def begin_run(call: Call) -> RunBegun:
    """Run blocks of a pipeline; texts under `edits` are saved first, and nothing runs when one of them conflicts."""
    if call.body.edits and not call.identity.may(Permission.EDIT):
        raise HttpError(
            403, "A102", "saving before a run: you may not change files", "Run without edits, or ask for the right."
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
    """Runs of triggers, backfills and blocks, of this server and of the command line, waiting, under way and ended."""
    wanted: RunQuery = call.query
    limit = max(1, min(wanted.limit, LONGEST_PAGE))
    lines, following = call.studio.board.page(filter_of(wanted), limit, wanted.before)
    return RunList(lines, following)


@routes.post("/api/runs/bulk", Permission.RUN, body=BulkRuns)
def change_runs(call: Call) -> BulkDone:
    """Cancel, retry or delete several runs; what is refused of one is told, and keeps nobody from the others."""
    if len(call.body.runs) > MOST_AT_ONCE:
        raise HttpError(422, "A106", f"changing {len(call.body.runs)} runs: more than {MOST_AT_ONCE}", "Take fewer.")
    return call.studio.board.bulk(call.body.action, call.body.runs)


@routes.get("/api/runs/{run}", Permission.VIEW)
def show_run(call: Call) -> RunDetail:
    """A run with its blocks; one that has not begun says what it waits for."""
    return call.studio.board.detail(call.path["run"])


@routes.get("/api/runs/{run}/end", Permission.VIEW, query=WaitQuery)
async def await_end(call: Call) -> RunSummary:
    """A run in one line, as soon as it has ended; one that takes longer than `seconds` as it is then."""
    seconds = max(0.0, min(call.query.seconds, LONGEST_WAIT))
    waiting = call.studio.ends.wait(call.path["run"], seconds)
    found: RunSummary = await call.app.sockets.answer(call.identity.session, unless_gone(call.request, waiting))
    return found


@routes.delete("/api/runs/{run}", Permission.RUN)
def delete_run(call: Call) -> None:
    """Forget a run that has ended, and its logs; what its blocks have stored stays."""
    call.studio.board.delete(call.path["run"])


@routes.get("/api/runs/{run}/explain", Permission.VIEW)
def explain_run(call: Call) -> Explanation:
    """Why a run is not running: one sentence, since when, and what would change it."""
    return call.studio.board.explain(call.path["run"])


@routes.get("/api/runs/{run}/blocks/{block}/explain", Permission.VIEW)
def explain_block(call: Call) -> Explanation:
    """Why a block of a run is not running."""
    return call.studio.board.explain(call.path["run"], call.path["block"])


@routes.get("/api/triggers/{trigger}/explain", Permission.VIEW)
def explain_trigger(call: Call) -> Explanation:
    """Why a trigger starts nothing: off, its start to come, what it waits for, what it has left out."""
    found = call.studio.triggers.find(whole_number(call.path["trigger"]))
    return call.studio.board.explain_trigger(found)


@routes.post("/api/runs/{run}/cancel", Permission.RUN, status=202)
def cancel_run(call: Call) -> RunAnswer:
    """End a run: at once when nobody drives it yet, else its processes are asked to."""
    return RunAnswer(call.studio.board.cancel(call.path["run"]))


@routes.post("/api/runs/{run}/retry", Permission.RUN, status=202)
def retry_run(call: Call) -> RunAnswer:
    """Run the same again from its beginning, as a new run."""
    return RunAnswer(call.studio.board.retry(call.path["run"]))


@routes.post("/api/runs/{run}/retry_incomplete", Permission.RUN, status=202)
def retry_incomplete(call: Call) -> RunAnswer:
    """Let a run go on: what is done stays, everything else runs again."""
    return RunAnswer(call.studio.board.retry_incomplete(call.path["run"]))


@routes.post("/api/runs/{run}/retry_from", Permission.RUN, body=RetryFrom, status=202)
def retry_from(call: Call) -> RunAnswer:
    """Let a run go on from a block."""
    return RunAnswer(call.studio.board.retry_from(call.path["run"], call.body.block))


@routes.get("/api/runs/{run}/logs", Permission.VIEW, query=LogQuery)
def show_logs(call: Call) -> LogLines:
    """A page of a run's logs, forwards from `after` or backwards from `before`."""
    wanted = call.query
    folder = call.studio.board.folder(call.path["run"])
    page = read_logs(
        folder,
        block=wanted.block,
        after=wanted.after,
        before=wanted.before,
        limit=max(1, min(wanted.limit, LONGEST_PAGE)),
        level=wanted.level,
        text=wanted.q,
    )
    lines = [LogEntry(line.at, line.level, line.block, line.stream, line.text) for line in page.lines]
    return LogLines(lines, page.next, page.previous, page.truncated, is_fetched(folder))


@routes.get("/api/runs/{run}/events", Permission.VIEW)
async def stream_events(call: Call) -> Reply:
    """The run's events as server-sent events, until it ends; `Last-Event-ID` goes on after that number."""
    run = call.path["run"]

    async def ended() -> dict[str, Any] | None:
        try:
            summary = await asyncio.to_thread(call.studio.board.summary, run)
        except RunNotFoundError:
            return {"type": "runs_deleted", "runs": [run]}
        return {"type": "run_ended", "run": summary} if summary.state not in OPEN else None

    await asyncio.to_thread(call.studio.board.summary, run)  # what is not known is refused before anything is sent
    given = call.request.headers.get("last-event-id", "")
    since = whole_number(given) if given.isascii() and given.isdigit() else None
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
