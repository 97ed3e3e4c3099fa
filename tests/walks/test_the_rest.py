"""A run of the studio that was cut off with its server goes on where it was: what is done stays."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from tests.cli.projects import B, write_pipeline, write_project
from tests.server.running import start
from tests.walks.schedulers import wait_for

NOTE = """import pathlib
with open(pathlib.Path(kwargs['repo_path'], 'notes.txt'), 'a') as file:
    file.write(kwargs['block_uuid'] + '\\n')
return 1
"""
HELD = """import pathlib, time
root = pathlib.Path(kwargs['repo_path'])
(root / 'waits').touch()
while not (root / 'go').exists():
    time.sleep(0.02)
return 2
"""
EACH = """import pathlib, time
root = pathlib.Path(kwargs['repo_path'])
if args[0] == 3:
    (root / 'waits').touch()
    while not (root / 'go').exists():
        time.sleep(0.02)
with open(root / 'notes.txt', 'a') as file:
    file.write('child\\n')
return args[0]
"""


def test_the_rest_of_a_run_that_was_cut_off_is_run(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    root = write_project(tmp_path / "project")
    blocks = [
        B("first", "data_loader", NOTE),
        B("second", "transformer", HELD, ("first",)),
        B("third", "transformer", NOTE, ("second",)),
        B("aside", "data_loader", NOTE),
    ]
    write_pipeline(root, "long", blocks)
    server = start(root, tmp_path / "home")
    chosen = {"blocks": ["first", "second", "third"]}
    run = server.post("/api/pipelines/long/runs", chosen)["run"]["run"]
    wait_for("the second block", (root / "waits").exists)
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL

    server = start(root, tmp_path / "home")
    try:

        def now() -> Any:
            return server.get(f"/api/runs/{run}")

        wait_for("the end that it had", lambda: now()["state"] == "interrupted")
        (root / "go").touch()
        server.post(f"/api/runs/{run}/retry_incomplete", {})
        wait_for("its own end", lambda: now()["state"] == "completed")
        states = {block["block"]: block["state"] for block in now()["blocks"]}
        assert states == dict.fromkeys(["first", "second", "third"], "completed")
        # The first one is not run again, and one that nobody had chosen is not run at all.
        assert (root / "notes.txt").read_text().split() == ["first", "third"]
        again = server.post(f"/api/runs/{run}/retry", {})["run"]["run"]
        wait_for("the end of the repetition", lambda: server.get(f"/api/runs/{again}")["state"] == "completed")
        assert (root / "notes.txt").read_text().split() == ["first", "third", "first", "third"]
    finally:
        assert server.stop() == 0


DYNAMIC = {"configuration": {"dynamic": True}}


def test_the_children_of_a_dynamic_block_go_on_too(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    root = write_project(tmp_path / "project")
    blocks = [
        B("items", "data_loader", NOTE.replace("return 1", "return [[1, 2, 3]]"), **DYNAMIC),
        B("each", "transformer", EACH, ("items",)),
    ]
    write_pipeline(root, "fan", blocks)
    (root / "notes.txt").touch()
    server = start(root, tmp_path / "home")
    run = server.post("/api/pipelines/fan/runs", {})["run"]["run"]
    wait_for("two of its children", lambda: (root / "notes.txt").read_text().count("child") == 2)
    wait_for("the third", (root / "waits").exists)

    def ends() -> int:
        record = next((tmp_path / "home").rglob("run.jsonl"))
        return sum('"BlockEnded"' in line for line in record.read_text().splitlines())

    wait_for("the ends of items and two children in the record", lambda: ends() == 3)
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    server = start(root, tmp_path / "home")
    try:

        def state() -> Any:
            return server.get(f"/api/runs/{run}")["state"]

        wait_for("the end that it had", lambda: state() == "interrupted")
        (root / "go").touch()
        server.post(f"/api/runs/{run}/retry_incomplete", {})
        wait_for("its own end", lambda: state() == "completed")
        assert sorted((root / "notes.txt").read_text().split()) == ["child", "child", "child", "items"]
    finally:
        assert server.stop() == 0
