"""The run loop over real processes: what it leaves behind, and what odd settings of a pipeline do to it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from penstock.cli.wire import Workbench, open_workbench
from penstock.engine.aftermath import MOST
from penstock.engine.handle import RunHandle
from penstock.engine.plan import RunOptions
from penstock.model import events
from penstock.model.run import RunState
from tests.cli.projects import B, write_pipeline, write_project
from tests.patience import until


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "data"))
    root = write_project(tmp_path / "project")
    blocks = [
        B("first", "data_loader", "import os\nprint(os.getpid())\nreturn 1"),
        B("second", "transformer", "1 / 0", ("first",)),
    ]
    write_pipeline(root, "together", blocks, run_pipeline_in_one_process=True)
    write_pipeline(
        root, "endless", [B("one", "data_loader", "return 1")], concurrency_config={"block_run_limit": 1e999}
    )
    early = "begun.touch()\nwhile not failed.exists():\n    time.sleep(0.02)\nreturn False"
    bad = "while not begun.exists():\n    time.sleep(0.02)\n1 / 0"
    head = f"import pathlib, time\nbegun, failed = pathlib.Path({str(root)!r}, 'begun'), pathlib.Path({str(root)!r}, 'failed')"
    stops = [
        B("early", "sensor", early, configuration={"poll_interval": 0.05}, head=head),
        B("bad", "custom", bad, head=head),
    ]
    write_pipeline(root, "stops", stops)
    called = "@callback('{0}')\ndef f(*args, **kwargs):\n    print('{0}', kwargs.get('__error'))\n"
    (root / "callbacks").mkdir()
    text = "from penstock import callback\n" + "".join(map(called.format, ("success", "failure", "cancelled")))
    (root / "callbacks" / "called.py").write_text(text)
    callback = {"uuid": "called", "type": "callback", "language": "python", "upstream_blocks": ["asks"]}
    waits = [B("asks", "sensor", "return False", configuration={"poll_interval": 3600})]
    write_pipeline(root, "waits", waits, callbacks=[callback])
    for name, isolation in (("shared", "shared"), ("apart", "process")):
        blocks = [
            B("many", "data_loader", "return [list(range(5))]", configuration={"dynamic": True}),
            B("each", "transformer", "return args[0]", ("many",), configuration={"isolation": isolation}),
        ]
        write_pipeline(root, name, blocks)
    with open_workbench(root, width=2, grace=0.5) as opened:
        yield opened


def run(bench: Workbench, pipeline: str, told: list[events.Event] | None = None) -> RunHandle:
    handle = bench.start(bench.plan(pipeline, RunOptions()), [] if told is None else [told.append])
    bench.loop.wait(handle)
    return handle


def test_the_one_process_of_a_run_ends_with_it_when_a_block_fails(bench: Workbench) -> None:
    told: list[events.Event] = []
    assert run(bench, "together", told).state is RunState.FAILED
    pid = next(int(event.text) for event in told if isinstance(event, events.BlockPrinted))
    until("the end of the process", lambda: bench.loop.poll(0) or not psutil.pid_exists(pid))


@pytest.mark.skipif(sys.platform != "linux", reason="processes come up ahead where fork is to be had")
@pytest.mark.parametrize(("pipeline", "waiting"), [("shared", 3), ("apart", 1)])
def test_processes_that_children_share_come_up_before_the_first_begins(
    bench: Workbench, pipeline: str, waiting: int
) -> None:
    found: list[int] = []

    def look(event: events.Event) -> None:
        if isinstance(event, events.BlockStarted) and ":" in event.block:
            found.append(len(bench.supervisor._spares.ready))

    handle = bench.start(bench.plan(pipeline, RunOptions()), [look])
    bench.loop.wait(handle)
    assert handle.state is RunState.COMPLETED
    assert found[0] == waiting
    assert len(found) == 5


def test_a_limit_without_bound_is_none(bench: Workbench) -> None:
    assert run(bench, "endless").state is RunState.COMPLETED


def test_a_run_that_stops_asks_no_sensor_again(bench: Workbench) -> None:
    told: list[events.Event] = []
    handle = bench.start(bench.plan("stops", RunOptions(keep_going=False)), [told.append])
    while not any(isinstance(event, events.BlockEnded) for event in told):
        bench.loop.poll()
    (bench.project.root / "failed").touch()  # only now does the sensor say "not yet"
    bench.loop.wait(handle)
    ends = {event.block: event.state.value for event in told if isinstance(event, events.BlockEnded)}
    assert (handle.state, ends) == (RunState.FAILED, {"bad": "failed", "early": "cancelled"})
    assert not any(isinstance(event, events.BlockWaiting) for event in told)


def test_callbacks_whose_driver_ends_each_time_are_told_and_not_run_again(bench: Workbench) -> None:
    plan = bench.plan("together", RunOptions())
    told: list[events.Event] = []
    failure = {"kind": "ZeroDivisionError", "message": "division by zero"}
    resume = {
        "first": {"state": "completed", "attempts": 1},
        "second": {"state": "failed", "attempts": 1, "failure": failure, "owed": MOST},
    }
    handle = bench.start(plan, [told.append], resume=resume)
    bench.loop.wait(handle)
    assert handle.state is RunState.FAILED
    (lost,) = [event for event in told if isinstance(event, events.CallbackFailed)]
    assert (lost.block, lost.after, lost.failure.code) == ("second", "failure", "X102")
    assert f"ended {MOST} times while they ran" in lost.failure.message


@pytest.mark.parametrize("state", ["cancelled", "running"])
def test_what_was_cancelled_runs_again_in_a_run_that_goes_on_and_its_end_is_told_again(
    bench: Workbench, state: str
) -> None:
    # A scheduler went while it ended a run that had taken too long: of some blocks it had told the end already.
    told: list[events.Event] = []
    resume = {key: {"state": state, "attempts": 1, "told": state == "cancelled"} for key in ("first", "second")}
    handle = bench.start(bench.plan("together", RunOptions()), [told.append], resume=resume)
    bench.loop.wait(handle)
    ends = {event.block: event.state.value for event in told if isinstance(event, events.BlockEnded)}
    assert ends == {"first": "completed", "second": "failed"}


@pytest.mark.parametrize("taken_up", [False, True])
@pytest.mark.parametrize(
    ("asked", "state", "printed"),
    [
        ("cancel", "cancelled", "cancelled None"),
        ("time out", "failed", "failure it took too long"),
        ("give up", "cancelled", "cancelled None"),
    ],
)
def test_a_sensor_between_two_questions_is_under_way(
    bench: Workbench, asked: str, state: str, printed: str, *, taken_up: bool
) -> None:
    told: list[events.Event] = []
    resume = {"asks": {"state": "queued", "attempts": 0, "between": True, "due": bench.clock() + 3600, "pause": 3600.0}}
    handle = bench.start(bench.plan("waits", RunOptions()), [told.append], resume=resume if taken_up else None)
    while not taken_up and not any(isinstance(event, events.BlockWaiting) for event in told):
        bench.loop.poll()
    if asked == "cancel":
        bench.loop.cancel(handle)
    else:
        end = RunState.FAILED if asked == "time out" else RunState.CANCELLED
        bench.loop.time_out(handle, end, "it took too long")
    bench.loop.wait(handle)
    assert [event.state.value for event in told if isinstance(event, events.BlockEnded)] == [state]
    assert [event.text.strip() for event in told if isinstance(event, events.BlockPrinted)] == [printed]
    assert isinstance(told[-1], events.RunEnded), "after its callbacks"


def test_a_limit_in_quotes_counts(bench: Workbench) -> None:
    handle = run(bench, "endless")
    widths: dict[object, int] = {}
    for given in ("2", " 2.5", "many", "nan", "-1", 3):
        limited = replace(handle.plan.pipeline, concurrency_config={"block_run_limit": given})
        handle.plan = replace(handle.plan, pipeline=limited)
        widths[given] = handle.width()
    assert widths == {"2": 2, " 2.5": 2, "many": 0, "nan": 0, "-1": 0, 3: 3}


def test_a_timeout_of_nothing_is_none(bench: Workbench) -> None:
    write_pipeline(
        bench.project.root, "patient", [B("slow", "custom", "import time\ntime.sleep(0.3)", more={"timeout": 0})]
    )
    assert run(bench, "patient").state is RunState.COMPLETED
