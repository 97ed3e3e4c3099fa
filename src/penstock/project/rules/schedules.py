"""Whether a text says when a trigger is due."""

from __future__ import annotations

import re

PRESETS = frozenset({"@once", "@hourly", "@daily", "@weekly", "@monthly", "@always_on"})
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES: tuple[dict[str, int], ...] = (
    {},
    {},
    {},
    {name: number for number, name in enumerate(_MONTHS, 1)},
    {name: number for number, name in enumerate(_DAYS)},
)
_PART = re.compile(r"(\*|\?|[a-z0-9]+)(?:-([a-z0-9]+))?(?:/(\d+))?")
_SPECIAL = re.compile(r"l|\d{1,2}l|[a-z0-9]+#[1-5]|l[0-7]|\d{1,2}w|lw")


def is_schedule(text: object) -> bool:
    """Whether it is a preset or a cron expression of five fields."""
    if not isinstance(text, str):
        return False
    if text.strip() in PRESETS:
        return True
    fields = text.lower().split()
    return len(fields) == len(_RANGES) and all(_is_field(field, place) for place, field in enumerate(fields))


def _is_field(field: str, place: int) -> bool:
    return all(_is_part(part, place) for part in field.split(","))


def _is_part(part: str, place: int) -> bool:
    if _SPECIAL.fullmatch(part) and place in {2, 4}:
        return True
    match = _PART.fullmatch(part)
    if not match:
        return False
    first, last, step = match.groups()
    if first in {"*", "?"}:
        return last is None and step != "0"
    numbers = [_number(text, place) for text in (first, last) if text is not None]
    low, high = _RANGES[place]
    return all(number is not None and low <= number <= high for number in numbers) and step != "0"


def _number(text: str, place: int) -> int | None:
    return int(text) if text.isdecimal() else _NAMES[place].get(text)
