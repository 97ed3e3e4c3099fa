"""Figures by day, over runs in the store."""

from __future__ import annotations

import random

import pytest

from penstock.observe.monitor import DAY, Monitor, name_of_day
from penstock.state.monitoring import SHORTEST, STEP, seconds_of, step_of
from penstock.state.rows import RunRow
from penstock.state.store import State

TODAY = 19_000
NOW = TODAY * DAY + 43_200.0


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


def add(state: State, *rows: RunRow) -> None:
    with state.write() as connection:
        state.runs.insert_many(connection, rows)


def run(name: str, day: int, *, state: str = "completed", seconds: float = 4.0, **values: object) -> RunRow:
    ended = (TODAY + day) * DAY + 3600.0
    began = ended - seconds
    fields = {"pipeline": "orders", "due_at": began - 2, "started_at": began, "ended_at": ended, **values}
    return RunRow(name, created_at=began - 3, state=state, seconds=seconds, **fields)  # type: ignore[arg-type]


def test_runs_count_on_the_day_on_which_they_ended(state: State) -> None:
    add(
        state,
        run("a", 0),
        run("b", 0, state="failed"),
        run("c", -1),
        run("d", -6),
        run("e", -7),
        run("open", 0, state="running", ended_at=None),
    )
    span = Monitor(state, Clock()).span(7)
    assert sorted(span.days) == list(range(TODAY - 6, TODAY + 1))
    counts = {day - TODAY: dict(figures.states) for day, figures in span.days.items() if figures.states}
    assert counts == {0: {"completed": 1, "failed": 1}, -1: {"completed": 1}, -6: {"completed": 1}}
    assert name_of_day(TODAY) == "2022-01-08"


def test_days_that_are_over_are_kept_and_today_is_not(state: State) -> None:
    clock = Clock()
    monitor = Monitor(state, clock)
    add(state, run("a", 0), run("b", -1))
    monitor.span(3)
    add(state, run("c", 0), run("late", -1))
    span = monitor.span(3)
    assert span.days[TODAY].states["completed"] == 2
    assert span.days[TODAY - 1].states["completed"] == 1
    clock.now += 3601
    assert monitor.span(3).days[TODAY - 1].states["completed"] == 2
    clock.now += DAY
    assert monitor.span(3).days[TODAY].states["completed"] == 2


def test_percentiles_are_right_to_within_five_per_cent(state: State) -> None:
    random.seed(4)
    durations = sorted(random.lognormvariate(1, 2) for _ in range(1001))
    add(state, *[run(f"r{number}", -(number % 3), seconds=seconds) for number, seconds in enumerate(durations)])
    figures = Monitor(state, Clock()).span(3).pipelines["orders"]
    for share in (0.5, 0.95):
        exact = max(durations[int(share * len(durations))], SHORTEST)
        assert figures.percentile(share) == pytest.approx(exact, rel=0.06)


def test_the_steps_of_the_database_are_those_of_the_program(state: State) -> None:
    from penstock.state import monitoring

    random.seed(5)
    durations = [0.0, SHORTEST, SHORTEST * STEP, 1.0, 60.0, 1e9, *(random.lognormvariate(2, 3) for _ in range(300))]
    add(state, *[run(f"r{number}", 0, seconds=seconds) for number, seconds in enumerate(durations)])
    with state.read() as connection:
        found = {line["step"]: line["count"] for line in monitoring.days(connection, TODAY * DAY, (TODAY + 1) * DAY)}
    expected: dict[int, int] = {}
    for seconds in durations:
        expected[step_of(seconds)] = expected.get(step_of(seconds), 0) + 1
    assert found == expected
    for seconds in durations[2:5]:
        assert seconds_of(step_of(seconds)) == pytest.approx(seconds, rel=0.06)


def test_lateness_counts_runs_of_triggers(state: State) -> None:
    from penstock.state.rows import TriggerRow

    with state.write() as connection:
        trigger = state.triggers.add(connection, TriggerRow("orders", "daily"))
    ended = TODAY * DAY + 100.0
    add(
        state,
        run("by hand", 0),
        run("a", 0, trigger_id=trigger, started_at=ended, due_at=ended - 1, sla_missed=True),
        run("b", -1, trigger_id=trigger, started_at=ended, due_at=ended - 5),
        run("never begun", 0, trigger_id=trigger, state="cancelled", started_at=None),
    )
    span = Monitor(state, Clock()).span(2)
    told = [span.pipelines["orders"], span.days[TODAY - 1], span.days[TODAY]]
    assert [(each.begun, each.waited, each.longest_wait, each.missed) for each in told] == [
        (2, 6.0, 5.0, 1),
        (1, 5.0, 5.0, 0),
        (1, 1.0, 1.0, 1),
    ]


def test_failures_are_added_up_by_pipeline_and_block(state: State) -> None:
    add(
        state,
        run("a1", -1, state="failed", failed_block="clean", error="old"),
        run("a2", 0, state="failed", failed_block="clean", error="new"),
        run("b1", 0, state="failed", failed_block=None, error="unreadable"),
        run("c1", 0, state="failed", pipeline="other", failed_block="x", error="e"),
    )
    monitor = Monitor(state, Clock())
    found = [
        (line["pipeline"], line["block"], line["count"], line["last"], line["error"])
        for line in monitor.span(2).failures
    ]
    assert found[0] == ("orders", "clean", 2, "a2", "new")
    assert set(found[1:]) == {("orders", None, 1, "b1", "unreadable"), ("other", "x", 1, "c1", "e")}
    assert [line["pipeline"] for line in monitor.span(2, "other").failures] == ["other"]


@pytest.mark.parametrize("days", [-5, 0, 1, 10**9])
def test_odd_numbers_of_days(state: State, days: int) -> None:
    add(state, run("a", 0))
    assert Monitor(state, Clock()).span(days).days[TODAY].states["completed"] == 1
