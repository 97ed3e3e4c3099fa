"""A scheduler in a thread over real worker processes: runs go from the store to their end, whatever is in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from penstock.cli.wire import Workbench, open_workbench
from penstock.model.events import Event
from penstock.project import open_project
from penstock.schedule import core, limits, stumbles
from penstock.schedule.claim import Admission
from penstock.schedule.core import Core
from penstock.schedule.ends import NoAlerts
from penstock.schedule.hearers import Hearers
from penstock.schedule.limit_rules import RuleBook
from penstock.schedule.limits import Limits
from penstock.schedule.requests import NewRun, cancel_run, create_run, retry_from, retry_incomplete
from penstock.schedule.service import Scheduler
from penstock.state.rows import RunRow, TriggerRow
from penstock.state.store import State, open_state
from tests.cli.projects import B, write_pipeline, write_project
from tests.patience import PATIENCE, until

SLOW = "print('here', flush=True); import time; time.sleep(600)"


class Lab(NoAlerts):
    """A project, its store, and a scheduler that can be stopped and started again."""

    def __init__(self, root: Path, state: State) -> None:
        self.root, self.state = root, state
        self.printed = threading.Event()
        self.stumbles = 0
        self.odd = ""
        self.notices: list[str] = []
        self.stopped: list[tuple[str, str]] = []
        self._ended: dict[str, RunRow] = {}
        self._news = threading.Condition()
        self.admission: Admission | None = None
        self.scheduler = self.started()

    def started(self) -> Scheduler:
        hearers = Hearers(self._changed, self._settled, notice=self.notices.append, stopped=self._stopped)
        scheduler = Scheduler(self.state, self._bench, hearers=hearers, alerts=self, admission=self.admission)
        scheduler.start()
        return scheduler

    def _bench(self) -> Workbench:
        bench = self.bench = open_workbench(self.root, grace=0.5)
        bench.watch_runs(
            lambda plan: [lambda event: self.printed.set() if type(event).__name__ == "BlockPrinted" else None]
        )
        bench.watch_runs(lambda plan: [self._odd_sink] if plan.pipeline.uuid == "odd" else [])
        return bench

    def _odd_sink(self, event: Event) -> None:
        if self.odd == type(event).__name__:
            raise RuntimeError("a mistake of ours\nin two lines")

    def run_ended(self, connection: sa.Connection, run: RunRow) -> None:
        super().run_ended(connection, run)
        if self.odd == "alert" and run.pipeline == "odd":
            raise RuntimeError("a mistake of ours\nin two lines")

    def _settled(self) -> None:
        if self.stumbles:
            self.stumbles -= 1
            raise RuntimeError("a mistake of ours that concerns no run")

    def _stopped(self, row: RunRow, trace: str) -> None:
        self.stopped.append((row.id, trace))

    def _changed(self, what: str, row: RunRow) -> None:
        if self.odd == what and row.pipeline == "odd":
            raise RuntimeError("a mistake of ours\nin two lines")
        if what == "ended":
            with self._news:
                self._ended[row.id] = row
                self._news.notify_all()

    def ask(self, pipeline: str, **settings: object) -> RunRow:
        row = create_run(self.state, NewRun(pipeline, "api", settings=settings), time.time())
        self.scheduler.wake("runs", row.id)
        return row

    def end(self, row: RunRow) -> RunRow:
        with self._news:
            assert self._news.wait_for(lambda: row.id in self._ended, PATIENCE)
            del self._ended[row.id]
        return self.now(row)

    def now(self, row: RunRow) -> RunRow:
        with self.state.read() as connection:
            found = self.state.runs.get(connection, row.id)
        assert found is not None
        return found

    def blocks(self, row: RunRow) -> dict[str, tuple[str, int]]:
        with self.state.read() as connection:
            return {one.block: (one.state, one.attempts) for one in self.state.block_runs.of_run(connection, row.id)}


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Lab]]:
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "data"))
    made: list[Lab] = []

    def make(**pipelines: list[B]) -> Lab:
        root = write_project(tmp_path / "project", **pipelines)
        made.append(Lab(root, open_state(f"sqlite:///{tmp_path / 'state.db'}")))
        return made[0]

    yield make
    for one in made:
        one.scheduler.close()
        one.state.close()


def test_a_run_of_the_store_is_driven_to_its_end(lab: Callable[..., Lab]) -> None:
    it = lab(p=[B("a", "data_loader", "return 1"), B("b", "transformer", "return args[0] + 1", up=("a",))])
    row = it.end(it.ask("p"))
    assert (row.state, row.blocks_done, row.blocks_total, row.lease_owner) == ("completed", 2, 2, None)
    assert row.ended_at is not None
    assert row.seconds is not None
    assert row.error == ""
    assert it.blocks(row) == {"a": ("completed", 1), "b": ("completed", 1)}


def test_a_mistake_of_the_scheduler_costs_a_moment_and_no_run(lab: Callable[..., Lab]) -> None:
    it = lab(p=[B("a", "data_loader", "return 1")])
    it.stumbles = 1
    assert it.end(it.ask("p")).state == "completed"
    assert it.stumbles == 0


def test_a_mistake_while_it_begins_anew_ends_nothing(lab: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch) -> None:
    mistakes = ["another mistake of ours"]
    hand_over = Core.hand_over

    def stumbling(core: Core) -> None:
        hand_over(core)
        if mistakes:
            raise RuntimeError(mistakes.pop())

    monkeypatch.setattr(Core, "hand_over", stumbling)
    it = lab(p=[B("a", "data_loader", "return 1")])
    it.stumbles = 1
    assert it.end(it.ask("p")).state == "completed"
    assert mistakes == []


def test_a_damaged_store_is_told_in_a_line_and_ends_nothing(lab: Callable[..., Lab], tmp_path: Path) -> None:
    it = lab(p=[B("a", "data_loader", "return 1")])
    assert it.end(it.ask("p")).state == "completed"
    path = tmp_path / "state.db"
    junk = b"\xff" * path.stat().st_size

    def told() -> list[str]:
        it.state.close()  # what is open knows what it has read, and may write the file whole again as it closes
        path.with_name("state.db-wal").unlink(missing_ok=True)
        with path.open("r+b") as file:  # an empty file, as it would be for a moment, is a database
            file.write(junk)
        it.scheduler.wake("")
        return it.notices

    until("the notice", told)
    it.scheduler.close()  # an error that its thread ended with would fail the test
    (notice,) = it.notices
    assert notice.startswith("the scheduler waits: ")
    assert "the file is damaged or is no database" in notice
    assert "\n" not in notice


@pytest.mark.parametrize("place", ["started", "BlockStarted", "BlockEnded", "RunEnded", "alert"])
def test_a_mistake_that_comes_with_one_run_stops_that_run_alone(
    lab: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    monkeypatch.setattr(stumbles, "REST", 0.0)
    anew: list[str] = []
    monkeypatch.setattr(Core, "hand_over", lambda core: anew.append("all runs were handed over"))
    flag = tmp_path / "flag"
    wait = f"import os, time\nprint('here', flush=True)\nwhile not os.path.exists({str(flag)!r}):\n    time.sleep(0.01)"
    it = lab(
        p=[B("a", "data_loader", wait), B("b", "transformer", "return 1", up=("a",))],
        odd=[
            B(block, "transformer", "return 1", up=up) for block, up in (("c", ()), ("d", "c"), ("e", "d"), ("f", "e"))
        ],
    )
    good = it.ask("p")
    assert it.printed.wait(PATIENCE)
    it.odd = place
    odd = it.end(it.ask("odd"))
    assert odd.state == "failed"
    assert odd.error.startswith(f"internal error in run {odd.id}: RuntimeError: a mistake of ours; ")
    assert "X109" in odd.error
    assert (odd.lease_owner, odd.waiting) == (None, None)
    assert {state for state, _ in it.blocks(odd).values()} <= {"completed", "cancelled"}
    (stopped,) = it.stopped
    assert stopped[0] == odd.id
    assert "in two lines" in stopped[1]
    assert [f"stumbled over run {odd.id}, {number} of 3 times" in it.notices[number - 1] for number in (1, 2, 3)]
    flag.touch()
    assert it.end(good).state == "completed"
    assert it.blocks(good) == {"a": ("completed", 1), "b": ("completed", 1)}
    assert anew == []
    it.odd = ""
    if it.blocks(odd)["f"][0] != "completed":
        retry_incomplete(it.state, odd.id, time.time())
        it.scheduler.wake("runs", odd.id)
        assert it.end(odd).state == "completed"


def test_a_mistake_that_passes_costs_the_run_a_moment(lab: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stumbles, "REST", 0.0)
    it = lab(odd=[B("a", "data_loader", "return 1"), B("b", "transformer", "return args[0] + 1", up=("a",))])
    passing = ["once", "twice"]

    def sink(event: Event) -> None:
        if type(event).__name__ == "BlockStarted" and event.block == "b" and passing:
            raise RuntimeError(passing.pop())

    monkeypatch.setattr(it, "_odd_sink", sink)
    row = it.end(it.ask("odd"))
    assert row.state == "completed"
    assert {block: state for block, (state, _) in it.blocks(row).items()} == {"a": "completed", "b": "completed"}
    assert it.blocks(row)["a"] == ("completed", 1)
    assert passing == []


def test_a_bench_that_cannot_be_opened_is_tried_again(lab: Callable[..., Lab]) -> None:
    it = lab(p=[B("a", "data_loader", "return 1")])
    it.scheduler.close()
    failures = [BlockingIOError("no more processes")] * 2
    told: list[str] = []

    def opened() -> Workbench:
        if failures:
            raise failures.pop()
        return it._bench()

    hearers = Hearers(changed=it._changed, notice=told.append)
    it.scheduler = Scheduler(it.state, opened, hearers=hearers)
    it.scheduler.start()
    row = create_run(it.state, NewRun("p", "api"), time.time())
    it.scheduler.wake("runs", row.id)
    it.scheduler.wake("runs", row.id)
    assert it.end(row).state == "completed"
    assert told == ["the scheduler cannot begin, and tries again: BlockingIOError: no more processes"]


def test_a_run_begins_when_the_project_is_back_though_nobody_tells(
    lab: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(core, "SWEEP", 1e6)
    monkeypatch.setattr(limits, "AWAY_REST", 0.2)
    it = lab(p=[B("a", "data_loader", "return 1")])
    it.scheduler.close()
    it.admission = Limits(it.state, RuleBook(lambda: open_project(it.root)))
    it.scheduler = it.started()
    assert it.end(it.ask("p")).state == "completed"
    it.root.rename(tmp_path / "elsewhere")
    run = it.ask("p")
    waiting = until("why it waits", lambda: it.now(run).waiting)
    assert (waiting["kind"], it.now(run).due_at) == ("project_away", run.due_at)
    (tmp_path / "elsewhere").rename(it.root)
    assert it.end(run).state == "completed"


def test_a_failure_has_a_cause_and_the_others_go_on_when_they_may(lab: Callable[..., Lab]) -> None:
    it = lab(
        p=[
            B("bad", "data_loader", "1 / 0"),
            B("after", "transformer", "return 1", up=("bad",)),
            B("free", "data_loader", "return 1"),
        ]
    )
    row = it.end(it.ask("p", allow_blocks_to_fail=True))
    assert (row.state, row.failed_block) == ("failed", "bad")
    assert "division by zero" in row.error
    states = {block: state for block, (state, _) in it.blocks(row).items()}
    assert states == {"bad": "failed", "after": "upstream_failed", "free": "completed"}


def test_cancelling_ends_the_process(lab: Callable[..., Lab]) -> None:
    it = lab(p=[B("slow", "data_loader", SLOW)])
    row = it.ask("p")
    assert it.printed.wait(PATIENCE)
    cancel_run(it.state, row.id, time.time())
    it.scheduler.wake("runs", row.id)
    assert it.end(row).state == "cancelled"
    assert it.blocks(row)["slow"][0] == "cancelled"


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_run_that_takes_too_long_ends_as_its_trigger_says(lab: Callable[..., Lab], state: str) -> None:
    it = lab(p=[B("slow", "data_loader", SLOW)])
    row = it.end(it.ask("p", timeout=0.3, timeout_status=state))
    assert row.state == state
    assert "timeout of 0.3 s" in row.error


def test_a_run_that_could_not_be_begun_properly_leaves_nothing_behind(lab: Callable[..., Lab]) -> None:
    it = lab(p=[B("slow", "data_loader", SLOW)])
    row = it.end(it.ask("p", timeout=10**400))  # as another version, or a person, may have written it
    assert (row.state, "OverflowError" in row.error) == ("failed", True)
    assert it.bench.loop.handles == {}


def test_a_stopped_scheduler_hands_its_runs_over_and_the_next_goes_on(lab: Callable[..., Lab], tmp_path: Path) -> None:
    flag = tmp_path / "second"
    it = lab(
        p=[
            B("a", "data_loader", "return 1"),
            B(
                "b",
                "transformer",
                f"import os, time; print('b', flush=True)\nif os.path.exists({str(flag)!r}):\n    return 1\ntime.sleep(60)",
                up=("a",),
            ),
        ]
    )
    row = it.ask("p")
    assert it.printed.wait(PATIENCE)
    it.scheduler.close()
    left = it.now(row)
    assert (left.state, left.lease_owner) == ("initial", None)
    assert left.waiting is not None
    assert left.waiting["kind"] == "handed_over"
    assert it.blocks(row)["b"][0] == "queued"
    flag.touch()
    it.scheduler = it.started()
    assert it.end(row).state == "completed"
    assert it.blocks(row) == {"a": ("completed", 1), "b": ("completed", 2)}


@pytest.mark.parametrize("end", ["failure", "cancelled"])
def test_callbacks_that_were_cut_short_run_again(lab: Callable[..., Lab], tmp_path: Path, end: str) -> None:
    flag, cancelled = tmp_path / "second", end == "cancelled"
    text = f"""from mage_ai.data_preparation.decorators import callback

