"""Why is it not running: one sentence for each cause, from the store."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from penstock.observe.liveness import machine
from penstock.schedule.awaiting import Awaited, waiting_of
from penstock.schedule.limit_rules import Rules
from penstock.schedule.reasons import Explanation
from penstock.schedule.why import explain_block, explain_run
from penstock.state.rows import BlockRunRow, NodeRow, RunRow, TriggerRow
from penstock.state.store import State

NOW = 1_700_000_000.0
RUN = RunRow("r", "p", NOW - 60, due_at=NOW - 60)


def ask(state: State, row: RunRow, rules: Rules | None = None) -> Explanation:
    with state.read() as connection:
        return explain_run(state, connection, row, lambda _: rules or Rules(), NOW)


def ask_block(state: State, row: RunRow, block: str, rules: Rules | None = None) -> str:
    with state.read() as connection:
        found = explain_block(state, connection, row, block, lambda _: rules or Rules(), NOW)
    assert found is not None
    return found.text


def put(state: State, *rows: RunRow, scheduler: bool = True) -> None:
    with state.write() as connection:
        state.runs.insert_many(connection, list(rows))
        if scheduler:
            state.nodes.put(connection, NodeRow("one", "both", "host", 1, NOW - 100, NOW - 30))


def put_blocks(state: State, *rows: BlockRunRow) -> None:
    with state.write() as connection:
        state.block_runs.put(connection, rows)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"state": "completed"}, "it has completed"),
        ({"state": "failed", "failed_block": "b", "error": "no file"}, "it failed in block b: no file"),
        ({"state": "failed"}, "it failed: no reason was told"),
        ({"state": "cancelled"}, "it was cancelled"),
        ({"state": "cancelled", "error": "skipped: full"}, "skipped: full"),
        ({"state": "interrupted"}, "the process that drove it ended before it"),
    ],
)
def test_an_ended_run_says_how(state: State, changes: dict[str, str], text: str) -> None:
    assert ask(state, replace(RUN, **changes)).text == text


def test_a_run_that_nothing_keeps_is_next(state: State) -> None:
    put(state, RUN)
    assert ask(state, RUN).text == "nothing keeps it: a scheduler takes it next"


def test_no_scheduler_and_one_that_was_not_seen_for_long(state: State) -> None:
    put(state, RUN, scheduler=False)
    found = ask(state, RUN)
    assert found.text == "no scheduler is running"
    assert "penstock start" in (found.details[0].change or "")
    with state.write() as connection:
        state.nodes.put(connection, NodeRow("old", "both", "host", 1, NOW - 9000, NOW - 1000))
        state.nodes.put(connection, NodeRow("web", "server", "host", 1, NOW - 9000, NOW))
    assert ask(state, RUN).text == "no scheduler is running"


def test_a_scheduler_of_this_machine_that_was_killed_is_gone_at_once(state: State) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    put(state, RUN, scheduler=False)
    with state.write() as connection:
        state.nodes.put(connection, NodeRow("dead", "both", machine(), ended.pid, NOW - 100, NOW - 1))
    assert ask(state, RUN).text == "no scheduler is running"
    with state.write() as connection:
        state.nodes.put(connection, NodeRow("here", "both", machine(), os.getpid(), NOW - 100, NOW - 1))
    assert ask(state, RUN).text == "nothing keeps it: a scheduler takes it next"


def test_a_moment_that_has_not_come(state: State) -> None:
    row = replace(RUN, due_at=NOW + 60)
    put(state, row)
    assert ask(state, row).text == "it is not to begin before 2023-11-14 22:14:20 UTC"


def test_the_limit_that_leaves_no_room_and_the_runs_that_come_first(state: State) -> None:
    running = RunRow("a", "p", NOW - 90, state="running", lease_owner="one")
    urgent = RunRow("b", "p", NOW - 30, priority=5, due_at=NOW - 30)
    put(state, RUN, running, urgent)
    found = ask(state, RUN, Rules(pipeline=1))
    assert found.text == "1 run of pipeline p under way, and its limit is 1"
    assert found.details[1].text == "1 run comes before it, 1 of them with a higher priority"
    assert ask(state, urgent).text == "nothing keeps it: a scheduler takes it next"


def test_a_run_under_way_tells_its_blocks_and_whether_anybody_drives_it(state: State) -> None:
    row = replace(RUN, state="running", lease_owner="one", lease_token=1, lease_until=NOW + 10, started_at=NOW - 50)
    put(state, row)
    put_blocks(
        state,
        BlockRunRow("r", "a", state="running", started_at=NOW - 50),
        BlockRunRow("r", "b", state="initial", upstream=["a"]),
    )
    found = ask(state, row)
    assert [reason.text for reason in found.details] == ["it is under way: a", "block b: it waits for a (running)"]
    lost = ask(state, replace(row, lease_until=NOW - 10))
    assert lost.text.startswith("the process that drove it is gone")
    assert lost.details[0].change == "A scheduler takes it over."
    cancelled = ask(state, replace(row, cancel_requested=True))
    assert cancelled.text.startswith("it is being cancelled")


WAITS = {"kind": "sensor", "text": "its condition is not met yet", "since": NOW - 60}


def test_blocks(state: State) -> None:
    row = replace(RUN, state="running", lease_owner="one", lease_token=1, lease_until=NOW + 10)
    put(state, row)
    put_blocks(
        state,
        BlockRunRow("r", "sensor", state="queued", due_at=NOW + 60),
        BlockRunRow("r", "long", state="queued", due_at=NOW + 60, failure={"message": "no net"}, waiting=WAITS),
        BlockRunRow("r", "again", state="queued", due_at=NOW + 60, attempts=2, failure={"message": "no net"}),
        BlockRunRow("r", "needy", state="queued"),
        BlockRunRow("r", "bad", state="failed", failure={"message": "boom"}),
        BlockRunRow("r", "below", state="upstream_failed", upstream=["bad", "needy"]),
        BlockRunRow("r", "left", state="condition_failed"),
        BlockRunRow("r", "fresh", state="skipped"),
    )
    with state.write() as connection:
        state.holds.acquire(connection, "other", "x", {"resource:warehouse": (2, 2)}, NOW)
    rules = Rules(takes={"needy": {"warehouse": 1}}, capacity={"warehouse": 2})
    at = "2023-11-14 22:14:20 UTC"
    assert ask_block(state, row, "sensor") == f"its condition is not met yet; it is asked again at {at}"
    assert ask_block(state, row, "long") == f"its condition is not met yet; it is asked again at {at}"
    assert ask_block(state, row, "again") == f"attempt 2 failed (no net); it is tried again at {at}"
    assert ask_block(state, row, "needy", rules) == "it needs 1 of warehouse, of which 0 of 2 is free"
    assert ask_block(state, row, "needy") == "it waits for a free worker; 0 blocks of its run are under way"
    assert ask_block(state, row, "bad") == "it failed: boom"
    assert ask_block(state, row, "below") == "it did not run because bad and needy did not complete"
    assert ask_block(state, row, "left") == "it was left out: its condition said no"
    assert ask_block(state, row, "fresh") == "it was not run again: its output is fresh"
    ended = replace(row, state="failed", ended_at=NOW)
    assert ask_block(state, ended, "needy") == "it did not start before its run failed"
    with state.read() as connection:
        assert explain_block(state, connection, row, "nobody", lambda _: Rules(), NOW) is None


def test_a_run_whose_block_waits_for_a_product_names_it_and_the_run_that_makes_it(state: State) -> None:
    product = Awaited("customers", "maker", "build", NOW - 20, "crm")
    waiting = waiting_of([product, Awaited("ask", "other", "report", NOW - 10)])
    row = replace(
        RUN, state="running", lease_owner="one", lease_token=1, lease_until=NOW + 10, started_at=NOW - 30,
        waiting=waiting,
    )  # fmt: skip
    maker = replace(RUN, id="maker", pipeline="build", state="running", lease_owner="one", lease_token=1)
    put(state, row, replace(maker, lease_until=NOW + 10, started_at=NOW - 15), replace(RUN, id="other"))
    put_blocks(
        state,
        BlockRunRow("r", "customers", state="running"),
        BlockRunRow("r", "ask", state="running"),
        BlockRunRow("r", "busy", state="running"),
        BlockRunRow("maker", "slow", state="running"),
    )
    told = ask(state, row)
    assert told.text == "customers waits for the global data product crm, which the run maker of pipeline build makes"
    assert told.details[0].since == NOW - 20
    assert (told.details[0].change or "").startswith("It goes on when the run maker has ended; when that one fails")
    assert [each.text for each in told.details[1:]] == [
        "ask waits for the run other of pipeline report",
        "run maker: it is under way: slow",
        "run other: nothing keeps it: a scheduler takes it next",
        "it is under way: busy",
    ]
    assert ask_block(state, row, "customers") == told.text
    assert ask_block(state, row, "ask") == "ask waits for the run other of pipeline report"
    assert ask_block(state, row, "busy") == "it is under way"


def test_the_limit_of_blocks_of_one_run_is_named(state: State) -> None:
    row = replace(RUN, state="running", lease_owner="one", lease_token=1, lease_until=NOW + 10)
    put(state, row)
    put_blocks(
        state,
        BlockRunRow("r", "one", state="running", started_at=NOW - 9),
        BlockRunRow("r", "each", state="running", started_at=NOW - 9),
        BlockRunRow("r", "each:a", state="running", started_at=NOW - 9),
        BlockRunRow("r", "next", state="queued"),
    )
    told = "2 blocks of its run are under way, and block_run_limit of its pipeline is 2"
    assert ask_block(state, row, "next", Rules(run_blocks=2)) == told
    free = "it waits for a free worker; 2 blocks of its run are under way"
    assert ask_block(state, row, "next", Rules(run_blocks=3)) == free
    assert ask_block(state, row, "next") == free
    alone = "2 blocks of its run are under way, and its pipeline runs in one process, one block at a time"
    assert ask_block(state, row, "next", Rules(in_one_process=True)) == alone


def test_runs_that_the_limit_of_another_trigger_keeps_back_come_before_none(state: State) -> None:
    with state.write() as connection:
        full = state.triggers.add(connection, TriggerRow("p", "full"))
        other = state.triggers.add(connection, TriggerRow("p", "other"))
    one = {"settings": {"pipeline_run_limit": 1}, "trigger_id": full}
    running = RunRow("a", "p", NOW - 90, state="running", lease_owner="one", lease_token=1, **one)
    kept_back = RunRow("b", "p", NOW - 80, due_at=NOW - 80, **one)
    row = replace(RUN, trigger_id=other)
    put(state, row, running, kept_back)
    assert ask(state, row).text == "nothing keeps it: a scheduler takes it next"
    behind = replace(kept_back, id="c", due_at=NOW - 70)
    put(state, behind)
    assert [each.text for each in ask(state, behind).details] == [
        "1 run of its trigger under way, and the trigger's limit is 1",
        "1 run comes before it",
    ]


def put_waiting(state: State, names: list[str], *others: str) -> RunRow:
    """A run of which blocks of these names are under way and wait for a run each, and others are just under way."""
    waiting = waiting_of([Awaited(name, f"run{at}", "p", NOW - 9) for at, name in enumerate(names)])
    row = replace(
        RUN, state="running", lease_owner="one", lease_token=1, lease_until=NOW + 10, started_at=NOW - 30,
        waiting=waiting,
    )  # fmt: skip
    put(state, row)
    put_blocks(state, *(BlockRunRow("r", name, state="running", started_at=NOW - 20) for name in (*names, *others)))
    return row


def test_blocks_that_wait_and_are_not_named_are_counted_and_not_under_way(state: State) -> None:
    row = put_waiting(state, [f"b{at:02}" for at in range(23)])
    told = [each.text for each in ask(state, row).details]
    assert told[19:] == ["b19 waits for the run run19 of pipeline p", "and 3 more wait for other runs"]
    assert ask_block(state, row, "b19") == "b19 waits for the run run19 of pipeline p"
    assert ask_block(state, row, "b20") == "it waits for another run"


def test_blocks_under_way_beside_those_that_wait_and_are_not_named(state: State) -> None:
    row = put_waiting(state, [f"b{at:02}" for at in range(21)], "busy", "more")
    told = [each.text for each in ask(state, row).details]
    assert told[20:] == ["and 1 more waits for other runs", "it is under way: 2 blocks"]
    assert ask_block(state, row, "busy") == "it is under way, or one of those that wait for other runs"


def test_a_fanned_out_block_waits_when_all_of_its_children_do(state: State) -> None:
    row = put_waiting(state, ["each:a", "each:b", "each:c"], "each")
    told = [each.text for each in ask(state, row).details]
    assert told == [f"each:{name} waits for the run run{at} of pipeline p" for at, name in enumerate("abc")]
    assert ask_block(state, row, "each") == "each:a waits for the run run0 of pipeline p, and 2 more wait"
    put_blocks(state, BlockRunRow("r", "each:d", state="running", started_at=NOW - 20))
    assert ask(state, row).details[-1].text == "it is under way: each:d"
    assert ask_block(state, row, "each") == "it is under way"


def test_runs_that_wait_for_each_other_are_explained_all_the_same(state: State) -> None:
    base = replace(RUN, state="running", lease_owner="one", lease_token=1, lease_until=NOW + 10)
    first = replace(base, id="a", waiting=waiting_of([Awaited("x", "b", "p", NOW, "one")]))
    put(state, first, replace(base, id="b", waiting=waiting_of([Awaited("y", "a", "p", NOW, "two")])))
    assert ask(state, first).text.startswith("x waits for the global data product one")


def test_a_block_of_a_run_that_has_not_begun_tells_why_the_run_has_not(state: State) -> None:
    put(state, RUN, scheduler=False)
    assert ask_block(state, RUN, "any") == "its run has not begun: no scheduler is running"
