"""Runs of the studio: begun, interrupted, told, looked up.

Everything that touches the run loop happens on the event loop; what reads files is called in threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from penstock.engine.loop import RunHandle, Sink
from penstock.engine.plan import RunOptions, RunPlan
from penstock.model import events
from penstock.model.errors import BlockNotFoundError, PenstockError, RunBusyError, RunNotFoundError
from penstock.model.messages import Failure
from penstock.model.pipeline import Pipeline
from penstock.model.product import Address
from penstock.observe.archive import RunArchive, RunHead
from penstock.project import Project
from penstock.server.bench import Bench
from penstock.server.hub import Hub
from penstock.server.runs.log_bell import LogBell
from penstock.server.runs.manifests import Manifests
from penstock.server.runs.marks import Marks
from penstock.server.runs.pump import Pump
from penstock.server.runs.staleness import Staleness
from penstock.server.runs.statuses import Statuses
from penstock.server.runs.summaries import summary_of
from penstock.server.runs.telling import LiveRun
from penstock.server.runs.why import Reasons
from penstock.server.schema.runs import BlockStatus, NewRun, PipelineStatus, RunDetail, RunSummary, Saved, Why
from penstock.state.rows import RunRow

SaveText = Callable[[str, str, str, str], str]
"""Saves a block's text: pipeline, block, content, the revision that was edited; gives the new revision."""

STOPPED = Failure(
    "interrupted",
    "the server was stopped while the block ran",
    "Run the block again.",
    "X104",
)


