"""Runs counted by hour, on every database."""

from __future__ import annotations

from penstock.state.rows import RunRow
from penstock.state.run_hours import HOUR, by_hour
from penstock.state.run_list import RunFilter
from penstock.state.store import State

SINCE = 480_000 * HOUR


def run(name: str, at: float, state: str = "completed", pipeline: str = "orders") -> RunRow:
    return RunRow(name, pipeline, created_at=SINCE + at, due_at=SINCE + at, state=state)


def test_a_run_counts_in_the_hour_in_which_it_was_made(state: State) -> None:
    rows = [
        run("before", -0.5),
        run("a", 0.0),
        run("b", HOUR - 0.5),
        run("c", HOUR - 0.25, "failed"),
        run("d", HOUR),
        run("e", 5 * HOUR, "running", "other"),
        run("after", 6 * HOUR),
    ]
    with state.write() as connection:
        state.runs.insert_many(connection, rows)
    with state.read() as connection:
        everything = by_hour(connection, RunFilter(), SINCE, SINCE + 6 * HOUR)
        some = by_hour(connection, RunFilter(pipelines=("orders",), states=("failed",)), SINCE, SINCE + 6 * HOUR)
    assert {(at - SINCE) // HOUR: dict(runs) for at, runs in everything.items()} == {
        0: {"completed": 2, "failed": 1},
        1: {"completed": 1},
        5: {"running": 1},
    }
    assert some == {SINCE: {"failed": 1}}
