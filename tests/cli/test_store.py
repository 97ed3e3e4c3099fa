"""Runs of the command line and the state store: who has it open hears of them, and `penstock clean` lets old ones go."""

from __future__ import annotations

import json
import queue
from pathlib import Path

import pytest
import yaml

from penstock.observe.ingest import TOPIC, Ingest
from penstock.project import open_project
from penstock.state.address import state_url
from penstock.state.notify import Notifier
from penstock.state.rows import RunRow
from penstock.state.run_list import RunFilter
from penstock.state.store import State, open_state
from tests.cli.projects import B, penstock, write_project
from tests.patience import PATIENCE
from tests.small_disk import fill, small_disk

LOADER = B("load", "data_loader", "@data_loader\ndef load():\n    return [1]")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "data"))
    return write_project(tmp_path / "p", numbers=[LOADER])


def opened(project: Path) -> tuple[State, Path]:
    found = open_project(project)
    return open_state(state_url(found.data_dir())), found.logs_root()


def listed(state: State) -> list[str]:
    with state.read() as connection:
        return [f"{row.pipeline} {row.state} {row.origin}" for row in state.runs.page(connection, RunFilter()).rows]


def test_a_run_of_the_command_line_is_heard_of(tmp_path: Path, project: Path) -> None:
    state, logs_root = opened(project)
    told: queue.Queue[RunRow] = queue.Queue()
    ingest = Ingest(state, logs_root, told.put)
    notifier = Notifier(open_project(project).data_dir())
    notifier.listen(lambda topic, text: ingest.heard(text) if topic == TOPIC else None)
    ingest.start()
    assert penstock("run", project, "numbers", home=tmp_path).code == 0
    row = told.get(timeout=PATIENCE)
    while row.open:
        row = told.get(timeout=PATIENCE)
    assert (row.pipeline, row.state, row.origin, row.blocks_done) == ("numbers", "completed", "cli", 1)
    ingest.close()
    notifier.close()
    state.close()


def test_clean_lets_old_runs_go(tmp_path: Path, project: Path) -> None:
    for _ in range(2):
        assert penstock("run", project, "numbers", home=tmp_path).code == 0
    done = penstock("clean", project, "--retention-period", "1m", home=tmp_path)
    assert "runs: removed 0 from the list of runs" in done.out
    state, logs_root = opened(project)
    assert Ingest(state, logs_root).everything() == 2
    assert listed(state) == ["numbers completed cli"] * 2
    would = penstock("clean", project, "--retention-period", "0m", "--dry-run", home=tmp_path)
    assert "runs: would remove 2" in would.out
    settings = project / "metadata.yaml"
    document = yaml.safe_load(settings.read_text()) or {}
    settings.write_text(yaml.safe_dump({**document, "run_retention_count": 1}))
    assert "runs: removed 1 from" in penstock("clean", project, home=tmp_path).out
    assert Ingest(state, logs_root).everything() == 0
    assert "runs: removed 1 from" in penstock("clean", project, "--retention-period", "0m", home=tmp_path).out
    assert listed(state) == []
    state.close()


def test_a_full_disk_can_be_asked_about_and_cleaned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loader = B("load", "data_loader", "import os\nreturn os.urandom(200_000)")
    root = write_project(tmp_path / "p", numbers=[loader])
    with small_disk(tmp_path / "data", 3) as disk:
        monkeypatch.setenv("PENSTOCK_DATA_DIR", str(disk))
        for _ in range(2):
            assert penstock("run", root, "numbers", home=tmp_path).code == 0
        assert penstock("runs", "--project", root, home=tmp_path).code == 0
        assert penstock("run", root, "numbers", home=tmp_path).code == 0
        fill(disk / "filler")
        failed = penstock("run", root, "numbers", home=tmp_path)
        assert (failed.code, "penstock clean" in failed.err + failed.out) == (1, True)
        listed = penstock("runs", "--project", root, "--json", home=tmp_path)
        known = [run["state"] for run in json.loads(listed.out)["runs"]]
        assert (listed.code, known, "free space" in listed.err) == (0, ["completed"] * 2, True), listed.err
        assert penstock("why", "numbers", "--project", root, home=tmp_path).code == 0
        done = penstock("clean", root, "--keep", "1", home=tmp_path)
        assert (done.code, "outputs: removed 2 versions" in done.out) == (0, True), done.err
        assert penstock("run", root, "numbers", home=tmp_path).code == 0


def test_a_store_that_cannot_be_opened_is_one_sentence(tmp_path: Path, project: Path) -> None:
    done = penstock(
        "clean", project, "--retention-period", "1d", home=tmp_path, PENSTOCK_DATABASE_URL="mysql://host/database"
    )
    assert done.code == 2
    assert "mysql is none that state is kept in" in done.err
    assert "Traceback" not in done.err
