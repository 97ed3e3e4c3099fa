"""The parts of one running server, made once and handed to every route.

A noun's owner adds a service in two lines: a field of `Studio` and its construction in `make_studio`; when it has
something to start or to end, a third in `Studio._parts`. Services are given what they need (hub, project, bench) and
never the studio itself.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from penstock.config.secrets import default_provider
from penstock.data import ProductStore
from penstock.observe.measuring import Measure
from penstock.project import Project, open_project
from penstock.schedule.service import Scheduler
from penstock.server.alerts.service import AlertService
from penstock.server.bench import Bench
from penstock.server.confined import ConfinedProject
from penstock.server.hub import Hub
from penstock.server.language.service import LanguageService
from penstock.server.monitoring.service import MonitoringService
from penstock.server.outputs.catalog import Catalog
from penstock.server.outputs.chart_runs import ChartRuns
from penstock.server.outputs.client import ReaderClient
from penstock.server.outputs.memory import reader_memory
from penstock.server.outputs.single import SingleBlocks
from penstock.server.projects.workspace import Workspace
from penstock.server.runs.backfills import BackfillService
from penstock.server.runs.board import RunBoard
from penstock.server.runs.callers import Callers
from penstock.server.runs.calls import Calls
from penstock.server.runs.children import StudioChildren
from penstock.server.runs.ends import RunEnds
from penstock.server.runs.pump import Pump
from penstock.server.runs.service import RunService
from penstock.server.runs.usage import UsageTeller
from penstock.server.scheduling import OpenBench, Scheduling
from penstock.server.scratchpads.service import Scratchpads
from penstock.server.triggers.service import TriggerService
from penstock.state.address import state_url
from penstock.state.notify import Notifier
from penstock.state.store import State, open_state

_log = logging.getLogger("penstock.project")


class Part(Protocol):
    """A service that has something to start on the event loop, and to end."""

    async def start(self) -> None:
        """Begin; the event loop runs."""

    async def close(self) -> None:
        """End, and leave nothing running."""


class ProjectDoor:
    """The project as its files are now: opened again only when its own file has changed. Safe in any thread.

    While that file cannot be read, the settings of before hold: else one slip in it would move logs to another folder.
    """

    def __init__(self, project: Project) -> None:
        self._project = ConfinedProject.of(project)
        self._stamp = _stamp(project.root)
        self._lock = threading.Lock()

    def __call__(self) -> Project:
        """The project. Pipelines are read anew from it on every call of its own.

        Raises:
            ProjectNotFoundError: its folder has gone.
        """
        stamp = _stamp(self._project.root)
        if stamp is None or stamp != self._stamp:
            with self._lock:
                self._project, self._stamp = self._opened(), stamp
        return self._project

    def _opened(self) -> ConfinedProject:
        opened = ConfinedProject.of(open_project(self._project.root))
        if opened.unread is None:
            return opened
        _log.warning("%s; the settings of before go on to hold", opened.unread.message)
        return replace(opened, settings=self._project.settings)


def _stamp(root: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(f"{root}/metadata.yaml")  # noqa: PTH116 - asked for each block that starts
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


@dataclass(slots=True)
class Studio:
    """One server's parts. `project()` gives the project anew; `store` and `bench` stay those of the start."""

    root: Path
    project: ProjectDoor
    bench: Bench
    hub: Hub
    pump: Pump
    workspace: Workspace
    runs: RunService
    scratchpads: Scratchpads
    catalog: Catalog
    reader: ReaderClient
    charts: ChartRuns
    language: LanguageService
    state: State
    notifier: Notifier
    triggers: TriggerService
    scheduling: Scheduling
    board: RunBoard
    ends: RunEnds
    children: StudioChildren
    backfills: BackfillService
    singles: SingleBlocks
    callers: Callers
    calls: Calls
    alerts: AlertService
    monitoring: MonitoringService
    usage: UsageTeller
    _started: list[Part] = field(default_factory=list)

    @property
    def scheduler(self) -> Scheduler | None:
        """The scheduler of this process; None when others do its work."""
        return self.scheduling.scheduler

    @property
    def store(self) -> ProductStore:
        """The data products: manifests only in this process, values never."""
        return self.bench.store

    def _parts(self) -> Iterable[Part]:
        """What is started in this order and ended in the opposite one."""
        return (
            self.pump,
            self.workspace,
            self.runs,
            self.reader,
            self.language,
            self.triggers,
            self.usage,
            self.children,
            self.scheduling,
        )

    async def start(self) -> None:
        """Start every part on the running event loop; those that were started are ended when one cannot be."""
        self.hub.attach(asyncio.get_running_loop())
        try:
            for part in self._parts():
                await part.start()
                self._started.append(part)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """End every part and every process; a database that is silent or locked holds that up for some seconds."""
        self.state.hurry()
        while self._started:
            await self._started.pop().close()
        self.bench.close()
        self.notifier.close()
        self.state.close()


