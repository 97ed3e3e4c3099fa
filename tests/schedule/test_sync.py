"""The mirror of the triggers in files: additions, changes, removals, files that break, and what it costs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from penstock.schedule.sync import TriggerSync, move_triggers
from penstock.schedule.tokens import hash_token, new_token
from penstock.state.rows import RunRow, TriggerRow
from penstock.state.store import State, open_state

NOON = datetime(2024, 3, 30, 12, tzinfo=UTC).timestamp()
START = NOON + 1
HOUR = 3600.0
HOURLY = "  schedule_type: time\n  schedule_interval: '@hourly'\n  status: active\n"


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Bell:
    """Remembers what it was told, as an outbox would write it."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, str, str]] = []

    def trigger_broken(self, _connection: Any, trigger: TriggerRow, _problem: str, _now: float) -> None:
        self.rung.append(("broken", trigger.pipeline, trigger.name))

    def trigger_mended(self, _connection: Any, trigger: TriggerRow, _now: float) -> None:
        self.rung.append(("mended", trigger.pipeline, trigger.name))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = open_state(f"sqlite:///{tmp_path / 'state.db'}")
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "project" / "pipelines").mkdir(parents=True)
    return tmp_path / "project"


def put(root: Path, pipeline: str, text: str | bytes) -> Path:
    folder = root / "pipelines" / pipeline
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metadata.yaml").write_text(f"name: {pipeline}\ntype: python\nblocks: []\n")
    path = folder / "triggers.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def rows(state: State) -> dict[str, TriggerRow]:
    with state.read() as connection:
        return {f"{row.pipeline}/{row.name}": row for row in state.triggers.all(connection)}


def test_triggers_are_added_changed_and_removed(state: State, root: Path, clock: Clock) -> None:
    sync = TriggerSync(state, root, clock)
    path = put(root, "orders", f"- name: a\n{HOURLY}- name: b\n  schedule_type: api\n")
    assert len(sync.everything().added) == 2
    first = rows(state)["orders/a"]
    assert first.active
    assert first.next_due_at == NOON + HOUR
    assert first.last_enabled_at == START
    assert not rows(state)["orders/b"].active
    assert sync.everything().ids == []

    clock.now += 60
    path.write_text(f"- name: a\n{HOURLY}  description: now with words\n")
    done = sync.everything()
    assert (len(done.changed), len(done.removed)) == (1, 1)
    second = rows(state)["orders/a"]
    assert (second.id, second.next_due_at, second.last_enabled_at) == (first.id, NOON + HOUR, START)
    assert second.definition["description"] == "now with words"

    path.unlink()
    assert len(sync.everything().removed) == 1
    assert rows(state) == {}
    clock.now += 61
    put(root, "orders", f"- name: a\n{HOURLY}")
    assert sync.everything().changed == [first.id]
    assert rows(state)["orders/a"].last_enabled_at == clock.now


def test_a_row_that_another_version_has_written_costs_no_other_trigger(state: State, root: Path, clock: Clock) -> None:
    odd = {"kind": "dependency", "pipeline": "orders", "name": "odd", "settings": {"after": 5}}
    with state.write() as connection:
        state.triggers.add(connection, TriggerRow("orders", "odd", odd, active=True))
    put(root, "orders", f"- name: a\n{HOURLY}")
    done = TriggerSync(state, root, clock).everything()
    assert (len(done.added), len(done.removed)) == (1, 1)
    assert set(rows(state)) == {"orders/a"}


def test_a_removed_pipeline_takes_its_triggers_along(state: State, root: Path, clock: Clock) -> None:
    sync = TriggerSync(state, root, clock)
    path = put(root, "orders", f"- name: a\n{HOURLY}")
    sync.everything()
    path.unlink()
    (path.parent / "metadata.yaml").unlink()
    assert len(sync.pipelines(["orders"]).removed) == 1


def test_nothing_old_is_run_when_a_trigger_is_first_seen(state: State, root: Path, clock: Clock) -> None:
    put(root, "orders", f"- name: a\n{HOURLY}  last_enabled_at: 2020-01-01 00:00:00\n  start_time: 2020-01-01\n")
    TriggerSync(state, root, clock).everything()
    assert rows(state)["orders/a"].next_due_at == NOON + HOUR


