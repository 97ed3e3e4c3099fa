"""Puts the parts together for one process: project, store, supervisor, run loop, log, answers."""

from __future__ import annotations

import json
import secrets
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from penstock.cli.answers import Answers
from penstock.cli.nested import Nested
from penstock.config import environment
from penstock.data import ProductStore
from penstock.engine.handle import Asking
from penstock.engine.loop import RunHandle, RunLoop, Sink
from penstock.engine.needs import NEEDS_BY_LANGUAGE, with_storing
from penstock.engine.plan import Place, RunOptions, RunPlan, make_plan, new_run_id
from penstock.engine.supervisor import Supervisor
from penstock.model import events
from penstock.model.errors import StorageError
from penstock.model.messages import Answer, Ask
from penstock.model.pipeline import Pipeline
from penstock.observe.record import RunRecorder
from penstock.project import Project, open_project
from penstock.project.code import third_party
from penstock.project.left_out import left_out
from penstock.schedule.limit_rules import block_run_limit, runs_in_one_process

LEARNED = "imports.json"
"""File in the project's cache folder: the third-party modules that its blocks were seen to import."""


@dataclass(slots=True)
class Workbench:
    """A project that can run things; a context manager that ends its processes.

    Creating it starts the warm parent of the workers before the project is read, so that both happen at once.
    """

    project: Project
    store: ProductStore
    supervisor: Supervisor
    loop: RunLoop
    answers: Answers
    clock: Callable[[], float] = time.time
    warnings: list[str] = field(default_factory=list)
    door: Callable[[], Project] | None = None
    """Gives the project as it is now, for each run that is decided; None keeps the one of the start."""
    _watchers: list[Callable[[RunPlan], Iterable[Sink]]] = field(default_factory=list)
    _kept: set[str] = field(default_factory=set)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process."""
        self.supervisor.close()

    def watch_runs(self, sinks_for: Callable[[RunPlan], Iterable[Sink]]) -> None:
        """Ask for sinks of every run that begins, those that blocks trigger included."""
        self._watchers.append(sinks_for)

    def plan(self, pipeline: str, options: RunOptions, *, run: str = "") -> RunPlan:
        """Decide a run of that pipeline, of that name if it has one already; raises what `make_plan` raises."""
        if self.door is not None:
            self.project = self.door()
        loaded = self.project.pipeline(pipeline)
        loaded = with_defaults(self.project, loaded)
        options = replace(
            options,
            retry_config=asdict(self.project.settings.retry_config),
            allow_pickle=options.allow_pickle or environment.flag("PENSTOCK_ALLOW_PICKLE"),
            most_children=environment.read("DYNAMIC_BLOCKS_MAX_CHILD_BLOCKS") or None,
            cut_children=environment.text("DYNAMIC_BLOCKS_MAX_CHILD_BLOCKS_BEHAVIOR") == "limit",
            children_at_once=environment.read("DYNAMIC_BLOCKS_MAX_CONCURRENT_CHILD_BLOCKS") or None,
        )
        place = Place(str(self.project.root), self.project.name, str(self.store.root))
        now = datetime.fromtimestamp(self.clock(), UTC)
        return make_plan(run or new_run_id(now, secrets.token_hex(3)), place, loaded, options, now)

    def start(
        self,
        plan: RunPlan,
        sinks: Iterable[Sink],
        *,
        warm: Iterable[str] | None = None,
        resume: Mapping[str, Mapping[str, Any]] | None = None,
        gate: Callable[[RunHandle, str], bool] | None = None,
    ) -> RunHandle:
        """Begin a run that is recorded in the project's logs and told to those sinks.

        Args:
            plan: the run.
            sinks: what is told of it, beside the record.
            warm: what `imports` gave for the plan, where it was asked before, in a thread.
            resume: as for `RunLoop.start`.
            gate: as for `RunLoop.start`.
        """
        level = self.project.settings.logging_config.level
        recorder = RunRecorder(self.project.logs_root(), plan.pipeline.uuid, plan.run, level=level)
        for notice in left_out(plan.pipeline, plan.graph):
            recorder.note(self.clock(), "WARNING", notice)
        self.supervisor.preload(self.imports(plan) if warm is None else warm)
        watching = [sink for sinks_for in self._watchers for sink in sinks_for(plan)]
        targets: list[Sink] = [recorder, *sinks, *watching]
        in_sql = [uuid for uuid in plan.graph if plan.block(uuid).language == "sql"]

        def tell(event: events.Event) -> None:
            for target in targets:
                target(event)

        def ended(handle: RunHandle) -> None:
            recorder.close()
            if recorder.failed:
                self.warnings.append(recorder.failed)
            self.supervisor.expect_sql(-sum(not handle.run.blocks[uuid].attempts for uuid in in_sql))
            self.answers.nested.ended(handle)

        self.supervisor.expect_sql(len(in_sql))
        return self.loop.start(plan, tell, on_end=ended, resume=resume, gate=gate)

    def poll(self, timeout: float | None) -> None:
        """Hear what the processes tell, waiting at most that long; nothing is started."""
        self.supervisor.poll(timeout)

    def watch(self, source: socket.socket, heard: Callable[[], None]) -> None:
        """Call back inside `poll` each time the socket can be read."""
        self.supervisor.watch(source, heard)

    def answer(self, pipeline: str, ask: Ask, reply: Callable[[Answer], None]) -> None:
        """Answer what code of that pipeline, of no run, asks for."""
        self.answers.answer(pipeline, ask, reply)

    def answer_runs(
        self,
        asked: Callable[[Asking], None],
        of_nobody: Callable[[str, Ask, Callable[[Answer], None]], None] | None = None,
    ) -> None:
        """Hand on what code asks of runs: of blocks, and of a pipeline's scratchpad."""
        self.answers.on_runs, self.answers.on_runs_of_nobody = asked, of_nobody

    def cancel(self, handle: RunHandle) -> None:
        """End a run."""
        self.loop.cancel(handle)

    def alarm(self, key: object, seconds: float, call: Callable[[], None]) -> None:
        """Call back once inside `poll`, so many seconds from now."""
        self.supervisor.alarm(key, seconds, call)

    def learn(self) -> None:
        """Keep what the workers have imported, for the next warm parent; a cache that cannot be written is no loss."""
        if (found := self.supervisor.learned()) <= self._kept:
            return
        known = set(_learned(self.project))
        if found <= known:
            self._kept |= found
            return
        file = _learned_file(self.project)
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            temporary = file.with_suffix(f".{secrets.token_hex(4)}")
            temporary.write_text(json.dumps(sorted(known | found)), encoding="utf-8")
            temporary.replace(file)
            self._kept |= found

    def imports(self, plan: RunPlan) -> list[str]:
        """What the warm parent is to import for these blocks: what their files name, and what was learned before."""
        files = [Path(file) for uuid in plan.graph if (file := plan.block(uuid).file)]
        wanted = [*third_party(self.project, files), *_learned(self.project)]
        if any(plan.block(uuid).language == "sql" for uuid in plan.graph):
            wanted += sorted(NEEDS_BY_LANGUAGE["sql"])
        return with_storing(wanted)


