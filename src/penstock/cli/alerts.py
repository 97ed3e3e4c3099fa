"""`penstock alerts`: what was told and how that went, whom to tell, a test message."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from penstock.cli.arguments import CHANNEL, FOLDER
from penstock.cli.exits import Exit
from penstock.cli.opening import opened_project
from penstock.cli.store import opened_state
from penstock.cli.text import say_list, text_table
from penstock.model.errors import ConnectionFailedError, SettingInvalidError

_project = click.option("--project", "-p", default=".", type=FOLDER, help="The project's folder; default: here.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_LONGEST = 100


@click.group(invoke_without_command=True)
@_project
@_json
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500), help="How many, newest first.")
@click.pass_context
def alerts(ctx: click.Context, project: Path, *, as_json: bool, limit: int) -> None:
    """List alerts, newest first, with what became of their messages."""
    ctx.obj = project
    if ctx.invoked_subcommand is not None:
        return
    found = _listed(project, limit + 1)
    more, found = len(found) > limit, found[:limit]
    if as_json:
        say_list("alerts", found, more=more)
        return
    if not found:
        click.echo("no alerts")
        return
    rows = [
        [each["at"], each["kind"], each["state"], each["pipeline"], str(each["times"]), each["text"][:_LONGEST]]
        for each in found
    ]
    click.echo(text_table(["at", "kind", "state", "pipeline", "times", "what"], rows))
    for each in found:
        if each["error"]:
            click.echo(f"{each['id']}: {each['error']}", err=True)


@alerts.command()
@click.argument("channel", type=CHANNEL, required=False)
@click.option("--project", "-p", type=FOLDER, help="The project's folder; default: here.")
@click.option("--pipeline", default="", help="Use the settings of this pipeline.")
@_json
@click.pass_context
def test(ctx: click.Context, channel: str | None, project: Path | None, pipeline: str, *, as_json: bool) -> None:
    """Send a test message to CHANNEL, such as slack, to all of its addresses, or "slack 2" to one of them.

    Without CHANNEL, to every channel that is set up.
    """
    from penstock.observe.alerts.delivery import deliver
    from penstock.observe.alerts.facts import AlertKind, Fact
    from penstock.observe.alerts.posts import DeliveryError
    from penstock.observe.alerts.source import AlertSource
    from penstock.observe.alerts.texts import worded

    source = AlertSource(opened_project(project or ctx.obj).root)
    settings = source(pipeline)
    for problem in settings.problems:
        click.echo(f"notification_config: {problem}", err=True)
    chosen = [each for each in settings.channels if channel in {None, each.key, str(each.kind)}]
    if not chosen:
        known = ", ".join(each.key for each in settings.channels) or "none"
        one = f"testing the alert channel {channel}: it is not set up"
        raise SettingInvalidError(
            one if channel else "testing alerts: no channel is set up",
            hint=f"Channels that are: {known}. They stand below notification_config in metadata.yaml.",
        )
    failed = []
    told: list[dict[str, Any]] = []
    for each in chosen:
        key = f"penstock-test-{int(time.time() * 1000)}"
        fact = Fact(AlertKind.TEST, "", time.time())
        try:
            deliver(worded(fact, settings, incident=key, key=key, project=source.name), each)
        except DeliveryError as error:
            failed.append(error.message)
            told.append({"channel": each.key, "sent": False, "error": error.message})
            click.echo(f"{each.key}: {error.message}", err=True)
        else:
            told.append({"channel": each.key, "sent": True, "error": ""})
            if not as_json:
                click.echo(f"{each.key}: sent")
    if as_json:  # one document: what each said stands in it
        say_list("channels", told)
        ctx.exit(Exit.ENVIRONMENT if failed else Exit.SUCCESS)
    if failed:
        raise ConnectionFailedError(
            f"sending a test message: {len(failed)} of {len(chosen)} channels did not take it",
            hint="What each said stands above.",
        )


def _listed(project: Path, limit: int) -> list[dict[str, Any]]:
    from penstock.observe.alerts.facts import fact_or_none
    from penstock.observe.alerts.texts import moment

    with opened_state(opened_project(project)) as state:
        if state is None:
            return []
        with state.read() as connection:
            rows = state.alerts.recent(connection, limit)
    found = []
    for row in rows:
        fact = fact_or_none(row.payload)
        done = "failed" if row.error else "sent" if fact is not None and fact.delivered else "kept"
        found.append(
            {
                "id": row.id,
                "at": moment(row.created_at),
                "kind": row.kind,
                "state": done if row.sent_at is not None else "pending",
                "closed": row.closed_at is not None,
                "pipeline": row.pipeline,
                "run": row.run_id,
                "text": fact.error if fact is not None else "",
                "place": fact.place if fact is not None else "",
                "times": fact.repeats + 1 if fact is not None else 1,
                "error": row.error,
            }
        )
    return found
