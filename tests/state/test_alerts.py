"""Alerts in the store: one open message an incident, sent by one sender, tried again when it dies."""

from __future__ import annotations

from penstock.state.rows import AlertRow
from penstock.state.store import State


def test_an_incident_is_told_once_until_it_is_closed(state: State) -> None:
    row = AlertRow("p: failed", "failure", 1.0, "p", "r1", {"text": "ä"}, due_at=1.0)
    with state.write() as connection:
        number = state.alerts.add(connection, row)
        assert number is not None
        assert state.alerts.add(connection, row) is None
        assert state.alerts.open(connection, "p: failed") == state.alerts.get(connection, number)
        closed = state.alerts.close(connection, "p: failed", 5.0)
        assert closed is not None
        assert closed.id == number
        assert state.alerts.close(connection, "p: failed", 6.0) is None
        again = state.alerts.add(connection, row)
        assert again is not None
        assert [one.id for one in state.alerts.recent(connection)] == [again, number]
        assert [one.id for one in state.alerts.recent(connection, before=again)] == [number]


def test_who_sends_has_a_message_for_itself_for_a_while(state: State) -> None:
    with state.write() as connection:
        for number in (2.0, 1.0, 9.0):
            state.alerts.add(connection, AlertRow(f"i{number}", "failure", 0.0, due_at=number))
        assert state.alerts.next_due(connection) == 1.0
        first = state.alerts.due(connection, 5.0, 35.0)
        assert [row.incident for row in first] == ["i1.0", "i2.0"]
        assert state.alerts.due(connection, 6.0, 36.0) == []
        assert state.alerts.change(connection, first[0].id, sent_at=6.0)
        assert state.alerts.change(connection, first[1].id, error="no answer", due_at=20.0, attempts=1)
        [again] = state.alerts.due(connection, 20.0, 50.0)[1:]
        assert (again.incident, again.attempts, again.error) == ("i2.0", 1, "no answer")
        # whoever took it dies without a word: it is due again
        assert "i2.0" in [row.incident for row in state.alerts.due(connection, 51.0, 90.0)]
        assert not state.alerts.change(connection, 999, sent_at=1.0)