def with_defaults(project: Project, pipeline: Pipeline) -> Pipeline:
    """The pipeline with what the project's settings, or the environment, say where its file says nothing."""
    if runs_in_one_process(pipeline) != pipeline.run_in_one_process:
        pipeline = replace(pipeline, run_in_one_process=True)
    limit = block_run_limit(project, pipeline)
    if limit != pipeline.concurrency_config.get("block_run_limit"):
        pipeline = replace(pipeline, concurrency_config={**pipeline.concurrency_config, "block_run_limit": limit})
    return pipeline


def open_workbench(
    project: Path | str, *, width: int | None = None, total: int | None = None, grace: float = 5.0
) -> Workbench:
    """Open a project for running.

    Args:
        project: its folder.
        width: blocks of one run at once; default one per core.
        total: blocks of all runs at once; default as many as of one run.
        grace: seconds that an interrupted block has before it is killed.

    Raises:
        ProjectNotFoundError: there is no project.
        StorageError: its data folder cannot be made.
    """
    supervisor = Supervisor(grace=grace)
    supervisor.start()
    try:
        opened = open_project(project)
        store = ProductStore(_writable(opened.store_root()))
        answers = Answers(opened, Nested(opened))
        loop = RunLoop(supervisor, store, clock=time.time, answer=answers, width=width, total=total)
        bench = Workbench(opened, store, supervisor, loop, answers)
        answers.nested.bench = bench
    except BaseException:
        supervisor.close()
        raise
    return bench


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"making the data folder {folder}: {error.strerror}",
            hint="Set PENSTOCK_DATA_DIR to a folder that can be written.",
        ) from error
    return folder


def _learned_file(project: Project) -> Path:
    return project.data_dir() / ".cache" / LEARNED


def _learned(project: Project) -> list[str]:
    try:
        names = json.loads(_learned_file(project).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
