"""The scheduler beside the studio: started and ended with it, woken by other processes, told to the browsers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from penstock.engine.loop import Sink
from penstock.engine.plan import RunPlan
from penstock.model.errors import STATE_TROUBLE, PenstockError
from penstock.model.messages import WorkOrder
from penstock.observe.alerts.outbox import Outbox
from penstock.observe.alerts.sender import Sender
from penstock.observe.alerts.source import AlertSource
from penstock.observe.housekeeping import Housekeeping
from penstock.observe.ingest import TOPIC, Ingest
from penstock.observe.log_uploads import LogUploads
from penstock.observe.measuring import Measure
from penstock.observe.metrics import METRICS
from penstock.observe.record import RUN_RECORD, record_refusal, record_stop, run_folder
from penstock.project import Project
from penstock.project.layout import pipeline_folder
from penstock.schedule.backfill import Backfills
from penstock.schedule.hearers import Hearers
from penstock.schedule.limit_rules import RuleBook
from penstock.schedule.limits import Limits
from penstock.schedule.requests import RUNS, TRIGGERS, cancel_run
from penstock.schedule.retiring import is_once, retire_in_file
from penstock.schedule.service import Scheduler, ServiceBench
from penstock.server.runs.bridge import Bridge
from penstock.state.notify import MISSED, Notifier
from penstock.state.rows import RunRow
from penstock.state.store import State

FAILED = "failed"
_log = logging.getLogger("penstock.scheduler")
_ADDRESS = "studio:address"
"""Name under which the state holds the address of the studio: a scheduler alone has none of its own."""
_NEWS = 60.0
"""Seconds after its end for which it is worth telling pages that a run has been stored; the rest is history."""

OpenBench = Callable[[Callable[[], Project], Callable[[RunPlan], Iterable[Sink]]], ServiceBench]
"""Opens a workbench of the scheduler's own: given the project as it is now, and the sinks of its runs."""


