"""A thousand runs wait in one process: each says why, and no pipeline waits for all runs of another."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from penstock.project import open_project
from penstock.schedule.requests import NewRun, insert_run
from penstock.state.address import state_url
from penstock.state.notify import tell
from penstock.state.store import open_state
from tests.cli.projects import B, write_pipeline, write_project
from tests.server.running import Server, start
from tests.walks.schedulers import wait_for

GREEDY, NARROW, SMALL = 850, 100, 10
FULL = "as many as are driven at once"
OTHERS = [f"small{one}" for one in range(5)]
HELD = """import pathlib, time
while not pathlib.Path(kwargs['repo_path'], 'go').exists():
    time.sleep(0.05)
return 1
"""


@dataclass
class Site:
    """A server, and a thousand runs that were asked for: those of one pipeline before those of the others."""

    root: Path
    server: Server
    runs: list[str]

    def full(self) -> bool:
        """Whether a run of the greedy pipeline waits because as many as there can be are under way."""
        query = {"pipeline": "greedy", "state": "initial", "limit": 1}
        first = self.server.get("/api/runs", params=query)["runs"]
        return any(FULL in str(self.server.get(f"/api/runs/{each['run']}/explain")) for each in first)

    def listed(self, **query: Any) -> list[Any]:
        """All runs of that kind, newest first."""
        found: list[Any] = []
        after = ""
        while True:
            page = self.server.get("/api/runs", params={"limit": 500, **query, **({"before": after} if after else {})})
            found += page["runs"]
            after = page.get("next") or ""
            if not after:
                return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("queue")
    patch = pytest.MonkeyPatch()
    patch.setenv("PENSTOCK_DATA_DIR", str(home / "data"))
    root = write_project(home / "project")
    limits = {"concurrency_config": {"pipeline_run_limit_all_triggers": 1}}
    write_pipeline(root, "narrow", [B("held", "data_loader", HELD)], **limits)
    for name in ("greedy", *OTHERS):
        write_pipeline(root, name, [B("held", "data_loader", HELD)])
    server = start(root, home)
    try:
        data_root = open_project(root).data_dir()
        state = open_state(state_url(data_root))
        now = time.time()
        with state.write() as connection:
            wanted = ["greedy"] * GREEDY + ["narrow"] * NARROW + [name for name in OTHERS for _ in range(SMALL)]
            runs = [insert_run(connection, state, NewRun(name, "api"), now).id for name in wanted]
        state.close()
        tell(data_root, "runs", "")
        yield Site(root, server, runs)
    finally:
        server.stop()
        patch.undo()


def test_each_of_a_thousand_runs_says_why_it_waits(site: Site) -> None:
    wait_for("as many as are driven", site.full)
    rows = site.listed()
    assert len(rows) == len(site.runs) == 1000
    waiting = {each["run"]: each["pipeline"] for each in rows if each["state"] == "initial"}
    asked = list(waiting)[::25]
    told = {run: site.server.get(f"/api/runs/{run}/explain") for run in asked}
    for run in asked:
        texts = [each["text"] for each in told[run]["details"]]
        if "it is under way" in texts[0]:
            continue  # it has begun meanwhile
        if waiting[run] == "narrow":
            assert "pipeline narrow" in texts[0]
            assert "its limit is 1" in texts[0]
        else:
            assert any(FULL in text for text in texts), texts
        assert all(each["since"] for each in told[run]["details"])
    assert any(FULL in each["text"] for answer in told.values() for each in answer["details"])
    # Every pipeline gets its turn, though hundreds of runs of another were there before its own.
    for pipeline in ("greedy", "narrow", *OTHERS):
        query = {"pipeline": pipeline, "state": "running", "limit": 1}
        wait_for(pipeline, lambda query=query: site.server.get("/api/runs", params=query)["runs"])


def test_no_pipeline_waits_for_all_the_runs_of_another(site: Site) -> None:
    (site.root / "go").touch()
    small: list[Any] = []
    for name in OTHERS:
        wait_for(name, lambda name=name: len(site.listed(pipeline=name, state="completed")) == SMALL)
        small += site.listed(pipeline=name)
    last = max(each["ended"] for each in small)
    before = [each for each in site.listed(pipeline="greedy", state="completed") if each["ended"] <= last]
    assert len(before) < GREEDY / 2
    state = {run: site.server.get(f"/api/runs/{run}")["state"] for run in site.runs[:: len(site.runs) // 20]}
    assert not {"failed", "cancelled"} & set(state.values())


ALONE = """import os, pathlib
place = pathlib.Path(kwargs['repo_path'], 'at_work')
place.mkdir()  # fails when another block is at work
pathlib.Path(kwargs['repo_path'], f'done_{os.getpid()}').touch()
place.rmdir()
return 1
"""


def test_the_queue_of_the_project_says_how_many_blocks_are_at_work(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "data"))
    root = write_project(tmp_path / "project", alone=[B(f"b{one}", "data_loader", ALONE) for one in range(8)])
    (root / "metadata.yaml").write_text("project_type: standalone\nqueue_config:\n  concurrency: 1\n")
    server = start(root, tmp_path)
    try:
        state = open_state(state_url(open_project(root).data_dir()))
        with state.write() as connection:
            runs = [insert_run(connection, state, NewRun("alone", "api"), time.time()).id for _ in range(4)]
        state.close()
        tell(open_project(root).data_dir(), "runs", "")
        states = [server.get(f"/api/runs/{run}/end")["state"] for run in runs]
    finally:
        server.stop()
    assert states == ["completed"] * 4
    assert len(list(root.glob("done_*"))) == 8 * 4
