# ruff: noqa: PLR2004 - chances
"""One experiment: schedulers over one store, people who ask for runs, and faults; then the promises are checked."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from penstock.engine.loop import RunHandle, RunLoop
from penstock.engine.plan import Place, RunOptions, RunPlan, make_plan
from penstock.model.block import Block, BlockType, Language
from penstock.model.errors import PipelineNotFoundError, RunStateError, StateUnavailableError
from penstock.model.messages import WorkOrder
from penstock.model.pipeline import Pipeline
from penstock.model.slots import due_slots
from penstock.model.trigger_definition import from_definition
from penstock.schedule import failpoints
from penstock.schedule.core import Core
from penstock.schedule.requests import NewRun, cancel_run, create_run, retry_incomplete
from penstock.state.rows import RunRow, TriggerRow
from penstock.state.run_list import RunFilter
from penstock.state.store import State, open_state
from penstock.state.tables import metadata
from tools.simulation.world import START, BrokenPromiseError, Worker, Workers, World

HORIZON = 60.0
"""Seconds in which things go wrong."""
PATIENCE = 600.0
"""Seconds after them in which every run has to come to its end."""


class CrashError(BaseException):
    """A process dies here."""


class FaultyState(State):
    """A store that is away at times; a commit may be done although nobody hears of it."""

    away = False
    unheard = 0

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """As the store's own."""
        self._ask()
        with super().write() as connection:
            yield connection
        if self.unheard:
            self.unheard -= 1
            raise StateUnavailableError("the connection was lost")

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """As the store's own."""
        self._ask()
        with super().read() as connection:
            yield connection

    def _ask(self) -> None:
        if self.away:
            raise StateUnavailableError("the database is away")


def open_store(folder: Path) -> FaultyState:
    """A store for any number of experiments, each of which begins with `wipe`."""
    opened = open_state(f"sqlite:///{folder / 'state.db'}")
    url = opened.url
    opened.close()
    return FaultyState(url)


@dataclass(slots=True, eq=False)
class Process:
    """A scheduler, and what would die with it."""

    name: str
    workers: Workers
    loop: RunLoop
    core: Core | None = None
    alive: bool = True
    paused_until: float = 0.0
    wanted: float = 0.0

    def plan(self, pipeline: str, options: RunOptions, *, run: str = "") -> RunPlan:
        """A run of one of the pipelines of this world."""
        if pipeline == "gone":
            raise PipelineNotFoundError("opening pipeline gone: there is none of that name")
        if pipeline == "odd":
            raise ValueError("a file that nobody thought of")
        moment = datetime.fromtimestamp(START, UTC)
        return make_plan(run, Place("/p", "p", "/d"), PIPELINES[pipeline], options, moment)

    def start(self, plan: RunPlan, sinks: Any, *, resume: Any = None, gate: Any = None) -> RunHandle:
        """Begin it."""
        (sink,) = sinks
        return self.loop.start(plan, sink, resume=resume, gate=gate)

    def poll(self, timeout: float | None) -> None:
        """Hear the workers."""
        self.workers.poll(timeout)


def _pipeline(name: str, edges: Mapping[str, tuple[str, ...]], retries: int = 0) -> Pipeline:
    blocks = tuple(
        Block(
            block,
            block,
            BlockType.CUSTOM,
            Language.PYTHON,
            upstream=parents,
            content="",
            retry_config={"retries": retries, "delay": 3},
        )
        for block, parents in edges.items()
    )
    return Pipeline(name, name, blocks=blocks)


PIPELINES = {
    "one": _pipeline("one", {"a": ()}),
    "chain": _pipeline("chain", {"a": (), "b": ("a",), "c": ("b",)}, retries=2),
    "wide": _pipeline("wide", {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}, retries=1),
}


