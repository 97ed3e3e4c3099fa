# ruff: noqa: PLR2004 - chances
"""One experiment: schedulers over one store, people who ask for runs, and faults; then the promises are checked."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa

from penstock.engine.handle import Asking
from penstock.engine.loop import RunLoop
from penstock.model.messages import WorkOrder
from penstock.schedule import backfill, failpoints, requests
from penstock.schedule.core import Core, Hearers
from penstock.schedule.requests import NewRun, create_run
from penstock.state import runs, sums
from penstock.state.rows import RunRow
from penstock.state.tables import run
from tools.simulation.checks import check_end, check_limits, check_living, check_order, check_probe, check_renewed
from tools.simulation.curses import CURSE, CursedLimits, Curses
from tools.simulation.families import Project, check_child, wishes_of
from tools.simulation.people import People
from tools.simulation.pipelines import ASKED_FOR, ASKS, FAMILY, STREAMS, draw_rules
from tools.simulation.process import Process
from tools.simulation.store import FaultyState
from tools.simulation.stream_checks import check_growing
from tools.simulation.world import BrokenPromiseError, Workers, World

HORIZON = 60.0
"""Seconds in which things go wrong."""
PATIENCE = 600.0
"""Seconds after them in which a run has to come to its end, and one more for as long as there are others."""
MOST_TURNS = 20_000


_OPEN = sa.select(run.c.id).where(run.c.state.in_(["initial", "running"])).limit(1)
_COUNT_ENDED = sa.select(sa.func.count()).select_from(run).where(run.c.state.not_in(["initial", "running"]))


class CrashError(BaseException):
    """A process dies here."""


class Play:
    """An experiment.

    Args:
        state: a store; it is emptied first.
        seed: everything follows from it.
        say: told in words what happens.
        curses: runs over which the scheduler stumbles by a mistake of its own, each time; none when it is left out.
        families: whether there are blocks that ask for runs.
        streams: whether there are blocks that yield parts, with children that begin meanwhile.
    """

    def __init__(
        self,
        state: FaultyState,
        seed: int,
        say: Callable[[str], None] | None = None,
        curses: Curses | None = None,
        *,
        families: bool = False,
        streams: bool = False,
    ) -> None:
        self.state = state
        self.world = World(seed)
        self.curses = curses or Curses(0.0)
        self.start = self.world.clock()
        self.rules = draw_rules(self.world.rng)
        self.streams = streams
        self.asked_for = (*ASKED_FOR, *(FAMILY,) * 2 * families, *STREAMS * 2 * streams)
        self.people = People(self)
        self.processes: list[Process] = []
        self.elsewhere: set[str] = set()
        self.done: dict[str, set[str]] = {}
        self.jumped = False
        self.crashes = 0
        self.deaths: Counter[str] = Counter()
        self.point = ""
        self.stall = ""
        self.deaf: tuple[str, int] = ("", 0)
        self.probe = ""
        self.calm_at = 0.0
        self._told = say
        self._acting: Process | None = None

    def run(self) -> None:
        """Play it to its end. Raises BrokenPromiseError."""
        self.state.wipe()
        self.people.plan(HORIZON)
        with _same_names(self.world):
            failpoints.on_reach(self._reached)
            try:
                for _ in range(self.world.rng.choice((1, 1, 2, 2, 3))):
                    self.begin()
                self.until(HORIZON)
                self._calm()
                self._let_it_settle()
                check_end(self)
            finally:
                failpoints.on_reach(None)

    def say(self, text: str) -> None:
        """Tell what happens, to whoever has asked for it."""
        if self._told is not None:
            self._told(f"{self.world.now:9.3f}  {text}")

    def crash(self, process: Process, where: str = "at any time") -> None:
        """A process dies."""
        if not process.alive:
            return
        self.crashes += 1
        self.deaths[where] += 1
        self.say(f"{process.name} dies: {where}")
        process.alive = False
        process.workers.crash()
        if not any(p.alive for p in self.processes) or self.world.rng.random() < 0.5:
            self.world.at(self.world.rng.random() * 10, self.begin)

    def wake(self, topic: str, text: str, chance: float = 0.85) -> None:
        """Somebody has asked for something: most schedulers hear of it."""
        for process in self.processes:
            if process.alive and process.core is not None and self.world.rng.random() < chance:
                process.core.hear(topic, text)
                process.wanted = self.world.now

    def until(self, end: float, stop: Callable[[], bool] = lambda: False) -> None:
        """Let time pass, up to that moment or until there is nothing left to wait for."""
        world = self.world
        for _ in range(MOST_TURNS):
            due = min((p.wanted for p in self.processes if p.acts), default=end)
            upcoming = world.events[0][0] if world.events else end
            moment = min(due, upcoming)
            if moment >= end:
                world.now = max(world.now, end)
                return
            world.now = max(world.now, moment)
            if upcoming <= due:
                heapq.heappop(world.events)[2]()
                continue
            self._turn(next(p for p in self.processes if p.acts and p.wanted == due))
            if stop():
                return
        raise BrokenPromiseError("it turns and turns, and nothing comes of it")

    def _turn(self, process: Process) -> None:
        """Let a scheduler act once."""
        if process.paused_until > self.world.now:
            process.wanted = process.paused_until
            return
        before, self._acting = self._acting, process
        process.inside = True
        try:
            assert process.core is not None
            process.core.keep()
            process.poll(0)
            wait = process.core.turn()
        except CrashError as death:
            self.crash(process, str(death))
            return
        finally:
            self._acting = before
            process.inside = False
        if self.streams:
            check_growing(self, process)
        process.wanted = self.world.now + max(wait if wait is not None else 3600.0, 1e-6)

    def begin(self) -> Process:
        """Start a scheduler."""
        name = f"s{len(self.processes)}"
        box: list[Process] = []
        world: Any = self.world

        def turned() -> None:
            if box:
                box[0].wanted = world.now

        def changed(what: str, row: RunRow) -> None:
            self.say(f"{name}: {row.id} of {row.pipeline} {what} {row.state} {row.error}")
            self.curses.strike(row.id, what)
            if what == "started":
                check_limits(self)
            if what == "created":
                check_child(self, row)

        def asked(asking: Asking) -> None:
            assert process.core is not None
            process.core.asked(asking)

        def wishes(order: WorkOrder) -> list[dict[str, Any]]:
            return wishes_of(order.run) if order.block.uuid == ASKS else []

        workers = Workers(world, turned, lambda order: check_order(self, box[0], order), self.say, wishes)
        loop = RunLoop(workers, world, clock=world.clock, monotonic=world.monotonic, answer=asked, width=4, total=6)
        process = Process(name, workers, loop, self.curses, wanted=world.now)
        box.append(process)
        process.core = Core(
            self.state,
            process,
            name,
            clock=world.clock,
            monotonic=world.monotonic,
            admission=CursedLimits(self.state, self.rules, self.curses),
            backfills=backfill.Backfills(self.state),
            hearers=Hearers(changed=changed, notice=partial(self._notice, name), others=self._others),
            dead=self._dead,
            project=Project if FAMILY in self.asked_for else None,
        )
        process.core._claims.process = {"sim": name}  # noqa: SLF001 - all of them live in one process here
        self.processes.append(process)
        if self.world.rng.random() < 0.5:
            self.elsewhere.add(name)
        self.say(f"{name} starts")
        return process

    def _notice(self, name: str, text: str) -> None:
        self.say(f"{name}: {text}")
        if "stumbled" in text and CURSE not in text:
            raise BrokenPromiseError(f"a mistake that nobody has made on purpose: {text}")

    def _others(self) -> None:
        """A scheduler says that runs have ended or were made: most of the others hear of it."""
        for process in self.processes:
            if (
                process is not self._acting
                and process.alive
                and process.core is not None
                and self.world.rng.random() < 0.85
            ):
                process.core.hear("scheduler", "")
                process.wanted = self.world.now

    def _dead(self, process: Mapping[str, Any] | None) -> bool:
        """Whether a process is surely dead: nobody knows that of one that lives elsewhere."""
        name = str((process or {}).get("sim"))
        return name not in self.elsewhere and any(p.name == name and not p.alive for p in self.processes)

    def _reached(self, point: str) -> None:
        """A scheduler, or who asks, has come to a point at which it may die, or stand still while others go on."""
        if self._acting is None:
            return
        if not self._acting.alive:
            raise CrashError("while it stood still")
        if point == "renew.after_commit":
            check_renewed(self, self._acting)
        if point == self.deaf[0] and self.deaf[1]:
            self.deaf = (point, self.deaf[1] - 1)
            self.state.unheard = 1
        if point == self.point:
            self.point = ""
            raise CrashError(point)
        if point == self.stall and self.world.now < HORIZON:
            self.stall = ""
            self._stand_still(self._acting, point)

    def _stand_still(self, process: Process, point: str) -> None:
        """The others go on in the middle of its turn."""
        until = min(HORIZON, self.world.now + self.world.rng.random() * 45)
        self.say(f"{process.name} stands still at {point} until {until:.1f}")
        self.until(until)
        self.say(f"{process.name} goes on")
        if not process.alive:
            raise CrashError("while it stood still")

    def _calm(self) -> None:
        """Nothing goes wrong any more; the triggers are switched off, and what they owe is made."""
        self.say("all is well from now on")
        self.state.away, self.state.unheard, self.point, self.stall, self.deaf = False, 0, "", "", ("", 0)
        if not any(p.alive for p in self.processes):
            self.begin()
        self.calm_at = self.world.clock()
        self.world.at(70.0, self.people.switch_off)
        self.world.at(75.0, lambda: check_living(self))
        self.world.at(80.0, self._ask_probe)
        self.world.at(81.0, lambda: check_probe(self))

    def _let_it_settle(self) -> None:
        """Wait for the end of every run, for as long as runs end: the clock may have been set to an hour later."""
        ended, before = self._ended(), -1
        while ended != before:
            self.until(self.world.now + PATIENCE, stop=self._settled)
            if self._settled():
                return
            ended, before = self._ended(), ended

    def _ended(self) -> int:
        with self.state.read() as connection:
            return int(connection.execute(_COUNT_ENDED).scalar_one())

    def _ask_probe(self) -> None:
        self.probe = create_run(self.state, NewRun("probe", "api"), self.world.clock()).id
        self.wake("runs", self.probe, chance=1.0)

    def _settled(self) -> bool:
        if self.world.now < HORIZON + 82.0:
            return False
        with self.state.read() as connection:
            return connection.execute(_OPEN).scalar() is None


class _Dice:
    """Names of runs that follow from the seed."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"names of {seed}")

    def token_hex(self, count: int) -> str:
        """So many bytes, as text."""
        return self._rng.randbytes(count).hex()


@contextmanager
def _same_names(world: World) -> Iterator[None]:
    """Let runs have the same names each time that a seed is played: some things are done in their order."""
    dice = _Dice(world.seed)
    clock = SimpleNamespace(time=world.clock)
    with (
        patch.object(requests, "secrets", dice),
        patch.object(runs, "secrets", dice),
        patch.object(sums, "time", clock),
    ):
        yield
