"""From the record of a run to its rows: whole, under way, cut off, damaged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.model import events
from penstock.model.messages import Failure
from penstock.model.product import Address, OutputSummary, ProductRef
from penstock.model.run import BlockState, RunState
from penstock.observe.archive import RunArchive
from penstock.observe.journal import folders, recorded_run
from penstock.observe.record import RUN_RECORD, RunRecorder, run_folder
from tests.observe.runs import record_run


def test_a_run_that_has_ended(tmp_path: Path) -> None:
    record_run(tmp_path, "20260101-000000-000000-a")
    found = recorded_run(tmp_path, "flights", "20260101-000000-000000-a")
    assert found is not None
    row, (load, ab) = found
    assert (row.pipeline, row.state, row.origin, row.partition) == ("flights", "failed", "cli", "2013-01-01")
    assert (row.created_at, row.started_at, row.ended_at, row.seconds) == (1000.0, 1000.0, 1005.0, 5.0)
    assert (row.blocks_total, row.blocks_done, row.failed_block) == (2, 1, "a/b")
    assert row.error == "ValueError: no such day"
    assert row.variables == {"day": 1, "city": "Zürich"}
    assert row.process is None
    assert (load.state, load.attempts, load.started_at, load.ended_at) == ("completed", 1, 1000.0, 1003.0)
    assert (ab.state, ab.position, ab.failure and ab.failure["message"]) == ("failed", 1, "no such day")


def test_a_run_of_this_process_goes_on(tmp_path: Path) -> None:
    recorder = RunRecorder(tmp_path, "flights", "r1")
    recorder(events.RunStarted("r1", "flights", "_", 5.0, ("a", "b"), {}, "studio", "2 blocks", {"b": ("a",)}))
    recorder(events.BlockStarted("r1", "a", 1, 6.0))
    failure = Failure("KeyError", "x")
    recorder(events.BlockRetrying("r1", "a", 1, 10.0, failure, 7.0))
    found = recorded_run(tmp_path, "flights", "r1")
    assert found is not None
    row, (first, second) = found
    assert (row.state, row.origin, row.what, row.open) == ("running", "studio", "2 blocks", True)
    assert row.process is not None
    assert row.process["pid"] == os.getpid()
    assert (first.state, first.due_at, first.failure and first.failure["kind"]) == ("queued", 17.0, "KeyError")
    assert (second.state, second.upstream) == ("initial", ["a"])
    recorder(events.BlockStarted("r1", "a", 2, 17.0))
    ref = ProductRef(Address("flights", "a", "_"), "v1")
    outputs = (OutputSummary("output_0", "table", "arrow", rows=7), OutputSummary("output_1", "table", "arrow", rows=3))
    recorder(
        events.BlockEnded("r1", "a", BlockState.COMPLETED, 19.0, 2.0, 2, ref, outputs, peak_memory=5, cpu_seconds=0.5)
    )
    recorder(events.BlockStarted("r1", "a:child:0", 1, 19.0))
    found = recorded_run(tmp_path, "flights", "r1")
    assert found is not None
    row, (first, second, child) = found
    assert (row.blocks_done, row.blocks_total) == (1, 2)
    assert (first.version, first.rows_out, first.attempts, first.started_at, first.due_at) == ("v1", 10, 2, 6.0, None)
    assert (first.peak_memory, first.cpu_seconds, first.failure) == (5, 0.5, None)
    assert (second.rows_in, child.block, child.position, child.state) == (10, "a:child:0", 2, "running")
    recorder(events.RunEnded("r1", "flights", RunState.CANCELLED, 20.0, 15.0, done=1))
    found = recorded_run(tmp_path, "flights", "r1")
    assert found is not None
    assert [found[0].state, *(block.state for block in found[1])] == [
        "cancelled", "completed", "interrupted", "interrupted",
    ]  # fmt: skip


def test_a_child_that_failed_is_told_as_its_block(tmp_path: Path) -> None:
    recorder = RunRecorder(tmp_path, "flights", "r1")
    recorder(events.RunStarted("r1", "flights", "_", 5.0, ("a", "b"), {}, "studio", "all", {"b": ("a",)}))
    recorder(events.BlockEnded("r1", "a", BlockState.COMPLETED, 6.0, 1.0, 1))
    recorder(events.BlockExpanded("r1", "b", ("b:0", "b:1"), 7.0))
    recorder(events.BlockEnded("r1", "b:0", BlockState.COMPLETED, 8.0, 1.0, 1))
    recorder(events.BlockEnded("r1", "b:1", BlockState.FAILED, 9.0, 1.0, 1, failure=Failure("KeyError", "x")))
    found = recorded_run(tmp_path, "flights", "r1")
    assert found is not None
    row, blocks = found
    assert (row.blocks_done, row.blocks_total, row.failed_block, row.error) == (1, 2, "b", "KeyError: x")
    assert [(block.block, block.state) for block in blocks][1:3] == [("b", "running"), ("b:0", "completed")]


def test_upstreams_outside_the_run_count_no_rows(tmp_path: Path) -> None:
    recorder = RunRecorder(tmp_path, "flights", "r1")
    recorder(events.RunStarted("r1", "flights", "_", 5.0, ("b",), {}, "studio", "b", {"b": ("a",)}))
    recorder(events.RunEnded("r1", "flights", RunState.CANCELLED, 6.0, 1.0))
    found = recorded_run(tmp_path, "flights", "r1")
    assert found is not None
    assert [(row.block, row.upstream, row.rows_in) for row in found[1]] == [("b", ["a"], None)]


def test_a_run_whose_process_was_killed_is_interrupted(tmp_path: Path) -> None:
    code = (
        "import sys, os, signal\nfrom pathlib import Path\nfrom penstock.model import events\n"
        "from penstock.observe.record import RunRecorder\n"
        "recorder = RunRecorder(Path(sys.argv[1]), 'flights', 'r1')\n"
        "recorder(events.RunStarted('r1', 'flights', '_', 5.0, ('a',), {}, 'studio', 'all'))\n"
        "recorder(events.BlockStarted('r1', 'a', 1, 6.0))\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    found = recorded_run(tmp_path, "flights", "r1")
    assert found is not None
    row, (block,) = found
    assert (row.state, block.state, block.ended_at) == ("interrupted", "interrupted", row.ended_at)
    assert "the server that drove this run ended before the run did" in row.error
    # The last sign of it may be what a block has printed; whoever has seen its end knows better.
    log = tmp_path / "pipelines" / "flights" / ".logs" / "r1" / "a.log"
    log.write_text("{}\n")
    os.utime(log, (3e9, 3e9))
    found = recorded_run(tmp_path, "flights", "r1")
    assert found is not None
    assert (found[0].ended_at, found[1][0].ended_at) == (3e9, 3e9)
    head = RunArchive(tmp_path).find("r1")
    assert head is not None
    assert (head.state, head.ended) == ("interrupted", 3e9)
    found = recorded_run(tmp_path, "flights", "r1", left=3e9 + 1)
    assert found is not None
    assert found[0].ended_at == 3e9 + 1


@pytest.mark.parametrize(
    "text",
    [
        b"", b"\n", b"{", b"null\n", b"[1]\n", b'{"event": "BlockStarted"}\n', b'{"event": "RunStarted"}\n', b"\xff\xfe\n",
        b'{"event": "RunStarted", "at": "soon", "pipeline": "p"}\n', b'{"event": "RunStarted", "at": 1, "blocks": 7}\n',
        b'{"event": "RunStarted", "at": 1, "upstream": [1]}\n{"event": "BlockEnded", "block": "a", "state": "x"}\n',
    ],
)  # fmt: skip
def test_what_is_no_record_is_passed_over(tmp_path: Path, text: bytes) -> None:
    folder = run_folder(tmp_path, "flights", "r1")
    folder.mkdir(parents=True)
    (folder / RUN_RECORD).write_bytes(text)
    assert recorded_run(tmp_path, "flights", "r1") is None
    assert recorded_run(tmp_path, "flights", "none") is None


def test_a_record_is_read_up_to_the_line_that_was_cut(tmp_path: Path) -> None:
    record_run(tmp_path, "r1")
    path = run_folder(tmp_path, "flights", "r1") / RUN_RECORD
    whole = path.read_bytes()
    for end in range(whole.index(b"\n") + 1, len(whole), 37):
        path.write_bytes(whole[:end])
        found = recorded_run(tmp_path, "flights", "r1")
        assert found is not None
        assert found[0].state in {"running", "failed"}


def test_folders_are_named_by_their_pipelines(tmp_path: Path) -> None:
    record_run(tmp_path, "r1", pipeline="sales/" + "x" * 300)
    assert list(folders(tmp_path)) == ["sales/" + "x" * 300]
    assert folders(tmp_path / "none") == {}
