"""`penstock start --instance-type scheduler`: the scheduler alone, without a server."""

from __future__ import annotations

import logging
import signal
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.config import environment

if TYPE_CHECKING:
    from penstock.schedule.sync import Synced


def run_scheduler(root: Path) -> None:
    """Start what is due and drive what was asked for, until the process is told to end.

    Any number of them may run beside each other; over PostgreSQL also on several machines.
    """
    from penstock.cli.studio import open_scheduled
    from penstock.cli.trigger_files import TriggerFiles
    from penstock.engine.memory import spare_what_stays
    from penstock.project import open_project
    from penstock.schedule.sync import TriggerSync
    from penstock.server.scheduling import Scheduling
    from penstock.server.studio import ProjectDoor
    from penstock.state.address import state_url
    from penstock.state.notify import MISSED, Notifier
    from penstock.state.store import open_state

    project = open_project(root)
    data_root = project.data_dir()
    url = state_url(data_root)
    state, notifier = open_state(url), Notifier(data_root, url)
    door = ProjectDoor(project)
    scheduling = Scheduling(root, door, state, notifier, partial(open_scheduled, root), kind="scheduler")

    def mirrored(_: Synced) -> None:
        if scheduling.scheduler is not None:
            scheduling.scheduler.wake("triggers")

    sync = TriggerSync(state, root, time.time, environment=environment.text("ENV"), alerts=scheduling.outbox)
    interval = float(environment.read("SCHEDULER_TRIGGER_INTERVAL"))
    notice = logging.getLogger("penstock.scheduler").warning
    files = TriggerFiles(root, sync, mirrored, notice, interval=max(0.0, interval))
    scheduling.listeners.append(lambda topic, _: files.look() if topic in {"triggers", MISSED} else None)

    def end(*_: object) -> None:
        state.hurry()
        files.end()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    scheduling.begin()
    click.echo(f"The scheduler of {root} runs; its state is kept in {state.where}.")
    if scheduling.sender.settings("").channels and not scheduling.sender.address():
        notice("alerts hold no links: no studio has served the project yet; set PENSTOCK_PUBLIC_URL to its address")
    spare_what_stays()
    try:
        files.follow()
    finally:
        scheduling.end()
        notifier.close()
        state.close()
