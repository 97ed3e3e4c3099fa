"""When the clock on a wall shows a time: the moments of a cron expression in a time zone, daylight saving included.

Two rules, by what the expression means:

* It names hours ("at 02:30"). It is due when the wall clock first shows that time *or a later one*. So a time that is
  left out when clocks go forward is due once, right after the gap, and one that is shown twice is due the first time.
* It names none ("every 15 minutes", "at minute 5 of each hour"). It goes by elapsed time: it is due whenever the wall
  clock shows such a time, on both passes through an hour that is shown twice, and not at all in a gap.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from penstock.model.cron import Cron
from penstock.model.errors import ScheduleInvalidError

_STEP = timedelta(hours=6)  # no zone changes its offset and back within it
_SECOND = timedelta(seconds=1)
_NOTHING = timedelta(0)


@lru_cache(maxsize=1024)
def zone(name: str) -> tzinfo:
    """The time zone of an IANA name such as Europe/Paris.

    Raises:
        ScheduleInvalidError: there is none of that name.
    """
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        near = get_close_matches(name, available_timezones(), n=1)
        hint = f"Did you mean {near[0]}?" if near else "Write a name such as Europe/Paris or America/New_York."
        raise ScheduleInvalidError(f"{name!r} is no time zone", hint=hint) from error


def moment_after(cron: Cron, place: tzinfo, moment: datetime) -> datetime | None:
    """The first moment later than `moment` at which the expression is due in that zone; in UTC, None when never."""
    if place is UTC:
        found = cron.after(moment.astimezone(UTC))
        return found.replace(tzinfo=UTC) if found else None
    return _by_elapsed_time(cron, place, moment) if cron.every_hour else _by_time_of_day(cron, place, moment)


def first_shown(wall: datetime, place: tzinfo) -> datetime:
    """The moment at which the wall clock of a zone first shows that time or a later one; in UTC."""
    found = wall.replace(tzinfo=place, fold=0).astimezone(UTC)
    if _shown(found, place) == wall:
        return found
    # A gap: the other reading of the time lies before it, this one after it.
    before = wall.replace(tzinfo=place, fold=1).astimezone(UTC)
    return _change(before, found, place) or found


def _by_time_of_day(cron: Cron, place: tzinfo, moment: datetime) -> datetime | None:
    wall = _shown(moment, place)
    while True:
        due = cron.after(wall)
        if due is None:
            return None
        found = first_shown(due, place)
        if found > moment:
            return found
        wall = due  # the second pass through an hour that is shown twice: this time was due in the first


def _by_elapsed_time(cron: Cron, place: tzinfo, moment: datetime) -> datetime | None:
    while True:
        offset = _offset(moment, place)
        due = cron.after(_shown(moment, place))
        if due is None:
            return None
        found = (due - offset).replace(tzinfo=UTC)
        changed = _first_change(moment, found, place)
        if changed is None:
            return found
        shown = _shown(changed, place)
        if shown.second == 0 and cron.is_due(shown):
            return changed
        moment = changed


def _first_change(after: datetime, until: datetime, place: tzinfo) -> datetime | None:
    """The first moment in (after, until] from which on the zone has another offset."""
    while after < until:
        end = min(after + _STEP, until)
        if found := _change(after, end, place):
            return found
        after = end
    return None


def _change(before: datetime, after: datetime, place: tzinfo) -> datetime | None:
    """The moment in (before, after] at which the offset changes; None when it is the same at both ends."""
    old = _offset(before, place)
    if _offset(after, place) == old:
        return None
    # Zones change on whole seconds.
    low, high = before.replace(microsecond=0), after.replace(microsecond=0)
    while high - low > _SECOND:
        middle = low + timedelta(seconds=(high - low) // _SECOND // 2)
        low, high = (middle, high) if _offset(middle, place) == old else (low, middle)
    return high


def _shown(moment: datetime, place: tzinfo) -> datetime:
    return moment.astimezone(place).replace(tzinfo=None, fold=0)


def _offset(moment: datetime, place: tzinfo) -> timedelta:
    return moment.astimezone(place).utcoffset() or _NOTHING
