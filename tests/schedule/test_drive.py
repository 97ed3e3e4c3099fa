from __future__ import annotations

from datetime import UTC, datetime

from penstock.engine.handle import RunHandle
from penstock.engine.plan import Place, RunOptions, RunPlan
from penstock.model import events
from penstock.model.messages import Failure
from penstock.model.pipeline import Pipeline
from penstock.model.run import AttemptFailed, AttemptSucceeded, RunState, advance, new_run
from penstock.schedule.drive import DrivenRun
from penstock.state.rows import BlockRunRow, RunRow

NOW = 1_000_000.0


def driven(*rows: BlockRunRow) -> DrivenRun:
    return DrivenRun(RunRow("r", "p", created_at=NOW), 1, {row.block: row for row in rows})


def test_a_block_that_fans_out_anew_when_its_run_is_taken_up_stays_complete() -> None:
    run = driven(BlockRunRow("r", "b", state="completed", ended_at=NOW), BlockRunRow("r", "c", state="queued"))
    for block in ("b", "c"):
        run(events.BlockExpanded("r", block, (f"{block}:0",), NOW + 1))
    assert (run.blocks["b"].state, run.blocks["c"].state) == ("completed", "running")


def test_a_block_that_was_begun_anew_has_not_ended() -> None:
    run = driven(
        BlockRunRow("r", "b", state="upstream_failed", ended_at=NOW),
        BlockRunRow("r", "c", state="failed", ended_at=NOW),
    )
    run(events.BlockExpanded("r", "b", ("b:0",), NOW + 1))
    run.give_up("three mistakes", NOW + 2)
    ends = {key: (row.state, row.ended_at) for key, row in run.blocks.items()}
    assert ends == {"b": ("cancelled", NOW + 2), "c": ("failed", NOW)}


def test_children_that_nobody_makes_again_end_with_their_run() -> None:
    run = driven(
        BlockRunRow("r", "done", state="queued"),
        BlockRunRow("r", "done:0", state="failed", ended_at=NOW),
        BlockRunRow("r", "bad", state="queued"),
        BlockRunRow("r", "bad:0", state="completed", ended_at=NOW),
        BlockRunRow("r", "bad:1", state="running", started_at=NOW),
        BlockRunRow("r", "bad:2", state="running", started_at=NOW, failure={"kind": "withdrawn"}),
        BlockRunRow("r", "bad:3", state="cancelled", ended_at=NOW, failure={"kind": "withdrawn"}),
        BlockRunRow("r", "left", state="running", started_at=NOW),  # somebody has taken it out of the pipeline
        BlockRunRow("r", "left:0", state="running", started_at=NOW),
        BlockRunRow("r", "left:1", state="completed", ended_at=NOW),
    )
    graph: dict[str, tuple[str, ...]] = {"done": (), "bad": ()}
    machine, _ = new_run("r", graph)
    advance(machine, AttemptSucceeded("done", None))
    advance(machine, AttemptFailed("bad", Failure("ValueError", "no")))
    plan = RunPlan(
        "r", Place("/p", "p", "/d"), Pipeline("p", "p"), graph, RunOptions(), datetime.fromtimestamp(NOW, UTC)
    )
    run.handle = RunHandle(plan, machine, run, NOW)
    run(events.RunEnded("r", "p", RunState.FAILED, NOW + 9, 9.0))
    assert run.pending
    states = {key: (row.state, row.ended_at) for key, row in run.blocks.items() if ":" in key}
    assert states == {
        "done:0": ("cancelled", NOW + 9),
        "bad:0": ("completed", NOW),
        "bad:1": ("cancelled", NOW + 9),
        "bad:2": ("cancelled", NOW + 9),
        "bad:3": ("cancelled", NOW),
        "left:0": ("cancelled", NOW + 9),
        "left:1": ("completed", NOW),
    }
    assert run.blocks["left"].state == "cancelled"
    assert run.blocks["bad:2"].failure is None
    assert (run.blocks["done:0"].failure or {})["kind"] == "withdrawn"
