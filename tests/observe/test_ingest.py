"""Records become rows of the store: all of them at the start, one when somebody says so, never twice."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from penstock.model import events
from penstock.model.run import BlockState, RunState
from penstock.observe.ingest import TOPIC, Ingest, telling
from penstock.observe.record import RunRecorder
from penstock.observe.retention import prune_runs
from penstock.state.notify import Notifier
from penstock.state.rows import RunRow
from penstock.state.run_list import RunFilter
from penstock.state.store import State, open_state
from tests.observe.runs import record_run
from tests.patience import PATIENCE
from tests.servers import PostgresServer, postgres
from tests.state.test_store import Wire


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = open_state(f"sqlite:///{tmp_path / 'state.db'}")
    yield opened
    opened.close()


def listed(state: State, **wanted: object) -> list[str]:
    with state.read() as connection:
        page = state.runs.page(connection, RunFilter(**wanted), limit=10_000)
    return [f"{row.pipeline} {row.id} {row.state}" for row in page.rows]


def name(second: int) -> str:
    return f"20260101-0000{second:02}-000000-a"


def test_records_that_are_none_of_ours_keep_no_other_back(tmp_path: Path, state: State) -> None:
    record_run(tmp_path, name(1), pipeline="p", at=1000.0)
    record_run(tmp_path, name(2), pipeline="p" * 300, at=1000.0)
    (folder,) = (each for each in (tmp_path / "pipelines").iterdir() if each.name != "p")
    for number in range(3, 6):
        (folder / ".logs" / name(number) / "run.jsonl").mkdir(parents=True)
    huge = tmp_path / "pipelines" / "p" / ".logs" / name(6)
    huge.mkdir()
    (huge / "run.jsonl").write_text(f'{{"event": "RunStarted", "at": {"9" * 400}, "blocks": []}}\n')
    assert Ingest(state, tmp_path).everything() == 2


def test_all_records_become_rows_once(tmp_path: Path, state: State) -> None:
    for number in range(30):
        record_run(tmp_path, name(number), pipeline=f"p{number % 3}", at=1000.0 + number)
    ingest = Ingest(state, tmp_path)
    assert ingest.everything() == 30
    assert listed(state)[:2] == [f"p2 {name(29)} failed", f"p1 {name(28)} failed"]
    assert len(listed(state, block="load")) == 30
    assert ingest.everything() == 0
    record_run(tmp_path, name(31), pipeline="p0", at=2000.0)
    assert ingest.everything() == 1


def test_a_run_that_goes_on_is_read_again_until_it_has_ended(tmp_path: Path, state: State) -> None:
    ingest = Ingest(state, tmp_path)
    recorder = RunRecorder(tmp_path, "p", "r1")
    recorder(events.RunStarted("r1", "p", "_", 5.0, ("a",), {}, "studio", "all"))
    row = ingest.one("p", "r1")
    assert row is not None
    assert (row.state, row.blocks_done) == ("running", 0)
    recorder(events.BlockEnded("r1", "a", BlockState.COMPLETED, 6.0, 1.0, 1))
    recorder(events.RunEnded("r1", "p", RunState.COMPLETED, 7.0, 2.0, done=1))
    row = ingest.one("p", "r1")
    assert row is not None
    assert (row.state, row.blocks_done, row.seconds) == ("completed", 1, 2.0)
    with state.read() as connection:
        assert [block.state for block in state.block_runs.of_run(connection, "r1")] == ["completed"]
    assert ingest.one("p", "none") is None


def test_runs_of_a_scheduler_stay_as_it_wrote_them(tmp_path: Path, state: State) -> None:
    for run in ("waits", "claimed", "ended"):
        record_run(tmp_path, run, pipeline="p")
    with state.write() as connection:
        for run in ("waits", "claimed", "ended"):
            state.runs.insert(connection, RunRow(run, "p", 5.0, origin="schedule"))
        state.runs.claim(connection, "claimed", "me", now=1.0, until=2.0)
        state.runs.change(connection, "claimed", state="running")
        state.runs.change(connection, "ended", state="completed")
    assert Ingest(state, tmp_path).everything() == 0
    assert listed(state) == ["p waits initial", "p ended completed", "p claimed running"]


def test_a_run_without_a_row_is_found_again_when_the_store_was_lost(tmp_path: Path, state: State) -> None:
    recorder = RunRecorder(tmp_path, "p", "r1")
    recorder(events.RunStarted("r1", "p", "_", 5.0, ("a",), {}, "schedule", "all"))
    recorder(events.RunEnded("r1", "p", RunState.COMPLETED, 7.0, 2.0, done=1))
    assert Ingest(state, tmp_path).everything() == 1
    assert listed(state, origins=("schedule",)) == ["p r1 completed"]


def test_what_was_removed_for_its_age_does_not_come_back(tmp_path: Path, state: State) -> None:
    for number in range(10):
        at = time.mktime((2026, 1, 1, 0, 0, number, 0, 0, 0))
        record_run(tmp_path, name(number), pipeline="p" if number % 2 else "q", at=at)
    ingest = Ingest(state, tmp_path)
    ingest.everything()
    with state.read() as connection:
        moments = {row.id: row.created_at for row in state.runs.page(connection, RunFilter()).rows}
    assert prune_runs(state, before=moments[name(4)], dry_run=True) == 4
    assert prune_runs(state, before=moments[name(4)]) == 4
    assert prune_runs(state, keep=1, pipeline="p") == 2
    left = ["p 9", "q 8", "q 6", "q 4"]
    assert [
        line.replace("20260101-0000", "").replace("-000000-a failed", "").replace(" 0", " ") for line in listed(state)
    ] == left
    assert ingest.everything() == 0
    assert len(listed(state, block="load")) == 4


def test_runs_under_way_are_never_removed(tmp_path: Path, state: State) -> None:
    with state.write() as connection:
        for number in range(1200):
            state.runs.insert(
                connection, RunRow(f"r{number:04}", "p", float(number), state="completed" if number else "running")
            )
    assert prune_runs(state, keep=100) == 1099
    assert listed(state)[-1] == "p r0000 running"
    assert prune_runs(state) == 0


def test_messages_of_another_process_are_heard(tmp_path: Path, state: State) -> None:
    told: queue.Queue[RunRow] = queue.Queue()
    ingest = Ingest(state, tmp_path, told.put)
    notifier = Notifier(tmp_path)
    notifier.listen(lambda topic, text: ingest.heard(text) if topic == TOPIC else None)
    ingest.start()
    recorder = RunRecorder(tmp_path, "a pipeline", "r1")
    tell = telling(tmp_path, "a pipeline")
    for event in (
        events.RunStarted("r1", "a pipeline", "_", 5.0, ("a",), {}, "cli", "all"),
        events.RunEnded("r1", "a pipeline", RunState.COMPLETED, 7.0, 2.0, done=1),
    ):
        recorder(event)
        tell(event)
    last = told.get(timeout=PATIENCE)
    while last.open:
        last = told.get(timeout=PATIENCE)
    assert (last.id, last.pipeline, last.state) == ("r1", "a pipeline", "completed")
    ingest.heard("nothing")
    ingest.close()
    notifier.close()


def test_a_run_of_this_process_is_stored_before_the_thread_ends(tmp_path: Path, state: State) -> None:
    ingest = Ingest(state, tmp_path)
    ingest.start()
    recorder = RunRecorder(tmp_path, "p", "r1")
    sink = ingest.sink("p")
    for event in (
        events.RunStarted("r1", "p", "_", 5.0, ("a",), {}, "studio", "all"),
        events.BlockStarted("r1", "a", 1, 6.0),
        events.RunEnded("r1", "p", RunState.FAILED, 7.0, 2.0),
    ):
        recorder(event)
        sink(event)
    ingest.close()
    assert listed(state) == ["p r1 failed"]


def test_a_command_that_is_killed_is_noticed_at_once(tmp_path: Path, state: State) -> None:
    told: queue.Queue[RunRow] = queue.Queue()
    ingest = Ingest(state, tmp_path, told.put)
    ingest.start()
    code = (
        "import sys\nfrom pathlib import Path\nfrom penstock.model import events\n"
        "from penstock.observe.record import RunRecorder\n"
        "RunRecorder(Path(sys.argv[1]), 'p', 'r1')(events.RunStarted('r1', 'p', '_', 5.0, ('a',), {}, 'cli', 'all'))\n"
        "print('begun', flush=True)\nsys.stdin.read()"
    )
    command = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert command.stdout is not None
    assert command.stdout.readline() == b"begun\n"
    ingest.tell("p", "r1")
    assert told.get(timeout=PATIENCE).state == "running"
    record = tmp_path / "pipelines" / "p" / ".logs" / "r1" / "run.jsonl"
    os.utime(record, (1e9, 1e9))  # it has told nothing for long
    command.kill()
    command.communicate()
    row = told.get(timeout=PATIENCE)
    assert row.state == "interrupted"
    assert row.ended_at is not None
    assert time.time() - PATIENCE < row.ended_at <= time.time()
    ingest.close()
    assert listed(state) == ["p r1 interrupted"]


def test_a_store_that_is_away_is_waited_for(tmp_path: Path) -> None:
    told: queue.Queue[RunRow] = queue.Queue()
    with postgres() as server:
        state = open_state(f"postgresql://postgres:x@127.0.0.1:{server.port}/postgres")
        ingest = Ingest(state, tmp_path, told.put)
        ingest.start()
        record_run(tmp_path, name(1), pipeline="p")
        ingest.tell("p", name(1))
        assert told.get(timeout=PATIENCE).id == name(1)
        os.kill(server.pid, signal.SIGKILL)
    record_run(tmp_path, name(2), pipeline="p")
    ingest.tell("p", name(2))
    ingest.close()  # it does not wait for what may never come back
    state.close()
    back = open_state(f"sqlite:///{tmp_path / 'back.db'}")
    assert Ingest(back, tmp_path).everything() == 2
    back.close()


def test_a_store_that_returns_gets_everything(
    tmp_path: Path, postgres_server: PostgresServer, postgres_database: str
) -> None:
    wire = Wire(postgres_server.port)
    told: queue.Queue[RunRow] = queue.Queue()
    state = open_state(f"postgresql://postgres:x@127.0.0.1:{wire.port}/{postgres_database}")
    record_run(tmp_path, name(1), pipeline="p")
    ingest = Ingest(state, tmp_path, told.put)
    wire.cut()
    ingest.start()
    ingest.tell("p", name(1))
    record_run(tmp_path, name(2), pipeline="p")
    wire.mend()
    assert {told.get(timeout=PATIENCE).id, told.get(timeout=PATIENCE).id} == {name(1), name(2)}
    ingest.close()
    state.close()
    wire.cut()


def test_thousands_of_old_runs_take_seconds(tmp_path: Path, state: State) -> None:
    record_run(tmp_path, "first", pipeline="p")
    text = (tmp_path / "pipelines" / "p" / ".logs" / "first" / "run.jsonl").read_text()
    for number in range(2000):
        folder = tmp_path / "pipelines" / "p" / ".logs" / f"r{number:04}"
        folder.mkdir()
        (folder / "run.jsonl").write_text(text)
    began = time.process_time()
    assert Ingest(state, tmp_path).everything() == 2001
    assert time.process_time() - began < 60
    began = time.process_time()
    assert Ingest(state, tmp_path).everything() == 0
    assert time.process_time() - began < 20


def test_an_ended_row_is_not_touched_again(tmp_path: Path, state: State) -> None:
    record_run(tmp_path, "r1", pipeline="p")
    ingest = Ingest(state, tmp_path)
    row = ingest.one("p", "r1")
    assert row is not None
    with state.write() as connection:
        assert state.runs.record(connection, [(replace(row, error="other"), [])]) == set()