class Scheduling:
    """Everything that makes runs go on by themselves.

    Args:
        root: the project's folder.
        project: the project as it is now.
        state: the store; closed by its owner.
        notifier: wakes other processes, and is woken; closed by its owner.
        open_bench: None for a process that only serves: others run what it asks for.
        kind: what this process is: server, scheduler, both.
        sinks_for: what is told of scheduled runs, on the event loop.
        publish: tells the browsers an event, on the event loop.
    """

    def __init__(
        self,
        root: Path,
        project: Callable[[], Project],
        state: State,
        notifier: Notifier,
        open_bench: OpenBench | None,
        *,
        kind: str = "both",
        sinks_for: Callable[[RunPlan], Iterable[Sink]] = lambda _: (),
        publish: Callable[[dict[str, Any]], object] = lambda _: None,
    ) -> None:
        self._notifier = notifier
        self._publish = publish
        self._state = state
        self._project = project
        self._bench: ServiceBench | None = None
        self.housekeeping = Housekeeping(state, project)
        self.uploads = LogUploads(state, project)
        self._tasks: set[asyncio.Future[None]] = set()
        self.bridge = Bridge(sinks_for)
        self.url = ""
        """The address of the studio that this process serves, for links in alerts; empty when it serves none."""
        self.hearers: list[Callable[[str, RunRow], None]] = []
        """Called on the event loop with a word (created, started, waiting, late, lost, ended) and the stored run."""
        self.listeners: list[Callable[[str, str], None]] = []
        """Called in any thread with each topic and text that another process tells, or this one."""
        source = AlertSource(root)
        self.outbox = Outbox(state, source, str(root))
        self.sender = Sender(state, source, base=self.address, project=source.name)
        self.ingest = Ingest(state, project().logs_root(), self._recorded)
        self.scheduler: Scheduler | None = None
        if open_bench is not None:
            opener = open_bench
            self.scheduler = Scheduler(
                state,
                lambda: self._opened(opener),
                kind=kind,
                admission=Limits(state, RuleBook(project)),
                alerts=self.outbox,
                backfills=Backfills(state, self._backfill_changed),
                hearers=Hearers(
                    self._changed, self.bridge.settled, self._broken, self._others, self._notice, self._stopped
                ),
                publish=notifier.publish,
                project=project,
            )

    @property
    def owner(self) -> str:
        """What its scheduler is called; empty when another process has one."""
        return self.scheduler.owner if self.scheduler is not None else ""

    def address(self) -> str:
        """The address of the studio: of this process, else of the last one that served the project; "" for none."""
        if self.url:
            return self.url
        with suppress(*STATE_TROUBLE), self._state.read() as connection:
            return self._state.settings.get(connection, _ADDRESS)
        return ""

    async def start(self) -> None:
        """Begin, on the running event loop."""
        self.bridge.attach(asyncio.get_running_loop())
        self.begin()

    def begin(self) -> None:
        """Begin, without an event loop."""
        self._notifier.listen(self._heard)
        if self.url:
            with suppress(*STATE_TROUBLE), self._state.write() as connection:
                self._state.settings.put(connection, _ADDRESS, self.url)
        self.ingest.start()
        self.sender.start()
        self.housekeeping.start()
        self.uploads.start()
        if self.scheduler is not None:
            self.scheduler.start()

    async def close(self) -> None:
        """Hand over what is under way, and end."""
        await asyncio.to_thread(self.end)
        self.bridge.attach(None)

    def end(self) -> None:
        """Hand over what is under way, and end; blocks until that is done."""
        if self.scheduler is not None:
            self.scheduler.close()
        self.sender.close()
        self.housekeeping.close()
        self.uploads.close()
        self.ingest.close()

    def cancel(self, run: str) -> None:
        """Ask for the end of a run, without waiting for the store: on the event loop."""
        tell = self._notifier.publish

        def work() -> None:
            with suppress(PenstockError):  # it has ended in the meantime
                cancel_run(self._state, run, time.time(), lambda child: tell(RUNS, child.id))
                tell(RUNS, run)

        self._loop_work(work)

    def _loop_work(self, work: Callable[[], None]) -> None:
        task = asyncio.ensure_future(asyncio.to_thread(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _sinks(self, plan: RunPlan) -> list[Sink]:
        return [Measure(), *self.bridge.sinks(plan)]

    def _heard(self, topic: str, text: str) -> None:
        """A process tells something; in any thread."""
        if topic == TOPIC:
            self.ingest.heard(text)
            self.uploads.wake()
        elif topic == MISSED:
            self.ingest.look()
        if self.scheduler is not None and topic != TOPIC:
            self.scheduler.wake("" if topic == MISSED else topic, text)
        for listener in self.listeners:
            listener(topic, text)

    def _changed(self, what: str, row: RunRow) -> None:
        """A run was made, begun, lost, or has ended; in the scheduler's thread."""
        if what in {"ended", "late"}:
            self.sender.wake()
            self.uploads.wake()
        if what == "started" and row.started_at is not None and row.trigger_id is not None:
            METRICS.time("penstock_run_wait_seconds", max(0.0, row.started_at - row.due_at))
        if what == "ended" and row.state == FAILED and not row.blocks_total:
            self._record(row)
        if what == "ended" and row.trigger_id is not None and row.slot is not None:
            self._retire(row)
        self.bridge.call(self._run_changed, what, row)

    def processes(self) -> list[tuple[int | None, WorkOrder]]:
        """The orders that the scheduler's processes work on now, None for one that is coming; from any thread."""
        return self._bench.supervisor.processes() if self._bench is not None else []

    def _opened(self, opener: OpenBench) -> ServiceBench:
        self._bench = opener(self._project, self._sinks)
        return self._bench

    def _retire(self, row: RunRow) -> None:
        """A trigger that runs once has had its run: its file says so, where it can be written."""
        assert row.trigger_id is not None
        try:
            with self._state.read() as connection:
                trigger = self._state.triggers.get(connection, row.trigger_id)
            if trigger is None or trigger.removed_at is not None or not is_once(trigger.definition):
                return
            project = self._project()
            folder = pipeline_folder(project.root, trigger.pipeline)
            if folder is not None and retire_in_file(project.root, folder, trigger.pipeline, trigger.name):
                self._notifier.publish(TRIGGERS, trigger.pipeline)
            self.bridge.call(self._publish, {"type": "trigger_changed", "id": trigger.id})
        except PenstockError as error:
            self._notice(f"trigger of run {row.id}: it is inactive, and its file cannot say so: {error.message}")

    def _record(self, row: RunRow) -> None:
        """A run that could not begin has told no event: its end is recorded here, so that its log says why."""
        root = self._project().logs_root()
        if not (run_folder(root, row.pipeline, row.id) / RUN_RECORD).exists():
            at = row.ended_at or time.time()
            with suppress(PenstockError, OSError):  # the row and its alert say it as well
                record_refusal(
                    root, row.pipeline, row.id, at, row.error, origin=row.origin, parent=row.parent_run or ""
                )

    def _stopped(self, row: RunRow, trace: str) -> None:
        """A run was stopped because of a mistake of ours: its log holds the traceback."""
        at, root = row.ended_at or time.time(), self._project().logs_root()
        with suppress(PenstockError):  # the scheduler's own log holds it too
            record_stop(root, row.pipeline, row.id, at, row.error, trace, at - (row.started_at or at))

    def _recorded(self, row: RunRow) -> None:
        """The store has the run of another process, or of the studio, as its record tells it."""
        if row.ended_at is not None and time.time() - row.ended_at < _NEWS:
            self.bridge.call_now(self._publish, {"type": "run_recorded", "run": row.id, "pipeline": row.pipeline})
            if self.scheduler is not None:  # a run may have waited for its end
                self.scheduler.wake(RUNS, row.id)

    def _run_changed(self, what: str, row: RunRow) -> None:
        for hearer in self.hearers:
            hearer(what, row)

    def _broken(self, triggers: list[int]) -> None:
        self.sender.wake()
        for number in triggers:
            self.bridge.call(self._publish, {"type": "trigger_changed", "id": number})

    def _backfill_changed(self, number: int) -> None:
        self.bridge.call(self._publish, {"type": "backfill_changed", "id": number})

    def _others(self) -> None:
        """Runs have ended or were made that others may wait for."""

    def _notice(self, text: str) -> None:
        _log.warning(text)
