"""From files to runs: mirrored triggers fire, each slot once, and a poisoned one stops only itself."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from penstock.schedule import requests
from penstock.schedule.ends import NoAlerts
from penstock.schedule.rearm import rearm
from penstock.schedule.sync import TriggerSync
from penstock.schedule.tick import Ticker
from penstock.state.rows import RunRow
from penstock.state.run_list import RunFilter
from penstock.state.store import State

START = datetime(2024, 3, 30, 12, tzinfo=UTC).timestamp() + 1
DAY = 86_400.0


class Project:
    """Files of triggers, the mirror of them, and a clock that is set by hand."""

    def __init__(self, state: State, root: Path) -> None:
        self.state = state
        self.root = root
        self.now = START
        self.sync = TriggerSync(state, root, lambda: self.now, environment="prod")
        self.ticker = Ticker(state, NoAlerts())

    def put(self, pipeline: str, text: str) -> None:
        folder = self.root / "pipelines" / pipeline
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "metadata.yaml").write_text("blocks: []\n")
        (folder / "triggers.yaml").write_text(text)

    def live(self, until: float) -> None:
        """Fire whenever something is due."""
        while True:
            with self.state.read() as connection:
                due = self.state.triggers.next_due(connection)
            if due is None or due > until:
                self.now = until
                return
            self.now = max(self.now, due)
            self.ticker.fire(self.now)

    def runs(self, pipeline: str) -> list[RunRow]:
        """The runs of a pipeline, in the order in which they may begin."""
        with self.state.read() as connection:
            page = self.state.runs.page(connection, RunFilter(pipelines=(pipeline,), sort="oldest"), limit=500)
        return sorted(page.rows, key=lambda run: run.due_at)


@pytest.fixture
def project(state: State, tmp_path: Path) -> Project:
    return Project(state, tmp_path)


def _time(schedule: str, **settings: object) -> str:
    said = ", ".join(f"{key}: {value}" for key, value in settings.items())
    text = f"- name: t\n  schedule_type: time\n  schedule_interval: '{schedule}'\n  status: active\n"
    return f"{text}  settings: {{{said}}}\n"


def _dates(runs: list[RunRow]) -> list[str]:
    return [datetime.fromtimestamp(run.execution_date or 0, UTC).strftime("%m-%d %H:%M") for run in runs]


def test_days_with_a_change_of_clocks_have_one_run_each(project: Project) -> None:
    project.put("paris", _time("30 2 * * *", time_zone="Europe/Paris"))
    project.put("hourly", _time("@hourly", time_zone="Europe/Paris"))
    project.sync.everything()
    project.live(START + 3 * DAY)
    assert _dates(project.runs("paris")) == ["03-31 01:00", "04-01 00:30", "04-02 00:30"]
    hourly = project.runs("hourly")
    assert len(hourly) == 72
    assert {run.interval_end - run.interval_start for run in hourly if run.interval_end and run.interval_start} == {
        3600.0
    }


def test_every_slot_of_a_moment_gets_its_run_also_where_ids_are_drawn_twice(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = itertools.cycle(["00000a", "00000b", "00000c"])
    monkeypatch.setattr(requests, "secrets", SimpleNamespace(token_hex=lambda _: next(few)))
    for number in range(5):
        project.put(f"p{number}", _time("@hourly", missed_runs="all"))
    project.sync.everything()
    project.now += 2 * DAY
    made = project.ticker.fire(project.now).made
    assert len({run.id for run in made}) == len(made) == 5 * 48
    assert [len(project.runs(f"p{number}")) for number in range(5)] == [48] * 5
    assert project.ticker.fire(project.now).made == []


@pytest.mark.parametrize("policy", ["last", "none", "all"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  start_time: 2030-01-01 00:00:00\n", "  start_time: 2020-01-01 00:00:00\n"),
        ("  start_time: 2030-01-01 00:00:00\n", ""),
        ("", ""),  # it was daily
    ],
)
def test_one_that_is_to_run_once_at_another_time_does(project: Project, policy: str, before: str, after: str) -> None:
    project.put("orders", _time("@once" if before else "@daily", missed_runs=policy) + before)
    project.sync.everything()
    project.live(project.now + 2.5 * DAY)
    count = len(project.runs("orders"))
    project.put("orders", _time("@once", missed_runs=policy) + after)
    project.sync.everything()
    project.live(project.now + DAY)
    runs = project.runs("orders")
    assert (len(runs), runs[-1].slot) == (count + 1, START + 2.5 * DAY)


def test_one_that_has_run_does_not_again_for_a_time_that_is_past(project: Project) -> None:
    project.put("orders", _time("@once"))
    project.sync.everything()
    project.live(project.now + 60)
    for start, runs in (("2024-01-01", 1), ("2024-04-05", 2)):
        project.put("orders", _time("@once") + f"  start_time: {start} 00:00:00\n")
        project.sync.everything()
        project.live(project.now + 10 * DAY)
        assert len(project.runs("orders")) == runs


def test_looking_at_the_files_again_and_again_changes_nothing(project: Project) -> None:
    text = _time("0 */6 * * *")
    project.put("orders", text)
    for number in range(20):
        project.put("orders", f"{text}# {number}\n")
        project.sync.pipelines(["orders"])
        project.live(project.now + DAY / 10)
        TriggerSync(project.state, project.root, lambda: project.now, environment="prod").everything()
    assert (
        _dates(project.runs("orders"))
        == [f"{day} {hour}" for day in ("03-30", "03-31", "04-01") for hour in ("00:00", "06:00", "12:00", "18:00")][
            3:11
        ]
    )


@pytest.mark.parametrize(
    ("policy", "dates"),
    [
        ("last", ["04-02 00:00"]),
        ("none", []),
        ("all", ["03-31 00:00", "04-01 00:00", "04-02 00:00"]),
        ("all, missed_runs_limit: 2", ["04-01 00:00", "04-02 00:00"]),
    ],
)
def test_what_is_missed_follows_its_policy(project: Project, policy: str, dates: list[str]) -> None:
    project.put("orders", _time("@daily", missed_runs=policy))
    project.sync.everything()
    project.now += 3 * DAY  # nothing ran
    project.ticker.fire(project.now)
    assert _dates(project.runs("orders")) == dates
    project.live(project.now + DAY)
    assert _dates(project.runs("orders")) == [*dates, "04-03 00:00"]


def test_a_run_with_a_landing_time_starts_earlier_the_longer_it_takes(project: Project) -> None:
    text = _time("@daily", landing_time_enabled="true") + "  start_time: 2024-01-01 15:00:00\n"
    project.put("orders", text)
    project.sync.everything()
    for seconds in (600.0, 1800.0):
        project.live(project.now + DAY)
        run = project.runs("orders")[-1]
        with project.state.write() as connection:
            project.state.runs.change(connection, run.id, state="completed", seconds=seconds)
            ended = project.state.runs.get(connection, run.id)
            assert ended is not None
            rearm(connection, project.state, ended, project.now)
    project.live(project.now + 2 * DAY)
    starts = [datetime.fromtimestamp(run.created_at, UTC).strftime("%H:%M:%S") for run in project.runs("orders")]
    assert starts == ["15:00:00", "14:50:00", "14:35:00", "14:35:00"]


def test_a_poisoned_trigger_stops_only_itself(project: Project) -> None:
    for number in range(100):
        project.put(f"p{number}", _time("@hourly"))
    project.sync.everything()
    with project.state.write() as connection:
        rows = project.state.triggers.all(connection)
        for row, definition in zip(rows, ({}, {"kind": 5}, {"schedule": []}, "text", [1]), strict=False):
            project.state.triggers.change(connection, row.id, definition=definition)
    project.live(START + 7200)
    poisoned = {row.pipeline for row in rows[:5]}
    counts = {f"p{number}": len(project.runs(f"p{number}")) for number in range(100)}
    assert {pipeline for pipeline, count in counts.items() if count != 2} == poisoned
    with project.state.read() as connection:
        told = {row.pipeline for row in project.state.triggers.all(connection) if row.problem}
    assert told == poisoned
