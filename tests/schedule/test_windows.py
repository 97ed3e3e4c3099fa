"""The windows of a backfill: half-open, by the calendar, in a time zone."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from penstock.model.errors import SettingInvalidError
from penstock.schedule.windows import INTERVALS, Windows, moment_of


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def windows(start: str, end: str, interval: str, units: int = 1, **more: object) -> Windows:
    return Windows(at(start), at(end), interval, units, **more)


def begins(found: Windows) -> list[str]:
    return [datetime.fromtimestamp(found.at(i)[0], UTC).isoformat()[:16] for i in range(len(found))]


def test_the_end_does_not_count_unless_it_is_to() -> None:
    assert begins(windows("2024-01-01", "2024-01-03", "day")) == ["2024-01-01T00:00", "2024-01-02T00:00"]
    assert len(windows("2024-01-01", "2024-01-03", "day", inclusive=True)) == 3
    assert len(windows("2024-01-01", "2024-01-03T00:00:01", "day")) == 3, "a part of a window is one"


def test_the_31st_comes_back_after_short_months_and_leap_days_after_four_years() -> None:
    assert [text[:10] for text in begins(windows("2024-01-31", "2024-06-01", "month"))] == [
        "2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31"
    ]  # fmt: skip
    years = begins(windows("2020-02-29", "2025-01-01", "year"))
    assert [text[:10] for text in years] == ["2020-02-29", "2021-02-28", "2022-02-28", "2023-02-28", "2024-02-29"]


def test_days_keep_their_hour_over_a_change_of_clocks_and_hours_go_by_elapsed_time() -> None:
    paris = windows("2024-03-29T23:00", "2024-04-01T00:00", "day", zone="Europe/Paris")
    assert begins(paris) == ["2024-03-29T23:00", "2024-03-30T23:00", "2024-03-31T22:00"]
    assert len(windows("2024-03-30T23:00", "2024-03-31T22:00", "hour", zone="Europe/Paris")) == 23


def partitions(found: Windows) -> list[str]:
    return [found.partition(place) for place in range(len(found))]


def test_an_hour_that_clocks_show_twice_has_two_partitions() -> None:
    hours = windows("2024-10-26T23:00", "2024-10-27T03:00", "hour", zone="Europe/Paris")
    assert partitions(hours) == ["20241027T010000", "20241027T020000", "20241027T020000+0100", "20241027T030000"]
    york = windows("2024-11-03T05:30", "2024-11-03T07:30", "minute", 30, zone="America/New_York")
    assert partitions(york) == ["20241103T013000", "20241103T010000", "20241103T013000-0500", "20241103T020000"]


@pytest.mark.parametrize(
    "found",
    [
        windows("2024-10-27T01:00", "2024-10-27T02:00", "hour", zone="Europe/Paris"),
        windows("2024-10-26T01:00", "2024-10-28T01:00", "hour", 24, zone="Europe/Paris"),
        windows("2024-10-27T00:30", "2024-10-27T01:30", "custom", 1800, zone="UTC"),
        windows("2024-10-25T22:00", "2024-10-29T00:00", "day", zone="Europe/Paris"),
    ],
)
def test_a_partition_that_no_other_window_has_keeps_its_name(found: Windows) -> None:
    zone = ZoneInfo(found.zone)
    clocks = [datetime.fromtimestamp(found.at(place)[0], zone) for place in range(len(found))]
    assert partitions(found) == [f"{local:%Y%m%dT%H%M%S}" for local in clocks]


def test_a_day_that_a_zone_has_left_out_has_its_own_partition() -> None:
    days = windows("2011-12-29T10:00", "2012-01-01T00:00", "day", zone="Pacific/Apia")
    assert partitions(days) == ["20111229T000000", "20111230T000000", "20111231T000000", "20120101T000000"]


@pytest.mark.parametrize(
    ("interval", "units"), [("second", 450), ("minute", 1), ("minute", 7), ("hour", 1), ("hour", 5), ("custom", 900)]
)
@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "UTC"])
def test_no_two_windows_share_a_partition(interval: str, units: int, zone: str) -> None:
    for start, end in [("2024-04-05", "2024-04-08"), ("2024-10-26", "2024-10-28"), ("2024-11-02", "2024-11-04")]:
        found = partitions(windows(start, end, interval, units, zone=zone))
        assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("2024-03-30", "UTC", "2024-03-30"),
        ("2024-03-30", "Europe/Paris", "2024-03-29T23:00"),
        ("2024-03-30T00:00Z", "Europe/Paris", "2024-03-30"),
        ("2024-03-30T00:00-05:00", "Europe/Paris", "2024-03-30T05:00"),
        ("2024-10-27T02:30", "Europe/Paris", "2024-10-27T00:30"),
        ("2024-03-31T02:30", "Europe/Paris", "2024-03-31T01:30"),
    ],
)
def test_a_date_without_an_offset_is_on_the_clocks_of_the_zone(text: str, zone: str, moment: str) -> None:
    assert moment_of(text, zone) == at(moment)


@pytest.mark.parametrize("interval", INTERVALS)
def test_windows_follow_one_another_without_gaps(interval: str) -> None:
    found = windows("2021-10-31", "2023-03-01", interval, 7 if interval != "custom" else 86_399)
    for (_, end), (begin, _) in pairwise(found.at(i) for i in range(min(200, len(found)))):
        assert end == begin
    if len(found) <= 1_000_000:
        assert found.at(len(found) - 1)[0] < found.end <= found.at(len(found))[0]


def test_a_hundred_thousand_windows_are_counted_and_found_at_once() -> None:
    found = windows("2000-01-01", "2273-10-16", "day")
    assert len(found) == 100_000
    assert found.at(99_999)[1] == found.end


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (windows("2024-01-02", "2024-01-01", "day"), "it ends before it starts"),
        (windows("2024-01-01", "2024-01-01", "day"), "no window begins"),
        (windows("2024-01-01", "2024-01-02", "fortnight"), "is none"),
        (windows("2024-01-01", "2024-01-02", "day", 0), "interval units are no number"),
        (windows("2024-01-01", "2024-01-02", "day", zone="Mars/Base"), "no time zone"),
        (windows("2024-01-01", "2024-01-02", "day", zone="../../etc/passwd"), "no time zone"),
        (windows("2000-01-01", "2200-01-01", "second"), "more than 1,000,000 windows"),
        (Windows(1e15, 1e16, "day"), "outside of the calendar"),
        (Windows(float("nan"), 1.0, "day"), "outside of the calendar"),
    ],
)
def test_what_makes_no_windows_is_refused(given: Windows, words: str) -> None:
    with pytest.raises(SettingInvalidError, match=words):
        given.check()


@pytest.mark.parametrize(
    ("interval", "units"),
    [("day", 10**9), ("day", 10**20), ("week", 10**8), ("month", 10**6), ("year", 10**9), ("second", 10**400)],
)
def test_units_beyond_the_calendar_are_refused(interval: str, units: int) -> None:
    with pytest.raises(SettingInvalidError, match=r"outside of the calendar|interval units"):
        windows("2024-01-01", "2024-01-03", interval, units).check()
