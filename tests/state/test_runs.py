"""Runs in the store: slots, what waits, leases and their tokens."""

from __future__ import annotations

from penstock.state.rows import BlockRunRow, RunRow, TriggerRow
from penstock.state.store import State


def trigger(state: State, name: str = "daily", **values: object) -> int:
    with state.write() as connection:
        return state.triggers.add(connection, TriggerRow("orders", name, **values))


def add(store: State, name: str, **values: object) -> bool:
    values = {"pipeline": "orders", "created_at": 100.0, **values}
    with store.write() as connection:
        return store.runs.insert(connection, RunRow(name, **values))


def test_what_is_stored_comes_back(state: State) -> None:
    number = trigger(state)
    row = RunRow(
        "r1", "orders", 100.5, trigger_id=number, slot=90.0, variables={"ä": [1, None, 2.5]}, waiting={"kind": "limit"},
        event={"x": "y"}, sla_missed=True, process={"pid": 3}, what="all", error="ü" * 5000,
    )  # fmt: skip
    with state.write() as connection:
        assert state.runs.insert(connection, row)
    with state.read() as connection:
        assert state.runs.get(connection, "r1") == row
        assert state.runs.get(connection, "r2") is None


def test_figures_beyond_what_a_database_holds_are_the_largest_that_it_does(state: State) -> None:
    add(state, "r1")
    with state.write() as connection:
        state.block_runs.put(connection, [BlockRunRow("r1", "b", rows_out=10**30, peak_memory=2**64)])
        (row,) = state.block_runs.of_run(connection, "r1")
    assert (row.rows_in, row.rows_out, row.peak_memory) == (None, 2**63 - 1, 2**63 - 1)


def test_a_slot_of_a_trigger_becomes_one_run(state: State) -> None:
    number = trigger(state)
    assert add(state, "a", trigger_id=number, slot=60.0)
    assert not add(state, "b", trigger_id=number, slot=60.0)
    assert add(state, "c", trigger_id=number, slot=60.0, ordinal=1)
    assert add(state, "d", trigger_id=number, slot=61.0)
    assert not add(state, "a")
    assert add(state, "e", trigger_id=number)
    assert add(state, "f", trigger_id=number)
    with state.read() as connection:
        assert [row.id for row in state.runs.of_slot(connection, number, 60.0)] == ["a", "c"]


def test_of_many_runs_those_with_a_free_slot_go_in(state: State) -> None:
    number = trigger(state)
    add(state, "old", trigger_id=number, slot=3.0)
    rows = [RunRow(f"r{slot}", "orders", 100.0, trigger_id=number, slot=float(slot)) for slot in range(3000)]
    with state.write() as connection:
        assert len(state.runs.insert_many(connection, rows)) == 2999
    with state.read() as connection:
        assert state.runs.get(connection, "r3") is None
        assert len(state.runs.many(connection, [row.id for row in rows])) == 2999


def test_a_new_run_whose_id_is_taken_goes_in_under_another(state: State) -> None:
    number = trigger(state)
    add(state, "at-1", trigger_id=number, slot=0.0)
    slots = [(0.0, "at-1"), (0.0, "at-2"), (1.0, "at-1"), (2.0, "at-3"), (3.0, "at-3"), (None, "at-1")]
    rows = [RunRow(name, "orders", 100.0, trigger_id=number, slot=slot) for slot, name in slots]
    with state.write() as connection:
        added = state.runs.add(connection, rows)
        assert sorted(row.slot or 0.0 for row in added) == [0.0, 1.0, 2.0, 3.0]
        assert [row for row in added if row.slot == 0.0] == []
        there = state.runs.many(connection, [row.id for row in added])
    assert there == {row.id: row for row in added}
    assert len(there) == 4


def test_the_most_urgent_run_comes_first(state: State) -> None:
    add(state, "late", due_at=5.0)
    add(state, "early", due_at=1.0)
    add(state, "urgent", due_at=9.0, priority=2)
    add(state, "later", due_at=11.0)
    with state.write() as connection:
        assert [row.id for row in state.runs.waiting(connection, 10.0)] == ["urgent", "early", "late"]
        assert state.runs.waiting_pipelines(connection, 10.0) == {"orders": (3, 0)}
        assert state.runs.next_due(connection, 10.0) == 11.0


