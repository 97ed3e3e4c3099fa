"""`penstock start --instance-type scheduler`: the scheduler alone, without a server."""

from __future__ import annotations

import signal
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.config import environment
from penstock.model.errors import StateUnavailableError

if TYPE_CHECKING:
    from penstock.schedule.sync import TriggerSync
    from penstock.server.scheduling import Scheduling


def run_scheduler(root: Path) -> None:
    """Start what is due and drive what was asked for, until the process is told to end.

    Any number of them may run beside each other; over PostgreSQL also on several machines.
    """
    from penstock.cli.studio import open_scheduled
    from penstock.project import open_project
    from penstock.schedule.sync import TriggerSync
    from penstock.server.ready import prepare_types
    from penstock.server.scheduling import Scheduling
    from penstock.server.studio import ProjectDoor
    from penstock.state.address import state_url
    from penstock.state.notify import Notifier
    from penstock.state.store import open_state

    prepare_types()
    ending, changed = threading.Event(), threading.Event()
    project = open_project(root)
    data_root = project.data_dir()
    url = state_url(data_root)
    state, notifier = open_state(url), Notifier(data_root, url)
    door = ProjectDoor(project)
    scheduling = Scheduling(root, door, state, notifier, partial(open_scheduled, root), kind="scheduler")
    sync = TriggerSync(state, root, time.time, environment=environment.text("ENV"), alerts=scheduling.outbox)
    scheduling.listeners.append(lambda topic, _: changed.set() if topic == "triggers" else None)

    def stop(number: int, frame: object) -> None:
        del number, frame
        ending.set()
        changed.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    scheduling.begin()
    click.echo(f"The scheduler of {root} runs; its state is kept in {state.where}.")
    try:
        while not ending.is_set():
            changed.clear()
            _follow(sync, scheduling)
            changed.wait(max(1.0, float(environment.read("SCHEDULER_TRIGGER_INTERVAL"))))
    finally:
        scheduling.end()
        notifier.close()
        state.close()


def _follow(sync: TriggerSync, scheduling: Scheduling) -> None:
    """Mirror what the files declare; a store that is away is asked again."""
    try:
        found = sync.everything()
    except StateUnavailableError:
        return
    if found.ids and scheduling.scheduler is not None:
        scheduling.scheduler.wake("triggers")
