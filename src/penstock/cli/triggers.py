"""`penstock triggers`: what starts runs, read from the project's files; what has happened, from the state store."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import click

from penstock.cli.arguments import FOLDER, PIPELINE, TRIGGER
from penstock.cli.opening import opened_project
from penstock.cli.text import say_document, say_list, text_table
from penstock.config import environment
from penstock.model.errors import FileInvalidError, PenstockError, ScheduleInvalidError, TriggerNotFoundError
from penstock.model.slots import slots_after, upcoming
from penstock.model.trigger import Slot, Trigger, TriggerKind
from penstock.model.trigger_definition import to_definition
from penstock.model.trigger_words import in_words
from penstock.model.wall_clock import zone
from penstock.project import Project
from penstock.project.layout import pipeline_folder, pipeline_folders
from penstock.project.text_file import write_text
from penstock.project.trigger_edit import change_trigger
from penstock.project.trigger_entry import TriggerEntry
from penstock.project.triggers import TriggersReading, read_triggers
from penstock.schedule.mirror import is_meant_here
from penstock.state.rows import TriggerRow

_project = click.option("--project", "-p", default=".", type=FOLDER, help="The project's folder; default: here.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_UNKNOWN: tuple[None, timedelta] = (None, timedelta(0))
_SHOWN = 500
"""Triggers in a table, unless more are asked for."""


@dataclass(frozen=True, slots=True)
class _Listed:
    """A trigger of the files, with its row if the state store has one, and how long its runs take if it lands."""

    entry: TriggerEntry
    row: TriggerRow | None
    lead: timedelta = timedelta(0)

    @property
    def trigger(self) -> Trigger:
        return self.entry.trigger

    @property
    def problem(self) -> str:
        return self.entry.problem or (self.row.problem if self.row else "")

    @property
    def enabled(self) -> datetime | None:
        """Since when it has been active; None when nobody knows yet."""
        since = self.row.last_enabled_at if self.row and self.row.active else None
        return datetime.fromtimestamp(since, UTC) if since is not None else None

    @property
    def state(self) -> str:
        """Whether it starts runs here, in a word or two."""
        if self.problem:
            return "cannot start"
        if not self.trigger.active:
            return "off"
        return "on" if self.here else f"on for {', '.join(self.trigger.envs)}"

    @property
    def here(self) -> bool:
        """Whether it is meant for this environment."""
        return is_meant_here(self.trigger, environment.text("ENV"))

    def upcoming(self, now: datetime, count: int) -> list[Slot]:
        """Its next slots: those that it would have, where it is switched off; none where it cannot start."""
        if self.problem or not self.here:
            return []
        return upcoming(self.trigger, now, count, enabled_at=self.enabled or now, lead=self.lead)

    def next(self, now: datetime) -> Slot | None:
        """Its next slot, when it is active and can start."""
        return next(iter(self.upcoming(now, 1)), None) if self.trigger.active else None


@click.group()
def triggers() -> None:
    """List triggers, switch them on and off, say when they are due."""


@triggers.command("list")
@click.argument("pipeline", type=PIPELINE, required=False)
@_project
@_json
@click.option("--search", "text", default="", help="Only those in whose name, pipeline or schedule these words are.")
@click.option(
    "--limit", "-n", type=click.IntRange(min=0), help=f"How many; 0 is all. Default: {_SHOWN}, with --json all."
)
def list_triggers(pipeline: str | None, project: Path, text: str, limit: int | None, *, as_json: bool) -> None:
    """List the triggers of PIPELINE, or of all pipelines."""
    opened = opened_project(project)
    now = datetime.now(UTC)
    most = limit if limit is not None else 0 if as_json else _SHOWN
    found, broken = _found(opened, pipeline, text.lower().split(), most + 1 if most else 0)
    more, found = bool(most) and len(found) > most, found[: most or None]
    if as_json:
        documents = [_document(each, now) for each in found]
        errors = [{"pipeline": name, "error": error.message} for name, error in broken.items()]
        say_list("triggers", documents, more=more, errors=errors)
        return
    rows = [
        [
            each.trigger.pipeline,
            each.trigger.name,
            each.state,
            in_words(each.trigger) or each.entry.written,
            _local(each.next(now), each.trigger),
        ]
        for each in found
    ]
    if rows:
        click.echo(text_table(["pipeline", "trigger", "state", "when", "next"], rows))
    elif not broken:
        click.echo("no triggers; make one in the studio, or in pipelines/<pipeline>/triggers.yaml")
    if more:
        click.echo(f"these are the first {most}; --limit 0 lists all of them, --search finds some", err=True)
    for each in found:
        if each.problem:
            click.echo(f"{each.trigger.pipeline}/{each.trigger.name}: {each.problem}", err=True)
    for name, error in broken.items():
        click.echo(f"{name}: {error.message}", err=True)


@triggers.command()
@click.argument("pipeline", type=PIPELINE)
@click.argument("name", type=TRIGGER)
@_project
@_json
def show(pipeline: str, name: str, project: Path, *, as_json: bool) -> None:
    """Show one trigger with its settings and its next ten runs."""
    opened = opened_project(project)
    now = datetime.now(UTC)
    found = _one(opened, pipeline, name)
    document = _document(found, now)
    slots = found.upcoming(now, 10)
    document["upcoming"] = [slot.due.isoformat() for slot in slots]
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))
        return
    document["upcoming"] = [_local(slot, found.trigger) for slot in slots]
    for key, value in document.items():
        if value not in (None, "", [], {}):
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            click.echo(f"{key.replace('_', ' ')}: {shown}")


@triggers.command()
@click.argument("pipeline", type=PIPELINE)
@click.argument("name", type=TRIGGER)
@_project
def on(pipeline: str, name: str, project: Path) -> None:
    """Switch a trigger on; it is due from its next slot on."""
    _switch(opened_project(project), pipeline, name, active=True)


@triggers.command()
@click.argument("pipeline", type=PIPELINE)
@click.argument("name", type=TRIGGER)
@_project
def off(pipeline: str, name: str, project: Path) -> None:
    """Switch a trigger off; runs that have begun go on."""
    _switch(opened_project(project), pipeline, name, active=False)


@triggers.command("next")
@click.argument("pipeline", type=PIPELINE, required=False)
@_project
@_json
@click.option("--count", "-n", default=10, show_default=True, type=click.IntRange(1, 1000), help="How many.")
def show_next(pipeline: str | None, project: Path, count: int, *, as_json: bool) -> None:
    """What starts next, of PIPELINE or of all: active triggers by the time of their slots."""
    import heapq

    now = datetime.now(UTC)
    found, _ = _found(opened_project(project), pipeline)
    active = [each for each in found if each.state == "on"]
    streams = [_slots(each, index, now) for index, each in enumerate(active)]
    slots = [(active[index].trigger, slot) for _, index, slot in islice(heapq.merge(*streams), count + 1)]
    more, slots = len(slots) > count, slots[:count]
    if as_json:
        documents = [
            {"pipeline": trigger.pipeline, "trigger": trigger.name, "at": slot.due.isoformat()}
            for trigger, slot in slots
        ]
        say_list("upcoming", documents, more=more)
        return
    if not slots:
        click.echo("nothing is due: no active trigger goes by time")
        return
    click.echo(
        text_table(
            ["at", "pipeline", "trigger"],
            [[_local(slot, trigger), trigger.pipeline, trigger.name] for trigger, slot in slots],
        )
    )


@triggers.command()
@click.argument("pipeline", type=PIPELINE)
@click.argument("name", type=TRIGGER)
@_project
@_json
def token(pipeline: str, name: str, project: Path, *, as_json: bool) -> None:
    """Make a new token for a trigger that is called, and print it, this once; the one before ends."""
    from penstock.schedule.sync import TriggerSync
    from penstock.schedule.tokens import hash_token, new_token
    from penstock.state.address import state_url
    from penstock.state.store import open_state

    opened = opened_project(project)
    found = _one(opened, pipeline, name)
    if found.trigger.kind not in {TriggerKind.API, TriggerKind.EVENT}:
        raise ScheduleInvalidError(
            f"making a token for trigger {name}: nobody calls it",
            hint="Only types api and event have tokens.",
        )
    if found.entry.token:
        _write(opened, pipeline, name, {"token": None})
    state = open_state(state_url(opened.data_dir()))
    try:
        TriggerSync(state, opened.root, time.time).pipelines([pipeline])
        made = new_token()
        with state.write() as connection:
            row = state.triggers.named(connection, pipeline, name)
            if row is None:
                raise TriggerNotFoundError(f"making a token for trigger {name}: it has gone", hint="Look at the list.")
            state.triggers.change(connection, row.id, token_hash=hash_token(made))
    finally:
        state.close()
    if as_json:
        say_document({"pipeline": pipeline, "trigger": name, "token": made})
    else:
        click.echo(made)


def _slots(found: _Listed, index: int, now: datetime) -> Iterator[tuple[datetime, int, Slot]]:
    """The slots of a trigger, in a form that has an order."""
    slots = slots_after(found.trigger, now, enabled_at=found.enabled or now, lead=found.lead)
    return ((slot.due, index, slot) for slot in slots)


def _switch(project: Project, pipeline: str, name: str, *, active: bool) -> None:
    found = _one(project, pipeline, name)
    if active and found.problem:
        raise ScheduleInvalidError(
            f"switching trigger {name} on: {found.problem}", hint="Correct it first; nothing was written."
        )
    changes: dict[str, Any] = {"status": "active" if active else "inactive"}
    if active and found.trigger.last_enabled_at is not None:
        changes["last_enabled_at"] = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    _write(project, pipeline, name, changes)
    word = "on" if active else "off"
    click.echo(f"{pipeline}/{name} is {word}" + ("" if found.trigger.active != active else " already"))


def _write(project: Project, pipeline: str, name: str, changes: Mapping[str, Any]) -> None:
    """Change keys of a trigger in its file, and wake those who go by it."""
    from penstock.state.notify import tell

    reading = _reading(project, pipeline)
    text = change_trigger(reading, name, changes)
    if reading.file is not None and write_text(reading.file, text) != reading.file:
        tell(project.data_dir(), "triggers", pipeline)


def _reading(project: Project, pipeline: str) -> TriggersReading:
    folder = pipeline_folder(project.root, pipeline)
    project.read(pipeline)
    assert folder is not None
    return read_triggers(project.root, pipeline, folder)


def _found(
    project: Project, pipeline: str | None, words: Sequence[str] = (), enough: int = 0
) -> tuple[list[_Listed], dict[str, PenstockError]]:
    """The triggers of a pipeline or of all that have these words, and the pipelines whose file cannot be read.

    No more files are read when there are `enough`; 0 is all.
    """
    rows = _rows(project)
    found: list[_Listed] = []
    broken: dict[str, PenstockError] = {}

    def wanted(listed: _Listed) -> bool:
        trigger = listed.trigger
        text = f"{trigger.name} {trigger.pipeline} {in_words(trigger)} {listed.entry.written}".lower() if words else ""
        return all(word in text for word in words)

    if pipeline is not None:
        reading = _reading(project, pipeline)
        listed = [_Listed(each, *rows.get((pipeline, name), _UNKNOWN)) for name, each in reading.entries.items()]
        return [each for each in listed if wanted(each)], broken
    for uuid, folder in pipeline_folders(project.root):
        if enough and len(found) >= enough:
            break
        try:
            reading = read_triggers(project.root, uuid, folder)
        except FileInvalidError as error:
            broken[uuid] = error
            continue
        listed = [_Listed(each, *rows.get((uuid, name), _UNKNOWN)) for name, each in reading.entries.items()]
        found += [each for each in listed if wanted(each)]
    return found, broken


def _one(project: Project, pipeline: str, name: str) -> _Listed:
    reading = _reading(project, pipeline)
    entry = reading.entries.get(name)
    if entry is None:
        known = ", ".join(reading.entries) or "none"
        raise TriggerNotFoundError(
            f"opening trigger {name[:100]}: pipeline {pipeline} has none of that name", hint=f"It has {known}."
        )
    return _Listed(entry, *_rows(project).get((pipeline, name), _UNKNOWN))


def _rows(project: Project) -> dict[tuple[str, str], tuple[TriggerRow, timedelta]]:
    """What the state store knows, with the leads of landing times; nothing while there is none."""
    from penstock.cli.store import opened_state
    from penstock.schedule.leads import lead_of

    with opened_state(project) as state:
        if state is None:
            return {}
        with state.read() as connection:
            rows = state.triggers.all(connection)
            return {(row.pipeline, row.name): (row, lead_of(connection, state, row)) for row in rows}


def _document(found: _Listed, now: datetime) -> dict[str, Any]:
    definition = to_definition(found.trigger)
    slot = found.next(now)
    return {
        "id": found.row.id if found.row else None,
        **definition,
        "schedule": definition["schedule"] or found.entry.written or None,
        "words": in_words(found.trigger),
        "next": slot.due.isoformat() if slot else None,
        "here": found.here,
        "problem": found.problem,
        "token_set": bool(found.entry.token or (found.row and found.row.token_hash)),
    }


def _local(slot: Slot | None, trigger: Trigger) -> str:
    """A slot on the clocks of its trigger."""
    if slot is None:
        return ""
    place = trigger.settings.time_zone
    return f"{slot.due.astimezone(zone(place)):%Y-%m-%d %H:%M} {place}"
