"""When the clocks of all zones show a time: against a reference, and by hand for the changes that people know."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from zoneinfo import available_timezones

import pytest

from penstock.model.cron import parse_cron
from penstock.model.errors import ScheduleInvalidError
from penstock.model.wall_clock import first_shown, moment_after, zone
from tests.model.zone_reference import CRONS, TRICKY, differences

DICE = random.Random(20240331)
CHANCE = DICE.sample(sorted(available_timezones() - {"localtime", "Factory"}), 8)


@pytest.mark.parametrize("name", [*TRICKY, *CHANCE])
def test_agrees_with_the_reference(name: str) -> None:
    crons = tuple(DICE.sample(CRONS, 14))
    compared, found = differences(name, crons, DICE.choice((2008, 2011, 2017, 2024, 2031)), 2, DICE)
    assert found == []
    assert compared > 100


def _moments(cron: str, name: str, after: str, count: int) -> list[str]:
    parsed, place, moment = parse_cron(cron), zone(name), datetime.fromisoformat(after)
    found = []
    for _ in range(count):
        following = moment_after(parsed, place, moment)
        assert following is not None
        found.append(following.strftime("%m-%d %H:%M"))
        moment = following
    return found


def test_a_time_that_is_left_out_is_due_once_right_after_the_gap() -> None:
    # Clocks in Paris go from 02:00 to 03:00 on 31 March 2024, at 01:00 UTC.
    after = "2024-03-30T12:00+00:00"
    assert _moments("30 2 * * *", "Europe/Paris", after, 3) == ["03-31 01:00", "04-01 00:30", "04-02 00:30"]
    assert _moments("*/20 2 * * *", "Europe/Paris", after, 3) == ["03-31 01:00", "04-01 00:00", "04-01 00:20"]
    assert _moments("30 2,3 * * *", "Europe/Paris", after, 3) == ["03-31 01:00", "03-31 01:30", "04-01 00:30"]


def test_a_time_that_is_shown_twice_is_due_once() -> None:
    # Clocks in Paris go back from 03:00 to 02:00 on 27 October 2024, at 01:00 UTC.
    after = "2024-10-26T12:00+00:00"
    assert _moments("30 2 * * *", "Europe/Paris", after, 3) == ["10-27 00:30", "10-28 01:30", "10-29 01:30"]
    # ... also when it is asked for in the middle of the second pass
    assert _moments("30 2 * * *", "Europe/Paris", "2024-10-27T01:10:30+00:00", 1) == ["10-28 01:30"]


def test_what_names_no_hour_goes_by_elapsed_time() -> None:
    hourly = _moments("30 * * * *", "Europe/Paris", "2024-10-26T23:00+00:00", 4)
    assert hourly == ["10-26 23:30", "10-27 00:30", "10-27 01:30", "10-27 02:30"]
    spring = _moments("30 * * * *", "Europe/Paris", "2024-03-30T23:00+00:00", 4)
    assert spring == ["03-30 23:30", "03-31 00:30", "03-31 01:30", "03-31 02:30"]
    half = _moments("0 * * * *", "Australia/Lord_Howe", "2024-04-06T13:30+00:00", 3)  # half an hour back at 15:00 UTC
    assert half == ["04-06 14:00", "04-06 15:30", "04-06 16:30"]


def test_a_day_that_is_left_out_is_made_up_for() -> None:
    # Samoa had no 30 December 2011: after the 29th, at 10:00 UTC, came the 31st.
    assert _moments("0 8 * * *", "Pacific/Apia", "2011-12-29T00:00+00:00", 3) == [
        "12-29 18:00",
        "12-30 10:00",
        "12-30 18:00",
    ]


def test_first_shown_is_in_utc() -> None:
    assert first_shown(datetime(2024, 7, 1, 8), zone("America/New_York")) == datetime(2024, 7, 1, 12, tzinfo=UTC)  # noqa: DTZ001


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "", "Europe", "../etc/passwd", "/etc/localtime", "Europe/Pari", "x" * 500, "a\0b"]
)
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(ScheduleInvalidError) as caught:
        zone(name)
    assert "is no time zone" in caught.value.message


def test_a_near_name_is_offered() -> None:
    with pytest.raises(ScheduleInvalidError) as caught:
        zone("europe/paris ")
    assert "Europe/Paris" in caught.value.hint
