from __future__ import annotations

from penstock.schedule.recover import entries, with_losses
from penstock.state.rows import BlockRunRow

NOW = 1_000_000.0


def test_a_block_is_tried_again_when_its_pause_is_over() -> None:
    row = BlockRunRow("r", "b", state="queued", queued_at=NOW - 5, due_at=NOW + 25)
    assert entries([row], now=NOW)["b"]["due"] == NOW + 25


def test_a_pause_is_as_long_as_it_was_though_the_clock_was_set_back() -> None:
    row = BlockRunRow("r", "b", state="queued", queued_at=NOW + 3600, due_at=NOW + 3630)
    assert entries([row], now=NOW)["b"]["due"] == NOW + 30


def test_a_child_that_was_withdrawn_and_has_come_again_has_no_failed_attempt() -> None:
    failed = BlockRunRow("r", "b:0", state="running", queued_at=NOW, failure={"kind": "ValueError", "message": "no"})
    again = BlockRunRow("r", "b:1", state="running", queued_at=NOW, failure={"kind": "withdrawn", "message": "again"})
    found = entries([failed, again], now=NOW)
    assert (found["b:0"]["failed_at"], found["b:1"]["failed_at"]) == (NOW, None)


def test_a_sensor_that_has_asked_before_is_under_way() -> None:
    asked = BlockRunRow("r", "b", state="queued", queued_at=NOW, waiting={"kind": "sensor", "since": NOW})
    held = BlockRunRow("r", "c", state="queued", queued_at=NOW, waiting={"kind": "resource", "since": NOW})
    found = entries([asked, held], now=NOW)
    assert (found["b"]["between"], found["c"]["between"]) == (True, False)


def test_what_has_ended_is_not_due() -> None:
    row = BlockRunRow("r", "b", state="completed", queued_at=NOW, due_at=NOW + 30, ended_at=NOW)
    assert entries([row], now=NOW)["b"]["due"] is None


def test_a_block_that_was_given_up_while_its_process_lived_still_has_to_end() -> None:
    given_up = BlockRunRow("r", "b", state="failed", queued_at=NOW, failure={"kind": "timeout", "message": "too long"})
    ended = BlockRunRow("r", "c", state="failed", queued_at=NOW, ended_at=NOW, failure={"kind": "timeout"})
    found = entries([given_up, ended], now=NOW)
    assert [found["b"]["told"], found["c"]["told"]] == [False, True]


def test_callbacks_that_were_under_way_are_owed_and_counted() -> None:
    row = BlockRunRow("r", "b", state="failed", attempts=1, ended_at=NOW, expansion={"owed": 2})
    assert entries([row], now=NOW)["b"]["owed"] == 2
    assert entries([row], recovered=True, now=NOW)["b"]["owed"] == 3
    assert with_losses([row])["b"].expansion == {"owed": 3}
    over = BlockRunRow("r", "c", state="failed", attempts=1, ended_at=NOW)
    assert entries([over], recovered=True, now=NOW)["c"]["owed"] == 0


def test_what_was_being_ended_when_its_driver_died_is_told_to_have_ended() -> None:
    ending = BlockRunRow("r", "b", state="failed", attempts=1)
    ended = BlockRunRow("r", "c", state="failed", attempts=1, ended_at=NOW)
    found = entries([ending, ended], recovered=True, now=NOW)
    assert (found["b"]["told"], found["c"]["told"]) == (False, True)
