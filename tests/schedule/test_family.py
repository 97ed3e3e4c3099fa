"""Runs that blocks have asked for: which of them a repeated block goes on with, and what limits count of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from penstock.model.errors import GraphInvalidError, SettingInvalidError
from penstock.schedule.family import asked_of, belongs, is_awaited
from penstock.schedule.limit_rules import Rules
from penstock.schedule.limits import Limits
from penstock.schedule.requests import NewRun, cancel_run, create_run, retry_from, retry_run
from penstock.schedule.wishes import KILLED, ended_answer, refuse_circle, told, wish_of
from penstock.state.rows import BlockRunRow, RunRow
from penstock.state.store import State

NOW = 1000.0


def child(name: str = "c", state: str = "completed", **said: Any) -> RunRow:
    asked = {"block": "ask", "key": "k", "waits": True, **said}
    return RunRow(name, "child", NOW, state, parent_run="p", options={"asked": asked}, due_at=NOW)


@pytest.mark.parametrize(
    ("row", "failed", "expected"),
    [
        (child(), None, True),  # lost with its scheduler: nothing is known of a failure
        (child(), (NOW + 5, "killed"), True),
        (child(), (NOW + 5, "memory"), True),
        (child(), (NOW + 5, "ValueError"), False),
        (child(after=NOW - 5), (NOW - 5, "ValueError"), True),  # the one that asked was lost later
        (child(after=NOW + 5), (NOW + 5, "ValueError"), True),  # so it was, and the clock was set back before it asked
        (child(after=NOW - 5), (NOW - 3, "ValueError"), False),  # it has failed, and the clock was set back meanwhile
        (child(state="running"), (NOW + 5, "ValueError"), True),
        (child(state="failed", unheard=True), (NOW + 5, "BlockFailedError"), True),
        (child(closed=True), None, False),
    ],
)
def test_with_which_run_a_repeated_block_goes_on(
    row: RunRow,
    failed: tuple[float, str] | None,
    *,
    expected: bool,
) -> None:
    assert belongs(row, failed, KILLED) is expected


def test_wishes_are_told_apart_by_what_they_ask_for() -> None:
    wish = wish_of({"pipeline_uuid": "child", "variables": {"a": 1, "b": [2]}, "check_status": True})
    same = wish_of({"pipeline_uuid": "child", "variables": {"b": [2], "a": 1}})
    assert wish.key("ask", 0) == same.key("ask", 0)
    others = {wish.key("ask", 1), wish.key("ask:1", 0), replace(wish, pipeline="x").key("ask", 0)}
    others.add(replace(wish, variables={"a": 2}).key("ask", 0))
    assert len(others) == 4
    assert wish.key("ask", 0) not in others


@pytest.mark.parametrize(
    "arguments",
    [
        {"variables": [1]},
        {"poll_timeout": "soon"},
        {"poll_timeout": -1},
        {"poll_timeout": 10**400},
        {"poll_timeout": float("nan")},
        {"remote_blocks": [{}]},
        {"remote_blocks": 5},
    ],
)
def test_what_cannot_be_asked_for_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(SettingInvalidError, match="triggering pipeline child"):
        wish_of({"pipeline_uuid": "child", **arguments})


def test_the_end_is_told_with_its_cause_to_who_demands_it() -> None:
    row = replace(child("c7", "failed"), error="load: ValueError: no file")
    wish = wish_of({"pipeline_uuid": "child", "check_status": True, "error_on_failure": True})
    answer = ended_answer(4, wish, told(row))
    assert answer.error == "running the triggered pipeline child: its run c7 failed: load: ValueError: no file"
    assert ended_answer(4, replace(wish, demands=False), told(row)).value["status"] == "failed"


def test_circles_are_told_by_their_way() -> None:
    with pytest.raises(GraphInvalidError, match="a waits for b waits for a"):
        refuse_circle("a", ["b", "a"])
    refuse_circle("c", ["b", "a"])
    with pytest.raises(GraphInvalidError, match="60 runs wait"):
        refuse_circle("x", [str(number) for number in range(60)])


def claimed(state: State, chooser: Limits, room: int = 10, spare: int = 0) -> list[str]:
    def work(connection: Any) -> list[str]:
        rows = chooser.pick(connection, NOW, room, spare)
        for row in rows:
            token = state.runs.claim(connection, row.id, "one", now=NOW, until=NOW + 60)
            assert token is not None
            state.runs.write(connection, row.id, token, state="running")
        return [row.id for row in rows]

    return state.transact(work)


def test_those_that_wait_keep_back_new_runs_but_not_the_runs_that_they_wait_for(state: State) -> None:
    chooser = Limits(state, lambda _: Rules(project=1))
    with state.write() as connection:
        state.runs.insert(connection, RunRow("p", "asking", NOW - 9, due_at=NOW - 9))
        state.runs.insert(connection, RunRow("q", "other", NOW - 8, due_at=NOW - 8))
    assert claimed(state, chooser) == ["p"]
    with state.write() as connection:
        state.runs.insert(connection, child("c", "initial"))
    assert claimed(state, chooser) == []  # nothing waits yet: the parent works
    with state.write() as connection:
        state.runs.write(connection, "p", 1, waiting={"kind": "child", "run": "c"})
    assert claimed(state, chooser) == ["c"]
    assert claimed(state, chooser) == []


def test_there_is_always_room_to_drive_what_is_waited_for(state: State) -> None:
    with state.write() as connection:
        for number in range(300):
            state.runs.insert(
                connection, RunRow(f"n{number:03}", "child", NOW - 500 + number, due_at=NOW - 500 + number)
            )
        state.runs.insert(connection, child("c", "initial"))
    chooser = Limits(state, lambda _: Rules())
    assert claimed(state, chooser, room=0, spare=2) == ["c"]
    assert claimed(state, chooser, room=0, spare=2) == []
    assert len(claimed(state, chooser, room=3, spare=2)) == 3


def test_what_is_waited_for_gets_its_turn_behind_any_number_that_nobody_waits_for(state: State) -> None:
    with state.write() as connection:
        loose = [
            RunRow(f"n{number:03}", "asking", NOW - 900 + number, parent_run="p", due_at=NOW - 900 + number)
            for number in range(600)
        ]
        state.runs.insert(connection, RunRow("p", "asking", NOW - 999, due_at=NOW - 999))
        state.runs.insert_many(connection, loose)
    chooser = Limits(state, lambda _: Rules(pipeline=1))
    assert claimed(state, chooser, room=500) == ["p"]
    with state.write() as connection:
        state.runs.insert(connection, child("c", "initial"))
        state.runs.write(connection, "p", 1, waiting={"kind": "child", "run": "c"})
    assert claimed(state, chooser, room=499, spare=1) == ["c"]


def test_cancelling_takes_along_what_is_waited_for_and_a_retry_asks_for_nothing(state: State) -> None:
    parent = create_run(state, NewRun("parent", "api"), NOW)
    waited = create_run(
        state, NewRun("child", "block", parent_run=parent.id, options={"asked": {"waits": True, "block": "ask"}}), NOW
    )
    loose = create_run(
        state, NewRun("child", "block", parent_run=parent.id, options={"asked": {"waits": False, "block": "ask"}}), NOW
    )
    told: list[tuple[str, str]] = []
    cancel_run(state, parent.id, NOW + 1, lambda row: told.append((row.id, row.state)))
    assert told == [(waited.id, "cancelled")]
    with state.read() as connection:
        found = state.runs.many(connection, [waited.id, loose.id])
    assert (found[waited.id].state, found[loose.id].state) == ("cancelled", "initial")
    again = retry_run(state, waited.id, NOW + 2)
    assert (again.parent_run, asked_of(again), is_awaited(again)) == (None, {}, False)


def test_who_retries_a_block_by_hand_gets_new_runs(state: State) -> None:
    with state.write() as connection:
        state.runs.insert(connection, RunRow("p", "parent", NOW, "failed", started_at=NOW, ended_at=NOW + 5))
        blocks = [BlockRunRow("p", "ask", 0, "failed", ended_at=NOW + 4), BlockRunRow("p", "kept", 1, "completed")]
        state.block_runs.put(connection, blocks)
        for name, block in (("c", "ask"), ("d", "kept")):
            state.runs.insert(connection, child(name, "failed", block=block))
    retry_from(state, "p", "ask", [], NOW + 9)
    with state.read() as connection:
        rows = state.runs.many(connection, ["c", "d"])
    assert not belongs(rows["c"], None, KILLED)
    assert belongs(rows["d"], None, KILLED)
