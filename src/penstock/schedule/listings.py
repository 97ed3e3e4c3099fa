"""What a block lists for a backfill: one dict of variables for each run, which may say its own date and partition."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from penstock.model.errors import SettingInvalidError
from penstock.schedule.windows import in_calendar, moment_of, zone_of

MOST_LISTED = 100_000
"""Runs that a block may list."""
LIST_BYTES = 64 << 20
"""Of all of them, as JSON."""
_SHOWN = 40
"""Characters of a value that an error shows."""


def listing(outputs: list[Any], block: str) -> list[Any]:
    """The list that a block has returned, from its stored outputs as JSON: of a table its rows.

    A list is stored as one output for each of its elements: of a list of one run that one is left, of an empty one
    nothing.

    Raises:
        SettingInvalidError: it is neither a list nor a dict.
    """
    if len(outputs) != 1 or isinstance(outputs[0], Mapping):
        return outputs
    if not isinstance(outputs[0], list):
        raise SettingInvalidError(
            f"reading what block {block} lists: it returned {type(outputs[0]).__name__}, not a list",
            hint="Return a list of dicts, or a table: the variables of each run.",
        )
    return outputs[0]


def check_list(listed: Sequence[Any], block: str | None, zone: str) -> int:
    """How many runs a block lists, when they make sense.

    Raises:
        SettingInvalidError: what is wrong, in words.
    """
    doing = f"reading what block {block} lists"
    if not listed:
        raise SettingInvalidError(f"{doing}: it lists no runs", hint="Return a list of dicts: the variables of a run.")
    if len(listed) > MOST_LISTED:
        raise SettingInvalidError(f"{doing}: more than {MOST_LISTED:,} runs", hint="Make several backfills of it.")
    zone_of(zone)
    for place, row in enumerate(listed):
        if not isinstance(row, Mapping) or not all(isinstance(key, str) for key in row):
            raise SettingInvalidError(
                f"{doing}: entry {place} is {type(row).__name__}, not a dict of variables",
                hint="Return a list of dicts with names as keys.",
            )
        _check_date(row.get("execution_date"), f"{doing}: the execution_date of entry {place}", zone)
    try:
        size = len(json.dumps(listed, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise SettingInvalidError(f"{doing}: {error}", hint="Variables are text, numbers, lists and dicts.") from error
    if size > LIST_BYTES:
        raise SettingInvalidError(f"{doing}: it is larger than {LIST_BYTES >> 20} MB", hint="List less at once.")
    return len(listed)


def date_of(given: Any, zone: str) -> float | None:
    """The execution date that an entry gives, in seconds since the epoch; None when it gives none.

    Raises:
        TypeError, ValueError, OverflowError: it is no date.
        SettingInvalidError: there is no such time zone.
    """
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    if isinstance(given, str):
        at = moment_of(given, zone)
    elif isinstance(given, int | float) and not isinstance(given, bool):
        at = float(given)
    else:
        raise TypeError("neither text nor a number")
    if math.isnan(at):
        raise ValueError("not a number")
    if not in_calendar(at):
        raise OverflowError("beyond the calendar")
    return at


def _check_date(given: Any, what: str, zone: str) -> None:
    try:
        date_of(given, zone)
    except OverflowError as error:
        raise SettingInvalidError(
            f"{what}, {_short(given)}, lies outside of the calendar",
            hint="A number counts seconds since 1970, not milliseconds; or give text such as 2024-01-31T08:00.",
        ) from error
    except (TypeError, ValueError) as error:
        raise SettingInvalidError(
            f"{what}, {_short(given)}, is no date",
            hint="Give text such as 2024-01-31 or 2024-01-31T08:00, or seconds since 1970.",
        ) from error


def _short(given: Any) -> str:
    if not isinstance(given, str | int | float):
        return f"of type {type(given).__name__}"
    if isinstance(given, int) and abs(given) > 1 << 63:
        return "a number of many digits"  # Python writes none that is longer than it likes
    text = repr(given)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
