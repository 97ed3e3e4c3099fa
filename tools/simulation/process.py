"""A scheduler of a simulation, the pipelines that it knows, and the limits that hold for them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from penstock.engine.loop import RunHandle, RunLoop
from penstock.engine.plan import Place, RunOptions, RunPlan, make_plan
from penstock.model.block import Block, BlockType, Language
from penstock.model.errors import PipelineNotFoundError
from penstock.model.pipeline import Pipeline
from penstock.schedule.core import Core
from penstock.schedule.limit_rules import Rules
from tools.simulation.curses import Curses
from tools.simulation.world import START, Workers


@dataclass(slots=True, eq=False)
class Process:
    """A scheduler, and what would die with it. `wanted` is when it turns next, `paused_until` when it wakes.

    `inside` tells that it is in the middle of a turn, while others act.
    """

    name: str
    workers: Workers
    loop: RunLoop
    curses: Curses
    core: Core | None = None
    alive: bool = True
    paused_until: float = 0.0
    wanted: float = 0.0
    inside: bool = False

    @property
    def acts(self) -> bool:
        """Whether it may begin a turn."""
        return self.alive and not self.inside

    def plan(self, pipeline: str, options: RunOptions, *, run: str = "") -> RunPlan:
        """A run of one of the pipelines of this world."""
        if pipeline == "gone":
            raise PipelineNotFoundError("opening pipeline gone: there is none of that name")
        if pipeline == "odd":
            raise ValueError("a file that nobody thought of")
        self.curses.strike(run, "plan")
        moment = datetime.fromtimestamp(START, UTC)
        return make_plan(run, Place("/p", "p", "/d"), PIPELINES[pipeline], options, moment)

    def start(self, plan: RunPlan, sinks: Any, *, resume: Any = None, gate: Any = None) -> RunHandle:
        """Begin it."""
        (sink,) = sinks
        return self.loop.start(plan, self.curses.sink(plan.run, sink), resume=resume, gate=gate)

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


FAMILY, ASKS = "family", "ask"
"""The pipeline of which a block asks for runs of others, and that block."""
RETRIES = {"one": 0, "chain": 2, "wide": 1, "follower": 0, "probe": 0, FAMILY: 1}
"""How often a block of each pipeline is tried again."""
PIPELINES = {
    "one": _pipeline("one", {"a": ()}),
    "chain": _pipeline("chain", {"a": (), "b": ("a",), "c": ("b",)}, retries=2),
    "wide": _pipeline("wide", {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}, retries=1),
    "follower": _pipeline("follower", {"a": ()}),
    "probe": _pipeline("probe", {"p": ()}),
    FAMILY: _pipeline(FAMILY, {"b": (), ASKS: ("b",), "z": (ASKS,)}, retries=1),
}
ASKED_FOR = ("one", "chain", "wide")
"""Those that people, triggers and backfills run. `follower` follows another one, `probe` tells whether all is well."""


def draw_rules(rng: random.Random) -> Callable[[str], Rules]:
    """The limits of a world: of runs of a pipeline, and of a resource that its blocks take."""
    pipelines = {name: rng.choice((None, None, 1, 2)) for name in ASKED_FOR}
    capacity = rng.choice((0, 0, 1, 2))
    takes = {"a": {"database": 1}} if capacity else {}
    made = {
        name: Rules(pipeline=most, takes=takes, capacity={"database": capacity}) for name, most in pipelines.items()
    }
    held = {ASKS: {"database": 1}} if capacity else {}
    made[FAMILY] = Rules(takes=held, capacity={"database": capacity})
    return lambda pipeline: made.get(pipeline, Rules())