def test_a_run_is_claimed_once_until_its_lease_expires(state: State) -> None:
    add(state, "a")
    with state.write() as connection:
        runs = state.runs
        assert runs.claim(connection, "a", "one", now=10.0, until=25.0) == 1
        assert runs.claim(connection, "a", "two", now=10.0, until=25.0) is None
        assert runs.waiting(connection, 20.0) == []
        assert runs.write(connection, "a", 1, state="running", started_at=10.0)
        assert runs.lost(connection, 20.0) == []
        assert runs.renew(connection, "one", 40.0) == {"a": 1}
        assert runs.next_foreign_expiry(connection, "two") == 40.0
        assert [row.id for row in runs.lost(connection, 41.0)] == ["a"]
        assert runs.claim(connection, "a", "two", now=41.0, until=56.0) == 2
        assert not runs.write(connection, "a", 1, blocks_done=3)
        assert not runs.fence(connection, "a", 1)
        assert runs.fence(connection, "a", 2)
        assert runs.renew(connection, "one", 60.0) == {}
        assert runs.release(connection, "a", 2, state="completed", ended_at=50.0)
        assert not runs.fence(connection, "a", 2)
        assert runs.claim(connection, "a", "three", now=99.0, until=100.0) is None
        row = runs.get(connection, "a")
    assert row is not None
    assert (row.state, row.blocks_done, row.lease_owner, row.lease_token, row.open) == ("completed", 0, None, 2, False)


def test_a_living_lease_of_a_dead_process_is_taken_over(state: State) -> None:
    add(state, "a")
    with state.write() as connection:
        assert state.runs.claim(connection, "a", "dead", now=1.0, until=99.0) == 1
        assert state.runs.claim(connection, "a", "me", now=2.0, until=99.0, over=0) is None
        assert state.runs.claim(connection, "a", "me", now=2.0, until=99.0, over=1) == 2
        assert state.runs.claim(connection, "a", "other", now=2.0, until=99.0, over=1) is None
        assert [row.lease_owner for row in state.runs.leased(connection)] == ["me"]
        assert state.runs.leased(connection, "dead") == []


def test_changes_without_a_lease_say_whether_they_came_in_time(state: State) -> None:
    add(state, "waits")
    add(state, "driven")
    add(state, "ended", state="failed")
    with state.write() as connection:
        runs = state.runs
        runs.claim(connection, "driven", "me", now=1.0, until=9.0)
        assert runs.change_waiting(connection, "waits", waiting={"kind": "limit", "text": "x", "since": 1.0})
        assert not runs.change_waiting(connection, "driven", state="cancelled")
        assert runs.change_open(connection, "driven", cancel_requested=True)
        assert not runs.change_open(connection, "ended", cancel_requested=True)
        assert runs.change(connection, "ended", error="why")
        assert not runs.change(connection, "none", error="why")
        assert [(row.id, row.cancel_requested) for row in runs.leased(connection, "me")] == [("driven", True)]


def test_what_is_open(state: State) -> None:
    number = trigger(state)
    add(state, "a", trigger_id=number, created_at=2.0)
    add(state, "b", pipeline="users", created_at=1.0, state="running", sla_at=5.0)
    add(state, "c", state="completed", sla_at=5.0)
    add(state, "d", created_at=3.0, sla_at=50.0, parent_run="b", retry_of="c")
    add(state, "e", created_at=4.0, state="running", sla_at=5.0, sla_missed=True)
    with state.write() as connection:
        runs = state.runs
        assert [row.id for row in runs.open(connection)] == ["b", "a", "d", "e"]
        assert [row.id for row in runs.open(connection, pipeline="users")] == ["b"]
        assert [row.id for row in runs.open(connection, trigger_id=number)] == ["a"]
        assert [row.id for row in runs.sla_due(connection, 6.0)] == ["b"]
        assert [row.id for row in runs.children(connection, "b")] == ["d"]
        runs.claim(connection, "a", "me", now=1.0, until=9.0)
        counts = {
            (line["pipeline"], line["trigger_id"], line["state"], line["leased"]): line["count"]
            for line in runs.open_counts(connection)
        }
        assert counts == {
            ("orders", number, "initial", 1): 1, ("users", None, "running", 0): 1,
            ("orders", None, "initial", 0): 1, ("orders", None, "running", 0): 1,
        }  # fmt: skip
        assert runs.rename_pipeline(connection, "users", "people") == 1
        assert [row.id for row in runs.open(connection, pipeline="people")] == ["b"]


def test_two_schedulers_never_get_the_same_run(state: State) -> None:
    for number in range(4):
        add(state, f"r{number}", due_at=float(number))
    if state.dialect == "sqlite":
        return  # one writes at a time: the transaction is the claim, which test_store proves
    with state.write() as one:
        mine = [row.id for row in state.runs.waiting(one, 9.0, 2)]
        with state._writer.begin() as other:
            theirs = [row.id for row in state.runs.waiting(other, 9.0, 9)]
    assert (mine, theirs) == (["r0", "r1"], ["r2", "r3"])
