# ruff: noqa: PLR2004 - chances
"""What people ask for in a simulation: triggers, runs, ends of runs, backfills; and the faults that befall it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.model.errors import RunStateError, StateUnavailableError
from penstock.model.expand import base_of
from penstock.model.graph import descendants
from penstock.schedule import failpoints
from penstock.schedule.backfill import Wanted, add_backfill, cancel_backfill, retry_backfill, start_backfill
from penstock.schedule.requests import NewRun, cancel_run, create_run, retry_from, retry_incomplete, retry_run
from penstock.state.rows import TriggerRow
from penstock.state.run_list import RunFilter
from tools.simulation.pipelines import ASKED_FOR, PIPELINES

if TYPE_CHECKING:
    from tools.simulation.play import Play

DAY = 86400.0
FAULTS = 6
STALLS = tuple(
    point for point in failpoints.POINTS if point.endswith("after_commit") or point.startswith(("begin.", "start."))
)
"""Where one may stand still while others go on: not inside a transaction."""
COMMITS = tuple(point for point in failpoints.POINTS if point.endswith("before_commit"))


@dataclass(slots=True)
class People:
    """Who asks, and what for.

    Args:
        play: the experiment.
    """

    play: Play
    triggers: list[TriggerRow] = field(default_factory=list)
    backfills: dict[int, int] = field(default_factory=dict)
    retried: set[str] = field(default_factory=set)
    repeated: set[str] = field(default_factory=set)
    cancelled: dict[str, float] = field(default_factory=dict)
    stopped: set[int] = field(default_factory=set)
    troubles: int = 0

    def plan(self, horizon: float) -> None:
        """Decide when what happens."""
        world = self.play.world
        self._make_triggers()
        for _ in range(world.rng.randrange(1, 7)):
            world.at(world.rng.random() * horizon, self.ask)
        self.troubles = world.rng.randrange(0, FAULTS)
        for _ in range(self.troubles):
            world.at(world.rng.random() * horizon, self.fault)

    def ask(self) -> None:
        """Somebody asks for something."""
        play, rng = self.play, self.play.world.rng
        now = play.world.clock()
        try:
            kind = rng.random()
            if kind < 0.62:
                settings: dict[str, Any] = {"allow_blocks_to_fail": rng.random() < 0.5}
                if rng.random() < 0.2:
                    settings["timeout"] = rng.choice((0.5, 5, 20))
                pipeline = rng.choice((*play.asked_for, *play.asked_for, "gone", "odd"))
                row = create_run(play.state, NewRun(pipeline, "api", settings=settings, priority=rng.randrange(3)), now)
                play.say(f"somebody asks for {pipeline}: {row.id} {settings}")
                play.wake("runs", row.id)
            elif kind < 0.7:
                self._backfill(now)
            else:
                self._of_a_run(now, kind)
        except StateUnavailableError:
            play.world.at(1.0, self.ask)

    def _of_a_run(self, now: float, kind: float) -> None:
        state, rng = self.play.state, self.play.world.rng
        with state.read() as connection:
            names = [row.id for row in state.runs.page(connection, RunFilter(), limit=10_000).rows]
        if not names:
            return
        name = rng.choice(names)
        self.play.say(f"somebody asks to {'cancel' if kind < 0.85 else 'retry'} {name}")
        try:
            if kind < 0.85:
                self.cancelled[name] = self.play.world.now
                cancel_run(state, name, now)
            elif kind < 0.95:
                self.retried.add(name)
                self.cancelled.pop(name, None)
                if self.play.streams and rng.random() < 0.5:
                    self._from_a_block(name, now)
                else:
                    retry_incomplete(state, name, now)
            else:
                retry_run(state, name, now)
        except RunStateError:
            return
        self.play.wake("runs", name)

    def _from_a_block(self, name: str, now: float) -> None:
        """Let a run go on from one of its blocks: what was done from there on is to be done again."""
        state = self.play.state
        with state.read() as connection:
            row = state.runs.get(connection, name)
        pipeline = PIPELINES.get(row.pipeline) if row is not None else None
        if pipeline is None:
            return
        graph = {block.uuid: block.upstream for block in pipeline.blocks}
        block = self.play.world.rng.choice(sorted(graph))
        below = descendants(graph, [block])
        self.play.say(f"from {block} on, and {sorted(below)}")
        self.repeated.add(name)
        again = below | {block}
        done = self.play.done.get(name, set())
        done -= {
            each for each in done if base_of(each.partition(" ")[0]) in again
        }  # now: nobody may hear that it is so
        retry_from(state, name, block, below, now)

    def _backfill(self, now: float) -> None:
        """Begin one, or end or repeat one that is there."""
        play, rng = self.play, self.play.world.rng
        number = rng.choice(sorted(self.backfills)) if self.backfills else 0
        what = rng.random()
        try:
            if number and what < 0.3:
                self.stopped.add(number)
                cancel_backfill(play.state, number, now)
            elif number and what < 0.5:
                retry_backfill(play.state, number)
            else:
                days = rng.randrange(1, 6)
                wanted = Wanted(
                    rng.choice(ASKED_FOR),
                    start=0.0,
                    end=days * DAY,
                    parallelism=rng.randrange(1, 4),
                    retries=rng.choice((0, 1)),
                )
                number = add_backfill(play.state, wanted, now).id
                self.backfills[number] = days
                start_backfill(play.state, number, now)
            play.say(f"backfill {number}: {what:.2f}")
        except RunStateError:
            return
        finally:
            play.wake("backfills", str(number))

    def fault(self) -> None:
        """Something goes wrong."""
        play, rng = self.play, self.play.world.rng
        kind = rng.random()
        living = [process for process in play.processes if process.alive]
        if kind < 0.3:
            play.point = rng.choice(failpoints.POINTS)
            play.say(f"trouble: the next to come to {play.point} dies")
        elif kind < 0.4:
            play.stall = rng.choice(STALLS)
            play.say(f"trouble: the next to come to {play.stall} stands still")
        elif kind < 0.55 and living:
            play.crash(rng.choice(living))
        elif kind < 0.7 and living:
            victim = rng.choice(living)
            victim.paused_until = play.world.now + rng.random() * 45
            play.say(f"trouble: {victim.name} stands still until {victim.paused_until:.1f}")
        elif kind < 0.82:
            play.state.away = True
            play.say("trouble: the database is away")
            play.world.at(rng.random() * 60, self._back)
        elif kind < 0.92:
            self._unheard()
        elif living:
            play.jumped = True
            play.world.offset += rng.choice((-3600.0, -3600.0, -40.0, 40.0, 300.0, rng.choice((900.0, 3600.0))))
            play.say("trouble: somebody sets the clock")

    def _unheard(self) -> None:
        """Commits are done of which nobody hears: the next ones, or those of one kind, of which some matter."""
        play, rng = self.play, self.play.world.rng
        if rng.random() < 0.4:
            play.state.unheard += rng.randrange(1, 3)
            play.say(f"trouble: {play.state.unheard} commits go unheard")
        else:
            play.deaf = (rng.choice(("claim.before_commit", *COMMITS)), rng.randrange(1, 6))
            play.say(f"trouble: {play.deaf[1]} commits go unheard at {play.deaf[0]}")

    def _back(self) -> None:
        self.play.state.away = False

    def switch_off(self) -> None:
        """Let no trigger fire any more; what follows other runs goes on."""
        state = self.play.state
        with state.write() as connection:
            for row in self.triggers:
                if row.definition["kind"] == "time":
                    state.triggers.change(connection, row.id, active=False, next_due_at=None)

    def _make_triggers(self) -> None:
        rng, now = self.play.world.rng, self.play.world.clock()
        for number in range(rng.randrange(0, 4)):
            schedule = rng.choices(("* * * * *", "@hourly", "@once", "@always_on"), (5, 2, 2, 1))[0]
            settings: dict[str, Any] = {"missed_runs": "all"}
            if rng.random() < 0.2:
                settings["skip_if_previous_running"] = True
            pipeline = rng.choice((*self.play.asked_for, "gone"))
            self._add(pipeline, f"t{number}", {"schedule": schedule, "settings": settings}, now)
        if rng.random() < 0.2:
            self._add("one", "poison", {"schedule": "never"}, now, kept=False)
        if rng.random() < 0.4:
            after = [{"pipeline": rng.choice(ASKED_FOR)}]
            self._add("follower", "follows", {"kind": "dependency", "settings": {"after": after}}, None)

    def _add(self, pipeline: str, name: str, given: dict[str, Any], due: float | None, *, kept: bool = True) -> None:
        state, now = self.play.state, self.play.world.clock()
        definition = {"pipeline": pipeline, "name": name, "kind": "time", "active": True, **given}
        row = TriggerRow(
            pipeline,
            name,
            definition=definition,
            active=True,
            next_due_at=due,
            last_enabled_at=now,
            created_at=now,
            updated_at=now,
        )
        with state.write() as connection:
            key = state.triggers.add(connection, row)
            if kept:
                self.triggers.append(state.triggers.get(connection, key) or row)
