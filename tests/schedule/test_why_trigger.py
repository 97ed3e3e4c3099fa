"""Why does a trigger start nothing: one sentence for each cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from penstock.model.trigger import MissedPolicy, Trigger, TriggerKind, TriggerSettings, Upstream, parse_schedule
from penstock.model.trigger_definition import to_definition
from penstock.schedule.reasons import Explanation
from penstock.schedule.why_trigger import explain_trigger
from penstock.state.rows import NodeRow, RunRow, TriggerRow
from penstock.state.store import State

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC).timestamp()
DAILY = Trigger("p", "t", TriggerKind.TIME, parse_schedule("@daily"), active=True)


def ask(state: State, trigger: Trigger, runs: list[RunRow] | None = None, **columns: Any) -> Explanation:
    values: Mapping[str, Any] = {"active": True, "next_due_at": NOW + 43_200, **columns}
    with state.write() as connection:
        state.nodes.put(connection, NodeRow("one", "scheduler", "host", 1, NOW, NOW))
        number = state.triggers.add(connection, TriggerRow("p", "t", to_definition(trigger), **values))
        for run in runs or []:
            state.runs.insert(connection, replace(run, trigger_id=number))
        row = state.triggers.get(connection, number)
        assert row is not None
        return explain_trigger(state, connection, row, NOW)


@pytest.mark.parametrize(
    ("trigger", "columns", "text"),
    [
        (DAILY, {}, "its next run is due at 2024-01-11 00:00:00 UTC (every day at 00:00 UTC)"),
        (DAILY, {"next_due_at": NOW - 60}, "it is due since 2024-01-10 11:59:00 UTC"),
        (replace(DAILY, active=False), {"active": False}, "it is switched off"),
        (replace(DAILY, envs=("prod",)), {"active": False}, "it is meant for prod, and this one is another"),
        (DAILY, {"problem": "the cron is empty"}, "it cannot start runs: the cron is empty"),
        (DAILY, {"removed_at": NOW}, "its entry was removed from triggers.yaml"),
        (
            replace(DAILY, start_time=datetime(2025, 1, 1, tzinfo=UTC)),
            {},
            "it does not start before 2025-01-01 00:00:00 UTC; its next run is due at 2024-01-11 00:00:00 UTC",
        ),
        (
            replace(DAILY, schedule=parse_schedule("@once")),
            {"next_due_at": None, "last_slot": NOW},
            "it runs once, and has run",
        ),
        (
            replace(DAILY, schedule=parse_schedule("@once")),
            {"next_due_at": None},
            "its time passed while no scheduler ran, and missed_runs is none",
        ),
        (Trigger("p", "t", TriggerKind.API, active=True), {}, "it waits to be called"),
        (Trigger("p", "t", TriggerKind.EVENT, active=True), {}, "it waits for an event that matches"),
        (
            Trigger("p", "t", TriggerKind.DEPENDENCY, active=True, settings=TriggerSettings(after=(Upstream("q"),))),
            {},
            "it starts a run after q",
        ),
    ],
)
def test_one_sentence(state: State, trigger: Trigger, columns: dict[str, Any], text: str) -> None:
    found = ask(state, trigger, **columns)
    assert found.text.startswith(text), found.text
    assert found.details[0].change


def test_what_was_left_out_and_what_is_under_way(state: State) -> None:
    def slot(day: int) -> float:
        return datetime(2024, 1, day, tzinfo=UTC).timestamp()

    settings = TriggerSettings(skip_if_previous_running=True, missed_runs=MissedPolicy.LAST)
    runs = [
        RunRow("a", "p", slot(2), state="completed", slot=slot(2)),
        RunRow("b", "p", slot(9), state="running", slot=slot(9), started_at=slot(9)),
    ]
    found = ask(state, replace(DAILY, settings=settings), runs)
    texts = [reason.text for reason in found.details]
    assert "run b has not ended: until then its runs are left out (skip_if_previous_running)" in texts
    assert texts[-1] == ("6 runs before its last one were left out: nothing ran at the time, and missed_runs is last")


def test_a_definition_that_cannot_be_read(state: State) -> None:
    with state.write() as connection:
        row = TriggerRow("p", "t", {"kind": "?"}, active=True)
        assert explain_trigger(state, connection, row, NOW).text.startswith("what is stored of it cannot be read")
