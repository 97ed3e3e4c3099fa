"""Cron expressions of five fields: the next minute that matches one.

Everything here is wall-clock time without a zone: `model.wall_clock` says when such a time is, and `model.trigger` puts
both together. The fields mean what croniter makes of them, which is what Mage's files are written for: where a day of
the month *and* a day of the week are given, either one is enough.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from penstock.model.cron_fields import (
    HOUR,
    MINUTE,
    MONTH,
    MonthDays,
    WeekDays,
    read_month_days,
    read_numbers,
    read_week_days,
    refused,
)

ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@midnight": "0 0 * * *",
}
"""Names of cron that are no presets of a trigger."""
_FIELDS = 5
_HOURS = 24
_MOST_DAYS = 31
_WEEK = 7
_DECEMBER = 12
_MONTHS_AHEAD = 12 * 41  # the longest wait is the one for a given weekday on 29 February, across a year such as 2100
_MINUTE = timedelta(minutes=1)
_LAST_YEAR = 9000  # far from where the arithmetic of dates ends


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression as the minutes, hours and months at which it is due, each sorted, and its days."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    month_days: MonthDays
    months: tuple[int, ...]
    week_days: WeekDays

    @property
    def every_hour(self) -> bool:
        """Whether it names no hours, so that it goes by elapsed time and not by the time of day."""
        return len(self.hours) == _HOURS

    def is_due(self, moment: datetime) -> bool:
        """Whether that minute matches."""
        return moment.minute in self.minutes and moment.hour in self.hours and self.is_day(moment.date())

    def is_day(self, day: date) -> bool:
        """Whether it is due at any time on that day."""
        if day.month not in self.months:
            return False
        if self.month_days.any or self.week_days.any:
            return self.month_days.has(day) and self.week_days.has(day)
        return self.month_days.has(day) or self.week_days.has(day)

    def after(self, moment: datetime) -> datetime | None:
        """The first minute later than `moment` that matches, both without a zone; None when none is near.

        Near is within forty years: what does not happen in that time never does.
        """
        if moment.year >= _LAST_YEAR:
            return None
        start = moment.replace(second=0, microsecond=0, tzinfo=None) + _MINUTE
        today = start.date()
        if self.is_day(today) and (at := self._time_from(start.hour, start.minute)):
            return datetime.combine(today, at)
        day = self._day_after(today)
        return datetime.combine(day, time(self.hours[0], self.minutes[0])) if day else None

    def _time_from(self, hour: int, minute: int) -> time | None:
        """The first time of a day that is not before that one."""
        for each in self.hours:
            if each > hour:
                return time(each, self.minutes[0])
            if each == hour:
                left = next((number for number in self.minutes if number >= minute), None)
                if left is not None:
                    return time(each, left)
        return None

    def _day_after(self, day: date) -> date | None:
        first = day + timedelta(days=1)
        year, month, start = first.year, first.month, first.day
        for _ in range(_MONTHS_AHEAD):
            if month in self.months:
                for number in range(start, monthrange(year, month)[1] + 1):
                    if self.is_day(found := date(year, month, number)):
                        return found
            year, month, start = (year, month + 1, 1) if month < _DECEMBER else (year + 1, 1, 1)
        return None


def parse_cron(text: str) -> Cron:
    """A cron expression as a value.

    Raises:
        ScheduleInvalidError: it is none, or it describes a day that no year has; the message says which part is wrong.
    """
    written = " ".join(text.split())
    fields = ALIASES.get(written.lower(), written).lower().split(" ")
    if len(fields) == _FIELDS + 1 and fields[-1] == "0":
        fields.pop()  # croniter's sixth field is the second; at second 0 a minute begins
    if fields == [""]:
        raise refused("the schedule is empty")
    if len(fields) > _FIELDS:
        problem = f"{written!r} has {len(fields)} fields"
        raise refused(problem, "Write five: minute, hour, day, month, day of the week. Seconds and years are not kept.")
    if len(fields) < _FIELDS:
        raise refused(f"{written!r} has {len(fields)} of five fields")
    month_days, week_days = read_month_days(fields[2]), read_week_days(fields[4])
    # `0 0 */2 * 0-6`: naming every day beside a field with a star restricts nothing, as in croniter.
    if len(month_days.days) == _MOST_DAYS and "*" in fields[4]:
        month_days = MonthDays()
    if len(week_days.days) == _WEEK and "*" in fields[2]:
        week_days = WeekDays()
    cron = Cron(
        written,
        read_numbers(fields[0], MINUTE),
        read_numbers(fields[1], HOUR),
        month_days,
        read_numbers(fields[3], MONTH),
        week_days,
    )
    if cron.after(datetime(2000, 1, 1)) is None:  # noqa: DTZ001 - wall-clock time, which has no zone
        raise refused(f"{written!r} names a day that no year has", "Take a day that one of the months has.")
    return cron
