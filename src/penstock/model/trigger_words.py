"""What a schedule says, in words: "every day at 08:00 Europe/Paris"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from penstock.model.cron import Cron
from penstock.model.cron_fields import MonthDays, WeekDays
from penstock.model.trigger import Preset, Trigger, TriggerKind

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth"}
_MANY_TIMES = 6
_RANGE = 3
"""From so many consecutive ones on, a list is told as a range."""


def in_words(trigger: Trigger) -> str:
    """When a trigger starts a run; "" when nothing can be said."""
    match trigger.kind:
        case TriggerKind.API:
            return "when it is called"
        case TriggerKind.EVENT:
            return "on events that match"
        case TriggerKind.DEPENDENCY:
            after = trigger.settings.after
            return f"after {_listed([_upstream(each) for each in after])}" if after else ""
    return _by_time(trigger)


def _by_time(trigger: Trigger) -> str:
    schedule, settings = trigger.schedule, trigger.settings
    if schedule is None or schedule.cron is None:
        return _UNSCHEDULED.get(schedule.preset, "") if schedule and schedule.preset else ""
    if settings.landing_time_enabled and trigger.start_time is not None and schedule.preset in _LANDINGS:
        return f"so that it has ended {_LANDINGS[schedule.preset]} by its landing time, {settings.time_zone}"
    return f"{cron_words(schedule.cron)} {settings.time_zone}"


_UNSCHEDULED = {Preset.ONCE: "once", Preset.ALWAYS_ON: "always on: again when a run has ended"}
_LANDINGS = {
    Preset.HOURLY: "every hour",
    Preset.DAILY: "every day",
    Preset.WEEKLY: "every week",
    Preset.MONTHLY: "every month",
}


def cron_words(cron: Cron) -> str:
    """When a cron expression is due."""
    days, months = _days(cron.month_days, cron.week_days), _months(cron.months)
    when = _times(cron)
    if when.startswith("at "):
        return " ".join(filter(None, (days or "every day", months, when)))
    return " ".join(filter(None, (when, days, months)))


def _times(cron: Cron) -> str:
    minutes, hours = cron.minutes, cron.hours
    if len(minutes) * len(hours) <= _MANY_TIMES:
        return f"at {_listed([f'{hour:02}:{minute:02}' for hour in hours for minute in minutes])}"
    if cron.every_hour:
        return _minutes(minutes)
    step = _step(hours, 24)
    if len(minutes) == 1:
        shown = f"every {step} hours" if step else f"in hours {_numbers(hours)}"
        return f"{shown} at minute {minutes[0]}" if minutes[0] or not step else shown
    return f"{_minutes(minutes)} of hours {_numbers(hours)}"


def _minutes(minutes: Sequence[int]) -> str:
    step = _step(minutes, 60)
    if step == 1:
        return "every minute"
    if step:
        return f"every {step} minutes"
    if len(minutes) == 1:
        return f"every hour at minute {minutes[0]}" if minutes[0] else "every hour"
    return f"every hour at minutes {_numbers(minutes)}"


def _step(numbers: Sequence[int], size: int) -> int:
    """The distance at which they follow one another all round the clock; 0 when they do not."""
    count = len(numbers)
    if count <= 1 or size % count or numbers[0] != 0:  # a single one has no distance
        return 0
    step = size // count
    return step if all(number == index * step for index, number in enumerate(numbers)) else 0


def _days(month: MonthDays, week: WeekDays) -> str:
    parts = [*([] if month.any else [_month_days(month)]), *([] if week.any else [_week_days(week)])]
    return " and ".join(parts)


def _month_days(days: MonthDays) -> str:
    found = []
    if days.days:
        word = "days" if len(days.days) > 1 else "day"
        found.append(f"{word} {_numbers(sorted(days.days))}")
    found += [f"the working day nearest to day {day}" for day in sorted(days.nearest)]
    if days.last_working:
        found.append("the last working day")
    if days.last:
        found.append("the last day")
    return f"on {_listed(found)} of the month"


def _week_days(days: WeekDays) -> str:
    found = []
    if days.days:
        # Monday first, as people count: a range over the weekend stays one.
        found.append(_runs([(day - 1) % 7 for day in days.days], (*_DAYS[1:], _DAYS[0]), " to "))
    found += [f"the {_ORDINALS[turn]} {_DAYS[day]} of the month" for turn, day in sorted(days.nth)]
    found += [f"the last {_DAYS[day]} of the month" for day in sorted(days.last)]
    return f"on {_listed(found)}"


def _months(months: Sequence[int]) -> str:
    return "" if len(months) == len(_MONTHS) else f"in {_runs([month - 1 for month in months], _MONTHS, ' to ')}"


def _numbers(numbers: Sequence[int]) -> str:
    return _runs(numbers, [str(number) for number in range(max(numbers, default=0) + 1)], "-")


def _runs(numbers: Iterable[int], names: Sequence[str], dash: str) -> str:
    """Names of numbers, with ranges for those that follow one another."""
    groups: list[list[int]] = []
    for number in sorted(numbers):
        if groups and groups[-1][-1] == number - 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    found: list[str] = []
    for group in groups:
        short = len(group) < _RANGE
        found += [names[number] for number in group] if short else [f"{names[group[0]]}{dash}{names[group[-1]]}"]
    return _listed(found)


def _upstream(upstream: object) -> str:
    pipeline, trigger, product = (getattr(upstream, name) for name in ("pipeline", "trigger", "product"))
    if product:
        return f"{pipeline}/{product} is new"
    return f"{pipeline} succeeded by {trigger}" if trigger else f"{pipeline} succeeded"


def _listed(words: Sequence[str]) -> str:
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else "".join(words)
