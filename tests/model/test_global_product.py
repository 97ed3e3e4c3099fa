"""When a global data product is too old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from penstock.model.global_product import GlobalProduct, later

NOW = datetime(2024, 3, 13, 12, 30, 15, tzinfo=UTC)  # a Wednesday, the 73rd day, in the 11th week


def outdated(age: timedelta | None, now: datetime = NOW, **said: dict[str, int]) -> bool:
    return GlobalProduct("gold", "make", **said).outdated(None if age is None else now - age, now)


def test_what_was_never_made_is_outdated_and_without_a_rule_it_is_made_once() -> None:
    assert outdated(None)
    assert outdated(None, starting_at={"hour_of_day": 23})
    assert not outdated(timedelta(days=9000))
    assert not outdated(timedelta(days=9000), after={"hours": 0})


@pytest.mark.parametrize(
    ("after", "young", "old"),
    [
        ({"seconds": 90}, timedelta(seconds=89), timedelta(seconds=90)),
        ({"hours": 1, "minutes": 30}, timedelta(minutes=89), timedelta(minutes=90)),
        ({"weeks": 1}, timedelta(days=6), timedelta(days=7)),
        ({"months": 1}, timedelta(days=28), timedelta(days=29)),  # back to 13 February of a leap year
        ({"years": 1}, timedelta(days=365), timedelta(days=366)),
    ],
)
def test_it_is_outdated_from_the_end_of_the_span_on(after: dict[str, int], young: timedelta, old: timedelta) -> None:
    assert not outdated(young, after=after)
    assert outdated(old, after=after)


def test_months_end_with_the_shorter_month_and_the_calendar_with_its_last_day() -> None:
    assert later(datetime(2024, 1, 31, tzinfo=UTC), {"months": 1}) == datetime(2024, 2, 29, tzinfo=UTC)
    assert later(datetime(2024, 12, 31, tzinfo=UTC), {"months": 2, "years": 1}) == datetime(2026, 2, 28, tzinfo=UTC)
    assert later(datetime(9999, 1, 31, tzinfo=UTC), {"months": 1}) == datetime(9999, 2, 28, tzinfo=UTC)
    assert later(NOW, {"years": 9000}).year == 9999
    assert later(NOW, {"weeks": 10**9}).year == 9999


@pytest.mark.parametrize(
    ("starting_at", "begun"),
    [
        ({"hour_of_day": 12}, True),
        ({"hour_of_day": 13}, False),
        ({"hour_of_day": 12, "minute_of_hour": 31}, False),
        ({"minute_of_hour": 30}, True),
        ({"minute_of_hour": 31}, False),
        ({"second_of_minute": 15}, True),
        ({"second_of_minute": 16}, False),
        ({"day_of_week": 3}, True),
        ({"day_of_week": 0}, False),
        ({"day_of_month": 13, "hour_of_day": 6}, True),
        ({"day_of_month": 14}, False),
        ({"day_of_year": 73, "week_of_year": 11, "week_of_month": 2, "month_of_year": 3}, True),
        ({"month_of_year": 4}, False),
    ],
)
def test_the_clock_has_to_reach_what_it_starts_at(starting_at: dict[str, int], *, begun: bool) -> None:
    assert outdated(timedelta(days=40), after={"days": 1}, starting_at=starting_at) is begun
    assert not outdated(timedelta(hours=1), after={"days": 1}, starting_at=starting_at)
