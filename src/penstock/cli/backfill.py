"""`penstock backfill`: runs of a pipeline for windows of the past, or for what a block lists."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from penstock.cli.arguments import AMOUNT, NUMBER, PIPELINE
from penstock.cli.asking import Asked, asking, json_option, moment, parsed_moment, project_option
from penstock.cli.run import json_object
from penstock.cli.text import say_list, text_table
from penstock.model.errors import BackfillNotFoundError
from penstock.schedule.backfill import (
    BACKFILLS,
    Wanted,
    add_backfill,
    cancel_backfill,
    delete_backfill,
    preview,
    retry_backfill,
    start_backfill,
)
from penstock.schedule.listings import listing
from penstock.schedule.windows import INTERVALS
from penstock.state.rows import BackfillRow

_SHOWN = 20
_MOST = 1000
"""Entries of a list at most."""


def _planning(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say what a backfill is to do."""
    options = [
        click.option("--start", metavar="DATE", help="Where the first window begins."),
        click.option("--end", metavar="DATE", help="Windows that begin before this moment count."),
        click.option("--interval", default="day", show_default=True, type=click.Choice(INTERVALS), help="Of a window."),
        click.option("--units", default=1, show_default=True, type=int, help="So many intervals are one window."),
        click.option(
            "--time-zone",
            default="UTC",
            show_default=True,
            help="On whose clocks dates without an offset are, and days, weeks and months are counted.",
        ),
        click.option("--inclusive", is_flag=True, help="The window that begins at the end counts too."),
        click.option("--block", help="Instead of dates: the block that lists the variables of each run."),
        click.option("--runtime-vars", metavar="JSON", help="Variables of all runs, a JSON object."),
        click.option("--name", default="", help="What it is called."),
        click.option("--parallelism", default=10, show_default=True, type=int, help="Runs at once; 0: no limit."),
        click.option(
            "--retries",
            default=0,
            show_default=True,
            type=AMOUNT,
            help="Further attempts at a failed window.",
        ),
        click.option("--priority", default=0, show_default=True, type=int, help="Of its runs; higher ones first."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def backfill() -> None:
    """Run a pipeline for windows of the past, or for what a block lists."""


@backfill.command("preview")
@click.argument("pipeline", type=PIPELINE)
@project_option
@_planning
@json_option
def show_preview(pipeline: str, project: Path, *, as_json: bool, **given: Any) -> None:
    """Show the runs that a backfill of PIPELINE would make; nothing is stored."""
    with asking(project) as asked:
        found, total = preview(_wanted(asked, pipeline, given), time.time(), _MOST if as_json else _SHOWN)
    if as_json:
        say_list("runs", [asdict(run) for run in found], more=total > len(found), total=total)
        return
    lines = [
        [moment(run.execution_date), run.partition, json.dumps(dict(run.variables), ensure_ascii=False)]
        for run in found
    ]
    click.echo(text_table(["execution date", "partition", "variables"], lines))
    click.echo(f"{total:,} runs" + (f", the first {len(found)} are shown" if total > len(found) else ""))


@backfill.command("create")
@click.argument("pipeline", type=PIPELINE)
@project_option
@_planning
@click.option("--later", is_flag=True, help="Store it only; `penstock backfill start` begins it.")
@json_option
def create(pipeline: str, project: Path, *, later: bool, as_json: bool, **given: Any) -> None:
    """Make a backfill of PIPELINE and start it; its number is printed."""
    with asking(project) as asked:
        row = add_backfill(asked.state, _wanted(asked, pipeline, given), time.time())
        if not later:
            row = start_backfill(asked.state, row.id, time.time())
            asked.wake(BACKFILLS, str(row.id))
            asked.warn_when_alone()
        _say(asked, row, as_json=as_json)


@backfill.command("list")
@click.argument("pipeline", type=PIPELINE, required=False)
@project_option
@json_option
def list_backfills(pipeline: str | None, project: Path, *, as_json: bool) -> None:
    """List backfills, newest first, a thousand at most."""
    with asking(project) as asked, asked.state.read() as connection:
        rows = asked.state.backfills.all(connection, pipeline or "", limit=_MOST + 1)
        more, rows = len(rows) > _MOST, rows[:_MOST]
        counts = {row.id: asked.state.runs.of_backfill(connection, row.id) for row in rows}
        if pipeline and not rows:
            asked.project.pipeline(pipeline)  # says so when there is none of that name
    if as_json:
        documents = [{**asdict(row), "runs": counts[row.id]} for row in rows]
        say_list("backfills", documents, more=more)
        return
    lines = [
        [str(row.id), row.name, row.pipeline, row.state, _counted(counts[row.id]), str(row.settings.get("total", 0))]
        for row in rows
    ]
    click.echo(text_table(["number", "name", "pipeline", "state", "runs", "of"], lines) if lines else "no backfills")
    if more:
        click.echo(f"these are the newest {_MOST:,}; name a pipeline to see its own", err=True)


@backfill.command("show")
@click.argument("number", type=NUMBER)
@project_option
@json_option
def show(number: int, project: Path, *, as_json: bool) -> None:
    """Show a backfill and how its windows stand."""
    with asking(project) as asked:
        with asked.state.read() as connection:
            row = asked.state.backfills.get(connection, number)
        if row is None:
            raise BackfillNotFoundError(
                f"reading backfill {number}: there is none", hint="See `penstock backfill list`."
            )
        _say(asked, row, as_json=as_json)


@backfill.command("start")
@click.argument("number", type=NUMBER)
@project_option
@json_option
def start(number: int, project: Path, *, as_json: bool) -> None:
    """Start a backfill, or let a cancelled one go on."""
    _change(project, lambda asked: start_backfill(asked.state, number, time.time()), as_json=as_json)


@backfill.command("cancel")
@click.argument("number", type=NUMBER)
@project_option
@json_option
def cancel(number: int, project: Path, *, as_json: bool) -> None:
    """Make no more runs of a backfill, and cancel those that are open."""

    def work(asked: Asked) -> BackfillRow:
        row, cancelled = cancel_backfill(asked.state, number, time.time())
        for run in cancelled:
            asked.wake("runs", run)
        return row

    _change(project, work, as_json=as_json)


@backfill.command("retry")
@click.argument("number", type=NUMBER)
@project_option
@json_option
def retry(number: int, project: Path, *, as_json: bool) -> None:
    """Run what did not complete again, with the pipeline as it is now."""
    _change(project, lambda asked: retry_backfill(asked.state, number)[0], as_json=as_json)


@backfill.command("delete")
@click.argument("number", type=NUMBER)
@project_option
def delete(number: int, project: Path) -> None:
    """Forget a backfill that is not under way; its runs stay."""
    with asking(project) as asked:
        row = delete_backfill(asked.state, number)
    click.echo(f"backfill {number} {row.name} deleted")


def _change(project: Path, work: Callable[[Asked], BackfillRow], *, as_json: bool) -> None:
    with asking(project) as asked:
        row = work(asked)
        asked.wake(BACKFILLS, str(row.id))
        _say(asked, row, as_json=as_json)


def _say(asked: Asked, row: BackfillRow, *, as_json: bool) -> None:
    with asked.state.read() as connection:
        counts = asked.state.backfills.latest_states(connection, row.id)
    if as_json:
        click.echo(json.dumps({**asdict(row), "runs": counts}, ensure_ascii=False, default=str))
        return
    click.echo(f"backfill {row.id} {row.name}: {row.state}, {_counted(counts)} of {row.settings.get('total', 0)} runs")
    if row.error:
        click.echo(row.error)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "0"


def _wanted(asked: Asked, pipeline: str, given: dict[str, Any]) -> Wanted:
    variables = json_object(given["runtime_vars"], "--runtime-vars")
    asked.project.pipeline(pipeline)
    return Wanted(
        pipeline=pipeline,
        name=given["name"],
        block=given["block"],
        start=parsed_moment(given["start"], "--start", given["time_zone"]),
        end=parsed_moment(given["end"], "--end", given["time_zone"]),
        interval=given["interval"],
        units=given["units"],
        zone=given["time_zone"],
        inclusive=given["inclusive"],
        variables=variables,
        parallelism=given["parallelism"],
        retries=given["retries"],
        priority=given["priority"],
        listed=_listed(asked, pipeline, given["block"], variables) if given["block"] else None,
    )


def _listed(asked: Asked, pipeline: str, block: str, variables: dict[str, Any]) -> list[Any]:
    """What a block lists: it is run in a worker, and its stored output is read as JSON, as a call of the server is."""
    from penstock.cli.api import run_with
    from penstock.data import ProductStore
    from penstock.engine.plan import RunOptions
    from penstock.server.outputs.reader.document import documents_of

    options = RunOptions(
        variables=variables,
        blocks=(block,),
        with_upstream=True,
        run_tests=False,
        environment="prod",
        words=f"block {block}",
    )
    result = run_with(pipeline, asked.project.root, options)
    store = ProductStore(asked.project.store_root())
    found = documents_of(store, store.manifest(result.refs[block])) if block in result.refs else []
    return listing(found, block)
