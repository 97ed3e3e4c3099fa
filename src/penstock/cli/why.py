"""`penstock why`: why a run, a block, a trigger or a whole pipeline is not running."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path

import click

from penstock.cli.arguments import ASKED
from penstock.cli.asking import Asked, asking, json_option, moment, project_option
from penstock.cli.runs import stored_trigger
from penstock.model.errors import PipelineNotFoundError, RunNotFoundError
from penstock.schedule.reasons import Explanation


@click.command()
@click.argument("what", type=ASKED)
@click.argument("name", type=ASKED, required=False)
@project_option
@json_option
def why(what: str, name: str | None, project: Path, *, as_json: bool) -> None:
    """Why is it not running? WHAT is a run (NAME one of its blocks), or a pipeline (NAME one of its triggers)."""
    with asking(project) as asked:
        found = _explained(asked, what, name)
    if as_json:
        document = {"text": found.text, "details": [asdict(reason) for reason in found.details]}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    for reason in found.details:
        click.echo(told(reason.text, reason.since))
        if reason.change:
            click.echo(f"  {reason.change}")


def _explained(asked: Asked, what: str, name: str | None) -> Explanation:
    """Raises RunNotFoundError, TriggerNotFoundError: there is nothing of that name."""
    from penstock.schedule.limit_rules import RuleBook
    from penstock.schedule.why import explain_block, explain_run
    from penstock.schedule.why_trigger import explain_trigger

    now = time.time()
    rules = RuleBook(lambda: asked.project)
    with asked.state.read() as connection:
        row = asked.state.runs.get(connection, what)
        if row is not None:
            found = (
                explain_block(asked.state, connection, row, name, rules, now)
                if name
                else explain_run(asked.state, connection, row, rules, now)
            )
            if found is None:
                raise RunNotFoundError(
                    f"explaining block {str(name)[:100]}: it takes no part in run {what[:100]}",
                    hint="See its blocks by `penstock logs` or on its page.",
                )
            return found
    if not name:
        return _pipeline_explained(asked, what, now)
    trigger = stored_trigger(asked, what, name)
    with asked.state.read() as connection:
        return explain_trigger(asked.state, connection, trigger, now)


def _pipeline_explained(asked: Asked, name: str, now: float) -> Explanation:
    from penstock.schedule.limit_rules import RuleBook
    from penstock.schedule.sync import TriggerSync
    from penstock.schedule.why_pipeline import explain_pipeline

    try:
        asked.project.pipeline(name)
    except PipelineNotFoundError:
        raise RunNotFoundError(
            f"explaining {name[:100]}: there is no such run or pipeline",
            hint="Name a run of `penstock runs`, or a pipeline, if need be with one of its triggers.",
        ) from None
    TriggerSync(asked.state, asked.project.root, time.time).pipelines([name])
    with asked.state.read() as connection:
        return explain_pipeline(asked.state, connection, name, RuleBook(lambda: asked.project), now)


def told(text: str, since: float | None) -> str:
    """A reason with its moment, unless its own words name it."""
    at = moment(since)
    return f"{text} (since {at} UTC)" if at and at not in text else text
