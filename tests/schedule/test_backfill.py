"""Backfills: each window gets one run, so many at a time; retried, cancelled and ended by their newest runs."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from penstock.model.errors import BackfillNotFoundError, RunStateError, SettingInvalidError
from penstock.schedule.backfill import (
    Backfills,
    Wanted,
    add_backfill,
    cancel_backfill,
    delete_backfill,
    planned,
    preview,
    retry_backfill,
    start_backfill,
)
from penstock.schedule.listings import listing
from penstock.schedule.requests import cancel_run, retry_run
from penstock.state.rows import BackfillRow, RunRow
from penstock.state.store import State

START = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
DAY = 86_400.0


def look(making: Backfills, state: State, runs: set[str] | None = None) -> None:
    with state.read() as connection:
        making.look(connection, runs)


def days(count: int, **more: object) -> Wanted:
    return Wanted("p", "b", start=START, end=START + count * DAY, **more)


def begun(state: State, wanted: Wanted) -> tuple[Backfills, int]:
    row = add_backfill(state, wanted, 1.0)
    start_backfill(state, row.id, 2.0)
    return Backfills(state), row.id


def runs(state: State, number: int) -> list[RunRow]:
    with state.read() as connection:
        return state.runs.open(connection, backfill_id=number)


def end(state: State, making: Backfills, row: RunRow, outcome: str, now: float) -> list[RunRow]:
    def work(connection: object) -> list[RunRow]:
        state.runs.change(connection, row.id, state=outcome, ended_at=now, seconds=1.0)
        ended = state.runs.get(connection, row.id)
        assert ended is not None
        return making.ended(connection, ended, now)

    return state.transact(work)


def finish(state: State, making: Backfills, number: int) -> None:
    """Let every run complete, those that are made then too."""
    while still := runs(state, number):
        end(state, making, still[0], "completed", 20.0)


def found(state: State, number: int) -> BackfillRow:
    with state.read() as connection:
        row = state.backfills.get(connection, number)
    assert row is not None
    return row


def test_a_preview_tells_dates_partitions_and_how_many() -> None:
    planned_runs, total = preview(days(5), 0.0, limit=2)
    assert total == 5
    assert [run.partition for run in planned_runs] == ["20240101T000000", "20240102T000000"]
    assert planned_runs[1].execution_date == planned_runs[1].interval_start == START + DAY
    assert planned_runs[1].interval_end == START + 2 * DAY


def test_windows_become_runs_in_order_as_there_is_room(state: State) -> None:
    making, number = begun(state, days(5, parallelism=2, variables={"x": 1}))
    assert making.step(3.0) is False
    first, second = runs(state, number)
    assert (first.execution_date, second.execution_date) == (START, START + DAY)
    assert first.variables == {"x": 1}
    assert (first.origin, first.partition, first.interval_end) == ("backfill", "20240101T000000", START + DAY)
    look(making, state)
    making.step(4.0)
    assert len(runs(state, number)) == 2, "no room"
    (third,) = end(state, making, first, "completed", 5.0)
    assert third.execution_date == START + 2 * DAY
    for moment in range(6, 20):
        still = runs(state, number)
        if not still:
            break
        end(state, making, still[0], "completed", float(moment))
    row = found(state, number)
    assert (row.state, row.error) == ("completed", "")
    with state.read() as connection:
        assert state.runs.of_backfill(connection, number) == {"completed": 5}


def test_a_waiting_run_that_is_cancelled_makes_room_at_once(state: State) -> None:
    """Nobody drives it, and so no driver tells its end: whoever hears of the run looks."""
    making, number = begun(state, days(3, parallelism=1))
    making.step(3.0)
    (first,) = runs(state, number)
    look(making, state, {first.id, "another"})
    making.step(4.0)
    assert [run.id for run in runs(state, number)] == [first.id]
    cancel_run(state, first.id, 5.0)
    look(making, state, {"another"})
    making.step(6.0)
    assert runs(state, number) == []
    look(making, state, {first.id})
    making.step(7.0)
    assert [run.slot for run in runs(state, number)] == [1.0]


def test_thousands_are_made_in_chunks_and_never_more_than_a_thousand_wait(state: State) -> None:
    making, number = begun(state, days(1300, parallelism=0))
    assert making.step(3.0) is True
    assert len(runs(state, number)) == 500
    assert making.step(4.0) is True
    assert making.step(5.0) is False
    assert len(runs(state, number)) == 1000
    assert [run.slot for run in runs(state, number)] == [float(i) for i in range(1000)]


def test_several_schedulers_make_each_run_once(state: State) -> None:
    _, number = begun(state, days(900, parallelism=0))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: Backfills(state).step(3.0), range(8)))
    assert Counter(run.slot for run in runs(state, number)).most_common(1)[0][1] == 1
    assert len(runs(state, number)) == 900


def test_a_failed_window_is_tried_again_by_itself_and_then_fails_the_backfill(state: State) -> None:
    making, number = begun(state, days(1, retries=1))
    making.step(3.0)
    (first,) = runs(state, number)
    (again,) = end(state, making, first, "failed", 4.0)
    assert (again.retry_of, again.slot, again.ordinal, again.execution_date) == (first.id, 0.0, 1, START)
    end(state, making, again, "failed", 5.0)
    row = found(state, number)
    assert (row.state, row.error) == ("failed", "1 of 1 runs did not complete")


def test_what_failed_is_run_again_and_the_newest_run_of_each_window_counts(state: State) -> None:
    making, number = begun(state, days(3, parallelism=3))
    making.step(3.0)
    for run, outcome in zip(runs(state, number), ["completed", "failed", "cancelled"], strict=True):
        end(state, making, run, outcome, 4.0)
    assert found(state, number).state == "failed"
    row, count = retry_backfill(state, number)
    assert (row.state, count) == ("running", 2)
    look(making, state)
    making.step(6.0)
    again = runs(state, number)
    assert [run.execution_date for run in again] == [START + DAY, START + 2 * DAY]
    for run in again:
        end(state, making, run, "completed", 7.0)
    assert found(state, number).state == "completed"
    with pytest.raises(RunStateError, match="none of its runs has failed"):
        retry_backfill(state, number)


def test_cancelling_ends_what_waits_and_makes_no_more_and_it_can_go_on(state: State) -> None:
    making, number = begun(state, days(4, parallelism=2))
    making.step(3.0)
    waiting, running = runs(state, number)
    with state.write() as connection:
        state.runs.claim(connection, running.id, "somebody", now=3.0, until=99.0)
    row, cancelled = cancel_backfill(state, number, 4.0)
    assert row.state == "cancelled"
    assert set(cancelled) == {waiting.id, running.id}
    (asked,) = runs(state, number)
    assert (asked.id, asked.cancel_requested) == (running.id, True)
    assert end(state, making, asked, "cancelled", 5.0) == []
    start_backfill(state, number, 6.0)
    look(making, state)
    making.step(7.0)
    again = runs(state, number)
    assert [(run.slot, run.retry_of) for run in again] == [(0.0, waiting.id), (1.0, running.id)]
    finish(state, making, number)
    row = found(state, number)
    assert (row.state, row.error) == ("completed", "")


def test_what_ends_only_after_a_cancelled_backfill_goes_on_is_run_again(state: State) -> None:
    making, number = begun(state, days(3, parallelism=1))
    making.step(3.0)
    (running,) = runs(state, number)
    with state.write() as connection:
        state.runs.claim(connection, running.id, "somebody", now=3.0, until=99.0)
    cancel_backfill(state, number, 4.0)
    start_backfill(state, number, 5.0)
    look(making, state)
    making.step(6.0)
    assert [run.id for run in runs(state, number)] == [running.id], "no room before it has ended"
    (again,) = end(state, making, running, "cancelled", 7.0)
    assert (again.slot, again.retry_of) == (0.0, running.id)
    finish(state, making, number)
    assert found(state, number).state == "completed"
    with state.read() as connection:
        assert state.runs.of_backfill(connection, number) == {"cancelled": 1, "completed": 3}


def test_a_backfill_that_was_cancelled_by_an_earlier_version_runs_what_was_cut_off(state: State) -> None:
    making, number = begun(state, days(3, parallelism=2))
    making.step(3.0)
    cancel_backfill(state, number, 4.0)
    with state.write() as connection:
        row = state.backfills.get(connection, number)
        assert row is not None
        settings = {name: value for name, value in row.settings.items() if name != "cut"}
        state.backfills.change(connection, number, settings=settings)
    start_backfill(state, number, 5.0)
    look(making, state)
    making.step(6.0)
    assert [run.slot for run in runs(state, number)] == [0.0, 1.0]


def test_what_somebody_has_run_again_meanwhile_is_not_run_once_more(state: State) -> None:
    making, number = begun(state, days(2, parallelism=1))
    making.step(3.0)
    (first,) = runs(state, number)
    cancel_backfill(state, number, 4.0)
    end(state, making, retry_run(state, first.id, 5.0), "completed", 6.0)
    start_backfill(state, number, 7.0)
    look(making, state)
    making.step(8.0)
    assert [run.slot for run in runs(state, number)] == [1.0]


def test_what_is_retried_is_tried_as_often_by_itself_as_at_first(state: State) -> None:
    making, number = begun(state, days(1, retries=2))
    making.step(3.0)
    for attempts in (3, 6):
        for attempt in range(attempts - 3, attempts):
            (run,) = runs(state, number)
            end(state, making, run, "failed", 4.0 + attempt)
        assert found(state, number).state == "failed"
        with state.read() as connection:
            assert state.runs.of_backfill(connection, number) == {"failed": attempts}
        retry_backfill(state, number)
        look(making, state)
        making.step(4.0 + attempts)
    (run,) = runs(state, number)
    assert run.ordinal == 6


def test_a_run_of_an_earlier_version_keeps_what_is_left_of_its_retries(state: State) -> None:
    making, number = begun(state, days(1, retries=2))
    making.step(3.0)
    (first,) = runs(state, number)
    (second,) = end(state, making, first, "failed", 4.0)
    with state.write() as connection:
        state.runs.change(connection, second.id, settings={})
    (third,) = end(state, making, second, "failed", 5.0)
    assert end(state, making, third, "failed", 6.0) == []


def test_a_run_for_each_entry_of_a_list(state: State) -> None:
    listed = [{"city": f"c{i}"} for i in range(1001)]
    listed[1] = {"city": "c1", "execution_partition": "mine", "execution_date": "2024-02-03"}
    wanted = Wanted("p", "cities", block="list_cities", listed=listed, parallelism=0, variables={"city": "-", "y": 2})
    shown, total = preview(wanted, 0.0, limit=2)
    assert total == 1001
    assert [run.partition for run in shown] == ["backfill-00000", "mine"]
    making, number = begun(state, wanted)
    while making.step(3.0):
        pass
    made = {run.slot: run for run in runs(state, number)}
    assert len(made) == 1000
    assert made[999.0].variables == {"city": "c999", "y": 2}
    assert made[1.0].partition == "mine"
    assert made[1.0].execution_date == datetime(2024, 2, 3, tzinfo=UTC).timestamp()
    with state.read() as connection:
        row = state.backfills.get(connection, number)
        assert row is not None
        assert [run.variables["city"] for run in planned(state, connection, row, 999, 10)] == ["c999", "c1000"]


def test_a_backfill_under_way_is_not_deleted_and_a_deleted_one_leaves_its_runs(state: State) -> None:
    making, number = begun(state, days(1))
    making.step(3.0)
    (run,) = runs(state, number)
    with pytest.raises(RunStateError, match="under way"):
        delete_backfill(state, number)
    end(state, making, run, "completed", 4.0)
    delete_backfill(state, number)
    with state.read() as connection:
        kept = state.runs.get(connection, run.id)
    assert kept is not None
    assert kept.backfill_id is None
    with pytest.raises(BackfillNotFoundError):
        start_backfill(state, number, 5.0)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted("p"), "no start or no end"),
        (Wanted("p", start=1.0, end=2.0, parallelism=-1), "parallelism"),
        (Wanted("p", block="b"), "has not listed"),
        (Wanted("p", block="b", listed=[]), "lists no runs"),
        (Wanted("p", block="b", listed=[{"a": 1}, 5]), "entry 1 is int"),
        (Wanted("p", block="b", listed=[{1: 1}]), "entry 0"),
        (Wanted("p", block="b", listed=[{"a": float("nan")}]), "not JSON compliant"),
        (Wanted("p", block="b", listed=[{}] * 100_001), "more than 100,000"),
    ],
)
def test_what_makes_no_sense_is_refused(wanted: Wanted, words: str) -> None:
    with pytest.raises(SettingInvalidError, match=words):
        preview(wanted, 0.0)


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("soon", "'soon', is no date"),
        ("nan", "is no date"),
        (float("nan"), "nan, is no date"),
        (True, "True, is no date"),
        (["x"], "of type list, is no date"),
        (1714521600000, "1714521600000, lies outside of the calendar"),
        (10**400, "outside of the calendar"),
        (1e300, "outside of the calendar"),
        (-1e12, "outside of the calendar"),
        ("0001-01-01T00:00:00+14:00", "outside of the calendar"),
        ("9999-12-31T23:00", "outside of the calendar"),
    ],
)
def test_what_a_block_lists_as_a_date_and_is_none_is_refused(date: object, words: str) -> None:
    with pytest.raises(SettingInvalidError, match=f"execution_date of entry 1, .*{words}"):
        preview(Wanted("p", block="b", listed=[{}, {"execution_date": date}]), START)


@pytest.mark.parametrize("date", [None, "", " "])
def test_an_entry_without_a_date_has_that_of_its_making(date: object) -> None:
    runs, _ = preview(Wanted("p", block="b", listed=[{"execution_date": date}]), START)
    assert runs[0].execution_date == START


def test_a_list_that_was_stored_with_a_date_that_is_none_still_makes_its_runs(state: State) -> None:
    row = add_backfill(state, Wanted("p", block="b", listed=[{"execution_date": START}] * 3), 7.0)
    with state.write() as connection:
        dates = [{"execution_date": each} for each in (1e300, "soon", START)]
        state.settings.put(connection, f"backfill:{row.id}:0", json.dumps(dates))
        found = planned(state, connection, row, 0, 9)
        assert [run.execution_date for run in found] == [7.0, 7.0, START]
        elsewhere = replace(row, settings={**row.settings, "zone": "Nowhere"})
        assert planned(state, connection, elsewhere, 1, 1)[0].execution_date == 7.0


def test_dates_that_a_block_lists_are_on_the_clocks_of_the_time_zone() -> None:
    listed = [{"execution_date": date} for date in ("2024-01-01", "2024-01-01T00:00Z", START)]
    found, _ = preview(Wanted("p", block="b", listed=listed, zone="Europe/Paris"), 0.0)
    assert [run.execution_date for run in found] == [START - 3600, START, START]
    with pytest.raises(SettingInvalidError, match="no time zone"):
        preview(Wanted("p", block="b", listed=listed, zone="Nowhere"), 0.0)


@pytest.mark.parametrize(
    ("outputs", "found"),
    [
        ([], []),
        ([{"city": "Oslo"}], [{"city": "Oslo"}]),
        ([{"city": "Oslo"}, {"city": "Rome"}], [{"city": "Oslo"}, {"city": "Rome"}]),
        ([[{"city": "Oslo"}, {"city": "Rome"}]], [{"city": "Oslo"}, {"city": "Rome"}]),
    ],
)
def test_stored_outputs_are_a_list_of_runs(outputs: list[object], found: list[object]) -> None:
    assert listing(outputs, "b") == found


def test_what_is_no_list_of_runs_is_refused() -> None:
    with pytest.raises(SettingInvalidError, match="block b lists: it returned str, not a list"):
        listing(["Oslo"], "b")
