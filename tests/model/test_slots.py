"""Which slots a trigger has: boundaries, floors, landing times and what becomes of missed ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from penstock.model.slots import due_slots, landing_lead, next_slot, upcoming
from penstock.model.trigger import MissedPolicy, Slot, Trigger, TriggerKind, TriggerSettings, parse_schedule

NOON = datetime(2024, 3, 30, 12, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def _trigger(schedule: str, start_time: datetime | None = None, **settings: Any) -> Trigger:
    return Trigger(
        "orders",
        "t",
        TriggerKind.TIME,
        parse_schedule(schedule),
        start_time=start_time,
        settings=TriggerSettings(**settings),
    )


def _logical(slots: list[Slot]) -> list[str]:
    return [slot.logical.strftime("%m-%d %H:%M") for slot in slots]


@pytest.mark.parametrize(
    ("preset", "logical"),
    [
        ("@hourly", "03-30 13:00"),
        ("@daily", "03-31 00:00"),
        ("@weekly", "04-01 00:00"),
        ("@monthly", "04-01 00:00"),
        ("@DAILY", "03-31 00:00"),
    ],
)
def test_presets_are_due_at_their_boundary(preset: str, logical: str) -> None:
    slot = next_slot(_trigger(preset), NOON)
    assert slot is not None
    assert _logical([slot]) == [logical]
    assert slot.due == slot.logical == slot.interval_start
    assert slot.interval_end > slot.interval_start


def test_a_zone_moves_the_boundary() -> None:
    found = upcoming(_trigger("@daily", time_zone="Europe/Paris"), NOON, 3)
    assert _logical(found) == ["03-30 23:00", "03-31 22:00", "04-01 22:00"]
    assert found[0].interval_end - found[0].interval_start == 23 * HOUR  # the day on which clocks go forward


def test_nothing_is_due_before_start_time_or_before_it_was_switched_on() -> None:
    later = NOON + 10 * DAY
    assert _logical(upcoming(_trigger("@daily", start_time=later), NOON, 2)) == ["04-10 00:00", "04-11 00:00"]
    assert due_slots(_trigger("@daily"), None, NOON, enabled_at=NOON - HOUR) == []
    assert _logical(due_slots(_trigger("@daily"), None, NOON, enabled_at=NOON - DAY)) == ["03-30 00:00"]
    assert _logical(due_slots(_trigger("0 12 * * *"), None, NOON, enabled_at=NOON)) == ["03-30 12:00"]


def test_an_initial_run_is_made_for_the_boundary_before() -> None:
    trigger = _trigger("@daily", create_initial_pipeline_run=True)
    found = due_slots(trigger, None, NOON, enabled_at=NOON)
    assert _logical(found) == ["03-30 00:00"]
    assert found[0].due == NOON
    assert due_slots(trigger, found[0].logical, NOON + HOUR, enabled_at=NOON) == []
    assert _logical(due_slots(trigger, None, NOON + HOUR, enabled_at=NOON)) == ["03-30 00:00"]  # it was down meanwhile
    assert [slot.due for slot in upcoming(trigger, NOON - HOUR, 2, enabled_at=NOON)] == [NOON, NOON + 12 * HOUR]


def test_an_initial_run_and_a_boundary_at_once_are_one() -> None:
    trigger = _trigger("@daily", create_initial_pipeline_run=True)
    midnight = NOON.replace(hour=0)
    assert _logical(due_slots(trigger, None, midnight, enabled_at=midnight)) == ["03-30 00:00"]


def test_once_is_due_once_each_time_it_is_switched_on() -> None:
    trigger = _trigger("@once")
    first = due_slots(trigger, None, NOON, enabled_at=NOON)
    assert [slot.logical for slot in first] == [NOON]
    assert due_slots(trigger, NOON, NOON + DAY, enabled_at=NOON) == []
    assert [slot.logical for slot in due_slots(trigger, NOON, NOON + DAY, enabled_at=NOON + DAY)] == [NOON + DAY]
    assert due_slots(_trigger("@once", start_time=NOON + DAY), None, NOON, enabled_at=NOON) == []
    assert upcoming(_trigger("@once", start_time=NOON + DAY), NOON, 5)[0].due == NOON + DAY
    assert upcoming(trigger, NOON, 5, enabled_at=NOON) == []
    assert len(due_slots(trigger, None, NOON)) == 1
    assert due_slots(trigger, NOON, NOON + DAY) == []


def test_always_on_is_due_whenever_it_is_asked() -> None:
    trigger = _trigger("@always_on")
    assert [slot.logical for slot in due_slots(trigger, NOON - DAY, NOON, enabled_at=NOON - 3 * DAY)] == [NOON]
    assert [slot.logical for slot in due_slots(trigger, NOON - DAY, NOON)] == [NOON]
    assert due_slots(_trigger("@always_on", start_time=NOON + DAY), None, NOON) == []
    assert upcoming(trigger, NOON, 5) == []


@pytest.mark.parametrize("kind", [TriggerKind.API, TriggerKind.EVENT, TriggerKind.DEPENDENCY])
def test_only_time_triggers_have_slots(kind: TriggerKind) -> None:
    trigger = Trigger("orders", "t", kind, parse_schedule("@daily"))
    assert next_slot(trigger, NOON) is None
    assert due_slots(trigger, None, NOON) == []


class TestMissed:
    """Nothing ran for eight days."""

    SINCE = NOON - 8 * DAY

    def _due(self, cron: str, **settings: Any) -> list[str]:
        return _logical(due_slots(_trigger(cron, **settings), self.SINCE, NOON, enabled_at=self.SINCE - DAY))

    def test_last_runs_the_newest(self) -> None:
        assert self._due("0 6 * * *") == ["03-30 06:00"]

    def test_none_runs_nothing(self) -> None:
        assert self._due("0 6 * * *", missed_runs=MissedPolicy.NONE) == []

    def test_none_forgives_a_restart(self) -> None:
        assert self._due("57 11 * * *", missed_runs=MissedPolicy.NONE) == ["03-30 11:57"]
        assert self._due("54 11 * * *", missed_runs=MissedPolicy.NONE) == []

    def test_all_runs_every_one_in_order(self) -> None:
        found = self._due("0 6 * * *", missed_runs=MissedPolicy.ALL)
        assert found == [f"03-{day} 06:00" for day in range(23, 31)]

    def test_all_has_a_limit(self) -> None:
        found = self._due("0 6 * * *", missed_runs=MissedPolicy.ALL, missed_runs_limit=3)
        assert found == ["03-28 06:00", "03-29 06:00", "03-30 06:00"]
        assert len(self._due("* * * * *", missed_runs=MissedPolicy.ALL)) == 100

    def test_what_is_on_time_is_never_missed(self) -> None:
        now = NOON + timedelta(seconds=50)
        for policy in MissedPolicy:
            trigger = _trigger("* * * * *", missed_runs=policy)
            found = due_slots(trigger, NOON - MINUTE, now, enabled_at=self.SINCE)
            assert _logical(found) == ["03-30 12:00"]
            late = due_slots(trigger, NOON - 2 * MINUTE, NOON, enabled_at=self.SINCE)
            assert _logical(late) == ["03-30 11:59", "03-30 12:00"]

    def test_a_leap_day_is_found_years_later(self) -> None:
        trigger = _trigger("0 0 29 2 *")
        assert _logical(due_slots(trigger, NOON - 400 * DAY, NOON + 900 * DAY, enabled_at=NOON - 999 * DAY)) == [
            "02-29 00:00"
        ]

    def test_a_clock_that_was_set_back_starts_nothing_twice(self) -> None:
        assert due_slots(_trigger("@hourly"), NOON, NOON - HOUR, enabled_at=self.SINCE) == []


class TestLanding:
    """Runs that are to have ended at the time of start_time."""

    EIGHT = datetime(2024, 1, 31, 8, 15, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("preset", "logical", "landing"),
        [
            ("@hourly", "03-30 12:00", "03-30 12:15"),
            ("@daily", "03-31 00:00", "03-31 08:15"),
            ("@weekly", "04-01 00:00", "04-03 08:15"),
            ("@monthly", "03-01 00:00", "03-31 08:15"),
        ],
    )
    def test_starts_so_much_earlier(self, preset: str, logical: str, landing: str) -> None:
        trigger = _trigger(preset, start_time=self.EIGHT, landing_time_enabled=True)
        lead = timedelta(minutes=10)
        slot = next_slot(trigger, NOON - MINUTE, lead=lead)
        assert slot is not None
        assert slot.landing is not None
        assert _logical([slot]) == [logical]
        assert slot.landing.strftime("%m-%d %H:%M") == landing
        assert slot.landing - slot.due == lead
        assert due_slots(trigger, None, slot.due - MINUTE, enabled_at=slot.due - 5 * MINUTE, lead=lead) == []
        assert _logical(due_slots(trigger, None, slot.due, enabled_at=slot.due - 5 * MINUTE, lead=lead))[-1] == logical
        assert due_slots(trigger, slot.logical, slot.due + MINUTE, enabled_at=slot.due - 5 * MINUTE, lead=lead) == []

    def test_a_month_without_that_day_lands_on_its_last(self) -> None:
        trigger = _trigger("@monthly", start_time=self.EIGHT, landing_time_enabled=True)
        found = [slot.landing for slot in upcoming(trigger, datetime(2023, 1, 31, 12, tzinfo=UTC), 3)]
        assert [each.strftime("%m-%d") for each in found if each] == ["02-28", "03-31", "04-30"]

    def test_the_wall_clock_of_the_zone_counts(self) -> None:
        trigger = _trigger("@daily", start_time=self.EIGHT, landing_time_enabled=True, time_zone="Europe/Paris")
        found = [slot.landing for slot in upcoming(trigger, NOON, 2)]
        assert [each.strftime("%m-%d %H:%M") for each in found if each] == ["03-31 07:15", "04-01 07:15"]

    def test_a_longer_run_than_the_interval_is_no_obstacle(self) -> None:
        trigger = _trigger("@hourly", start_time=self.EIGHT, landing_time_enabled=True)
        found = upcoming(trigger, NOON, 3, lead=5 * HOUR)
        assert [slot.due.strftime("%H:%M") for slot in found] == ["12:15", "13:15", "14:15"]

    def test_the_lead_is_the_mean_and_half_the_deviation_of_seven(self) -> None:
        assert landing_lead([]) == timedelta(0)
        assert landing_lead([60, 60, 60]) == MINUTE
        assert landing_lead([10, 30]) == timedelta(seconds=25)
        assert landing_lead([60] * 7 + [9999]) == MINUTE


def test_a_start_at_the_end_of_the_calendar_is_never() -> None:
    far = datetime(9999, 12, 31, tzinfo=UTC)
    for schedule in ("@daily", "@once", "0 0 29 2 *"):
        assert next_slot(_trigger(schedule, start_time=far), NOON) is None
        assert due_slots(_trigger(schedule, start_time=far), None, NOON) == []