def make_studio(bench: Bench, open_bench: OpenBench | None = None) -> Studio:
    """Put the services of a server together.

    Args:
        bench: runs what a person starts.
        open_bench: opens the one that runs what the scheduler starts; None when another process does that.
    """
    hub, project = Hub(), ProjectDoor(bench.project)
    pump, reader = Pump(bench.loop), ReaderClient(bench.store.root, reader_memory())
    workspace = Workspace(project, hub.publish_from_thread)
    runs = RunService(bench, hub, pump, project, workspace.save_text)
    workspace.running = lambda: [run.pipeline for run in runs.running()]
    data_root = bench.project.data_dir()
    language = LanguageService(workspace.resolver, data_root / ".studio" / "language", workspace.is_block)
    hub.hear(language.hear)
    state, notifier = open_state(url := state_url(data_root)), Notifier(data_root, url)
    ends = RunEnds(hub, lambda run: board.summary(run))  # noqa: PLW0108 - the board comes later
    triggers = TriggerService(workspace.parts, state, hub, notifier.publish, ends.made)
    scheduling = Scheduling(
        bench.project.root,
        project,
        state,
        notifier,
        open_bench,
        kind="server" if open_bench is None else "both",
        sinks_for=runs.sinks,
        publish=lambda event: hub.publish("project", event),
    )
    bench.watch_runs(lambda plan: [scheduling.ingest.sink(plan.pipeline.uuid), Measure()])
    runs.cancel_elsewhere = scheduling.cancel
    board = RunBoard(state, runs, hub, project, notifier.publish, ends.made)
    children = StudioChildren(state, project, pump, scheduling.ingest.one, board.told, board.waits, board.ending)
    children.join(bench, scheduling.listeners)
    ends.join(scheduling.listeners, scheduling.bridge.call_now, scheduling.owner)
    alerts = AlertService(workspace.parts, state, hub, scheduling.sender)
    workspace.followers += [triggers.pipeline_moved, alerts.pipeline_moved]
    workspace.block_followers.append(alerts.block_moved)
    scheduling.hearers += [board.hear, children.changed, runs.heard_of]
    return Studio(
        root=bench.project.root,
        project=project,
        bench=bench,
        hub=hub,
        pump=pump,
        workspace=workspace,
        runs=runs,
        scratchpads=Scratchpads(bench, hub, pump, project),
        catalog=Catalog(bench.store),
        reader=reader,
        charts=ChartRuns(bench, pump, project, reader),
        language=language,
        state=state,
        notifier=notifier,
        triggers=triggers,
        scheduling=scheduling,
        board=board,
        ends=ends,
        children=children,
        backfills=BackfillService(state, project, hub, notifier.publish),
        singles=SingleBlocks(bench, pump, project, reader),
        callers=Callers(state, default_provider()),
        calls=Calls(state, board.told),
        alerts=alerts,
        monitoring=MonitoringService(state, scheduler=lambda: scheduling.scheduler),
        usage=UsageTeller(hub, (bench.supervisor.processes, scheduling.processes)),
    )