def test_switching_on_again_begins_anew(state: State, root: Path, clock: Clock) -> None:
    sync = TriggerSync(state, root, clock)
    put(root, "orders", f"- name: a\n{HOURLY}")
    sync.everything()
    put(root, "orders", f"- name: a\n{HOURLY.replace('active', 'inactive')}")
    sync.everything()
    assert rows(state)["orders/a"].next_due_at is None
    clock.now += 10 * HOUR
    put(root, "orders", f"- name: a\n{HOURLY}")
    sync.everything()
    assert rows(state)["orders/a"].last_enabled_at == clock.now
    assert rows(state)["orders/a"].next_due_at == NOON + 11 * HOUR


def test_a_trigger_that_is_back_at_once_has_never_gone(state: State, root: Path, clock: Clock) -> None:
    sync = TriggerSync(state, root, clock)
    text = f"- name: a\n{HOURLY}- name: b\n{HOURLY.replace('active', 'inactive')}"
    put(root, "orders", text)
    sync.everything()
    clock.now = NOON + HOUR - 10
    put(root, "orders", "")  # as an editor does before it writes
    sync.pipelines(["orders"])
    assert rows(state) == {}
    clock.now = NOON + HOUR + 10
    put(root, "orders", text.replace("inactive", "active"))
    sync.pipelines(["orders"])
    found = rows(state)
    assert (found["orders/a"].last_enabled_at, found["orders/a"].next_due_at) == (START, NOON + HOUR)
    assert (found["orders/b"].last_enabled_at, found["orders/b"].next_due_at) == (clock.now, NOON + 2 * HOUR)


def test_what_was_missed_while_nothing_ran_is_still_due(state: State, root: Path, clock: Clock) -> None:
    put(root, "orders", f"- name: a\n{HOURLY}")
    TriggerSync(state, root, clock).everything()
    clock.now += 5 * HOUR
    put(root, "orders", f"- name: a\n{HOURLY}  description: edited meanwhile\n")
    TriggerSync(state, root, clock).everything()
    assert rows(state)["orders/a"].next_due_at == NOON + 5 * HOUR  # the newest of five: the policy is "last"


def test_a_new_schedule_has_no_past(state: State, root: Path, clock: Clock) -> None:
    sync = TriggerSync(state, root, clock)
    put(root, "orders", f"- name: a\n{HOURLY}")
    sync.everything()
    clock.now += 30 * 60
    put(root, "orders", f"- name: a\n{HOURLY.replace('@hourly', '* * * * *')}  settings: {{missed_runs: all}}\n")
    sync.everything()
    row = rows(state)["orders/a"]
    assert row.next_due_at == NOON + 31 * 60
    assert row.last_slot == clock.now


def test_a_landing_time_starts_so_much_earlier(state: State, root: Path, clock: Clock) -> None:
    daily = HOURLY.replace("@hourly", "@daily") + "  start_time: 2024-01-01 15:00:00\n"
    landing = "  settings: {landing_time_enabled: true}\n"
    put(root, "orders", f"- name: a\n{daily}")
    put(root, "stock", f"- name: a\n{daily}{landing}")
    sync = TriggerSync(state, root, clock)
    sync.everything()
    number = rows(state)["orders/a"].id
    assert rows(state)["stock/a"].next_due_at == NOON + 3 * HOUR  # nobody knows yet how long it takes
    with state.write() as connection:
        for index, (seconds, how) in enumerate([(600.0, "completed"), (1800.0, "completed"), (9.0, "failed")]):
            state.runs.insert(
                connection, RunRow(f"r{index}", "orders", NOON, state=how, trigger_id=number, seconds=seconds)
            )
    put(root, "orders", f"- name: a\n{daily}{landing}")
    sync.everything()
    assert rows(state)["orders/a"].next_due_at == NOON + 3 * HOUR - 1500  # the mean, and half the deviation


@pytest.mark.parametrize(
    ("environment", "active"),
    [("dev", False), ("prod", True), ("production", True), ("staging", True), ("mars", False)],
)
def test_a_trigger_of_another_environment_is_not_active_here(
    state: State, root: Path, clock: Clock, environment: str, *, active: bool
) -> None:
    put(root, "orders", f"- name: a\n{HOURLY}  envs: [production, staging]\n")
    TriggerSync(state, root, clock, environment=environment).everything()
    row = rows(state)["orders/a"]
    assert (row.active, row.next_due_at is not None) == (active, active)
    TriggerSync(state, root, clock, environment="prod").everything()  # the same file, seen from elsewhere
    assert rows(state)["orders/a"].active


BROKEN: list[bytes] = [
    b"\xff\xfe",
    b"triggers: [\n",
    b"- name: a\n  - b\n",
    b"a: &a [*a, *a]\n",
    b"- name: !!python/object/apply:os.system ['true']\n",
    b"[" * 5000,
]


