"""Which waiting runs may begin and which blocks may start, on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from penstock.model.trigger import OnLimit
from penstock.project import open_project
from penstock.schedule.limit_rules import RuleBook, Rules
from penstock.schedule.limits import AWAY_REST, Limits, blocked_words
from penstock.schedule.rearm import REST
from penstock.state.rows import Blocked, RunRow, TriggerRow
from penstock.state.store import State

NOW = 1000.0


def rows(
    pipeline: str, count: int, *, priority: int = 0, trigger: int | None = None, origin: str = "api"
) -> list[RunRow]:
    return [
        RunRow(
            f"{pipeline}-{trigger or ''}-{i:05}",
            pipeline,
            NOW - 500 + i,
            origin=origin,
            priority=priority,
            trigger_id=trigger,
            due_at=NOW - 500 + i,
        )
        for i in range(count)
    ]


def insert(state: State, *made: list[RunRow]) -> None:
    with state.write() as connection:
        for each in made:
            state.runs.insert_many(connection, each)


def limits(state: State, rules: Mapping[str, Rules]) -> Limits:
    return Limits(state, lambda pipeline: rules.get(pipeline, Rules()))


def claim(state: State, chooser: Limits, room: int, owner: str = "one") -> list[str]:
    def work(connection: object) -> list[str]:
        chosen = chooser.pick(connection, NOW, room)
        for row in chosen:
            assert state.runs.claim(connection, row.id, owner, now=NOW, until=NOW + 60)
        return [row.id for row in chosen]

    return state.transact(work)


def test_one_pipeline_with_thousands_of_waiting_runs_does_not_hide_another(state: State) -> None:
    insert(state, rows("flood", 3000), rows("small", 2))
    chosen = claim(state, limits(state, {}), 10)
    assert Counter(name.split("-")[0] for name in chosen) == {"flood": 8, "small": 2}
    assert chosen[:4] == ["flood--00000", "small--00000", "flood--00001", "small--00001"]


def test_a_pipeline_at_its_limit_leaves_the_room_to_others_and_says_so(state: State) -> None:
    insert(state, rows("full", 300), rows("free", 3))
    chooser = limits(state, {"full": Rules(pipeline=2)})
    assert len(claim(state, chooser, 4)) == 4
    assert claim(state, chooser, 4) == ["free--00002"]
    with state.read() as connection:
        first = state.runs.get(connection, "full--00002")
    assert first is not None
    assert first.waiting == {
        "kind": "pipeline_limit",
        "text": "2 runs of pipeline full under way, and its limit is 2",
        "since": NOW,
    }


def test_the_project_and_its_triggers_have_limits(state: State) -> None:
    with state.write() as connection:
        first = state.triggers.add(connection, TriggerRow("p", "one"))
        second = state.triggers.add(connection, TriggerRow("p", "two"))
    insert(state, rows("p", 200, trigger=first), rows("p", 5, trigger=second))
    chooser = limits(state, {"p": Rules(trigger=1)})
    chosen = claim(state, chooser, 10)
    assert chosen == [f"p-{first}-00000", f"p-{second}-00000"], "many of one trigger do not hide another's"


def test_runs_behind_hundreds_of_triggers_at_their_limits_begin(state: State) -> None:
    with state.write() as connection:
        full = [state.triggers.add(connection, TriggerRow("p", name)) for name in ("one", "two")]
        last = state.triggers.add(connection, TriggerRow("p", "three"))
        for place, trigger in enumerate(full):
            for row in rows("p", 150, trigger=trigger):  # one after the other, all before those of the last
                due = (row.due_at or NOW) - 1000 * (2 - place)
                state.runs.insert(connection, replace(row, due_at=due, created_at=due))
    insert(state, rows("p", 2, trigger=last), rows("p", 1))
    chooser = limits(state, {"p": Rules(trigger=1)})
    wanted = {f"p-{trigger}-00000" for trigger in (*full, last)} | {"p--00000"}
    assert set(claim(state, chooser, 10)) == wanted
    assert claim(state, chooser, 10) == []


def test_the_projects_limit_counts_all_pipelines(state: State) -> None:
    insert(state, rows("p", 5), rows("q", 5))
    chooser = limits(state, {"p": Rules(project=3), "q": Rules(project=3)})
    assert len(claim(state, chooser, 10)) == 3
    assert claim(state, chooser, 10) == []


def test_skip_ends_what_a_schedule_made_and_keeps_a_backfill(state: State) -> None:
    insert(state, rows("p", 4, origin="schedule"))
    backfill = [RunRow("p-backfill", "p", NOW, origin="backfill", due_at=NOW)]
    insert(state, backfill)
    chooser = limits(state, {"p": Rules(pipeline=1, on_limit=OnLimit.SKIP)})
    assert claim(state, chooser, 10) == ["p--00000"]
    with state.read() as connection:
        found = state.runs.many(connection, [f"p--0000{i}" for i in range(4)])
        kept = state.runs.get(connection, "p-backfill")
    assert [found[f"p--0000{i}"].state for i in (1, 2, 3)] == ["cancelled"] * 3
    assert found["p--00001"].error == (
        "skipped: 1 run of pipeline p under way, and its limit is 1, and on_pipeline_run_limit_reached is skip"
    )
    assert kept is not None
    assert kept.state == "initial"


def test_what_somebody_retries_waits_though_others_are_left_out(state: State) -> None:
    first, again, on, left = rows("p", 4, origin="schedule")
    insert(state, [first, replace(again, retry_of=first.id), replace(on, lease_token=1), left])
    assert claim(state, limits(state, {"p": Rules(pipeline=1, on_limit=OnLimit.SKIP)}), 10) == [first.id]
    with state.read() as connection:
        found = state.runs.many(connection, [again.id, on.id, left.id])
    assert [found[row.id].state for row in (again, on, left)] == ["initial", "initial", "cancelled"]


def test_a_run_that_its_trigger_leaves_out_says_so(state: State) -> None:
    skips = [replace(row, settings={"on_limit": "skip"}) for row in rows("p", 2, origin="schedule")]
    insert(state, skips)
    assert claim(state, limits(state, {"p": Rules(pipeline=1)}), 10) == ["p--00000"]
    with state.read() as connection:
        found = state.runs.get(connection, "p--00001")
    assert found is not None
    assert found.error.endswith("its limit is 1, and on_limit of its trigger is skip")


def test_a_trigger_that_is_always_on_goes_on_after_a_run_that_was_left_out(state: State) -> None:
    always = {"kind": "time", "schedule": "@always_on"}
    with state.write() as connection:
        number = state.triggers.add(connection, TriggerRow("p", "always", always, active=True))
    insert(state, rows("p", 1), rows("p", 1, trigger=number, origin="schedule"))
    assert claim(state, limits(state, {"p": Rules(pipeline=1, on_limit=OnLimit.SKIP)}), 10) == ["p--00000"]
    with state.read() as connection:
        trigger = state.triggers.get(connection, number)
    assert trigger is not None
    assert trigger.next_due_at == NOW + REST


def test_higher_priority_goes_first_within_a_pipeline_and_more_often_between_them(state: State) -> None:
    insert(state, rows("a", 30), [RunRow("a-urgent", "a", NOW, origin="api", priority=5, due_at=NOW)])
    insert(state, rows("b", 30, priority=1))
    chosen = claim(state, limits(state, {}), 13)
    assert chosen[0] == "a-urgent"
    assert Counter(name[0] for name in chosen)["b"] >= 8


def test_choose_decides_among_given_candidates(state: State) -> None:
    candidates = rows("p", 3) + rows("q", 1)
    insert(state, candidates)
    with state.write() as connection:
        chosen = limits(state, {"p": Rules(pipeline=1)}).choose(connection, candidates, NOW)
    assert [row.id for row in chosen] == ["p--00000", "q--00000"]


def test_several_schedulers_keep_to_one_limit(state: State) -> None:
    insert(state, *(rows(f"p{i}", 5) for i in range(8)))
    every = {f"p{i}": Rules(project=7) for i in range(8)}
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda i: claim(state, limits(state, every), 3, f"owner{i}"), range(12)))
    names = [name for chosen in found for name in chosen]
    assert len(names) == len(set(names)) == 7


def test_a_run_counts_while_it_runs_though_nobody_drives_it(state: State) -> None:
    insert(state, rows("p", 2))
    with state.write() as connection:
        state.runs.change(connection, "p--00000", state="running")
    assert claim(state, limits(state, {"p": Rules(pipeline=1)}), 5) == []


def test_named_resources(state: State) -> None:
    rules = Rules(takes={"load": {"warehouse": 1}, "big": {"warehouse": 2}}, capacity={"warehouse": 2})
    chooser = limits(state, {"p": rules})
    one, two, three = rows("p", 3)
    with state.write() as connection:
        assert chooser.gate(connection, one, "load", NOW)
        assert chooser.gate(connection, two, "load:0", NOW), "a dynamic child is a run of its block"
        assert not chooser.gate(connection, three, "load", NOW)
        assert not chooser.gate(connection, three, "big", NOW)
        assert chooser.gate(connection, three, "other", NOW), "a block that takes nothing"
        assert chooser.gate(connection, one, "load", NOW), "asking again takes nothing more"
        chooser.released(connection, one.id, "load")
        assert chooser.gate(connection, three, "load", NOW)
        chooser.recovered(connection, two.id)
        chooser.ended(connection, three)
        assert chooser.gate(connection, one, "big", NOW)


def test_a_block_at_most_so_often(state: State) -> None:
    chooser = limits(state, {"p": Rules(per_block={"b": 1})})
    one, two = rows("p", 2)
    with state.write() as connection:
        assert chooser.gate(connection, one, "a", NOW)
        assert chooser.gate(connection, one, "b", NOW)
        assert not chooser.gate(connection, two, "b", NOW)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("resource:warehouse", "it needs 1 of warehouse, of which 0 of 2 is free"),
        ("block:load", "block load is under way 2 times, and its limit is 2"),
    ],
)
def test_a_refusal_says_which_limit(key: str, words: str) -> None:
    found = blocked_words(Blocked(key, 1, 2, 2))
    assert found.text == words
    assert found.change


def test_while_the_project_is_away_runs_wait_and_go_on_when_it_is_back(state: State, tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "shop", tmp_path / "elsewhere"
    (folder / "pipelines" / "p").mkdir(parents=True)
    (folder / "metadata.yaml").write_text("project_type: standalone\n")
    (folder / "pipelines" / "p" / "metadata.yaml").write_text(
        "name: p\nblocks: []\nconcurrency_config: {pipeline_run_limit_all_triggers: 2}\n"
    )
    rules = RuleBook(lambda: open_project(folder))
    chooser = Limits(state, rules)
    assert rules("p").pipeline == 2
    skips = [replace(row, settings={"on_limit": "skip"}) for row in rows("never_seen", 1, origin="schedule")]
    insert(state, rows("p", 3), skips)
    folder.rename(elsewhere)
    assert claim(state, chooser, 4) == []
    assert rules("p").pipeline == 2, "its limits hold for what is under way"
    with state.read() as connection:
        waits = [state.runs.get(connection, name) for name in ("p--00000", "never_seen--00000")]
    assert all(row is not None and row.state == "initial" and row.waiting for row in waits)
    told = [row.waiting for row in waits if row is not None and row.waiting]
    assert {each["kind"] for each in told} == {"project_away"}
    assert all("cannot be opened just now" in each["text"] and "no such folder" in each["text"] for each in told)
    assert chooser.again_at == NOW + AWAY_REST, "nobody tells that it is back"
    elsewhere.rename(folder)
    chosen = claim(state, chooser, 4)
    assert sorted(chosen) == ["never_seen--00000", "p--00000", "p--00001"], "in their order, as if it had never gone"
    assert chooser.again_at is None
