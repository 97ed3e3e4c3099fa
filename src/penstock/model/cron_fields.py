"""The fields of a cron expression: what each may hold, read into numbers and days."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from penstock.model.errors import ScheduleInvalidError

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART = re.compile(r"(\*|\?|[a-z0-9]+)(?:-([a-z0-9]+))?(?:/([0-9]+))?", re.ASCII)
_NEAREST = re.compile(r"([0-9]{1,2})w|w([0-9]{1,2})", re.ASCII)
_NTH = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)?)#([0-9]+)", re.ASCII)
_LAST = re.compile(r"l([0-9]|[a-z]{3})|([0-9]|[a-z]{3})l", re.ASCII)
_WEEK = 7
_TURNS = 5  # of a day of the week in a month, at most
_SATURDAY, _SUNDAY = 5, 6  # as date.weekday counts


@dataclass(frozen=True, slots=True)
class Field:
    """One of the five: its name, the numbers it may hold, and the names that stand for some of them."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def number(self, text: str) -> int:
        """The number that a text stands for. Raises ScheduleInvalidError."""
        if text in self.names:
            return self.names.index(text) + self.low
        if not (text.isascii() and text.isdecimal()):
            raise refused(f"{text!r} is no {self.name}", self._expected())
        number = int(text[:9])
        top = _WEEK if self is WEEK_DAY else self.high
        if not self.low <= number <= top:
            raise refused(f"{text} is out of range for the {self.name}", self._expected())
        return number

    def _expected(self) -> str:
        named = f", or {self.names[0]} to {self.names[-1]}" if self.names else ""
        return f"The {self.name} is {self.low} to {self.high}{named}."


MINUTE = Field("minute", 0, 59)
HOUR = Field("hour", 0, 23)
MONTH_DAY = Field("day of the month", 1, 31)
MONTH = Field("month", 1, 12, _MONTHS)
WEEK_DAY = Field("day of the week", 0, 6, _DAYS)


@dataclass(frozen=True, slots=True)
class MonthDays:
    """The third field. `any` is `*`; `last` is `L`; `nearest` are days of which the nearest working day counts (`15W`).

    With `clipped`, a day that a month does not have is its last one.
    """

    any: bool = True
    days: frozenset[int] = frozenset()
    last: bool = False
    nearest: frozenset[int] = frozenset()
    last_working: bool = False
    clipped: bool = False

    def has(self, day: date) -> bool:
        """Whether that day is one of them."""
        if self.any or day.day in self.days:
            return True
        if not (self.last or self.nearest or self.last_working or self.clipped):
            return False
        length = monthrange(day.year, day.month)[1]
        if day.day == length and (self.last or (self.clipped and any(each > length for each in self.days))):
            return True
        wanted = set(self.nearest)
        if self.last_working:
            wanted.add(length)
        return any(each <= length and day == _working_day(day.replace(day=each)) for each in wanted)


@dataclass(frozen=True, slots=True)
class WeekDays:
    """The fifth field; Sunday is 0. `nth` are such as the second Monday, (2, 1); `last` such as the last Friday, 5."""

    any: bool = True
    days: frozenset[int] = frozenset()
    nth: frozenset[tuple[int, int]] = frozenset()
    last: frozenset[int] = frozenset()

    def has(self, day: date) -> bool:
        """Whether that day is one of them."""
        number = day.isoweekday() % _WEEK
        if self.any or number in self.days:
            return True
        if ((day.day - 1) // _WEEK + 1, number) in self.nth:
            return True
        return number in self.last and day.day + _WEEK > monthrange(day.year, day.month)[1]


def refused(problem: str, hint: str = "") -> ScheduleInvalidError:
    """The error for a text that says no times."""
    return ScheduleInvalidError(problem, hint=hint or "Write five fields: minute, hour, day, month, day of the week.")


def read_numbers(text: str, field: Field) -> tuple[int, ...]:
    """The numbers of a field of minutes, hours or months, in order. Raises ScheduleInvalidError."""
    found: set[int] = set()
    for part in _parts(text, field):
        found.update(_expand(part, field))
    return tuple(sorted(found))


def read_month_days(text: str) -> MonthDays:
    """The days of the month. Raises ScheduleInvalidError."""
    if text in {"*", "?"}:
        return MonthDays()
    days: set[int] = set()
    nearest: set[int] = set()
    last = last_working = False
    for part in _parts(text, MONTH_DAY):
        if part == "l":
            last = True
        elif part in {"lw", "wl"}:
            last_working = True
        elif match := _NEAREST.fullmatch(part):
            nearest.add(MONTH_DAY.number(match[1] or match[2]))
        else:
            days.update(_expand(part, MONTH_DAY))
    return MonthDays(any=False, days=frozenset(days), last=last, nearest=frozenset(nearest), last_working=last_working)


def read_week_days(text: str) -> WeekDays:
    """The days of the week. Raises ScheduleInvalidError."""
    if text in {"*", "?"}:
        return WeekDays()
    days: set[int] = set()
    nth: set[tuple[int, int]] = set()
    last: set[int] = set()
    for part in _parts(text, WEEK_DAY):
        if match := _NTH.fullmatch(part):
            turn = int(match[2][:3])
            if not 1 <= turn <= _TURNS:
                raise refused(f"{part!r}: a month has one to five of a day of the week", "Write such as mon#2.")
            nth.update((turn, day % _WEEK) for day in _expand(match[1], WEEK_DAY))
        elif match := _LAST.fullmatch(part):
            last.add(WEEK_DAY.number(match[1] or match[2]) % _WEEK)
        else:
            days.update(day % _WEEK for day in _expand(part, WEEK_DAY))
    return WeekDays(any=False, days=frozenset(days), nth=frozenset(nth), last=frozenset(last))


def _parts(text: str, field: Field) -> list[str]:
    parts = text.split(",")
    if not all(parts):
        raise refused(f"the {field.name} is {text!r}: nothing stands between, before or after commas")
    return parts


def _expand(part: str, field: Field) -> Iterator[int]:
    """The numbers of one part: `5`, `*`, `1-5`, `sat-mon`, `*/15`, `5/15`, `1-20/3`."""
    match = _PART.fullmatch(part)
    if not match:
        raise refused(f"{part!r} is no {field.name}")
    first, last, by = match.groups()
    step = int(by[:9]) if by else 1
    if step == 0:
        raise refused(f"{part!r}: a step of 0 never gets on", "Write a step of 1 or more.")
    if first == "?" and field not in {MONTH_DAY, WEEK_DAY}:
        raise refused(f"the {field.name} cannot be '?'", "Write * for every one.")
    if first in {"*", "?"}:
        if last is not None:
            raise refused(f"{part!r} is no {field.name}")
        return iter(range(field.low, field.high + 1, step))
    start = field.number(first)
    if last is None:
        return iter(range(start, field.high + 1, step)) if by else iter((start,))
    end = field.number(last)
    if start <= end:
        return iter(range(start, end + 1, step))
    size = field.high - field.low + 1  # such as 22-2 or sat-mon: round the end and on from the beginning
    return (field.low + (number - field.low) % size for number in range(start, end + size + 1, step))


def _working_day(day: date) -> date:
    """The nearest Monday to Friday in the same month."""
    length = monthrange(day.year, day.month)[1]
    if day.weekday() == _SATURDAY:
        return day - timedelta(days=1) if day.day > 1 else day + timedelta(days=2)
    if day.weekday() == _SUNDAY:
        return day + timedelta(days=1) if day.day < length else day - timedelta(days=2)
    return day
