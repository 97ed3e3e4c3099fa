"""Figures by day, over runs in the store."""

from __future__ import annotations

import random
import time

import pytest

from penstock.observe.figures import Figures, Span, texts_of
from penstock.observe.monitor import DAY, Monitor, name_of_day
from penstock.state import monitoring
from penstock.state.monitoring import SHORTEST, STEP, seconds_of, step_of
from penstock.state.rows import RunRow, TriggerRow
from penstock.state.store import State
from penstock.state.sums import Sum

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
    return RunRow(name, created_at=began - 3, state=state, seconds=seconds, **fields)


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


def test_what_ends_later_in_a_day_that_is_over_counts(state: State) -> None:
    clock = Clock()
    monitor = Monitor(state, clock)
    add(state, run("a", 0), run("b", -1))
    assert monitor.catch_up() > 24
    assert monitor.catch_up() == 0
    add(state, run("c", 0), run("late", -1))
    span = monitor.span(3)
    assert [span.days[TODAY + day].states["completed"] for day in (0, -1, -2)] == [2, 2, 0]
    clock.now += DAY
    assert monitor.span(3).days[TODAY].states["completed"] == 2


def asked_of_the_runs(state: State, days: int, pipeline: str) -> dict[object, object]:
    """What the monitor shows, from the runs alone."""
    found: dict[object, object] = {}
    with state.read() as connection:
        for day in range(TODAY - days + 1, TODAY + 1):
            for line in monitoring.ended(connection, day * DAY, (day + 1) * DAY, pipeline):
                for key in (day, line.pipeline):
                    figures = found.setdefault(key, Figures())
                    assert isinstance(figures, Figures)
                    figures.count(line)
        failures = monitoring.failures(connection, (TODAY - days + 1) * DAY, (TODAY + 1) * DAY, pipeline, limit=99)
    found["failures"] = {(line["pipeline"], line["block"]): line["count"] for line in failures}
    return {key: rounded(each) if isinstance(each, Figures) else each for key, each in found.items()}


def shown(span: Span) -> dict[object, object]:
    found: dict[object, object] = {key: rounded(each) for key, each in span.days.items() if each.states}
    found |= {key: rounded(each) for key, each in span.pipelines.items()}
    found["failures"] = {(line["pipeline"], line["block"]): line["count"] for line in span.failures}
    return found


def rounded(figures: Figures) -> tuple[object, ...]:
    counts = (dict(figures.states), dict(figures.steps), figures.begun, figures.missed)
    return (*counts, round(figures.waited, 3), round(figures.longest_wait, 3))


class Fate:
    """What may happen to runs, in any order."""

    def __init__(self, state: State, seed: int) -> None:
        self.state = state
        self.chance = random.Random(seed)
        self.there: list[str] = []
        with state.write() as connection:
            self.trigger = state.triggers.add(connection, TriggerRow("orders", "daily"))

    def ended(self) -> None:
        add(self.state, *[self._one() for _ in range(self.chance.randrange(1, 5))])

    def _one(self) -> RunRow:
        chance = self.chance
        at = NOW - chance.choice([60, 4000, DAY, 9 * DAY, 80 * DAY]) * chance.random()
        self.there.append(f"r{len(self.there)}")
        return RunRow(
            self.there[-1],
            chance.choice(["orders", "other"]),
            at - 9,
            state=chance.choice(["completed", "completed", "failed", "cancelled"]),
            seconds=chance.random() * 90,
            trigger_id=chance.choice([None, self.trigger]),
            failed_block=chance.choice("xy"),
            due_at=at - 7,
            started_at=at - 5,
            ended_at=at,
            sla_missed=chance.random() < 0.2,
        )

    def again(self) -> None:
        with self.state.write() as connection:
            name = self.chance.choice(self.there)
            self.state.runs.change(connection, name, state="running", ended_at=None, seconds=None)

    def ends_after_all(self) -> None:
        with self.state.write() as connection:
            for row in self.state.runs.open(connection):
                done = {"state": "completed", "ended_at": NOW - 9000, "seconds": 3.0}
                self.state.runs.change_open(connection, row.id, **done)

    def claimed_and_ended(self) -> None:
        with self.state.write() as connection:
            for row in self.state.runs.open(connection):
                token = self.state.runs.claim(connection, row.id, "me", now=NOW, until=NOW + 9)
                assert token is not None
                self.state.runs.release(connection, row.id, token, state="failed", ended_at=NOW - 9 * DAY)

    def deleted(self) -> None:
        with self.state.write() as connection:
            self.state.runs.delete(connection, self.chance.sample(self.there, min(2, len(self.there))))

    def renamed(self) -> None:
        with self.state.write() as connection:
            self.state.runs.rename_pipeline(connection, *self.chance.sample(["orders", "other", "third"], 2))


