"""`penstock trigger`, `runs`, `logs`, `cancel` and `retry`: the runs of a project, whoever drives them."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from penstock.cli.arguments import NUMBER, PIPELINE, RUN, TRIGGER
from penstock.cli.asking import Asked, asking, duration, json_option, moment, parsed_moment, project_option
from penstock.cli.exits import Exit, exit_code
from penstock.cli.run import json_object
from penstock.cli.text import say_list, text_table
from penstock.data.naming import unquote
from penstock.model.errors import (
    BackfillNotFoundError,
    BlockNotFoundError,
    PenstockError,
    RunNotFoundError,
    StateUnavailableError,
    TriggerNotFoundError,
)
from penstock.state.rows import OPEN, RunRow, TriggerRow

if TYPE_CHECKING:
    from penstock.observe.archive import RunArchive

_LOOK_EVERY = 0.3
"""Seconds between looks at a run that is waited for."""
_RUNS = "runs"
_ORIGINS = ("schedule", "api", "event", "dependency", "backfill", "block", "studio", "cli")
_STATES = ("initial", "running", "completed", "failed", "cancelled", "interrupted")


@click.command()
@click.argument("pipeline", type=PIPELINE)
@click.argument("name", type=TRIGGER, required=False)
@project_option
@click.option("--runtime-vars", metavar="JSON", help="Variables of this run, a JSON object.")
@click.option("--execution-date", metavar="DATE", help="The date that the run is for; default: now.")
@click.option("--priority", type=int, help="Higher ones begin first.")
@click.option("--wait", is_flag=True, help="Wait for its end; the exit code is then that of the run.")
@json_option
@click.pass_context
def trigger(ctx: click.Context, /, pipeline: str, name: str | None, project: Path, **given: Any) -> None:
    """Ask the scheduler for a run of PIPELINE, as its trigger NAME would make it, or without one."""
    from penstock.schedule.requests import NewRun, create_run

    with asking(project) as asked:
        asked.project.pipeline(pipeline)
        new = NewRun(
            pipeline,
            "cli",
            variables=json_object(given["runtime_vars"], "--runtime-vars"),
            trigger=stored_trigger(asked, pipeline, name) if name else None,
            execution_date=parsed_moment(given["execution_date"], "--execution-date"),
            priority=given["priority"],
            options={"environment": "prod"},
        )
        row = create_run(asked.state, new, time.time())
        asked.wake(_RUNS, row.id)
        asked.warn_when_alone()
        if given["wait"]:
            click.echo(f"waiting for run {row.id}", err=True)  # who gives up waiting knows which it is
            row = _wait(asked, row)
        if given["as_json"]:
            click.echo(json.dumps(_document(row, name or ""), ensure_ascii=False, default=str))
        elif given["wait"]:
            click.echo(f"{row.id} {row.state}{f': {row.error}' if row.error else ''}")
        else:
            click.echo(row.id)
    ctx.exit(_exit(row) if given["wait"] else Exit.SUCCESS)


@click.command()
@click.argument("pipeline", type=PIPELINE, required=False)
@project_option
@click.option("--state", "states", multiple=True, type=click.Choice(_STATES), help="Only those in this state.")
@click.option(
    "--origin", "origins", multiple=True, type=click.Choice(_ORIGINS), help="Only those that were started so."
)
@click.option("--trigger", "name", help="With PIPELINE: only those of this trigger.")
@click.option("--backfill", type=NUMBER, help="Only those of the backfill of this number.")
@click.option("--limit", "-n", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many.")
@json_option
def runs(pipeline: str | None, project: Path, name: str | None, limit: int, *, as_json: bool, **given: Any) -> None:
    """List runs, newest first: of triggers and backfills, of the studio and of the command line."""
    from penstock.state.run_list import RunFilter

    if name and not pipeline:
        raise click.UsageError("--trigger needs the PIPELINE of the trigger: penstock runs PIPELINE --trigger NAME")
    with asking(project) as asked:
        _take_in(asked)
        wanted = RunFilter(
            pipelines=(pipeline,) if pipeline else (),
            states=tuple(given["states"]),
            origins=tuple(given["origins"]),
            trigger_id=stored_trigger(asked, pipeline or "", name).id if name else None,
            backfill_id=given["backfill"],
        )
        rows: list[RunRow] = []
        after: str | None = ""
        with asked.state.read() as connection:
            while after is not None and len(rows) < limit:
                page = asked.state.runs.page(connection, wanted, limit=limit - len(rows), after=after)
                rows, after = rows + page.rows, page.next
            names = {row.id: row.name for row in asked.state.triggers.all(connection, removed=True)}
            if as_json:  # a page of the list has no variables
                whole = asked.state.runs.many(connection, [row.id for row in rows])
                rows = [whole.get(row.id, row) for row in rows]
        if not rows:  # says so when there is nothing of that name
            _check_there(asked, pipeline, given["backfill"])
    if as_json:
        documents = [_document(row, names.get(row.trigger_id or 0, "")) for row in rows]
        say_list("runs", documents, more=after is not None)
        return
    if not rows:
        click.echo("no runs")
        return
    titles = ["run", "pipeline", "state", "began", "took", "blocks", "by", "what"]
    click.echo(text_table(titles, [_line(row, names.get(row.trigger_id or 0, "")) for row in rows]))


def _take_in(asked: Asked) -> None:
    """Read runs that no scheduler drove into the store; on a full disk the list is that of before."""
    from penstock.observe.ingest import Ingest
    from penstock.state.failures import lacks_room

    try:
        Ingest(asked.state, asked.project.logs_root()).everything()
    except StateUnavailableError as error:
        if not lacks_room(error):
            raise
        click.echo("runs since the disk is full may be missing: free space on it (penstock clean)", err=True)


@click.command()
@click.argument("run", type=RUN)
@project_option
@click.option("--block", default="", help="Only this block's.")
@click.option("--level", default="", help="This level and worse ones: DEBUG, INFO, WARNING, ERROR, CRITICAL.")
@click.option("--search", "text", default="", help="Only lines that hold this text.")
@click.option("--lines", "-n", default=200, show_default=True, type=click.IntRange(1, 100_000), help="The last ones.")
@json_option
def logs(run: str, project: Path, block: str, level: str, text: str, lines: int, *, as_json: bool) -> None:
    """Print what a run has logged and printed."""
    from penstock.observe.archive import RunArchive
    from penstock.observe.log_fetch import LogFetcher, is_fetched
    from penstock.observe.logs import read_logs

    with asking(project) as asked:
        archive = RunArchive(asked.project.logs_root())
        with asked.state.read() as connection:
            row = asked.state.runs.get(connection, run)
        head = archive.find(run) if row is None else None
        if row is None and head is None:
            raise RunNotFoundError(f"reading the logs of run {run[:100]}: there is none", hint="See `penstock runs`.")
        pipeline = row.pipeline if row is not None else head.pipeline if head is not None else ""
        folder = archive.folder(pipeline, run)
        if row is not None and not row.open and row.started_at is not None:
            LogFetcher(lambda: asked.project, asked.state).fetch(pipeline, run)
        if is_fetched(folder):
            click.echo("read back from the bucket that logs are copied to", err=True)
        found = read_logs(folder, block=block, before="end", limit=lines, level=level, text=text).lines
        if block and not found:
            _check_block(asked, archive, run, block)
    for line in found:
        if as_json:
            click.echo(json.dumps(asdict(line), ensure_ascii=False))
        else:
            click.echo(f"{moment(line.at)} {line.level:<7} {line.block}: {line.text}".rstrip())


@click.command()
@click.argument("run", type=RUN, nargs=-1, required=True)
@project_option
@json_option
@click.pass_context
def cancel(ctx: click.Context, run: tuple[str, ...], project: Path, *, as_json: bool) -> None:
    """Cancel runs: at once where they wait, else their processes are ended."""
    from penstock.schedule.requests import cancel_run

    def work(asked: Asked, name: str) -> RunRow:
        return cancel_run(asked.state, name, time.time(), lambda child: asked.wake(_RUNS, child.id))

    ctx.exit(_each(run, project, work, as_json=as_json))


@click.command()
@click.argument("run", type=RUN, nargs=-1, required=True)
@project_option
@click.option("--incomplete", is_flag=True, help="Go on in the same run: what is done stays.")
@click.option("--from-block", "block", help="Go on in the same run from this block.")
@json_option
@click.pass_context
def retry(
    ctx: click.Context, run: tuple[str, ...], project: Path, block: str | None, *, incomplete: bool, as_json: bool
) -> None:
    """Run runs again: whole, as new ones, unless it is said how to go on."""
    from penstock.model.graph import descendants
    from penstock.schedule.requests import retry_from, retry_incomplete, retry_run

    def work(asked: Asked, name: str) -> RunRow:
        now = time.time()
        if block:
            with asked.state.read() as connection:
                found = asked.state.runs.get(connection, name)
            blocks = asked.project.pipeline(found.pipeline).blocks if found is not None else ()
            below = descendants({each.uuid: each.upstream for each in blocks}, {block})
            return retry_from(asked.state, name, block, below, now)
        return retry_incomplete(asked.state, name, now) if incomplete else retry_run(asked.state, name, now)

    ctx.exit(_each(run, project, work, as_json=as_json))


def _check_block(asked: Asked, archive: RunArchive, run: str, block: str) -> None:
    """Raises BlockNotFoundError: it takes no part in the run."""
    with asked.state.read() as connection:
        row = asked.state.runs.get(connection, run)
        known = {each.block for each in asked.state.block_runs.of_run(connection, run)}
    if (head := archive.find(run)) is not None:
        known |= {*head.blocks, *(unquote(log.stem) or "" for log in archive.folder(head.pipeline, run).glob("*.log"))}
    if row is not None and not known:  # it has not begun
        known = {each.uuid for each in asked.project.pipeline(row.pipeline).blocks}
    if block not in known:
        near = get_close_matches(block, known, n=1)
        raise BlockNotFoundError(
            f"reading the logs of run {run[:100]}: it has no block {block[:100]}",
            hint=f"Did you mean {near[0]}?" if near else "See `penstock blocks`.",
        )


def _check_there(asked: Asked, pipeline: str | None, backfill: int | None) -> None:
    """Raises PipelineNotFoundError or BackfillNotFoundError."""
    if pipeline:
        asked.project.pipeline(pipeline)
    if backfill is not None:
        with asked.state.read() as connection:
            if asked.state.backfills.get(connection, backfill) is None:
                raise BackfillNotFoundError(
                    f"listing the runs of backfill {backfill}: there is none", hint="See `penstock backfill list`."
                )


def _each(names: tuple[str, ...], project: Path, work: Any, *, as_json: bool) -> Exit:
    """Do something with each of these runs; what fails with one keeps nobody from the others."""
    done: list[RunRow] = []
    errors: dict[str, PenstockError] = {}
    with asking(project) as asked:
        for name in names:
            try:
                row = work(asked, name)
            except PenstockError as error:
                errors[name] = error
                continue
            done.append(row)
            asked.wake(_RUNS, row.id)
        with asked.state.read() as connection:
            triggers = {row.id: asked.state.triggers.get(connection, row.trigger_id or 0) for row in done}
        if any(row.state == "initial" for row in done):
            asked.warn_when_alone()
    named = {run: trigger.name for run, trigger in triggers.items() if trigger is not None}
    if as_json:
        refused = [{"run": name, "message": refusal.message} for name, refusal in errors.items()]
        documents = [_document(row, named.get(row.id, "")) for row in done]
        click.echo(json.dumps({"done": documents, "refused": refused}, ensure_ascii=False, default=str))
    else:
        for row in done:
            asking_word = " (asked for)" if row.cancel_requested and row.open else ""
            click.echo(f"{row.id} {'cancelled' if asking_word else row.state}{asking_word}")
        for refusal in errors.values():
            click.echo(f"error {refusal.code}: {refusal.message}", err=True)
            if refusal.hint:
                click.echo(f"  {refusal.hint}", err=True)
    if done and errors:
        return Exit.FAILED
    return max((exit_code(refusal) for refusal in errors.values()), default=Exit.SUCCESS)


def _wait(asked: Asked, row: RunRow) -> RunRow:
    """The run after its end."""
    pause = threading.Event()
    while row.state in OPEN:
        pause.wait(_LOOK_EVERY)
        with asked.state.read() as connection:
            found = asked.state.runs.get(connection, row.id)
        if found is None:
            raise RunNotFoundError(f"waiting for run {row.id}: it was deleted")
        row = found
    return row


def _exit(row: RunRow) -> Exit:
    return Exit.SUCCESS if row.state == "completed" else Exit.FAILED


def stored_trigger(asked: Asked, pipeline: str, name: str) -> TriggerRow:
    """A trigger as its file is now, also when no scheduler has seen it yet.

    Raises:
        TriggerNotFoundError: the pipeline has none of that name.
    """
    from penstock.schedule.sync import TriggerSync

    TriggerSync(asked.state, asked.project.root, time.time).pipelines([pipeline])
    with asked.state.read() as connection:
        return _stored(asked, connection, pipeline, name)


def _stored(asked: Asked, connection: Any, pipeline: str, name: str) -> TriggerRow:
    row = asked.state.triggers.named(connection, pipeline, name)
    if row is None:
        raise TriggerNotFoundError(
            f"looking for trigger {name[:100]}: pipeline {pipeline[:100]} has none of that name",
            hint="See `penstock triggers list`.",
        )
    return row


def _line(row: RunRow, trigger_name: str) -> list[str]:
    waiting = str((row.waiting or {}).get("text", "")) if row.open else ""
    return [
        row.id,
        row.pipeline,
        row.state,
        moment(row.started_at if row.started_at is not None else row.created_at),
        duration(row.seconds),
        f"{row.blocks_done}/{row.blocks_total}",
        trigger_name or row.origin,
        waiting or row.error or row.what,
    ]


def _document(row: RunRow, trigger_name: str) -> dict[str, Any]:
    left_out = {"lease_owner", "lease_token", "lease_until", "process", "ordinal", "slot"}
    values = {name: value for name, value in asdict(row).items() if name not in left_out}
    return {"run": values.pop("id"), **values, "trigger": trigger_name or None}
