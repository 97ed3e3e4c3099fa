"""When a cron expression is due in a time zone, worked out the slow way; and a command that compares every zone with it.

    python -m tests.model.zone_reference --since 2020 --years 10

The reference shares no code with the package: it has its own reading of the fields, finds each zone's changes by asking
for the offset at every hour, and lists moments stretch by stretch between two changes.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from penstock.model.cron import parse_cron
from penstock.model.wall_clock import moment_after, zone

CRONS = (
    "* * * * *", "*/2 * * * *", "*/5 * * * *", "*/7 * * * *", "*/15 * * * *", "*/30 * * * *", "0 * * * *", "5 * * * *",
    "59 * * * *", "0,30 * * * *", "10-50/20 * * * *", "*/20 * * * 1-5", "0 * * * 0", "15 * 1 * *", "45 * L * *",
    "0 */1 * * *", "30 0-23 * * *", "0 */2 * * *", "30 */3 * * *", "0 */6 * * *", "0 0 * * *", "30 0 * * *", "59 23 * * *",
    "0 1 * * *", "30 1 * * *", "0 2 * * *", "15 2 * * *", "30 2 * * *", "59 2 * * *", "0 3 * * *", "0 8 * * *",
    "*/10 2 * * *", "*/15 1-3 * * *", "0,45 0,2,4 * * *", "0 22-2 * * *", "0 12 * * 1-5", "30 2 * * sun", "0 2 * * 0",
    "30 1 * * sun#1", "0 0 * * L0", "0 0 1 * *", "0 2 L * *", "30 2 31 3 *", "0 0 29 2 *", "0 3 1,15 * mon",
    "0 0 1 1 *", "1 0 31 12 *", "0 6 * mar,oct,nov *", "30 2 25-31 3,10 0", "0 0 1 */3 *",
)  # fmt: skip
TRICKY = (
    "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "America/St_Johns", "Pacific/Apia",
    "Asia/Kathmandu", "Africa/Cairo", "America/Nuuk", "Antarctica/Troll", "Asia/Gaza", "America/Havana", "Asia/Tehran",
)  # fmt: skip
_NAMES = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))} | {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)  # noqa: SIM905
}
_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)


@dataclass(frozen=True)
class Stretch:
    """A time in which a zone keeps its offset, in UTC without a zone: from `start`, until before `end`."""

    start: datetime
    end: datetime
    offset: timedelta


class Reference:
    """A cron expression, read plainly."""

    def __init__(self, text: str) -> None:
        self.text = text
        minute, hour, self.day, month, self.weekday = text.split()
        self.times = [(h, m) for h in _numbers(hour, 0, 23) for m in _numbers(minute, 0, 59)]
        self.months = set(_numbers(month, 1, 12))
        self.every_hour = len({h for h, _ in self.times}) == 24

    def walls(self, first: datetime, last: datetime) -> Iterator[datetime]:
        """The wall-clock minutes in [first, last) that match, in order."""
        day = first.date()
        while day <= last.date():
            if self._on(day):
                for hour, minute in self.times:
                    wall = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - the reference's own frame
                    if first <= wall < last:
                        yield wall
            day += timedelta(days=1)

    def moments(self, stretches: list[Stretch], first: datetime, last: datetime) -> list[datetime]:
        """When it is due in (first, last], both in UTC without a zone."""
        found: set[datetime] = set()
        for each in stretches:
            if each.end < first or each.start > last:
                continue
            shown = (max(each.start, first - _HOUR * 30) + each.offset, min(each.end, last + _HOUR) + each.offset)
            if self.every_hour:
                found.update(wall - each.offset for wall in self.walls(*shown))
                continue
            # From what no earlier stretch has shown: times that were left out between two count as the second's start.
            seen = max((other.end + other.offset for other in stretches if other.end <= each.start), default=shown[0])
            for wall in self.walls(max(seen, first - _HOUR * 30 + each.offset), shown[1]):
                found.add(max(each.start, wall - each.offset))
        return sorted(moment for moment in found if first < moment <= last)

    def _on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        tomorrow = day + timedelta(days=1)
        in_month = day.day in _days(self.day) or ("L" in self.day and tomorrow.day == 1)
        if "#" in self.weekday:
            name, turn = self.weekday.split("#")
            in_week = day.isoweekday() % 7 == _NAMES[name] and (day.day + 6) // 7 == int(turn)
        elif self.weekday.startswith("L"):
            in_week = day.isoweekday() % 7 == int(self.weekday[1:]) and (day + timedelta(days=7)).month != day.month
        else:
            in_week = day.isoweekday() % 7 in _numbers(self.weekday, 0, 6)
        if self.day == "*" or self.weekday == "*":
            return in_month and in_week
        return in_month or in_week


def stretches(name: str, first: datetime, last: datetime) -> list[Stretch]:
    """The stretches of a zone, with a margin of four days on both sides."""
    place = ZoneInfo(name)

    def offset(moment: datetime) -> timedelta:
        return moment.replace(tzinfo=UTC).astimezone(place).utcoffset() or timedelta(0)

    start = moment = first - timedelta(days=4)
    found: list[Stretch] = []
    current = offset(moment)
    while moment < last + timedelta(days=4):
        following = moment + _HOUR
        if offset(following) != current:
            while offset(moment) == current:
                moment += _MINUTE
            found.append(Stretch(start, moment, current))
            start, current = moment, offset(moment)
        moment = following
    return [*found, Stretch(start, moment, current)]


def differences(
    name: str, crons: tuple[str, ...], since: int, years: int, dice: random.Random
) -> tuple[int, list[str]]:
    """How many moments were compared in a zone, and what differs."""
    first, last = datetime(since, 1, 1), datetime(since + years, 1, 1)  # noqa: DTZ001 - the reference's own frame
    known = stretches(name, first, last)
    changes = [each.start for each in known[1:]]
    days = [first + timedelta(days=dice.randrange(365 * years)) for _ in range(years)]
    compared, found = 0, []
    for text in crons:
        reference = Reference(text)
        if len(reference.times) <= 4:
            windows = [(first, last)]  # seldom enough to compare all of it
        else:
            half = timedelta(hours=5 if len(reference.times) > 200 else 26)
            windows = [(change - half, change + half) for change in changes] + [(day, day + half) for day in days]
        for start, end in windows:
            expected = reference.moments(known, start, end)
            actual = list(_chain(text, name, start, end))
            compared += len(expected)
            if expected != actual:
                odd = sorted(set(expected) ^ set(actual))[:3]
                found.append(f"{name} {text!r} in {start}..{end}: differs at {[str(moment) for moment in odd]}")
    return compared, found


def _chain(text: str, name: str, start: datetime, end: datetime) -> Iterator[datetime]:
    cron, place = parse_cron(text), zone(name)
    moment = moment_after(cron, place, start.replace(tzinfo=UTC))
    while moment is not None and (plain := moment.replace(tzinfo=None)) <= end:
        yield plain
        moment = moment_after(cron, place, moment)


def _days(text: str) -> set[int]:
    return set(_numbers(text, 1, 31)) if text != "L" else set()


def _numbers(text: str, low: int, high: int) -> list[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        begin, _, end = span.partition("-")
        if begin == "*":
            numbers = list(range(low, high + 1))
        elif end:
            one, two = _one(begin), _one(end)
            numbers = list(range(one, two + 1)) if one <= two else [*range(one, high + 1), *range(low, two + 1)]
        else:
            numbers = [_one(begin)]
        found.update(numbers[:: int(step or 1)])
    return sorted(found)


def _one(text: str) -> int:
    return _NAMES[text] if text in _NAMES else int(text)


def main() -> int:
    """Compare all zones; the exit code says whether all agree."""
    parser = argparse.ArgumentParser(description="Compare when crons are due in every time zone with a reference.")
    parser.add_argument("--since", type=int, default=2020)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    names = sorted(available_timezones() - {"localtime", "Factory"})
    compared, found, began = 0, [], time.monotonic()
    for number, name in enumerate(names, 1):
        many, odd = differences(name, CRONS, options.since, options.years, random.Random(f"{options.seed} {name}"))
        compared, found = compared + many, found + odd
        if number % 50 == 0 or number == len(names):
            print(f"{number} of {len(names)} zones, {compared} moments, {len(found)} differ")  # noqa: T201
    for line in found[:50]:
        print(line)  # noqa: T201
    print(f"{len(names)} zones x {options.years} years x {len(CRONS)} crons: {compared} moments compared, "  # noqa: T201
          f"{len(found)} differ, {time.monotonic() - began:.0f} s")  # fmt: skip
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
