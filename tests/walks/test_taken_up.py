"""Runs that end for lack of time, and runs that another process takes up where the first has left them."""

from __future__ import annotations

import pytest

from penstock.cli.wire import Workbench, open_workbench
from penstock.engine.plan import RunOptions
from penstock.model import events
from penstock.model.run import BlockState, RunState, snapshot
from tests.cli.projects import B, write_project

NOTE = "import pathlib\nwith open(pathlib.Path(kwargs['repo_path'], 'ran.txt'), 'a') as file:\n    file.write({}"
MANY = "return [[1, 2, 3, 4]]"
EACH = NOTE.format("f'each {args[0]}\\n')\nreturn args[0] * 10")
ALL = NOTE.format("'all\\n')\nreturn {'all': args[0]}")
FOREVER = "import time\nprint('here')\nwhile True:\n    time.sleep(0.05)"


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "data"))
    fan = [
        B("many", "data_loader", MANY, configuration={"dynamic": True}),
        B("each", "transformer", EACH, ("many",), configuration={"reduce_output": True}),
        B("all", "transformer", ALL, ("each",)),
    ]
    endless = [B("load", "data_loader", FOREVER), B("next", "transformer", "return 1", ("load",))]
    project = write_project(tmp_path / "project", fan=fan, endless=endless)
    with open_workbench(project, grace=0.5) as opened:
        yield opened


def ran(bench: Workbench) -> list[str]:
    return sorted((bench.project.root / "ran.txt").read_text().split("\n")[:-1])


def test_a_run_is_taken_up_where_it_was_left(bench):
    plan = bench.plan("fan", RunOptions())
    first = bench.start(plan, [])
    bench.loop.wait(first)
    assert ran(bench) == ["all", "each 1", "each 2", "each 3", "each 4"]
    saved = {key: snapshot(first.run, key) for key in first.run.blocks if key not in {"all", "each"}}
    saved["each:1"]["state"] = "running"
    del saved["each:2"]
    told: list[events.Event] = []
    second = bench.loop.start(plan, told.append, resume=saved)
    bench.loop.wait(second)
    assert second.state is RunState.COMPLETED
    assert ran(bench) == ["all", "all", "each 1", "each 2", "each 2", "each 3", "each 3", "each 4"]
    ended = [event.block for event in told if isinstance(event, events.BlockEnded)]
    assert sorted(ended) == ["all", "each", "each:1", "each:2"]
    assert second.run.blocks["each:1"].attempts == 2
    assert second.run.blocks["each:2"].attempts == 1
    assert second.unsaved >= {"each:1", "each:2", "each", "all"}
    ref = second.run.blocks["all"].ref
    assert ref is not None
    assert bench.store.load(ref) == {"all": [10, 20, 30, 40]}


def test_a_finished_run_that_is_taken_up_ends_at_once(bench):
    plan = bench.plan("fan", RunOptions())
    first = bench.start(plan, [])
    bench.loop.wait(first)
    saved = {key: snapshot(first.run, key) for key in first.run.blocks}
    again = bench.loop.start(plan, lambda _: None, resume=saved)
    assert again.ended
    assert again.state is RunState.COMPLETED
    assert ran(bench) == ["all", "each 1", "each 2", "each 3", "each 4"]


@pytest.mark.parametrize(
    ("state", "block"), [(RunState.FAILED, BlockState.FAILED), (RunState.CANCELLED, BlockState.CANCELLED)]
)
def test_a_run_that_takes_too_long_ends_as_it_is_told(bench, state, block):
    told: list[events.Event] = []
    handle = bench.start(bench.plan("endless", RunOptions()), [told.append])
    while not any(isinstance(event, events.BlockPrinted) for event in told):
        bench.loop.poll()
    bench.loop.time_out(handle, state, "the run took longer than 5 s")
    assert bench.loop.wait(handle) is state
    assert {key: entry.state for key, entry in handle.run.blocks.items()} == {
        "load": block,
        "next": BlockState.CANCELLED,
    }
    end = told[-1]
    assert isinstance(end, events.RunEnded)
    assert (end.state, end.error) == (state, "the run took longer than 5 s")
    assert not bench.supervisor.processes()
