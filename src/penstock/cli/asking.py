"""What commands about runs share: the store of a project, and a word to whoever runs what they ask for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli.arguments import FOLDER
from penstock.cli.opening import opened_project
from penstock.cli.store import store_at
from penstock.model.errors import SettingInvalidError
from penstock.project import Project
from penstock.schedule.windows import moment_of

if TYPE_CHECKING:
    from penstock.state.store import State

project_option = click.option("--project", "-p", default=".", type=FOLDER, help="The project's folder; default: here.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class Asked:
    """An open project with its store."""

    project: Project
    state: State
    url: str

    def wake(self, topic: str, text: str = "") -> None:
        """Tell whoever runs things that something was asked; nothing is lost when nobody hears it."""
        from penstock.state.notify import Notifier

        notifier = Notifier(self.project.data_dir(), self.url)
        try:
            notifier.publish(topic, text)
        finally:
            notifier.close()

    def warn_when_alone(self) -> None:
        """Say so when nobody runs what was asked for."""
        from penstock.schedule.why import has_scheduler

        with self.state.read() as connection:
            alone = not has_scheduler(self.state, connection, time.time())
        if alone:
            click.echo("no scheduler is running: it begins when one is (penstock start)", err=True)


@contextmanager
def asking(project: Path) -> Iterator[Asked]:
    """The project in a folder with its store, made where there is none, while the block lasts.

    Raises:
        ProjectNotFoundError: there is no project.
        StateUnavailableError: the database cannot be reached.
    """
    from penstock.state.address import state_url

    opened = opened_project(project)
    url = state_url(opened.data_dir())
    state = store_at(url)
    try:
        yield Asked(opened, state, url)
    finally:
        state.close()


def moment(at: float | None) -> str:
    """A moment for a table, in UTC; "" for none."""
    return "" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"


def duration(seconds: float | None) -> str:
    """How long something took: 0.4 s, 3 min 20 s, 2 h 5 min."""
    if seconds is None:
        return ""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min {seconds % _MINUTE:.0f} s"
    return f"{seconds // _HOUR:.0f} h {seconds % _HOUR // _MINUTE:.0f} min"


def parsed_moment(text: str | None, option: str, zone: str = "UTC") -> float | None:
    """Seconds since the epoch from ISO 8601 text, on the clocks of the zone without an offset; None for no text.

    Raises:
        SettingInvalidError: it is no date, or there is no such zone.
    """
    if not text:
        return None
    try:
        return moment_of(text, zone)
    except (ValueError, OverflowError) as error:
        raise SettingInvalidError(
            f"reading {option}: {text[:40]!r} is no date", hint="Such as 2024-01-31 or 2024-01-31T08:00."
        ) from error
