"""A few schedulers are killed with SIGKILL; `python -m tools.chaos` kills as many as you like."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from penstock.schedule.requests import NewRun, create_run
from penstock.state.rows import BlockRunRow
from penstock.state.store import State, open_state
from tools.killing.project import CHILDREN, make_project
from tools.killing.promises import broken_promises

ROOT = Path(__file__).parents[2]
KILLS = 20
NOW = 1_000_000.0


def test_every_promise_is_kept_when_schedulers_are_killed() -> None:
    command = [sys.executable, "-m", "tools.chaos", "--kills", str(KILLS), "--seed", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 promises broken" in done.stdout


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "data"))
    make_project(tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def store(root: Path) -> State:
    from penstock.project import open_project
    from penstock.state.address import state_url

    return open_state(state_url(open_project(root).data_dir()))


def test_a_run_that_was_left_open_is_noticed(root: Path, store: State) -> None:
    run = create_run(store, NewRun("work", "api"), NOW)
    found, _ = broken_promises(root, [])
    assert found == [f"{run.id} is initial, driven by None"]


def test_a_run_that_was_lost_is_noticed(root: Path, store: State) -> None:
    assert broken_promises(root, ["r1"])[0] == ["r1 was acknowledged, and is not there"]
    store.close()


def test_a_product_that_was_lost_is_noticed(root: Path, store: State) -> None:
    run = create_run(store, NewRun("work", "api"), NOW)
    block = BlockRunRow(run.id, "b0", state="completed", ended_at=NOW, version="00000007")
    with store.write() as connection:
        store.runs.change(connection, run.id, state="completed", ended_at=NOW)
        store.block_runs.put(connection, [block])
    found, _ = broken_promises(root, [])
    assert found == [f"{run.id} b0 is complete, and its version 00000007 is not there"]


def test_a_minute_without_a_run_and_one_with_two_are_noticed(root: Path, store: State) -> None:
    from penstock.state.rows import TriggerRow

    with store.write() as connection:
        number = store.triggers.add(connection, TriggerRow("work", "t", created_at=NOW))
        trigger = store.triggers.get(connection, number)
    for slot, ordinal in ((0.0, 0), (60.0, 0), (60.0, 1), (180.0, 0)):
        create_run(store, NewRun("work", "schedule", trigger=trigger, slot=slot, ordinal=ordinal), NOW)
    found, _ = broken_promises(root, [])
    assert [text for text in found if "slot" in text] == ["the slot 60.0 has 2 runs"]
    assert [text for text in found if "between" in text] == ["no run between 60.0 and 180.0"]


def test_a_child_that_was_lost_is_noticed(root: Path, store: State) -> None:
    run = create_run(store, NewRun("fan", "api"), NOW)
    keys = ["many", "each", *(f"each:{number}" for number in range(CHILDREN - 1))]
    blocks = [BlockRunRow(run.id, key, state="completed", ended_at=NOW, version="00000007") for key in keys]
    with store.write() as connection:
        store.runs.change(connection, run.id, state="completed", ended_at=NOW)
        store.block_runs.put(connection, blocks)
    found, _ = broken_promises(root, [])
    assert f"{run.id} is complete, with 13 blocks and children" in found
    assert f"{run.id} each:0 is complete, and its version 00000007 is not there" in found
    assert not any(" each is complete" in text for text in found)