class Play:
    """An experiment.

    Args:
        state: an empty store.
        seed: everything follows from it.
    """

    def __init__(self, state: FaultyState, seed: int) -> None:
        self.state = state
        self.world = World(seed)
        self.processes: list[Process] = []
        self.triggers: list[TriggerRow] = []
        self.jumped = False
        self.crashes = 0
        self._acting: Process | None = None
        self._point = ""

    def run(self) -> None:
        """Play it to its end. Raises BrokenPromiseError."""
        state, rng = self.state, self.world.rng
        state.away, state.unheard = False, 0
        self._wipe()
        self._make_triggers()
        failpoints.on_reach(self._reached)
        try:
            for _ in range(rng.choice((1, 1, 2, 2, 3))):
                self._start_process()
            for _ in range(rng.randrange(1, 7)):
                self.world.at(rng.random() * HORIZON, self._ask)
            for _ in range(rng.randrange(0, 6)):
                self.world.at(rng.random() * HORIZON, self._fault)
            self._play_until(HORIZON)
            self._calm()
            self._play_until(HORIZON + PATIENCE, stop=self._settled)
            self._check()
        finally:
            failpoints.on_reach(None)

    def _play_until(self, end: float, stop: Callable[[], bool] = lambda: False) -> None:
        world = self.world
        while True:
            due = min((p.wanted for p in self.processes if p.alive), default=end)
            upcoming = world.events[0][0] if world.events else end
            moment = min(due, upcoming)
            if moment >= end:
                world.now = end
                return
            world.now = max(world.now, moment)
            if upcoming <= due:
                heapq.heappop(world.events)[2]()
                continue
            self._turn(next(p for p in self.processes if p.alive and p.wanted == due))
            if stop():
                return

    def _turn(self, process: Process) -> None:
        """Let a scheduler act once."""
        if process.paused_until > self.world.now:
            process.wanted = process.paused_until
            return
        self._acting = process
        try:
            process.poll(0)
            assert process.core is not None
            wait = process.core.turn()
        except CrashError:
            self._crash(process)
            return
        finally:
            self._acting = None
        process.wanted = self.world.now + max(wait if wait is not None else 3600.0, 1e-6)

    def _start_process(self) -> None:
        name = f"s{len(self.processes)}"
        box: list[Process] = []

        def turned() -> None:
            if box:
                box[0].wanted = self.world.now

        workers = Workers(self.world, turned, self._check_order)
        world: Any = self.world
        loop = RunLoop(
            workers, world, clock=self.world.clock, monotonic=self.world.monotonic, answer=_no_answer, width=4, total=6
        )  # type: ignore[arg-type]
        process = Process(name, workers, loop, wanted=self.world.now)
        box.append(process)
        process.core = Core(
            self.state,
            process,
            name,
            clock=self.world.clock,
            monotonic=self.world.monotonic,
            dead=self._dead,
        )
        process.core._claims.process = {"sim": name}  # noqa: SLF001 - all of them live in one process here
        self.processes.append(process)

    def _dead(self, process: Mapping[str, Any] | None) -> bool:
        return bool(process) and not any(p.alive for p in self.processes if p.name == process.get("sim"))  # type: ignore[union-attr]

    def _crash(self, process: Process) -> None:
        self.crashes += 1
        process.alive = False
        process.workers.crash()
        if not any(p.alive for p in self.processes) or self.world.rng.random() < 0.5:
            self.world.at(self.world.rng.random() * 10, self._start_process)

    def _reached(self, point: str) -> None:
        if self._acting is not None and point == self._point:
            self._point = ""
            raise CrashError(point)

    def _wake(self, topic: str, text: str) -> None:
        for process in self.processes:
            if process.alive and process.core is not None and self.world.rng.random() < 0.85:
                process.core.hear(topic, text)
                process.wanted = self.world.now

    def _ask(self) -> None:
        """Somebody asks for something."""
        rng, now = self.world.rng, self.world.clock()
        try:
            kind = rng.random()
            if kind < 0.7:
                pipeline = rng.choice((*PIPELINES, *PIPELINES, "gone", "odd"))
                settings: dict[str, Any] = {"allow_blocks_to_fail": rng.random() < 0.5}
                if rng.random() < 0.2:
                    settings["timeout"] = rng.choice((0.5, 5, 20))
                row = create_run(self.state, NewRun(pipeline, "api", settings=settings, priority=rng.randrange(3)), now)
                self._wake("runs", row.id)
            else:
                self._act_on_a_run(now, cancel=kind < 0.85)
        except StateUnavailableError:
            self.world.at(1.0, self._ask)

    def _act_on_a_run(self, now: float, *, cancel: bool) -> None:
        rows = self._runs()
        if not rows:
            return
        name = self.world.rng.choice(rows).id
        try:
            if cancel:
                cancel_run(self.state, name, now)
            else:
                retry_incomplete(self.state, name, now)
        except RunStateError:
            return
        self._wake("runs", name)

    def _fault(self) -> None:
        rng = self.world.rng
        kind = rng.random()
        living = [p for p in self.processes if p.alive]
        if kind < 0.4:
            self._point = rng.choice(failpoints.POINTS)
        elif kind < 0.55 and living:
            self._crash(rng.choice(living))
        elif kind < 0.7 and living:
            rng.choice(living).paused_until = self.world.now + rng.random() * 45
        elif kind < 0.82:
            self.state.away = True
            self.world.at(rng.random() * 60, self._back)
        elif kind < 0.92:
            self.state.unheard += rng.randrange(1, 3)
        elif living:
            self.jumped = True
            self.world.offset += rng.choice((-3600.0, 3600.0, -40.0, 40.0))

    def _back(self) -> None:
        self.state.away = False

    def _calm(self) -> None:
        """Nothing goes wrong any more; the triggers are switched off, and what they owe is made."""
        self.state.away, self.state.unheard, self._point = False, 0, ""
        if not any(p.alive for p in self.processes):
            self._start_process()
        self.ended_at = self.world.clock()
        self.world.at(70.0, self._switch_off)

    def _switch_off(self) -> None:
        with self.state.write() as connection:
            for row in self.triggers:
                self.state.triggers.change(connection, row.id, active=False, next_due_at=None)

    def _settled(self) -> bool:
        if self.world.now < HORIZON + 75.0:
            return False
        with self.state.read() as connection:
            return not self.state.runs.open(connection)

    def _make_triggers(self) -> None:
        now = self.world.clock()
        rng = self.world.rng
        self.triggers = []
        for number in range(rng.randrange(0, 4)):
            schedule = rng.choices(("* * * * *", "@hourly", "@once", "@always_on"), (5, 2, 2, 1))[0]
            settings: dict[str, Any] = {"missed_runs": "all"}
            if rng.random() < 0.2:
                settings["skip_if_previous_running"] = True
            definition = {
                "pipeline": rng.choice((*PIPELINES, "gone")),
                "name": f"t{number}",
                "kind": "time",
                "schedule": schedule,
                "active": True,
                "settings": settings,
            }
            row = TriggerRow(
                definition["pipeline"],
                definition["name"],
                definition=definition,
                active=True,
                next_due_at=now,
                last_enabled_at=now,
                created_at=now,
                updated_at=now,
            )
            with self.state.write() as connection:
                key = self.state.triggers.add(connection, row)
                self.triggers.append(self.state.triggers.get(connection, key) or row)
        if rng.random() < 0.2:
            poison = TriggerRow(
                "one", "poison", {"kind": "time", "schedule": "never"}, "", True, now, created_at=now, updated_at=now
            )
            with self.state.write() as connection:
                self.state.triggers.add(connection, poison)

    def _wipe(self) -> None:
        with self.state.write() as connection:
            for table in reversed(metadata.sorted_tables):
                if not table.name.endswith("meta"):
                    connection.execute(table.delete())

    def _check_order(self, order: WorkOrder) -> None:
        """A block is never started again when its end is in the store, nor for a run that has ended."""
        away, self.state.away = self.state.away, False
        with self.state.read() as connection:
            row = self.state.block_runs.get(connection, order.run, order.block.uuid)
            run = self.state.runs.get(connection, order.run)
        self.state.away = away
        holder = self._acting.name if self._acting else ""
        if row is not None and row.state == "completed" and run is not None and run.lease_owner == holder:
            raise BrokenPromiseError(f"{order.run} {order.block.uuid} is started again after its end")

    def _runs(self) -> list[RunRow]:
        with self.state.read() as connection:
            page = self.state.runs.page(connection, _everything(), limit=10_000)
            return list(self.state.runs.many(connection, [row.id for row in page.rows]).values())

    def _check(self) -> None:
        rows = self._runs()
        with self.state.read() as connection:
            blocks = {row.id: self.state.block_runs.of_run(connection, row.id) for row in rows}
        for row in rows:
            if row.open or row.lease_owner is not None:
                raise BrokenPromiseError(f"{row.id} never ended: {row}")
            if row.state == "failed" and not row.error:
                raise BrokenPromiseError(f"{row.id} failed without a cause")
            for block in blocks[row.id]:
                if block.state in {"running", "queued", "initial"}:
                    raise BrokenPromiseError(f"{row.id} has ended as {row.state}, and {block.block} is {block.state}")
                if row.state == "completed" and block.state != "completed":
                    raise BrokenPromiseError(f"{row.id} is complete without {block.block}")
                if block.state == "completed" and not self._is_published(row.id, block.block, block.version):
                    raise BrokenPromiseError(f"{row.id} {block.block} is complete with what nobody has published")
        if not self.jumped:
            self._check_slots(rows)

    def _is_published(self, run: str, block: str, version: str | None) -> bool:
        tokens = range(1, self.world.fences.get((run, block), 0) + 1)
        return version in {self.world.published.get((run, block, token)) for token in tokens}

    def _check_slots(self, rows: list[RunRow]) -> None:
        """Every slot that was due has its run."""
        at = datetime.fromtimestamp(self.ended_at, UTC) + timedelta(seconds=5)
        for row in self.triggers:
            trigger = from_definition(row.definition)
            if row.definition["schedule"] == "@always_on":
                continue
            enabled = datetime.fromtimestamp(row.last_enabled_at or 0.0, UTC)
            wanted = {slot.logical.timestamp() for slot in due_slots(trigger, None, at, enabled_at=enabled)}
            made = {run.slot for run in rows if run.trigger_id == row.id}
            if not wanted <= made:
                raise BrokenPromiseError(f"{row.name} {row.definition}: slots without a run: {wanted - made}")


def _everything() -> Any:
    return RunFilter()


def _no_answer(*asked: Any) -> None:
    raise AssertionError(asked)


__all__ = ["CrashError", "FaultyState", "Play", "Process", "Worker", "open_store"]
