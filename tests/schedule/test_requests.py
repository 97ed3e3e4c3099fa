"""What is asked of the scheduler, by several at once, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from penstock.model.errors import RunStateError
from penstock.schedule.drive import options_of
from penstock.schedule.requests import MOST_PRIORITY, NewRun, cancel_run, retry_incomplete, retry_run, run_row
from penstock.state.rows import BlockRunRow, HoldRow, RunRow, TriggerRow
from penstock.state.store import State
from tests.patience import PATIENCE

NOW = 1_700_000_000.0


def ended(state: State) -> RunRow:
    with state.write() as connection:
        trigger = state.triggers.add(connection, TriggerRow("p", "daily"))
        row = RunRow("run", "p", NOW, state="failed", trigger_id=trigger, slot=NOW, started_at=NOW, ended_at=NOW + 1)
        assert state.runs.insert(connection, row)
        state.block_runs.put(connection, [BlockRunRow("run", "a", state="failed", ended_at=NOW + 1)])
    return row


def at_once(work: Callable[[], RunRow], count: int = 4) -> list[RunRow | RunStateError]:
    together = Barrier(count)

    def one(_: int) -> RunRow | RunStateError:
        together.wait(PATIENCE)
        try:
            return work()
        except RunStateError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_each_retry_of_a_slot_is_a_run_of_its_own(state: State) -> None:
    row = ended(state)
    made = at_once(lambda: retry_run(state, row.id, NOW + 5))
    with state.read() as connection:
        assert row.trigger_id is not None
        there = state.runs.of_slot(connection, row.trigger_id, NOW)
    assert [each.ordinal for each in there] == [0, 1, 2, 3, 4]
    assert {each.id for each in made if isinstance(each, RunRow)} == {each.id for each in there[1:]}


def test_a_run_goes_on_once_however_many_ask_for_it(state: State) -> None:
    row = ended(state)

    def ask() -> RunRow:
        asked = retry_incomplete(state, row.id, NOW + 5)
        # A scheduler takes it up at once; who comes later must not set it back.
        with state.write() as connection:
            assert state.runs.claim(connection, row.id, "one", now=NOW + 5, until=NOW + 20)
            state.runs.change(connection, row.id, state="running")
        return asked

    answers = at_once(ask)
    assert sum(isinstance(each, RunRow) for each in answers) == 1
    with state.read() as connection:
        found = state.runs.get(connection, row.id)
    assert found is not None
    assert (found.state, found.lease_owner) == ("running", "one")


def test_a_run_that_goes_on_counts_the_blocks_that_stay_done_and_not_their_children(state: State) -> None:
    row = ended(state)
    with state.write() as connection:
        done = [BlockRunRow("run", name, state="completed", ended_at=NOW) for name in ("b", "c", "c:0", "c:1")]
        state.block_runs.put(connection, done)
    assert retry_incomplete(state, row.id, NOW + 5).blocks_done == 2


def test_a_run_goes_on_again_after_it_was_cancelled_while_it_waited(state: State) -> None:
    row = ended(state)
    with state.write() as connection:
        state.block_runs.put(connection, [BlockRunRow("run", "b", state="completed", ended_at=NOW)])
    retry_incomplete(state, row.id, NOW + 5)
    cancel_run(state, row.id, NOW + 6)
    assert retry_incomplete(state, row.id, NOW + 7).state == "initial"
    with state.write() as connection:
        state.runs.change(connection, row.id, state="completed", ended_at=NOW + 8)
    with pytest.raises(RunStateError, match="all of its blocks are done"):
        retry_incomplete(state, row.id, NOW + 9)


def test_what_a_cancelled_run_held_is_free(state: State) -> None:
    """One that was handed over by a scheduler that stopped may hold units while it waits."""
    with state.write() as connection:
        state.runs.insert(connection, RunRow("run", "p", NOW))
        assert state.holds.acquire(connection, "run", "a", {"resource:gpu": (1, 1)}, NOW) is None
    cancel_run(state, "run", NOW + 1)
    with state.read() as connection:
        held: list[HoldRow] = state.holds.of_key(connection, "resource:gpu")
    assert held == []


def test_what_has_ended_is_not_cancelled(state: State) -> None:
    row = ended(state)
    with pytest.raises(RunStateError, match="it has failed"):
        cancel_run(state, row.id, NOW + 5)


def partition(row: RunRow) -> str:
    occasion = options_of(row).occasion
    return occasion.partition if occasion is not None else ""


def test_runs_of_one_trigger_begun_in_the_same_second_have_execution_partitions_of_their_own() -> None:
    trigger = TriggerRow("p", "called", id=7)
    whole, later = (run_row(NewRun("p", "api", trigger=trigger), NOW + part) for part in (0.0, 0.25))
    assert (partition(whole), partition(later)) == ("7/20231114T221320", "7/20231114T221320_250000")
    dated = run_row(NewRun("p", "api", trigger=trigger, execution_date=NOW), NOW + 0.25)
    assert partition(dated) == "7/20231114T221320"
    assert partition(run_row(NewRun("p", "cli"), NOW + 0.25)) == ""


def test_a_run_that_was_made_before_runs_kept_theirs_has_the_execution_partition_that_it_had() -> None:
    made = run_row(NewRun("p", "api", trigger=TriggerRow("p", "called", id=7)), NOW + 0.25)
    assert partition(replace(made, options={"trigger": "called"})) == "7/20231114T221320"


@pytest.mark.parametrize(
    ("given", "kept"),
    [(7, 7), (10**12, MOST_PRIORITY), (-(10**30), -MOST_PRIORITY), (1e300, MOST_PRIORITY), ("high", 0)],
)
def test_a_priority_is_one_that_every_database_holds(state: State, given: object, kept: int) -> None:
    trigger = TriggerRow("p", "odd", {"settings": {"priority": given}})
    row = run_row(NewRun("p", "schedule", trigger=trigger, due_at=NOW), NOW)
    with state.write() as connection:
        assert state.runs.insert(connection, replace(row, trigger_id=None))
        found = state.runs.get(connection, row.id)
    assert found is not None
    assert found.priority == kept
