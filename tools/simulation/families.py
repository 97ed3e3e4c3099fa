# ruff: noqa: PLR2004 - chances
"""Blocks that ask for runs: what they ask for, and what has to hold of the runs that were made for them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.model.errors import PipelineNotFoundError
from penstock.model.pipeline import Pipeline
from penstock.schedule.family import asked_of
from penstock.schedule.wishes import wish_of
from penstock.state.rows import RunRow
from tools.simulation.pipelines import ASKS, FAMILY, PIPELINES
from tools.simulation.world import BrokenPromiseError

if TYPE_CHECKING:
    from tools.simulation.play import Play


def wishes_of(run: str) -> list[dict[str, Any]]:
    """What the block of a run asks for, one after the other: the same in each attempt, as code does."""
    rng = random.Random(f"wishes of {run}")
    return [
        {
            "pipeline_uuid": rng.choice(("one", "one", "chain", "gone")),
            "variables": {"n": rng.randrange(2)},
            "check_status": rng.random() < 0.75,
            "error_on_failure": rng.random() < 0.4,
            "poll_timeout": rng.choice((None, None, None, 1.0, 30.0)),
            "verbose": False,
        }
        for _ in range(rng.choice((1, 1, 2, 3)))
    ]


@dataclass(frozen=True, slots=True)
class Project:
    """As much of a project as is asked for: the pipelines that there are."""

    def pipeline(self, uuid: str) -> Pipeline:
        """The pipeline of that name."""
        if uuid not in PIPELINES:
            raise PipelineNotFoundError(f"opening pipeline {uuid}: there is none of that name")
        return PIPELINES[uuid]


def check_child(play: Play, row: RunRow) -> None:
    """A run that was just made for a block is the only open one of its wish, but for those that people try again."""
    if row.parent_run is None or row.retry_of is not None:
        return
    away, play.state.away = play.state.away, False
    with play.state.read() as connection:
        rows = play.state.runs.children(connection, row.parent_run)
    play.state.away = away
    wish = asked_of(row).get("key")
    rows = [r for r in rows if r.retry_of is None and r.id not in play.people.retried]
    same = [r.id for r in rows if r.open and asked_of(r).get("key") == wish]
    if len(same) > 1:
        raise BrokenPromiseError(f"one wish of {row.parent_run} has made the runs {same}")


def check_families(rows: list[RunRow]) -> None:
    """A block that completed was given what it had asked for."""
    for row in rows:
        if row.pipeline != FAMILY or row.state != "completed":
            continue
        made = [child for child in rows if child.parent_run == row.id]
        counts: dict[str, int] = {}
        for arguments in wishes_of(row.id):
            wish = wish_of(arguments)
            plain = wish.key(ASKS, 0)
            key = wish.key(ASKS, counts.get(plain, 0))
            counts[plain] = counts.get(plain, 0) + 1
            if wish.pipeline not in PIPELINES:
                continue
            states = [child.state for child in made if asked_of(child).get("key") == key]
            if not states:
                raise BrokenPromiseError(f"{row.id} is complete, and nobody has made the run of its wish {arguments}")
            if wish.waits and wish.demands and wish.timeout is None and "completed" not in states:
                raise BrokenPromiseError(f"{row.id} is complete, and what it had to wait for is {states}: {arguments}")
