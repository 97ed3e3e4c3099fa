"""When a time trigger is due: its next slots, and those that have passed and still need a run.

All functions are pure. `enabled_at` is since when the trigger has been active: nothing before it is due; the trigger's
own `last_enabled_at` counts when none is given. `lead` is how long its runs take, for a landing time. Whether a trigger
is active is not looked at: callers ask about those that are, and previews about those that may become so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice, takewhile
from statistics import mean, pstdev

from penstock.model.cron import Cron, parse_cron
from penstock.model.trigger import MissedPolicy, Preset, Schedule, Slot, Trigger, TriggerKind
from penstock.model.wall_clock import moment_after, zone

ON_TIME = timedelta(seconds=60)
"""A slot that is noticed no later than this has not been missed, whatever the policy."""
FORGIVEN = timedelta(minutes=5)
"""The newest slot is still run under the policy `none` when it is no later than this: a restart misses nothing."""
NOTHING = timedelta(0)
_INSTANT = timedelta(microseconds=1)
_MINUTE = timedelta(minutes=1)
_LAST_YEAR = 9000
_RUNTIMES = 7
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_WINDOWS = (  # how far back the newest slots are looked for: no longer than needed, so that frequent ones cost little
    timedelta(hours=1),
    timedelta(days=1, hours=1),
    timedelta(days=32),
    timedelta(days=367),
    timedelta(days=366 * 9),
    timedelta(days=366 * 41),
)


def next_slot(
    trigger: Trigger, after: datetime, *, enabled_at: datetime | None = None, lead: timedelta = NOTHING
) -> Slot | None:
    """The first slot that is due later than `after`; None when there is none, or the trigger does not go by time."""
    return next(_slots(trigger, after.astimezone(UTC), _floor(trigger, enabled_at), _lead(trigger, lead)), None)


def slots_after(
    trigger: Trigger, after: datetime, *, enabled_at: datetime | None = None, lead: timedelta = NOTHING
) -> Iterator[Slot]:
    """All slots that are due later than `after`, in their order; without end for most schedules."""
    if trigger.schedule is not None and trigger.schedule.preset is Preset.ALWAYS_ON:
        return iter(())
    return _slots(trigger, after.astimezone(UTC), _floor(trigger, enabled_at), _lead(trigger, lead))


def upcoming(
    trigger: Trigger, now: datetime, count: int, *, enabled_at: datetime | None = None, lead: timedelta = NOTHING
) -> list[Slot]:
    """The next slots, earliest first; fewer when there are fewer, and none of a trigger that is always on."""
    return list(islice(slots_after(trigger, now, enabled_at=enabled_at, lead=lead), count))


def due_slots(
    trigger: Trigger,
    last: datetime | None,
    now: datetime,
    *,
    enabled_at: datetime | None = None,
    lead: timedelta = NOTHING,
) -> list[Slot]:
    """The slots that need a run now, earliest first, after the trigger's policy for missed ones.

    Args:
        trigger: the trigger. One that is always on is due whenever this is asked: ask when no run of it is under way.
        last: the logical time of the last slot that was dealt with; None when there was none.
        now: the present moment.
        enabled_at: since when the trigger has been active.
        lead: how long before a landing time its run is to start.

    Returns:
        at most `missed_runs_limit` slots; those that are older than what is returned are to be passed over.
    """
    now = now.astimezone(UTC)
    floor = _floor(trigger, enabled_at)
    schedule = trigger.schedule
    every = trigger.settings.missed_runs is MissedPolicy.ALL
    if schedule is not None and schedule.cron is None:
        found = _unscheduled(schedule, last, now, floor)
    else:
        found = _newest(
            trigger,
            last,
            now,
            floor,
            _lead(trigger, lead),
            max(1, trigger.settings.missed_runs_limit) if every else None,
        )
    if every:
        return found
    punctual = [slot for slot in found if now - slot.due <= ON_TIME]
    if punctual or not found:
        return punctual
    newest = found[-1]
    forgiven = trigger.settings.missed_runs is MissedPolicy.LAST or now - newest.due <= FORGIVEN
    return [newest] if forgiven else []


def landing_lead(runtimes: list[float]) -> timedelta:
    """How long before its landing time a run is to start, from the seconds that past runs took, the newest first.

    The mean of the last seven and half their standard deviation, as Mage has it.
    """
    recent = runtimes[:_RUNTIMES]
    return timedelta(seconds=mean(recent) + pstdev(recent) / 2) if recent else NOTHING


def _newest(
    trigger: Trigger, last: datetime | None, now: datetime, floor: datetime | None, lead: timedelta, limit: int | None
) -> list[Slot]:
    """The newest slots that are due and later than `last`, earliest first: `limit`, or those of a last stretch."""
    # A landing still ahead when the trigger was switched on counts, also when its run should have begun before.
    bound = (floor - _INSTANT if floor else _LONG_AGO) - lead
    found: list[Slot] = []
    for window in _WINDOWS:
        start = now - window
        candidates = takewhile(lambda slot: slot.due <= now, _slots(trigger, max(start, bound), floor, lead))
        found = [slot for slot in candidates if last is None or slot.logical > last]
        if start <= bound or len(found) >= (limit or 1):
            break
        if last is not None and start + lead < last:
            break
    return found[-limit:] if limit else found


def _slots(trigger: Trigger, after: datetime, floor: datetime | None, lead: timedelta) -> Iterator[Slot]:
    """The slots that are due later than `after`, in their order."""
    schedule = trigger.schedule
    if trigger.kind is not TriggerKind.TIME or schedule is None or max(after, floor or after).year >= _LAST_YEAR:
        return iter(())
    if schedule.cron is None:
        return _unscheduled_next(schedule, after, floor)
    place = zone(trigger.settings.time_zone)
    if landing := _landing_cron(trigger, place):
        return _landing_slots(schedule.cron, landing, place, max(after + lead, (floor or after) - _INSTANT), lead)
    start = max(after, floor - _INSTANT) if floor else after
    slots = _boundary_slots(schedule.cron, place, start)
    if floor and floor > after and trigger.settings.create_initial_pipeline_run:
        return _with_initial(schedule.cron, place, floor, slots)
    return slots


def _unscheduled(schedule: Schedule, last: datetime | None, now: datetime, floor: datetime | None) -> list[Slot]:
    """The slot that is due of a trigger that runs once, or that is always on."""
    due = now if floor is None or schedule.preset is Preset.ALWAYS_ON else floor
    if now < (floor or now) or (
        last is not None and (last >= due or (floor is None and schedule.preset is Preset.ONCE))
    ):
        return []
    return [Slot(due, due, due, due)]


def _unscheduled_next(schedule: Schedule, after: datetime, floor: datetime | None) -> Iterator[Slot]:
    """The slot that a trigger that runs once, or that is always on, has later than `after`."""
    due = floor or after + _INSTANT
    if schedule.preset is Preset.ALWAYS_ON:
        due = max(due, after + _INSTANT)
    if due > after:
        yield Slot(due, due, due, due)


def _boundary_slots(cron: Cron, place: tzinfo, after: datetime) -> Iterator[Slot]:
    boundary = moment_after(cron, place, after)
    while boundary is not None:
        end = moment_after(cron, place, boundary)
        yield Slot(boundary, boundary, boundary, end or boundary)
        boundary = end


def _with_initial(cron: Cron, place: tzinfo, floor: datetime, slots: Iterator[Slot]) -> Iterator[Slot]:
    """First the slot of the boundary before the trigger was switched on, due at once."""
    boundary = _boundary_before(cron, place, floor)
    first = next(slots, None)
    if boundary is not None and (first is None or first.logical > boundary):
        yield Slot(boundary, floor, boundary, moment_after(cron, place, boundary) or boundary)
    if first is not None:
        yield first
    yield from slots


def _landing_slots(cron: Cron, landing: Cron, place: tzinfo, after: datetime, lead: timedelta) -> Iterator[Slot]:
    """The slots whose runs are to have ended at such a time; each is known by the boundary before it."""
    previous: datetime | None = None
    end = moment_after(landing, place, after)
    while end is not None:
        boundary = _boundary_before(cron, place, end) or end
        if boundary != previous:
            following = moment_after(cron, place, boundary) or boundary
            yield Slot(boundary, end - lead, boundary, following, landing=end)
        previous = boundary
        end = moment_after(landing, place, end)


def _landing_cron(trigger: Trigger, place: tzinfo) -> Cron | None:
    """The schedule of the landings: the time of `start_time`, at the pace of the preset; None without landing time."""
    preset = trigger.schedule.preset if trigger.schedule else None
    if not trigger.settings.landing_time_enabled or trigger.start_time is None or preset is None:
        return None
    at = trigger.start_time.astimezone(place)
    fields = {
        Preset.HOURLY: f"{at.minute} * * * *",
        Preset.DAILY: f"{at.minute} {at.hour} * * *",
        Preset.WEEKLY: f"{at.minute} {at.hour} * * {at.isoweekday()}",
        Preset.MONTHLY: f"{at.minute} {at.hour} {at.day} * *",
    }.get(preset)
    if fields is None:
        return None
    cron = parse_cron(fields)
    return replace(cron, month_days=replace(cron.month_days, clipped=not cron.month_days.any))


def _boundary_before(cron: Cron, place: tzinfo, moment: datetime) -> datetime | None:
    """The last boundary that is not later than that moment."""
    for window in _WINDOWS:
        found = None
        each = moment_after(cron, place, moment - window)
        while each is not None and each <= moment:
            found, each = each, moment_after(cron, place, each)
        if found is not None:
            return found
    return None


def _lead(trigger: Trigger, lead: timedelta) -> timedelta:
    return lead if trigger.settings.landing_time_enabled else NOTHING


def _floor(trigger: Trigger, enabled_at: datetime | None) -> datetime | None:
    """Before which moment nothing is due; None when there is none."""
    since = enabled_at or trigger.last_enabled_at
    start = None if trigger.settings.landing_time_enabled else trigger.start_time
    known = [moment.astimezone(UTC) for moment in (since, start) if moment is not None]
    return max(known, default=None)