def test_sums_say_what_the_runs_say_whatever_happens_to_these(state: State) -> None:
    """Runs end, late or in time, are run again, deleted and renamed, in any order, while sums are made of them."""
    fate = Fate(state, 6)
    monitor = Monitor(state, Clock())
    fate.ended()
    works = [fate.ended] * 3 + [fate.again, fate.ends_after_all, fate.claimed_and_ended, fate.deleted, fate.renamed]
    for _ in range(60):
        fate.chance.choice(works)()
        if fate.chance.random() < 0.1:
            monitor.catch_up()
        days, pipeline = fate.chance.choice([1, 2, 9, 90]), fate.chance.choice(["", "orders", "nothing"])
        assert shown(monitor.span(days, pipeline)) == asked_of_the_runs(state, days, pipeline)


def test_sums_made_while_something_is_forgotten_are_not_kept(state: State) -> None:
    with state.write() as connection:
        stamp = state.sums.begin(connection, NOW)
    row = Sum(24, (TODAY - 1) * 24, *texts_of({}, []))
    add(state, run("late", -1))
    with state.write() as connection:
        assert not state.sums.keep(connection, stamp, [row])
        stamp = state.sums.stamp(connection)
        assert state.sums.keep(connection, stamp, [row])
        assert state.sums.keep(connection, stamp, [row])  # somebody else was faster
    with state.read() as connection:
        assert list(state.sums.known(connection, 24, [row.since, row.since - 24])) == [row.since]


def test_a_clock_set_back_leaves_no_sums_of_the_future(state: State) -> None:
    clock = Clock()
    monitor = Monitor(state, clock)
    add(state, run("a", -1))
    monitor.catch_up()
    clock.now -= 2 * DAY
    monitor.catch_up()
    with state.read() as connection:
        assert state.sums.totals(connection, 24, [(TODAY - 1) * 24]) == {}


def test_one_that_ends_now_forgets_nothing(state: State) -> None:
    """What nearly every run costs: nothing."""
    with state.write() as connection:
        stamp = state.sums.begin(connection, time.time())
        state.runs.insert(connection, RunRow("r", "p", time.time(), state="running"))
        state.runs.change_open(connection, "r", state="completed", ended_at=time.time(), seconds=1.0)
        assert state.sums.stamp(connection) == stamp


def test_percentiles_are_right_to_within_five_per_cent(state: State) -> None:
    random.seed(4)
    durations = sorted(random.lognormvariate(1, 2) for _ in range(1001))
    add(state, *[run(f"r{number}", -(number % 3), seconds=seconds) for number, seconds in enumerate(durations)])
    figures = Monitor(state, Clock()).span(3).pipelines["orders"]
    for share in (0.5, 0.95):
        exact = max(durations[int(share * len(durations))], SHORTEST)
        assert figures.percentile(share) == pytest.approx(exact, rel=0.06)


def test_the_steps_of_the_database_are_those_of_the_program(state: State) -> None:
    random.seed(5)
    durations = [0.0, SHORTEST, SHORTEST * STEP, 1.0, 60.0, 1e9, *(random.lognormvariate(2, 3) for _ in range(300))]
    add(state, *[run(f"r{number}", 0, seconds=seconds) for number, seconds in enumerate(durations)])
    with state.read() as connection:
        found = {line.step: line.count for line in monitoring.ended(connection, TODAY * DAY, (TODAY + 1) * DAY)}
    expected: dict[int, int] = {}
    for seconds in durations:
        expected[step_of(seconds)] = expected.get(step_of(seconds), 0) + 1
    assert found == expected
    for seconds in durations[2:5]:
        assert seconds_of(step_of(seconds)) == pytest.approx(seconds, rel=0.06)


def test_lateness_counts_runs_of_triggers(state: State) -> None:
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
