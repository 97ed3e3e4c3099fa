"""The windows of a backfill: from its start on, one after the other, by interval and units.

They are half-open: [start, end) holds each window that begins before the end. Months and years are counted by the
calendar from the start, so that the 31st comes back after a short month; days and weeks keep their hour in the time
zone of the backfill. Any window is found without those before it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from penstock.model.errors import SettingInvalidError

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "custom": 1}
DAYS = {"day": 1, "week": 7}
MONTHS = {"month": 1, "year": 12}
INTERVALS = (*SECONDS, *DAYS, *MONTHS)
"""Kinds of intervals; `custom` counts seconds."""
MOST = 1_000_000
"""Windows that one backfill may have."""
MOST_UNITS = 1_000_000_000
_LAST_YEAR = 9998
"""Of the calendar of datetime, less one for time zones."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows from `start` to `end`, seconds since the epoch; `zone` is an IANA name.

    With `inclusive` the window that begins exactly at the end counts too, as Mage counts it.
    """

    start: float
    end: float
    interval: str
    units: int = 1
    zone: str = "UTC"
    inclusive: bool = False

    def __len__(self) -> int:
        cut = bisect_right if self.inclusive else bisect_left
        return cut(_Starts(self), self.end, 0, MOST + 1)

    def at(self, position: int) -> tuple[float, float]:
        """Begin and end of the window of that position, from 0."""
        return self.begin(position), self.begin(position + 1)

    def check(self) -> None:
        """Refuse what gives no windows, or too many.

        Raises:
            SettingInvalidError: what is wrong, in words.
        """
        doing = "planning the backfill"
        if self.interval not in INTERVALS:
            raise SettingInvalidError(
                f"{doing}: the interval type {self.interval[:40]!r} is none", hint=f"One of {', '.join(INTERVALS)}."
            )
        if not 1 <= self.units <= MOST_UNITS:
            raise SettingInvalidError(
                f"{doing}: the interval units are no number from 1 to {MOST_UNITS:,}", hint="Write such a whole number."
            )
        _zone(self.zone)
        try:
            _moment(self.start), _moment(self.end)
            count = len(self)
            if 0 < count <= MOST:
                self.at(count - 1)  # the end of the last one is a date as well
        except (ValueError, OverflowError, OSError) as error:
            raise SettingInvalidError(
                f"{doing}: its dates lie outside of the calendar", hint="Use the years from 1970 to 9998."
            ) from error
        if self.end < self.start:
            raise SettingInvalidError(f"{doing}: it ends before it starts", hint="Exchange the two dates.")
        if not count:
            raise SettingInvalidError(
                f"{doing}: no window begins between its start and its end", hint="The end itself does not count."
            )
        if count > MOST:
            raise SettingInvalidError(
                f"{doing}: it has more than {MOST:,} windows", hint="Take a longer interval, or several backfills."
            )

    def begin(self, position: int) -> float:
        """When the window of that position begins. Raises OverflowError, ValueError beyond the calendar."""
        count = position * self.units
        if self.interval in SECONDS:
            return self.start + count * SECONDS[self.interval]
        zone = _zone(self.zone)
        local = _moment(self.start).astimezone(zone).replace(tzinfo=None)
        if self.interval in DAYS:
            local += timedelta(days=count * DAYS[self.interval])
        else:
            local = _plus_months(local, count * MONTHS[self.interval])
        return local.replace(tzinfo=zone).timestamp()


@dataclass(frozen=True, slots=True)
class _Starts:
    """The begins of all windows as a sequence; what lies beyond the calendar is later than everything."""

    windows: Windows

    def __len__(self) -> int:
        return MOST + 1

    def __getitem__(self, position: int) -> float:
        try:
            return self.windows.begin(position)
        except (ValueError, OverflowError):
            return float("inf")


def _plus_months(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.month - 1 + months, 12)
    year += moment.year
    if not 1 <= year <= _LAST_YEAR:
        raise OverflowError("beyond the calendar")
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingInvalidError(
            f"planning the backfill: there is no time zone {name[:60]!r}", hint="Such as Europe/Paris."
        ) from error
