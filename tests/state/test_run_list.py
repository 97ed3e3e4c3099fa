"""Pages of the list of runs, compared with sorting and filtering all of them in memory."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from penstock.model.errors import SettingInvalidError
from penstock.state import run_list
from penstock.state.rows import BackfillRow, BlockRunRow, RunRow, TriggerRow
from penstock.state.run_list import RunFilter, RunPage
from penstock.state.store import State

STATES = ("initial", "running", "completed", "failed", "cancelled")


def some_runs(chance: random.Random, count: int, triggers: list[int], backfills: list[int]) -> list[RunRow]:
    rows = []
    for number in range(count):
        state = chance.choice(STATES)
        rows.append(
            RunRow(
                f"r{number:05}",
                chance.choice(["orders", "users", "Prices_EU"]),
                float(chance.randrange(count // 3)),  # several begin at the same moment
                state=state,
                origin=chance.choice(["studio", "cli", "schedule"]),
                partition=chance.choice(["", "2024", "x"]),
                trigger_id=chance.choice([None, *triggers]),
                backfill_id=chance.choice([None, None, *backfills]),
                seconds=float(chance.randrange(9)) if state not in {"initial", "running"} else None,
                error=chance.choice(["", "50% of _all", "Column Not found"]) if state == "failed" else "",
                failed_block="load_ä" if state == "failed" else None,
                variables={"left": "out"},
            )
        )
    return rows


def expected(rows: list[RunRow], wanted: RunFilter, names: dict[int, str]) -> list[str]:
    def fits(row: RunRow) -> bool:
        words = (
            row.id,
            row.pipeline,
            row.what,
            row.failed_block or "",
            row.error,
            row.origin,
            names.get(row.trigger_id or 0, ""),
        )
        return (
            (not wanted.pipelines or row.pipeline in wanted.pipelines)
            and (not wanted.states or row.state in wanted.states)
            and (not wanted.origins or row.origin in wanted.origins)
            and (wanted.trigger_id is None or row.trigger_id == wanted.trigger_id)
            and (wanted.backfill_id is None or row.backfill_id == wanted.backfill_id)
            and (wanted.since is None or row.created_at >= wanted.since)
            and (wanted.until is None or row.created_at < wanted.until)
            and (not wanted.partition or row.partition == wanted.partition)
            and (not wanted.block or int(row.id[1:]) % 3 == 0)
            and (not wanted.text or any(wanted.text.lower() in word.lower() for word in words))
            and (wanted.sort in {"newest", "oldest"} or row.seconds is not None)
        )

    down = wanted.sort in {"newest", "longest"}
    by_time = wanted.sort in {"newest", "oldest"}
    found = sorted(
        filter(fits, rows), key=lambda row: (row.created_at if by_time else row.seconds, row.id), reverse=down
    )
    return [row.id for row in found]


def all_pages(state: State, wanted: RunFilter, limit: int) -> list[str]:
    names: list[str] = []
    after = ""
    with state.read() as connection:
        for _ in range(10_000):
            page = state.runs.page(connection, wanted, limit=limit, after=after)
            assert len(page.rows) <= limit
            assert all(row.variables == {} for row in page.rows)
            names += [row.id for row in page.rows]
            if page.next is None:
                return names
            after = page.next
    raise AssertionError("the pages never end")


def filters(chance: random.Random, count: int) -> list[RunFilter]:
    made = []
    for _ in range(count):
        wanted = RunFilter(sort=chance.choice(run_list.SORTS))
        choices = {
            "pipelines": lambda: tuple(chance.sample(["orders", "users", "Prices_EU", "none"], chance.randint(1, 3))),
            "states": lambda: tuple(chance.sample(STATES, chance.randint(1, 4))),
            "origins": lambda: tuple(chance.sample(["studio", "cli"], chance.randint(1, 2))),
            "trigger_id": lambda: chance.choice([1, 2]),
            "backfill_id": lambda: chance.choice([1, 99]),
            "since": lambda: float(chance.randrange(50)),
            "until": lambda: float(chance.randrange(50, 120)),
            "partition": lambda: "2024",
            "block": lambda: "third",
            "text": lambda: chance.choice(
                ["prices", "50% of _", "COLUMN", "load_", "nightly", "r0001", "schedul", "zzz"]
            ),
        }
        for name in chance.sample(sorted(choices), chance.randint(0, 3)):
            wanted = replace(wanted, **{name: choices[name]()})
        made.append(wanted)
    return made


@pytest.mark.parametrize("scanned", [7, 4_000])
def test_pages_hold_what_a_search_through_all_finds(
    state: State, scanned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_list, "SCANNED", scanned)
    monkeypatch.setattr(run_list, "LOOKED_AT_FIRST", scanned // 3)
    chance = random.Random(scanned)
    with state.write() as connection:
        names = {state.triggers.add(connection, TriggerRow("orders", name)): name for name in ("Nightly load", "x")}
        backfills = [state.backfills.add(connection, BackfillRow("orders", "b", 1.0))]
        rows = some_runs(chance, 150, list(names), backfills)
        assert len(state.runs.insert_many(connection, rows)) == len(rows)
        third = [BlockRunRow(row.id, "third") for row in rows if int(row.id[1:]) % 3 == 0]
        state.block_runs.put(connection, third)
    for wanted in filters(chance, 60):
        assert all_pages(state, wanted, chance.choice([3, 9, 1000])) == expected(rows, wanted, names), wanted


def test_a_whole_id_finds_its_run_at_once(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_list, "SCANNED", 2)
    monkeypatch.setattr(run_list, "LOOKED_AT_FIRST", 2)
    with state.write() as connection:
        state.runs.insert_many(connection, [RunRow(f"r{number}", "orders", float(number)) for number in range(50)])
        assert ids(state.runs.page(connection, RunFilter(text=" r3 "))) == (["r3"], True)
        assert ids(state.runs.page(connection, RunFilter(text="r3", states=("failed",)))) == ([], True)


def ids(page: RunPage) -> tuple[list[str], bool]:
    return [row.id for row in page.rows], page.next is None


@pytest.mark.parametrize("after", ["x", "[]", "[1]", '{"a": 1, "b": 2}', "[" * 5000, '["a", "b"]'])
def test_a_place_from_no_page_is_refused(state: State, after: str) -> None:
    with state.read() as connection, pytest.raises(SettingInvalidError, match="comes from no page"):
        state.runs.page(connection, RunFilter(), after=after)


def test_an_order_that_is_none_is_refused(state: State) -> None:
    with state.read() as connection, pytest.raises(SettingInvalidError, match="no order 'size'"):
        state.runs.page(connection, RunFilter(sort="size"))


def test_every_page_reads_along_an_index(tmp_path) -> None:
    """Nothing is sorted but the bounded number of rows that were looked at, and no table is gone through as it lies."""
    import sqlalchemy as sa

    from penstock.state.store import open_state

    state = open_state(f"sqlite:///{tmp_path / 'state.db'}")
    plans: list[tuple[str, str]] = []

    @sa.event.listens_for(state._reader, "before_cursor_execute")
    def explained(connection, cursor, statement, parameters, context, many) -> None:
        if "FROM penstock_run" in statement:
            lines = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            plans.extend((statement, line[3]) for line in lines)

    alone = {
        "pipelines": ("orders",), "states": ("failed",), "origins": ("cli",), "trigger_id": 1, "backfill_id": 1,
        "since": 1.0, "until": 9.0, "partition": "x", "block": "b", "text": "text",
    }  # fmt: skip
    for sort in run_list.SORTS:
        for names in itertools.chain(*(itertools.combinations(alone, count) for count in (0, 1, 2, 3))):
            wanted = replace(RunFilter(sort=sort), **{name: alone[name] for name in names})
            for after in ("", '[5.0,"r"]'):
                with state.read() as connection:
                    state.runs.page(connection, wanted, after=after)
    state.close()
    assert len(plans) > 1000
    bad = [
        (plan, text)
        for text, plan in plans
        if ("TEMP B-TREE FOR ORDER" in plan and "looked_at" not in text) or plan == "SCAN penstock_run"
    ]
    assert not bad, "\n".join(sorted({f"{plan}: {text}" for plan, text in bad}, key=len)[:5])
