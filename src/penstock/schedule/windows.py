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
_CLOCKS = "%Y%m%dT%H%M%S"
_NONE = timedelta()


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
        zone_of(self.zone)
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
        return self._on_the_clocks(count).replace(tzinfo=zone_of(self.zone)).timestamp()

    def partition(self, position: int) -> str:
        """Where the run of that window stores: its begin on the clocks of the zone; another one for each window.

        Clocks that are put back show an hour twice: the second time has its offset behind it, when the first is the
        begin of a window as well. A day that a zone has left out is called by its date.
        """
        begin, end = self.at(position)
        local = _moment(begin).astimezone(zone_of(self.zone))
        name = f"{local:{_CLOCKS}}"
        if self.interval in SECONDS:
            return f"{name}{local:%z}" if self._is_shown_twice(begin, local) else name
        return name if begin < end else f"{self._on_the_clocks(position * self.units):{_CLOCKS}}"

    def _is_shown_twice(self, begin: float, local: datetime) -> bool:
        """Whether the window that shows the same clocks before this one belongs to the backfill, too."""
        if not local.fold:
            return False
        back = (local.replace(fold=0).utcoffset() or _NONE) - (local.utcoffset() or _NONE)
        step = timedelta(seconds=self.units * SECONDS[self.interval])
        return back % step == _NONE and begin - back.total_seconds() >= self.start

    def _on_the_clocks(self, count: int) -> datetime:
        """So many days or months after the start, as the clocks of the zone would show it: they may leave it out."""
        local = _moment(self.start).astimezone(zone_of(self.zone)).replace(tzinfo=None)
        if self.interval in DAYS:
            return local + timedelta(days=count * DAYS[self.interval])
        return _plus_months(local, count * MONTHS[self.interval])


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


def moment_of(text: str, zone: str = "UTC") -> float:
    """Seconds since the epoch from ISO 8601 text; without an offset it is what the clocks of the zone show.

    Of what they show twice it is the first.

    Raises:
        ValueError, OverflowError: it is no date.
        SettingInvalidError: there is no such time zone.
    """
    found = datetime.fromisoformat(text.strip())
    # A date at the edge of the calendar may be none in UTC.
    return (found if found.tzinfo else found.replace(tzinfo=zone_of(zone))).astimezone(UTC).timestamp()


def in_calendar(seconds: float) -> bool:
    """Whether a run can have that date: every zone's clocks can show it, and days around it."""
    try:
        return 1 < _moment(seconds).year <= _LAST_YEAR
    except (ValueError, OverflowError, OSError):
        return False


def _plus_months(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.month - 1 + months, 12)
    year += moment.year
    if not 1 <= year <= _LAST_YEAR:
        raise OverflowError("beyond the calendar")
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def zone_of(name: str) -> tzinfo:
    """The time zone of that name. Raises SettingInvalidError."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingInvalidError(
            f"planning the backfill: there is no time zone {name[:60]!r}", hint="Such as Europe/Paris."
        ) from error
