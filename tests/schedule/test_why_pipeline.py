"""Why does a pipeline not run: what stops its open runs, and what its triggers wait for."""

from __future__ import annotations

import pytest

from penstock.model.trigger import Trigger, TriggerKind
from penstock.model.trigger_definition import to_definition
from penstock.schedule.limit_rules import Rules
from penstock.schedule.why_pipeline import explain_pipeline
from penstock.state.rows import NodeRow, RunRow, TriggerRow
from penstock.state.store import State

NOW = 1_700_000_000.0


def put(state: State, *, runs: int, triggers: int, scheduler: bool) -> None:
    definition = to_definition(Trigger("p", "t", TriggerKind.API, active=True))
    with state.write() as connection:
        state.runs.insert_many(connection, [RunRow(f"r{n:02}", "p", NOW - 60 + n, due_at=NOW) for n in range(runs)])
        for number in range(triggers):
            state.triggers.add(connection, TriggerRow("p", f"t{number:02}", definition, active=True))
        if scheduler:
            state.nodes.put(connection, NodeRow("one", "both", "host", 1, NOW, NOW))


def texts(state: State) -> list[str]:
    with state.read() as connection:
        return [each.text for each in explain_pipeline(state, connection, "p", lambda _: Rules(), NOW).details]


@pytest.mark.parametrize("scheduler", [True, False])
def test_a_pipeline_without_a_trigger_says_so_and_once_that_no_scheduler_runs(state: State, *, scheduler: bool) -> None:
    put(state, runs=0, triggers=0, scheduler=scheduler)
    missing = [] if scheduler else ["no scheduler is running"]
    assert texts(state) == [*missing, "nothing starts it by itself: it has no trigger"]


def test_the_first_ten_are_told_and_how_many_more_there_are(state: State) -> None:
    put(state, runs=12, triggers=11, scheduler=True)
    found = texts(state)
    assert found[0] == "run r00: nothing keeps it: a scheduler takes it next"
    assert sum(each.startswith("run r") for each in found) >= 10
    assert "2 open runs more" in found
    assert "trigger t00: it waits to be called" in found
    assert found[-1] == "1 trigger more"
