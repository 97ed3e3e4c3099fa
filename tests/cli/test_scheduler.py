"""`penstock start --instance-type scheduler`: a real process, without a port."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from penstock.project import open_project
from penstock.schedule.requests import NewRun, create_run
from penstock.state.address import state_url
from penstock.state.notify import tell
from penstock.state.rows import RunRow
from penstock.state.run_list import RunFilter
from penstock.state.store import open_state
from tests.cli.projects import B, write_project
from tests.patience import PATIENCE


def test_a_scheduler_alone_runs_what_is_asked_for_and_ends_when_told(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "data"))
    root = write_project(tmp_path / "project", p=[B("a", "data_loader", "return 1")])
    data_root = open_project(root).data_dir()
    command = [sys.executable, "-m", "penstock", "start", str(root), "--instance-type", "scheduler"]
    process = subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert "runs; its state is kept in" in process.stdout.readline()
        state = open_state(state_url(data_root))
        row = create_run(state, NewRun("p", "api"), time.time())
        tell(data_root, "runs", row.id)
        end = time.monotonic() + PATIENCE
        while row.open and time.monotonic() < end:
            with state.read() as connection:
                row = state.runs.get(connection, row.id) or row
        assert (row.state, row.lease_owner) == ("completed", None)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        with state.read() as connection:
            assert state.nodes.all(connection) == []
        state.close()
    finally:
        process.kill()
        process.wait()


ONCE = "triggers:\n- {name: now, schedule_type: time, schedule_interval: '@once', status: active}\n"


def test_a_scheduler_alone_sees_triggers_that_are_written_beside_it(tmp_path: Path, monkeypatch) -> None:
    """The system tells it of the files: it is told to look by itself never."""
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("SCHEDULER_TRIGGER_INTERVAL", raising=False)
    root = write_project(tmp_path / "project", old=[B("a", "data_loader", "return 1")])
    command = [sys.executable, "-m", "penstock", "start", str(root), "--instance-type", "scheduler"]
    process = subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert "runs; its state is kept in" in process.stdout.readline()
        state = open_state(state_url(open_project(root).data_dir()))
        for pipeline in ("old", "new"):
            folder = root / "pipelines" / pipeline
            if not folder.exists():
                shutil.copytree(
                    root / "pipelines" / "old", folder, ignore=shutil.ignore_patterns("triggers.yaml", ".*")
                )
            (folder / "triggers.yaml").write_text(ONCE)
            end = time.monotonic() + PATIENCE
            rows: list[RunRow] = []
            while not (rows and not rows[0].open) and time.monotonic() < end:
                with state.read() as connection:
                    rows = state.runs.page(connection, RunFilter(pipelines=(pipeline,))).rows
            assert [row.state for row in rows] == ["completed"]
        state.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
