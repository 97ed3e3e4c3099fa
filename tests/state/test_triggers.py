"""Triggers in the store: which are due, who gets them, and what stays of one that is gone."""

from __future__ import annotations

from penstock.state.rows import RunRow, TriggerRow
from penstock.state.store import State


def add(state: State, name: str, **values: object) -> int:
    row = TriggerRow("orders", name, **{"active": True, **values})
    with state.write() as connection:
        return state.triggers.add(connection, row)


def test_what_is_stored_comes_back(state: State) -> None:
    row = TriggerRow(
        "orders",
        "täglich",
        {"schedule_interval": "@daily", "tags": []},
        "d",
        active=True,
        next_due_at=2.5,
        token_hash="h",
    )
    with state.write() as connection:
        number = state.triggers.add(connection, row)
        found = state.triggers.get(connection, number)
        assert found is not None
        assert (found.id, found.definition, found.next_due_at, found.active) == (number, row.definition, 2.5, True)
        assert state.triggers.named(connection, "orders", "täglich") == found
        assert state.triggers.named(connection, "orders", "Täglich") is None
        assert state.triggers.by_token(connection, "h") == [found]
        assert state.triggers.get(connection, number + 1) is None


def test_the_longest_due_come_first(state: State) -> None:
    late, early = add(state, "late", next_due_at=5.0), add(state, "early", next_due_at=1.0)
    add(state, "off", next_due_at=1.0, active=False)
    add(state, "none")
    later = add(state, "later", next_due_at=6.0)
    with state.write() as connection:
        assert [row.id for row in state.triggers.due(connection, 5.0)] == [early, late]
        assert [row.id for row in state.triggers.due(connection, 5.0, limit=1)] == [early]
        assert state.triggers.next_due(connection) == 1.0
        moved = [{"id": number, "last_slot": 9.0, "next_due_at": due} for number, due in ((early, 8.0), (late, None))]
        state.triggers.fired(connection, moved)
        state.triggers.fired(connection, [])
        assert state.triggers.due(connection, 5.0) == []
        assert [row.id for row in state.triggers.due(connection, 9.0)] == [later, early]
        assert state.triggers.next_due(connection) == 6.0


def test_two_schedulers_never_get_the_same_trigger(state: State) -> None:
    """Where several can write at once, each leaves out what the other has in hand."""
    for number in range(4):
        add(state, str(number), next_due_at=float(number))
    if state.dialect == "sqlite":
        return  # one writes at a time: the transaction is the claim, which test_store proves
    with state.write() as one:
        mine = [row.name for row in state.triggers.due(one, 9.0, limit=2)]
        with state._writer.begin() as other:
            theirs = [row.name for row in state.triggers.due(other, 9.0)]
    assert (mine, theirs) == (["0", "1"], ["2", "3"])


def test_a_trigger_whose_entry_is_gone_keeps_its_runs(state: State) -> None:
    number = add(state, "gone", next_due_at=1.0, token_hash="h")
    with state.write() as connection:
        state.runs.insert(connection, RunRow("r1", "orders", 1.0, trigger_id=number, slot=1.0))
        assert state.triggers.remove(connection, number, 7.0)
        assert state.triggers.due(connection, 9.0) == []
        assert state.triggers.by_token(connection, "h") == []
        assert state.triggers.all(connection) == []
        assert [row.removed_at for row in state.triggers.all(connection, removed=True)] == [7.0]
        assert [row.id for row in state.runs.of_trigger(connection, number)] == ["r1"]
        assert state.triggers.change(connection, number, removed_at=None, active=True)
        assert [row.name for row in state.triggers.all(connection, "orders")] == ["gone"]
        assert state.triggers.all(connection, "other") == []


def test_a_number_is_never_given_twice(state: State) -> None:
    number = add(state, "one")
    with state.write() as connection:
        state.runs.insert(connection, RunRow("r1", "orders", 1.0, trigger_id=number, slot=1.0))
        assert state.triggers.delete(connection, number)
        assert not state.triggers.delete(connection, number)
        row = state.runs.get(connection, "r1")
        assert row is not None
        assert row.trigger_id is None
    assert add(state, "one") > number


def test_the_newest_runs_of_all_triggers_come_in_one_query(state: State) -> None:
    first, second, none = add(state, "first"), add(state, "second"), add(state, "none")
    with state.write() as connection:
        for number in range(8):
            trigger = first if number % 4 else second
            state.runs.insert(
                connection, RunRow(f"r{number}", "orders", float(number), trigger_id=trigger, variables={"x": 1})
            )
        state.runs.insert(connection, RunRow("free", "orders", 99.0))
        found = state.triggers.newest_runs(connection, [first, second, none], 3)
        assert {number: [run.id for run in runs] for number, runs in found.items()} == {
            first: ["r7", "r6", "r5"],
            second: ["r4", "r0"],
        }
        assert none not in found
        assert state.triggers.newest_runs(connection, [second], 1)[second][0].created_at == 4.0
        assert state.triggers.newest_runs(connection, []) == {}