def test_who_waits_for_the_product_of_a_block_that_is_not_there_says_so(state: State, root: Path, clock: Clock) -> None:
    sync = TriggerSync(state, root, clock)
    after = "settings: {after: [{pipeline: orders, product: clean}]}"
    metadata = put(root, "orders", "").with_name("metadata.yaml")
    put(root, "report", f"- name: t\n  schedule_type: dependency\n  status: active\n  {after}\n")
    missing = "it waits for the block clean of orders, which is not in the project"
    sync.everything()
    assert rows(state)["report/t"].problem == missing
    for blocks, problem in (("[{uuid: clean, type: transformer}]", ""), ("[]", missing), ("[", "")):
        metadata.write_text(f"name: orders\ntype: python\nblocks: {blocks}\n")
        assert len(sync.pipelines(["orders"]).changed) == 1
        assert rows(state)["report/t"].problem == problem, "a file that cannot be read says nothing"


@pytest.mark.parametrize("text", BROKEN)
def test_a_file_that_breaks_pauses_its_triggers_and_mends(state: State, root: Path, clock: Clock, text: bytes) -> None:
    bell = Bell()
    sync = TriggerSync(state, root, clock, alerts=bell)
    put(root, "fine", f"- name: a\n{HOURLY}")
    put(root, "orders", f"- name: a\n{HOURLY}  variables: {{x: 1}}\n")
    sync.everything()
    put(root, "orders", text)
    assert len(sync.everything().changed) == 1
    paused = rows(state)["orders/a"]
    assert paused.next_due_at is None
    assert "orders/triggers.yaml" in paused.problem
    assert paused.definition["variables"] == {"x": 1}
    assert rows(state)["fine/a"].next_due_at == NOON + HOUR
    assert bell.rung == [("broken", "orders", "a")]
    assert sync.everything().ids == []

    clock.now += HOUR
    put(root, "orders", f"- name: a\n{HOURLY}  variables: {{x: 1}}\n")
    TriggerSync(state, root, clock, alerts=bell).everything()
    mended = rows(state)["orders/a"]
    assert (mended.problem, mended.last_enabled_at) == ("", START)
    assert mended.next_due_at == NOON + HOUR  # missed while it was broken
    assert bell.rung[1:] == [("mended", "orders", "a")]


POISON = [
    "schedule_type: time\n  schedule_interval: ''\n  status: active",
    "schedule_type: time\n  schedule_interval: '0 0 30 2 *'\n  status: active",
    "schedule_type: time\n  schedule_interval: '@daily'\n  settings: {time_zone: Nowhere/Land}\n  status: active",
    "schedule_type: time\n  schedule_interval: '@daily'\n  start_time: 0000-00-00\n  status: active",
    "schedule_type: time\n  schedule_interval: '@daily'\n  start_time: 9999-12-31 23:59:59\n  status: active\n  settings: {time_zone: America/New_York}",
    "schedule_type: time\n  schedule_interval: '@daily'\n  start_time: 0001-01-01\n  status: active\n  settings: {time_zone: Asia/Tokyo, create_initial_pipeline_run: true, missed_runs: all}",
    "schedule_type: time\n  schedule_interval: '* * * * *'\n  settings: {missed_runs: all, missed_runs_limit: 1.0e+300, timeout: .inf, priority: 99999999999999999999}\n  status: active",
    "schedule_type: dependency\n  settings: {after: [nothing]}\n  status: active",
    'name: "a\\0b"\n  schedule_type: api',
    'description: "\\u0000"\n  schedule_type: api\n  variables: {"\\0": .nan}',
    "name: [1]\n  schedule_type: api",
    "settings: {webhook: {secret: [1]}}\n  schedule_type: api\n  status: active",
    f"name: {'x' * 100_000}\n  schedule_type: api",
]


@pytest.mark.parametrize("poison", POISON)
def test_a_poisoned_trigger_among_a_thousand_stops_only_itself(
    state: State, root: Path, clock: Clock, poison: str
) -> None:
    many = "".join(f"- name: t{number}\n{HOURLY}" for number in range(100))
    for number in range(10):
        put(root, f"p{number}", many)
    put(root, "p5", f"- name: bad\n  {poison}\n{many}" if "name:" not in poison else f"- {poison}\n{many}")
    sync = TriggerSync(state, root, clock)
    sync.everything()
    good = [row for name, row in rows(state).items() if "/t" in name]
    assert len(good) == 1000
    assert {row.next_due_at for row in good} == {NOON + HOUR}
    assert {row.problem for row in good} == {""}
    sync.pipelines(["p5"])
    assert sum(row.next_due_at == NOON + HOUR for row in rows(state).values()) >= 1000


