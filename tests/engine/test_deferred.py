"""Runs whose outputs are forced to the disk beside the blocks that follow."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.cli.wire import Workbench, open_workbench
from penstock.data import Manifest, ProductStore, deferral
from penstock.engine.plan import RunOptions
from penstock.model import events
from penstock.model.errors import StorageError
from penstock.model.product import Address, ProductRef
from penstock.model.run import RunState
from tests.cli.projects import B, begun, penstock, write_pipeline, write_project
from tests.patience import PATIENCE

FIRST = B("a", "data_loader", "return {'text': 'x' * 9_000_000}")
"""A block whose output is so large that it is not forced by the block itself."""
LAST = B("b", "transformer", "return args[0]", ("a",))
WAITS = "import time\nprint('up', flush=True)\ntime.sleep(600)"
pytestmark = pytest.mark.skipif(not deferral.this_boot(), reason="the kernel has no name for its boots")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(
        tmp_path / "project",
        two=[FIRST, LAST],
        sql=[
            B("frame", "data_loader", "import pandas as pd\nreturn pd.DataFrame({'x': range(2_000_000)})"),
            B("query", "transformer", "SELECT x FROM {{ df_1 }}", ("frame",), language="sql"),
        ],
    )


@pytest.fixture
def bench(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "data"))
    with open_workbench(project, grace=0.5) as opened:
        yield opened


def latest(bench: Workbench, pipeline: str, block: str) -> Manifest:
    found = bench.store.latest(Address(pipeline, block))
    assert found is not None
    return found


def marks(bench: Workbench) -> int:
    return len(list(bench.store.root.rglob(".forced-*")))


def test_all_of_it_is_on_the_disk_when_the_run_has_ended(bench: Workbench) -> None:
    marked = []

    def told(event: events.Event) -> None:
        if isinstance(event, events.RunEnded):
            marked.append(marks(bench))

    bench.loop.wait(bench.start(bench.plan("two", RunOptions(deferred=True)), [told]))
    assert marked == [2]
    assert {latest(bench, "two", block).boot for block in "ab"} == {deferral.this_boot()}
    bench.loop.wait(bench.start(bench.plan("two", RunOptions()), [told]))
    assert marked == [2, 2]
    assert {latest(bench, "two", block).boot for block in "ab"} == {""}


def test_what_a_sql_block_reads_is_on_the_disk_before_it_begins(bench: Workbench) -> None:
    bench.loop.wait(bench.start(bench.plan("sql", RunOptions(deferred=True)), []))
    assert latest(bench, "sql", "frame").boot == ""
    assert latest(bench, "sql", "query").boot == deferral.this_boot()


def test_a_disk_that_refuses_fails_the_run_in_words(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    def force(_: ProductStore, ref: ProductRef) -> None:
        if ref.address.block == "a":
            raise StorageError("writing a: input/output error", hint="Look at the disk.")

    monkeypatch.setattr(ProductStore, "force", force)
    told: list[events.Event] = []
    handle = bench.start(bench.plan("two", RunOptions(deferred=True)), [told.append])
    assert bench.loop.wait(handle) is RunState.FAILED
    ended = told[-1]
    assert isinstance(ended, events.RunEnded)
    assert (ended.state, "writing a: input/output error" in ended.error) == (RunState.FAILED, True)


def test_what_is_fresh_is_on_the_disk_too_when_a_run_has_ended_that_defers_nothing(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(ProductStore, "force", lambda _store, _ref: None)
        bench.loop.wait(bench.start(bench.plan("two", RunOptions(deferred=True)), []))
    assert marks(bench) == 0
    handle = bench.start(bench.plan("two", RunOptions(stale_only=True)), [])
    assert bench.loop.wait(handle) is RunState.COMPLETED
    assert marks(bench) == 2


def test_a_run_that_is_killed_leaves_what_its_next_one_forces(project: Path, tmp_path: Path) -> None:
    write_pipeline(project, "two", [FIRST, B("b", "transformer", WAITS, ("a",))])
    process = begun(project, "two", tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    write_pipeline(project, "two", [FIRST, LAST])
    shown = penstock("run", project, "two", "--stale", "--json", home=tmp_path)
    assert shown.code == 0
    assert len(list((tmp_path / "data").rglob(".forced-*"))) == 2
    assert [block["state"] for block in shown.document["blocks"]] == ["skipped", "completed"]
