"""What follows from the end of a run: the runs of triggers that wait for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from penstock.schedule.ends import Ends, NoAlerts
from penstock.state.rows import BlockRunRow, RunRow, TriggerRow
from penstock.state.store import State

NOW = 1_700_000_000.0


def waiting(state: State, *after: dict[str, str]) -> int:
    definition = {"pipeline": "down", "name": "follows", "kind": "dependency", "settings": {"after": list(after)}}
    with state.write() as connection:
        return state.triggers.add(connection, TriggerRow("down", "follows", definition, active=True))


def end(state: State, making: Ends, *rows: RunRow, now: float = NOW) -> list[RunRow]:
    """These runs end in one transaction, as a scheduler writes them."""
    made: list[RunRow] = []
    with state.write() as connection:
        for row in rows:
            assert state.runs.insert(connection, row)
            made += making.ended(connection, row, now)
    return made


def run(name: str, pipeline: str, state: str = "completed", date: float = NOW) -> RunRow:
    return RunRow(name, pipeline, NOW - 10, state=state, ended_at=NOW, execution_date=date)


def test_each_run_has_its_follower_also_when_two_end_at_once(state: State) -> None:
    number = waiting(state, {"pipeline": "up"})
    made = end(state, Ends(state, NoAlerts()), run("one", "up", date=1.0), run("two", "up", date=2.0))
    assert [row.execution_date for row in made] == [1.0, 2.0]
    assert {row.origin for row in made} == {"dependency"}
    with state.read() as connection:
        stored = state.runs.of_trigger(connection, number)
    assert {row.id for row in stored} == {row.id for row in made}


def test_only_what_is_waited_for_is_followed(state: State) -> None:
    waiting(state, {"pipeline": "up"})
    making = Ends(state, NoAlerts())
    assert end(state, making, run("other", "elsewhere"), run("bad", "up", "failed")) == []
    assert [row.pipeline for row in end(state, making, run("good", "up"))] == ["down"]


def test_of_several_the_last_one_starts_it(state: State) -> None:
    waiting(state, {"pipeline": "left"}, {"pipeline": "right"})
    making = Ends(state, NoAlerts())
    assert end(state, making, run("one", "left")) == []
    assert len(end(state, making, run("two", "right"))) == 1


def test_what_came_is_found_behind_any_number_of_other_runs(state: State) -> None:
    """Also when it was asked for long before those, and ended after them."""
    waiting(state, {"pipeline": "left"}, {"pipeline": "right"})
    making = Ends(state, NoAlerts())
    old = RunRow("r", "right", NOW - 9999, state="completed", ended_at=NOW)
    assert end(state, making, old) == []
    with state.write() as connection:
        many = [RunRow(f"bad{n}", "right", NOW + n, state="failed", ended_at=NOW + n) for n in range(200)]
        state.runs.insert_many(connection, many)
    assert len(end(state, making, run("one", "left"))) == 1


def test_of_two_triggers_of_one_pipeline_both_have_to_come(state: State) -> None:
    with state.write() as connection:
        first, second = (
            state.triggers.add(connection, TriggerRow("up", name, {"kind": "api"}, active=True)) for name in "ab"
        )
    waiting(state, {"pipeline": "up", "trigger": "a"}, {"pipeline": "up", "trigger": "b"})
    making = Ends(state, NoAlerts())
    assert end(state, making, replace(run("one", "up"), trigger_id=first)) == []
    assert end(state, making, replace(run("two", "up"), trigger_id=first)) == []
    assert len(end(state, making, replace(run("three", "up"), trigger_id=second))) == 1


@pytest.mark.parametrize(("block", "count"), [("completed", 1), ("failed", 0)])
def test_a_product_may_be_there_though_its_run_failed(state: State, block: str, count: int) -> None:
    waiting(state, {"pipeline": "up", "product": "clean"})
    with state.write() as connection:
        state.runs.insert(connection, run("one", "up", "failed"))
        state.block_runs.put(connection, [BlockRunRow("one", "clean", state=block)])
        made = Ends(state, NoAlerts()).ended(connection, run("one", "up", "failed"), NOW)
    assert len(made) == count