def test_pipelines_that_wait_in_a_circle_are_paused(state: State, root: Path, clock: Clock) -> None:
    def after(*names: str) -> str:
        return (
            f"- name: t\n  schedule_type: dependency\n  status: active\n  settings: {{after: [{', '.join(names)}]}}\n"
        )

    sync = TriggerSync(state, root, clock)
    put(root, "a", after("b"))
    put(root, "b", after("a"))
    put(root, "c", after("a"))
    put(root, "d", after("gone", "{pipeline: a, trigger: nobody}", "{pipeline: b, trigger: t}"))
    sync.everything()
    found = {name: row.problem for name, row in rows(state).items()}
    assert "circle" in found["a/t"]
    assert "circle" in found["b/t"]
    assert found["c/t"] == ""
    assert found["d/t"] == "it waits for the pipeline gone and the trigger nobody of a, which is not in the project"

    put(root, "b", after("c").replace("active", "inactive"))
    put(root, "gone", "")
    put(root, "a", after("b") + "- name: nobody\n  schedule_type: api\n")
    TriggerSync(state, root, clock).everything()  # by another process, which has read none of them
    assert {row.problem for row in rows(state).values()} == {""}


def test_a_token_in_the_file_counts_and_goes_with_it(state: State, root: Path, clock: Clock) -> None:
    sync = TriggerSync(state, root, clock)
    put(root, "orders", "- name: a\n  schedule_type: api\n  token: open-sesame\n")
    sync.everything()
    row = rows(state)["orders/a"]
    assert row.token_hash == hash_token("open-sesame")
    assert "open-sesame" not in repr(row)
    put(root, "orders", "- name: a\n  schedule_type: api\n")
    sync.everything()
    assert rows(state)["orders/a"].token_hash is None
    made = hash_token(new_token())
    with state.write() as connection:
        state.triggers.change(connection, row.id, token_hash=made)
    put(root, "orders", "- name: a\n  schedule_type: api\n  status: active\n")
    sync.everything()
    assert rows(state)["orders/a"].token_hash == made


def test_triggers_follow_a_renamed_pipeline(state: State, root: Path, clock: Clock) -> None:
    sync = TriggerSync(state, root, clock)
    put(root, "orders", f"- name: a\n{HOURLY}")
    sync.everything()
    before = rows(state)["orders/a"]
    with state.write() as connection:
        move_triggers(connection, state, "orders", "sales")
    (root / "pipelines" / "orders").rename(root / "pipelines" / "sales")
    sync.everything()
    after = rows(state)
    assert list(after) == ["sales/a"]
    assert (after["sales/a"].id, after["sales/a"].last_enabled_at) == (before.id, before.last_enabled_at)


def test_a_folder_whose_name_is_no_text_is_left_out(state: State, root: Path, clock: Clock) -> None:
    try:
        folder = os.fsencode(root / "pipelines") + b"/caf\xe9"
        Path(os.fsdecode(folder)).mkdir()
    except OSError:
        pytest.skip("this file system takes no such name")
    Path(os.fsdecode(folder), "metadata.yaml").write_text("name: x\n")
    Path(os.fsdecode(folder), "triggers.yaml").write_text(f"- name: a\n{HOURLY}")
    put(root, "fine", f"- name: a\n{HOURLY}")
    sync = TriggerSync(state, root, clock)
    assert len(sync.everything().added) == 1
    sync.pipelines([os.fsdecode(b"caf\xe9"), "../outside", ""])
    assert list(rows(state)) == ["fine/a"]


def test_files_that_have_not_changed_are_not_read(
    state: State, root: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(300):
        put(root, f"p{number}", f"- name: a\n{HOURLY}")
    TriggerSync(state, root, clock).everything()
    read: list[str] = []
    from penstock.schedule import sync as module

    original = module.read_triggers
    monkeypatch.setattr(
        module, "read_triggers", lambda root, name, folder: (read.append(name), original(root, name, folder))[1]
    )
    later = TriggerSync(state, root, clock)
    assert later.everything().ids == []
    assert read == []
    os.utime(root / "pipelines" / "p7" / "triggers.yaml", ns=(1, 1))
    assert later.everything().ids == []
    assert read == ["p7"]
