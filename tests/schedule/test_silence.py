"""A scheduler whose database keeps the connections open and is silent over them."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from penstock.schedule import service
from penstock.state import store
from penstock.state.store import State, open_state
from tests.cli.projects import B, write_project
from tests.patience import PATIENCE
from tests.schedule.test_service import Lab
from tests.wire import Wire


@pytest.fixture
def it(wire: Wire, postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(store, "PATIENCE", 0.5)
    wait = "import os, time\nprint('here', flush=True)\nwhile not os.path.exists(kwargs['repo_path'] + '/flag'):\n    time.sleep(0.01)"
    root = write_project(tmp_path / "project", p=[B("a", "data_loader", wait)])
    return Lab(root, open_state(f"postgresql://postgres@127.0.0.1:{wire.port}/{postgres_database}"))


def test_a_run_under_way_goes_to_its_end(it: Lab, wire: Wire) -> None:
    row = it.ask("p")
    assert it.printed.wait(PATIENCE)
    wire.hush()
    (it.root / "flag").touch()
    assert it.end(row).state == "completed"
    it.scheduler.close()
    it.state.close()


class Stuck(Lab):
    """Its scheduler hangs in the middle of a turn."""

    def __init__(self, root: Path, state: State) -> None:
        self.stuck, self.free = threading.Event(), threading.Event()
        super().__init__(root, state)

    def _settled(self) -> None:
        self.stuck.set()
        self.free.wait()


def test_a_thread_that_does_not_end_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(service, "_ENDING", 0.1)
    state = open_state(f"sqlite:///{tmp_path / 'state.db'}")
    it = Stuck(write_project(tmp_path / "project", p=[B("a", "data_loader", "return 1")]), state)
    assert it.stuck.wait(PATIENCE)
    it.scheduler.close()
    assert any("did not end within 0.1 s" in notice for notice in it.notices)
    it.free.set()
    monkeypatch.undo()
    it.scheduler.close()
    state.close()