class RunService:
    """The runs of one server.

    Args:
        bench: runs blocks.
        hub: where runs are told.
        pump: turns the run loop.
        project: gives the project as it is now.
        save: saves the text of a block.
    """

    def __init__(self, bench: Bench, hub: Hub, pump: Pump, project: Callable[[], Project], save: SaveText) -> None:
        self._bench = bench
        self._hub = hub
        self._pump = pump
        self._project = project
        self._save = save
        self._live: dict[str, LiveRun] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._warmed: set[str] = set()
        self._busy: dict[tuple[str, str], str] = {}
        self.archive = RunArchive(bench.project.logs_root())
        self._manifests = Manifests(bench.store)
        self._staleness = Staleness(self._plan, self._manifests)
        self._statuses = Statuses(self.archive, self._manifests)
        self._reasons = Reasons(self.archive, self._manifests, self._staleness.probes)
        self.marks = Marks(hub, self._staleness.reasons)
        self._logged = LogBell(hub)
        self.cancel_elsewhere: Callable[[str], None] | None = None
        """Asks the scheduler to end one of its runs."""
        bench.watch_runs(self.sinks)

    async def start(self) -> None:
        """Begin to keep stale marks."""
        await self.marks.start()

    async def close(self) -> None:
        """Tell the end of every run that is under way; its processes end with the server."""
        for handle in list(self._bench.loop.handles.values()):
            self._bench.loop.abandon(handle, STOPPED)
        await self.marks.close()
        self._bench.learn()

    async def begin(self, pipeline: str, wanted: NewRun) -> tuple[RunSummary, list[Saved]]:
        """Save what was edited and begin a run; it is on its way when this returns.

        Raises:
            RunBusyError: one of its blocks is under way.
            ConflictError: a text that was edited has changed on disk; nothing was begun.
            PenstockError: as `make_plan` raises.
        """
        self._refuse_busy(pipeline, wanted.blocks)
        saved, plan, warm = await asyncio.to_thread(self._prepare, pipeline, wanted)
        self._refuse_busy(pipeline, plan.graph)
        self._bench.start(plan, [], warm=warm)
        self._pump.kick()
        return summary_of(self.head(plan.run)), saved

    def interrupt(self, run: str, block: str | None = None) -> None:
        """Interrupt a run, or one block of it.

        Raises:
            RunNotFoundError: it is not under way here.
        """
        live, handle = self._live.get(run), self._bench.loop.handles.get(run)
        if live is not None and handle is None and block is None and self.cancel_elsewhere is not None:
            live.tell_interrupting(live.under_way())
            self.cancel_elsewhere(run)
            return
        if live is None or handle is None:
            raise RunNotFoundError(
                f"interrupting run {run}: it is not under way on this server",
                hint="It may have ended; a run of the command line is ended with Ctrl-C there.",
            )
        if block is None:
            live.tell_interrupting(live.under_way())
            self._bench.loop.cancel(handle)
        else:
            self._interrupt_block(live, handle, block)
        self._pump.kick()

    def interrupt_pipeline(self, pipeline: str) -> list[str]:
        """Interrupt every run of a pipeline; their names."""
        runs = [run for run, live in self._live.items() if live.pipeline == pipeline]
        for run in runs:
            self.interrupt(run)
        return runs

    async def status(self, pipeline: str) -> PipelineStatus:
        """How the blocks of a pipeline stand.

        Raises:
            PipelineNotFoundError: there is no such pipeline.
            FileInvalidError: its file cannot be read.
        """
        seq = self._hub.seq
        blocks, reasons = await asyncio.to_thread(self._read_status, pipeline)
        self.marks.known(pipeline, reasons)
        self._warm(pipeline)
        runs = [live for live in self._live.values() if live.pipeline == pipeline]
        for live in runs:
            for block, status in live.statuses.items():
                if block in live.head.blocks:
                    blocks[block] = _overlaid(blocks.get(block), status)
        return PipelineStatus(blocks, [live.summary for live in runs], seq)

    def running(self) -> list[RunSummary]:
        """The runs under way on this server, newest first."""
        return [live.summary for live in reversed(self._live.values())]

    def head(self, run: str) -> RunHead:
        """A run as its record says.

        Raises:
            RunNotFoundError: there is none of that name.
        """
        live = self._live.get(run)
        if live is not None:
            return live.head
        head = self.archive.find(run)
        if head is None:
            raise RunNotFoundError(
                f"reading run {run[:100]}: there is no record of it", hint="Its logs may have been removed."
            )
        return head

    def heard_of(self, what: str, row: RunRow) -> None:
        """Something has become of a run of the scheduler; one that is lost goes on elsewhere, or not at all."""
        if what == "lost" and row.id not in self._bench.loop.handles:
            self._live.pop(row.id, None)

    async def find(self, run: str) -> RunHead:
        """As `head`, on the event loop."""
        live = self._live.get(run)
        return live.head if live is not None else await asyncio.to_thread(self.head, run)

    def detail(self, run: str) -> RunDetail:
        """A run with its blocks. Reads files: call it in a thread. Raises as `head`."""
        seq = self._hub.seq
        head = self.head(run)
        summary = msgspec.structs.asdict(summary_of(head))
        started = next((entry for entry in self.archive.events(head) if entry["event"] == "RunStarted"), {})
        return RunDetail(
            **summary,
            partition=head.partition,
            variables=started.get("variables") or {},
            seq=seq,
            blocks=self._statuses.detail(head, started.get("upstream") or {}),
        )

    def why(self, run: str, block: str) -> Why:
        """Why a block failed in a run. Reads files: call it in a thread. Raises RunNotFoundError."""
        return self._reasons.why(self.head(run), block, self._bench.project.root)

    def folder(self, run: str) -> Path:
        """The folder of a run's logs. Raises as `head`."""
        head = self.head(run)
        return self.archive.folder(head.pipeline, head.run)

    def _interrupt_block(self, live: LiveRun, handle: RunHandle, block: str) -> None:
        if block not in live.statuses:
            raise BlockNotFoundError(
                f"interrupting block {block}: it takes no part in run {live.run}", hint="Interrupt the run itself."
            )
        if not self._bench.loop.interrupt(handle, block):
            raise RunNotFoundError(
                f"interrupting block {block}: it is not under way in run {live.run}", hint="Interrupt the run itself."
            )
        live.tell_interrupting([block])

    def _refuse_busy(self, pipeline: str, blocks: Iterable[str]) -> None:
        for block in blocks:
            if (run := self._busy.get((pipeline, block))) is not None:
                raise RunBusyError(
                    f"running block {block} of pipeline {pipeline}: it is under way in run {run}",
                    hint="Wait for its end, or interrupt it.",
                )

    def _plan(self, pipeline: str, options: RunOptions) -> RunPlan:
        self._bench.project = self._project()
        return self._bench.plan(pipeline, options)

    def _prepare(self, pipeline: str, wanted: NewRun) -> tuple[list[Saved], RunPlan, list[str]]:
        saved = [
            Saved(edit.block, self._save(pipeline, edit.block, edit.content, edit.revision)) for edit in wanted.edits
        ]
        blocks, words = tuple(wanted.blocks), ""
        if wanted.incomplete_upstream and blocks:
            missing = self._incomplete(self._project().pipeline(pipeline), blocks)
            words = RunOptions(blocks=blocks).what() + (" with incomplete upstream" if missing else "")
            blocks = (*blocks, *missing)
        options = RunOptions(
            variables=wanted.variables,
            blocks=blocks,
            with_upstream=wanted.with_upstream,
            with_downstream=wanted.with_downstream,
            stale_only=wanted.stale_only,
            run_tests=wanted.tests,
            origin="studio",
            words=words,
            inputs=wanted.inputs,
        )
        plan = self._plan(pipeline, options)
        # What a single block needs is imported when its process is made.
        return saved, plan, self._bench.imports(plan) if len(plan.graph) > 1 else []

    def _incomplete(self, pipeline: Pipeline, blocks: tuple[str, ...]) -> list[str]:
        """The upstreams, and theirs, that have no output; what lies above one that has is not looked at."""
        found: dict[str, None] = {}
        pending = list(blocks)
        while pending:
            block = pipeline.block(pending.pop())
            for parent in block.upstream if block is not None else ():
                known = parent in found or parent in blocks or pipeline.block(parent) is None
                if not known and self._manifests.latest(Address(pipeline.uuid, parent)) is None:
                    found[parent] = None
                    pending.append(parent)
        runnable = {block.uuid for block in pipeline.blocks if block.type not in {"markdown", "scratchpad", "chart"}}
        return [uuid for uuid in found if uuid in runnable]

    def _read_status(self, pipeline: str) -> tuple[dict[str, BlockStatus], dict[str, str]]:
        loaded = self._project().pipeline(pipeline)
        reasons = self._staleness.reasons(pipeline)
        return self._statuses.of(pipeline, [block.uuid for block in loaded.blocks], reasons), reasons

    def sinks(self, plan: RunPlan) -> Iterable[Sink]:
        """What is told of a run, whoever drives it: on the event loop."""
        head = RunHead(
            run=plan.run,
            pipeline=plan.pipeline.uuid,
            state="running",
            started=plan.started.timestamp(),
            ended=None,
            blocks=tuple(plan.graph),
            origin=plan.options.origin,
            what=plan.options.what(),
            partition=plan.options.partition,
        )
        return [LiveRun(self._hub, head, self._heard)]

    async def _remember_outputs(self, live: LiveRun) -> None:
        """What the blocks had stored before, to compare what they store now; read while they run."""
        live.previous.update(await asyncio.to_thread(self._stored, live.head))

    def _stored(self, head: RunHead) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for block in head.blocks:
            manifest = self._manifests.latest(Address(head.pipeline, block, head.partition))
            if manifest is not None:
                found[block] = (manifest.ref.version, tuple(manifest.summaries()))
        return found

    def _heard(self, live: LiveRun, event: events.Event) -> None:
        self._logged(live.pipeline, live.run, getattr(event, "block", ""))
        match event:
            case events.RunStarted(blocks=blocks):
                self._live[live.run] = live
                own = live.run in self._bench.loop.handles
                if own:  # what the scheduler runs keeps nobody from trying a block
                    self._busy.update({(live.pipeline, block): live.run for block in blocks})
                if own or self._hub.listened_to(f"pipeline:{live.pipeline}"):
                    self._spawn(self._remember_outputs(live))
            case events.BlockEnded(block=block) if self._busy.get((live.pipeline, block)) == live.run:
                del self._busy[live.pipeline, block]
            case events.RunEnded():
                self._live.pop(live.run, None)
                asyncio.get_running_loop().call_soon(self._after, live)

    def _after(self, live: LiveRun) -> None:
        """A run has ended, its record is closed."""
        while self._bench.warnings:
            notice = {"type": "notice", "run": live.run, "message": self._bench.warnings.pop()}
            self._hub.publish(["project", f"pipeline:{live.pipeline}"], notice)
        if not self._live:
            self._bench.learn()

    def _warm(self, pipeline: str) -> None:
        """Somebody looks at a pipeline: have what its blocks need imported before the first of them is run."""
        if pipeline not in self._warmed:
            self._warmed.add(pipeline)
            self._spawn(self._preload(pipeline))

    async def _preload(self, pipeline: str) -> None:
        with suppress(PenstockError):
            wanted = await asyncio.to_thread(lambda: self._bench.imports(self._plan(pipeline, RunOptions())))
            self._bench.supervisor.preload(wanted)
            self._pump.kick()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _overlaid(stored: BlockStatus | None, live: BlockStatus) -> BlockStatus:
    """The status of a block under way, with the output that it has until then."""
    if stored is None or live.outputs or live.version is not None:
        return live
    kept = {"version": stored.version, "outputs": stored.outputs, "changed": stored.changed, "stale": stored.stale}
    return msgspec.structs.replace(live, **kept)
