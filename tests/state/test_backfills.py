"""Backfills and blocks of runs in the store."""

from __future__ import annotations

from penstock.state.rows import BackfillRow, BlockRunRow, RunRow
from penstock.state.store import State


def test_backfills(state: State) -> None:
    with state.write() as connection:
        backfills = state.backfills
        row = BackfillRow(
            "p", "march", 5.0, start=1.0, end=9.0, interval_type="day", interval_units=1, variables={"a": 1}
        )
        number = backfills.add(connection, row)
        other = backfills.add(connection, BackfillRow("q", "x", 6.0, state="running"))
        found = backfills.get(connection, number)
        assert found is not None
        assert (found.start, found.end, found.variables) == (1.0, 9.0, {"a": 1})
        assert [one.id for one in backfills.all(connection)] == [other, number]
        assert [one.id for one in backfills.all(connection, "p")] == [number]
        assert [one.id for one in backfills.all(connection, state="running")] == [other]
        states = ("completed", "completed", "failed", "initial")
        for one, now in enumerate(states):
            state.runs.insert(connection, RunRow(f"r{one}", "p", 1.0, state=now, backfill_id=number))
        assert state.runs.of_backfill(connection, number) == {"completed": 2, "failed": 1, "initial": 1}
        assert [run.id for run in state.runs.open(connection, backfill_id=number)] == ["r3"]
        assert backfills.change(connection, number, state="completed", ended_at=9.0)
        assert backfills.delete(connection, number)
        assert not backfills.change(connection, number, state="x")
        assert state.runs.of_backfill(connection, number) == {}
        assert state.runs.get(connection, "r0") is not None


def test_blocks_of_a_run(state: State) -> None:
    with state.write() as connection:
        for name in ("r1", "r2"):
            state.runs.insert(connection, RunRow(name, "p", 1.0))
        first = BlockRunRow(
            "r1", "load", 0, "running", 1, failure={"kind": "KeyError"}, expansion={"items": [1]}, peak_memory=2**40
        )
        state.block_runs.put(
            connection, [first, BlockRunRow("r1", "a/ä", 1, upstream=["load"]), BlockRunRow("r2", "load")]
        )
        state.block_runs.put(connection, [])
        assert state.block_runs.get(connection, "r1", "load") == first
        assert [row.block for row in state.block_runs.of_run(connection, "r1")] == ["load", "a/ä"]
        state.block_runs.put(connection, [BlockRunRow("r1", "load", 0, "completed", 2, rows_out=7)])
        changed = state.block_runs.get(connection, "r1", "load")
        assert changed is not None
        assert (changed.state, changed.rows_out, changed.failure) == ("completed", 7, None)
        assert state.block_runs.delete(connection, "r1", ["a/ä", "none"]) == 1
        # runs that have ended are deleted with their blocks; one that goes on is not
        assert state.runs.delete(connection, ["r1", "r2", "none"]) == 0
        state.runs.change(connection, "r1", state="failed")
        assert state.runs.delete(connection, ["r1", "r2"]) == 1
        assert state.block_runs.of_run(connection, "r1") == []
        assert len(state.block_runs.of_run(connection, "r2")) == 1


def test_five_thousand_blocks_come_back_in_their_order(state: State) -> None:
    rows = [BlockRunRow("r1", f"b{number % 97}-{number}", number) for number in range(5000)]
    with state.write() as connection:
        state.runs.insert(connection, RunRow("r1", "p", 1.0))
        state.block_runs.put(connection, reversed(rows))
    with state.read() as connection:
        assert state.block_runs.of_run(connection, "r1") == rows


def test_backfills_follow_their_pipeline_to_its_new_name(state: State) -> None:
    with state.write() as connection:
        backfills = state.backfills
        mine = backfills.add(connection, BackfillRow("orders", "a", 5.0))
        other = backfills.add(connection, BackfillRow("users", "b", 6.0))
        assert backfills.rename_pipeline(connection, "orders", "sales") == 1
        assert [one.id for one in backfills.all(connection, "sales")] == [mine]
        assert backfills.all(connection, "orders") == []
        assert [one.id for one in backfills.all(connection, "users")] == [other]
