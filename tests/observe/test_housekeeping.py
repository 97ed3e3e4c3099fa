"""What is kept once a day: logs by age and size, the list of runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.observe.housekeeping import DAY, Housekeeping
from penstock.observe.record import run_folder
from penstock.observe.retention import remove_old_runs, remove_runs_beyond
from penstock.project import open_project
from penstock.state.rows import RunRow
from penstock.state.store import State

NOW = 1_700_000_000.0


def log(root: Path, run: str, *, days: float, size: int = 100) -> Path:
    folder = run_folder(root, "p", run)
    folder.mkdir(parents=True)
    for name in ("run.jsonl", "b.log"):
        (folder / name).write_bytes(b"x" * (size // 2))
        os.utime(folder / name, (NOW - days * DAY, NOW - days * DAY))
    return folder


def test_the_oldest_go_first_and_those_under_way_stay(tmp_path: Path) -> None:
    folders = [log(tmp_path, f"r{number}", days=10 - number) for number in range(5)]
    assert remove_runs_beyond(tmp_path, 250, dry_run=True, spared={"r0"}) == 3
    assert all(folder.exists() for folder in folders)
    assert remove_runs_beyond(tmp_path, 250, spared={"r0"}) == 3
    assert [folder.exists() for folder in folders] == [True, False, False, False, True]
    assert remove_runs_beyond(tmp_path, 250) == 0
    assert remove_runs_beyond(tmp_path / "none", 0) == 0


def test_what_cannot_be_removed_keeps_no_other(tmp_path: Path) -> None:
    folders = [log(tmp_path, f"r{number}", days=10 - number) for number in range(4)]
    (tmp_path / "elsewhere").mkdir()
    for name in ("a", "z"):  # what stands there is no folder of ours
        folders[0].with_name(name).symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    os.utime(tmp_path / "elsewhere", (NOW - 90 * DAY, NOW - 90 * DAY))
    assert remove_old_runs(tmp_path, before=NOW - 8.5 * DAY) == 2
    assert remove_runs_beyond(tmp_path, 50) == 2
    assert not any(folder.exists() for folder in folders)
    assert (tmp_path / "elsewhere").is_dir()


def test_a_clock_that_was_ahead_keeps_nothing_for_longer(state: State, tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text("variables_dir: .data\nlogging_config: {retention_period: 10d}\n")
    project = open_project(tmp_path)
    now = [NOW + 400 * DAY]
    house = Housekeeping(state, lambda: project, lambda: now[0])
    assert house.turn() == (0, 0)
    now[0] = NOW
    log(project.logs_root(), "old", days=11)
    assert house.turn() == (1, 0)


def test_settings_are_kept_once_a_day(state: State, tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text(
        "variables_dir: .data\nrun_retention_period: 20d\nlogging_config:\n  retention_period: 10d\n  retention_size: 1kB\n"
    )
    project = open_project(tmp_path)
    root = project.logs_root()
    old, open_one, big, new = (
        log(root, "old", days=11), log(root, "open", days=12), log(root, "big", days=5, size=2000), log(root, "new", days=1),
    )  # fmt: skip
    with state.write() as connection:
        ended = {"state": "completed", "started_at": NOW - 30 * DAY, "ended_at": NOW - 30 * DAY}
        rows = [RunRow("ancient", "p", NOW - 30 * DAY, **ended), RunRow("open", "p", NOW - 12 * DAY, state="running")]
        state.runs.insert_many(connection, rows)
    now = [NOW]
    house = Housekeeping(state, lambda: project, lambda: now[0])
    assert house.turn() == (2, 1)
    assert [folder.exists() for folder in (old, open_one, big, new)] == [False, True, False, True]
    log(root, "late", days=15)
    assert house.turn() == (0, 0)  # another process has just done it
    now[0] += DAY
    assert house.turn() == (1, 0)


def test_nothing_is_removed_without_settings(state: State, tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text("variables_dir: .data\n")
    project = open_project(tmp_path)
    folder = log(project.logs_root(), "old", days=5000)
    assert Housekeeping(state, lambda: project, lambda: NOW).turn() == (0, 0)
    assert folder.exists()


@pytest.mark.parametrize("started", [True, False])
def test_it_ends_at_once(state: State, tmp_path: Path, *, started: bool) -> None:
    house = Housekeeping(state, lambda: open_project(tmp_path))
    if started:
        house.start()
    house.close()


def test_runs_are_added_up_ahead(state: State, tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text("variables_dir: .data\n")
    project = open_project(tmp_path)
    with state.write() as connection:
        state.runs.insert(connection, RunRow("r", "p", NOW - DAY, state="completed", ended_at=NOW - DAY))
    house = Housekeeping(state, lambda: project, lambda: NOW)
    assert house.add_up() > 0
    assert house.add_up() == 0