@callback('{end}')
def tell(*args, **kwargs):
    import os, time
    print('told of', kwargs['parent_block_uuid'], flush=True)
    while not os.path.exists({str(flag)!r}):
        time.sleep(0.01)
    open({str(tmp_path / "notes")!r}, 'a').write('told\\n')
"""
    it = lab()
    write_pipeline(
        it.root,
        "p",
        [B("bad", "data_loader", SLOW if cancelled else "1 / 0")],
        callbacks=[{"uuid": "tell", "type": "callback", "language": "python", "upstream_blocks": ["bad"]}],
    )
    (it.root / "callbacks").mkdir()
    (it.root / "callbacks" / "tell.py").write_text(text)
    row = it.ask("p")
    assert it.printed.wait(PATIENCE)
    if cancelled:
        it.printed.clear()
        cancel_run(it.state, row.id, time.time())
        it.scheduler.wake("runs", row.id)
        assert it.printed.wait(PATIENCE)
    it.scheduler.close()
    assert it.now(row).open
    flag.touch()
    it.scheduler = it.started()
    assert it.end(row).state == ("cancelled" if cancelled else "failed")
    assert it.blocks(row) == {"bad": ("cancelled" if cancelled else "failed", 1)}
    assert (tmp_path / "notes").read_text() == "told\n"


def test_what_is_not_done_runs_again_in_the_same_run(lab: Callable[..., Lab], tmp_path: Path) -> None:
    flag = tmp_path / "mended"
    it = lab(
        p=[
            B("a", "data_loader", "return 1"),
            B("b", "transformer", f"import os\nassert os.path.exists({str(flag)!r})\nreturn 2", up=("a",)),
        ]
    )
    row = it.end(it.ask("p"))
    assert row.state == "failed"
    flag.touch()
    retry_incomplete(it.state, row.id, time.time())
    it.scheduler.wake("runs", row.id)
    assert it.end(row).state == "completed"
    assert it.blocks(row) == {"a": ("completed", 1), "b": ("completed", 1)}
    retry_from(it.state, row.id, "a", ["b"], time.time())
    it.scheduler.wake("runs", row.id)
    assert it.end(row).state == "completed"


def test_a_pipeline_that_cannot_be_read_fails_its_own_runs_only(lab: Callable[..., Lab]) -> None:
    it = lab(p=[B("a", "data_loader", "return 1")], odd=[B("a", "data_loader", "return 1")])
    (it.root / "pipelines" / "odd" / "metadata.yaml").write_text("blocks: [: {")
    odd, gone, good = it.ask("odd"), it.ask("nowhere"), it.ask("p")
    assert it.end(good).state == "completed"
    for row in (it.end(odd), it.end(gone)):
        assert row.state == "failed"
        assert row.error


def test_a_trigger_that_is_due_starts_its_pipeline_and_one_that_is_odd_is_paused(lab: Callable[..., Lab]) -> None:
    it = lab(p=[B("a", "data_loader", "print(kwargs['env'], kwargs['execution_date'])")])
    now = time.time()
    good = {"pipeline": "p", "name": "once", "kind": "time", "schedule": "@once", "active": True, "variables": {"x": 1}}
    with it.state.write() as connection:
        odd = it.state.triggers.add(connection, TriggerRow("p", "odd", {"kind": "?"}, active=True, next_due_at=now - 1))
        key = it.state.triggers.add(
            connection, TriggerRow("p", "once", good, active=True, next_due_at=now, last_enabled_at=now)
        )
    it.scheduler.wake("triggers", "p")
    assert it.printed.wait(PATIENCE)
    with it.state.read() as connection:
        (row,) = it.state.runs.of_trigger(connection, key)
        broken = it.state.triggers.get(connection, odd)
    assert (row.origin, row.variables, row.slot is not None) == ("schedule", {"x": 1}, True)
    assert broken is not None
    assert broken.problem
    assert broken.next_due_at is None
