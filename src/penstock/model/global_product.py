"""Global data products: what a whole pipeline makes, registered under a name, and when it is too old."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, datetime, timedelta

AFTER = ("years", "months", "weeks", "days", "hours", "minutes", "seconds")
"""Units of `outdated_after`."""

STARTING_AT = (
    "month_of_year",
    "week_of_year",
    "week_of_month",
    "day_of_year",
    "day_of_month",
    "day_of_week",
    "hour_of_day",
    "minute_of_hour",
    "second_of_minute",
)
"""Conditions of `outdated_starting_at`, the coarsest first."""

_SPANS = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


@dataclass(frozen=True, slots=True)
class GlobalProduct:
    """A registered data product.

    `after` and `starting_at` are numbers by the units above; `settings` names the blocks whose outputs it is, each with
    how many of its newest partitions, 0 for all. Without blocks, those of the pipeline count that none depends on.
    """

    uuid: str
    pipeline: str
    after: Mapping[str, int] = field(default_factory=dict)
    starting_at: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, int] = field(default_factory=dict)

    def outdated(self, last: datetime | None, now: datetime) -> bool:
        """Whether it has to be made anew.

        It does when its last run is older than `after` and, where `starting_at` sets conditions, when the moment has
        come from which on they hold. What was never made is outdated at once.

        Args:
            last: when the newest completed run has ended, in UTC.
            now: in UTC.
        """
        if last is None:
            return True
        if not any(self.after.values()) or now < later(last, self.after):
            return False
        return not self.starting_at or self.begins(now)

    def begins(self, now: datetime) -> bool:
        """Whether the clock has reached what `starting_at` asks for.

        A coarse unit must be what it says; of the finest ones, hour, minute and second, the moment must be reached.
        """
        exact = {
            "month_of_year": now.month,
            "week_of_year": now.isocalendar().week,
            "week_of_month": (now.day - 1) // 7 + 1,
            "day_of_year": now.timetuple().tm_yday,
            "day_of_month": now.day,
            "day_of_week": now.isoweekday() % 7,
        }
        if any(key in self.starting_at and self.starting_at[key] != value for key, value in exact.items()):
            return False
        hour, minute = self.starting_at.get("hour_of_day"), self.starting_at.get("minute_of_hour")
        second = self.starting_at.get("second_of_minute")
        if hour is None and (minute is not None or second is not None):
            hour = now.hour  # of every hour
            minute = now.minute if minute is None else minute
        return (now.hour, now.minute, now.second) >= (hour or 0, minute or 0, second or 0)


def later(moment: datetime, after: Mapping[str, int]) -> datetime:
    """The moment so much later; months and years by the calendar, the last day of a shorter month at most."""
    months = after.get("years", 0) * 12 + after.get("months", 0)
    if months:
        year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
        if year > MAXYEAR:
            return datetime.max.replace(tzinfo=moment.tzinfo)
        moment = moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))
    try:
        return moment + timedelta(seconds=sum(after.get(unit, 0) * span for unit, span in _SPANS.items()))
    except OverflowError:
        return datetime.max.replace(tzinfo=moment.tzinfo)
