"""From the ends of runs to rows in the store: one incident is one message."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from penstock.observe.alerts.facts import Delivery, Fact, fact_of
from penstock.observe.alerts.incident import of_renamed
from penstock.observe.alerts.outbox import Outbox
from penstock.observe.alerts.settings import AlertSettings, read_alert_settings
from penstock.state.rows import AlertRow, BackfillRow, BlockRunRow, RunRow, TriggerRow
from penstock.state.store import State

FAILURE = {
    "kind": "KeyError", "message": "'flights'", "hint": "", "code": "X101", "traceback": "Traceback\nKeyError",
    "frames": [{"file": "/srv/shop/transformers/clean.py", "line": 12, "function": "f", "text": "", "own": True}],
}  # fmt: skip
DAILY = TriggerRow("orders", "daily")
TOLD = read_alert_settings({"slack_config": {"webhook_url": "http://127.0.0.1:1"}, "repeat_after": "1d"}, {})
EVERYTHING = replace(
    TOLD, occasions=frozenset({*TOLD.occasions, *read_alert_settings({"alert_on": ["trigger_success"]}, {}).occasions})
)


class Told:
    """Runs that end, one after the other."""

    def __init__(self, state: State, settings: AlertSettings = TOLD) -> None:
        self.state = state
        self.settings = settings
        self.outbox = Outbox(state, lambda _pipeline: self.settings, "/srv/shop")
        self.number = 0
        self.pipeline = "orders"
        with state.write() as connection:
            self.triggers = [
                state.triggers.add(connection, TriggerRow("orders", name, {"description": f"about {name}"}))
                for name in ("daily", "hourly")
            ]

    def end(
        self, outcome: str, *, at: float, trigger: int = 0, failure: dict[str, Any] | None = None, **values: Any
    ) -> str:
        self.number += 1
        row = RunRow(
            f"run{self.number}", self.pipeline, at - 5, state=outcome, started_at=at - 4, ended_at=at, seconds=4.0,
            trigger_id=self.triggers[trigger] if "backfill_id" not in values else None, **values,
        )  # fmt: skip
        if outcome == "failed" and failure is None and "error" not in values:
            failure = FAILURE
        with self.state.write() as connection:
            if failure is not None:
                row = replace(row, failed_block="clean", error="KeyError: 'flights'")
            self.state.runs.insert(connection, row)
            if failure is not None:
                self.state.block_runs.put(connection, [BlockRunRow(row.id, "clean", failure=failure)])
            self.outbox.run_ended(connection, row)
        return row.id

    def backfill(self, total: int, made: int) -> int:
        row = BackfillRow("orders", "again", 0.0, "running", settings={"total": total, "made": made})
        with self.state.write() as connection:
            return self.state.backfills.add(connection, row)

    def rows(self) -> list[AlertRow]:
        with self.state.read() as connection:
            return list(reversed(self.state.alerts.recent(connection)))

    def facts(self) -> list[Fact]:
        return [fact_of(row.payload) for row in self.rows()]

    def sent(self, at: float) -> None:
        with self.state.write() as connection:
            for row in self.rows():
                if row.sent_at is None:
                    heard = replace(fact_of(row.payload), delivered={"slack": Delivery(at, 1)})
                    self.state.alerts.change(connection, row.id, sent_at=at, payload=heard.payload())


@pytest.fixture
def told(state: State) -> Told:
    return Told(state)


def test_a_failure_tells_sentence_line_and_trigger(told: Told) -> None:
    run = told.end("failed", at=100.0, execution_date=50.0)
    (row,) = told.rows()
    (fact,) = told.facts()
    assert (row.kind, row.pipeline, row.run_id, row.due_at, row.sent_at, row.closed_at) == (
        "failure", "orders", run, 100.0, None, None,
    )  # fmt: skip
    assert (fact.error, fact.place) == ("KeyError: 'flights'", "transformers/clean.py:12")
    assert (fact.trigger, fact.description, fact.execution_date) == ("daily", "about daily", 50.0)


def test_what_was_muted_is_told_when_it_fails_after_that(told: Told) -> None:
    told.end("failed", at=100.0)
    with told.state.write() as connection:
        [row] = told.state.alerts.recent(connection)
        muted = replace(fact_of(row.payload), muted_until=200.0)
        told.state.alerts.change(connection, row.id, sent_at=101.0, payload=muted.payload())
    told.end("failed", at=199.0)
    assert told.rows()[0].sent_at == 101.0
    told.end("failed", at=200.0)
    assert (told.rows()[0].sent_at, told.rows()[0].due_at) == (None, 200.0)


def test_what_repeats_is_counted_and_told_once(told: Told) -> None:
    for at in (100.0, 200.0, 300.0):
        told.end("failed", at=at, failure={**FAILURE, "message": f"'flights' {at}"})
    (row,) = told.rows()
    (fact,) = told.facts()
    assert (fact.repeats, fact.run, fact.last_run, fact.at, fact.last_at) == (2, "run1", "run3", 100.0, 300.0)
    assert row.sent_at is None


def test_another_error_is_another_incident(told: Told) -> None:
    told.end("failed", at=100.0)
    told.end("failed", at=200.0, failure={**FAILURE, "kind": "ValueError"})
    assert len(told.rows()) == 2


def test_an_incident_that_goes_on_is_told_again_after_a_day(told: Told) -> None:
    told.end("failed", at=100.0)
    told.sent(101.0)
    told.end("failed", at=200.0)
    assert told.rows()[0].sent_at == 101.0
    told.end("failed", at=101.0 + 86_400)
    (row,) = told.rows()
    assert row.sent_at is None
    assert row.due_at == 101.0 + 86_400
    assert told.facts()[0].told == 1
    assert told.facts()[0].repeats == 2


@pytest.mark.parametrize("before", [{}, {"slack": Delivery(None, 1, "404", final=True)}])
def test_what_nobody_has_heard_is_told_when_it_fails_again(told: Told, before: dict[str, Delivery]) -> None:
    told.settings = replace(TOLD, channels=())
    told.end("failed", at=100.0)
    with told.state.write() as connection:
        [row] = told.state.alerts.recent(connection)
        kept = replace(fact_of(row.payload), delivered=before)
        told.state.alerts.change(connection, row.id, sent_at=101.0, payload=kept.payload())
    told.end("failed", at=200.0)
    assert told.rows()[0].sent_at == 101.0, "nobody is there to hear it"
    told.settings = TOLD
    told.end("failed", at=300.0)
    assert (told.rows()[0].sent_at, told.rows()[0].due_at) == (None, 300.0)


def test_a_success_closes_and_is_told_as_recovery(told: Told) -> None:
    told.end("failed", at=100.0)
    told.end("completed", at=200.0)
    failure, recovery = told.rows()
    assert failure.closed_at == 200.0
    assert (recovery.kind, recovery.incident, recovery.sent_at, recovery.closed_at) == (
        "recovery", failure.incident, None, 200.0,
    )  # fmt: skip
    fact = told.facts()[1]
    assert (fact.opened, fact.run, fact.last_run, fact.at) == (failure.id, "run1", "run2", 100.0)
    told.end("completed", at=300.0)
    assert len(told.rows()) == 2
    told.end("failed", at=400.0)
    assert len(told.rows()) == 3


def test_a_success_of_another_trigger_closes_nothing(told: Told) -> None:
    told.end("failed", at=100.0, trigger=0)
    told.end("failed", at=110.0, trigger=1)
    told.end("completed", at=200.0, trigger=1)
    assert told.rows()[0].closed_at is None
    assert told.facts()[0].affected == (str(told.triggers[0]),)
    told.end("completed", at=300.0, trigger=0)
    assert told.rows()[0].closed_at == 300.0


def test_a_window_that_goes_well_says_nothing_of_one_that_failed(told: Told) -> None:
    number = told.backfill(4, made=2)
    for window in range(3):
        outcome = "completed" if window % 2 else "failed"
        told.end(outcome, at=100.0 + window, backfill_id=number, slot=float(window))
    told.end("completed", at=110.0)
    (row,) = told.rows()
    assert (row.closed_at, told.facts()[0].repeats) == (None, 1)


def test_a_backfill_works_again_when_all_of_its_windows_went_well(told: Told) -> None:
    number = told.backfill(2, made=1)
    told.end("failed", at=100.0, backfill_id=number, slot=0.0)
    told.end("completed", at=110.0, backfill_id=number, slot=0.0, ordinal=1)
    assert told.rows()[0].closed_at is None, "it has another window to come"
    with told.state.write() as connection:
        told.state.backfills.change(connection, number, settings={"total": 2, "made": 2})
    told.end("failed", at=120.0, backfill_id=number, slot=1.0)
    told.end("completed", at=130.0, backfill_id=number, slot=1.0, ordinal=1)
    assert [(row.kind, row.closed_at) for row in told.rows()] == [("failure", 130.0), ("recovery", 130.0)]


def test_a_trigger_that_fails_as_a_backfill_did_is_told(told: Told) -> None:
    number = told.backfill(1, made=1)
    told.end("failed", at=100.0, backfill_id=number, slot=0.0)
    told.sent(101.0)
    told.end("failed", at=200.0)
    assert [row.sent_at for row in told.rows()] == [101.0, None]
    told.end("completed", at=300.0)
    assert [row.closed_at for row in told.rows()] == [None, 300.0, 300.0]


def test_a_backfill_that_was_deleted_keeps_nothing_open(told: Told) -> None:
    number = told.backfill(1, made=1)
    told.end("failed", at=100.0, backfill_id=number, slot=0.0)
    with told.state.write() as connection:
        told.state.backfills.delete(connection, number)
    told.end("completed", at=200.0)
    assert told.rows()[0].closed_at == 200.0


def test_an_incident_follows_its_pipeline_to_another_name(told: Told) -> None:
    told.end("failed", at=100.0)
    known = told.rows()[0].incident
    for old, new in (("orders", "sales"), ("sales", "purchases")):
        with told.state.write() as connection:
            count = told.state.alerts.rename_pipeline(connection, old, new, partial(of_renamed, old=old, new=new))
            assert count == 1
    told.pipeline = "purchases"
    told.sent(101.0)
    told.end("failed", at=200.0)
    assert (len(told.rows()), told.facts()[0].repeats, told.facts()[0].pipeline) == (1, 1, "purchases")
    told.end("completed", at=300.0)
    failure, recovery = told.rows()
    assert (failure.closed_at, recovery.pipeline) == (300.0, "purchases")
    assert recovery.incident == failure.incident == known.replace("orders", "purchases")
    assert [fact.incident for fact in told.facts()] == [known, known], "who is on call closes what was opened"


def test_an_incident_keeps_its_name_where_the_new_one_is_taken(told: Told) -> None:
    told.end("failed", at=100.0)
    told.pipeline = "sales"
    told.end("failed", at=110.0)
    with told.state.write() as connection:
        named = partial(of_renamed, old="orders", new="sales")
        assert told.state.alerts.rename_pipeline(connection, "orders", "sales", named) == 1
    told.end("completed", at=200.0)
    assert [row.closed_at for row in told.rows()] == [200.0] * 4


@pytest.mark.parametrize("outcome", ["failed", "cancelled", "interrupted"])
def test_every_bad_end_without_a_block_is_told(told: Told, outcome: str) -> None:
    told.end(outcome, at=100.0, error="reading pipeline orders: it has gone")
    assert told.facts()[0].error == "reading pipeline orders: it has gone"


def test_an_end_that_says_nothing_has_words(told: Told) -> None:
    told.end("interrupted", at=100.0)
    assert told.facts()[0].error == "The run ended as interrupted and said no more."


def test_what_somebody_cancelled_is_not_told(told: Told) -> None:
    told.end("cancelled", at=100.0, cancel_requested=True)
    assert told.rows() == []


def test_a_success_is_told_where_that_is_asked_for(state: State) -> None:
    told = Told(state, EVERYTHING)
    told.end("completed", at=100.0)
    told.end("completed", at=200.0)
    assert [(row.kind, row.run_id, row.closed_at) for row in told.rows()] == [
        ("success", "run1", 100.0), ("success", "run2", 200.0),
    ]  # fmt: skip


def test_failures_are_kept_where_nobody_is_told(state: State) -> None:
    told = Told(state, AlertSettings())
    told.end("failed", at=100.0)
    told.end("completed", at=200.0)
    assert [(row.kind, row.closed_at) for row in told.rows()] == [("failure", 200.0)]


def test_a_late_run_is_told_once_until_one_is_on_time(told: Told) -> None:
    late = RunRow("late", "orders", 90.0, state="running", sla_at=95.0, trigger_id=told.triggers[0])
    with told.state.write() as connection:
        told.outbox.sla_passed(connection, late, 100.0)
        told.outbox.sla_passed(connection, replace(late, id="later"), 200.0)
    (row,) = told.rows()
    assert row.kind == "passed_sla"
    assert "1970-01-01 00:01:35 UTC" in told.facts()[0].error
    told.end("completed", at=210.0, sla_missed=True)
    assert told.rows()[0].closed_at is None
    told.end("completed", at=300.0)
    assert [row.kind for row in told.rows()] == ["passed_sla", "recovery"]


def test_a_broken_trigger_is_told_once_until_it_is_mended(told: Told) -> None:
    with told.state.write() as connection:
        told.outbox.trigger_broken(connection, DAILY, "its cron says no times", 100.0)
        told.outbox.trigger_broken(connection, DAILY, "its cron says no times", 200.0)
        told.outbox.trigger_mended(connection, DAILY, 300.0)
        told.outbox.trigger_mended(connection, DAILY, 400.0)
    assert [(row.kind, row.closed_at) for row in told.rows()] == [("trigger", 300.0), ("recovery", 300.0)]


def test_a_trigger_whose_run_went_well_is_mended(told: Told) -> None:
    with told.state.write() as connection:
        told.outbox.trigger_broken(connection, replace(DAILY, id=told.triggers[0]), "gone", 100.0)
    told.end("completed", at=200.0, trigger=1)
    assert told.rows()[0].closed_at is None
    told.end("completed", at=300.0, trigger=0)
    assert [(row.kind, row.closed_at) for row in told.rows()] == [("trigger", 300.0), ("recovery", 300.0)]


def test_nothing_is_kept_when_the_transaction_fails(told: Told) -> None:
    def fail() -> None:
        with told.state.write() as connection:
            told.outbox.trigger_broken(connection, DAILY, "gone", 100.0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert told.rows() == []


def test_secrets_are_not_kept(state: State) -> None:
    told = Told(state, replace(TOLD, secrets=frozenset({"my-own-secret"})))
    told.end("failed", at=100.0, failure={**FAILURE, "message": "my-own-secret at postgresql://a:hunter2@db"})
    text = str(told.rows()[0].payload)
    assert "my-own-secret" not in text
    assert "hunter2" not in text


def test_an_alert_that_cannot_be_read_holds_up_no_run(told: Told) -> None:
    told.end("failed", at=100.0)
    for outcome in ("failed", "completed"):
        with told.state.write() as connection:
            told.state.alerts.change(connection, told.rows()[0].id, payload={"kind": "unknown"})
        told.end(outcome, at=200.0)
    assert told.rows()[0].closed_at == 200.0
