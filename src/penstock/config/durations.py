"""Lengths of time as people write them in settings: `90d`, `12h`, `3w`, `30m`, `45s`."""

from __future__ import annotations

import re

from penstock.model.errors import SettingInvalidError

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
"""Seconds in each unit."""

_SHAPE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([smhdw])\s*", re.IGNORECASE)
LONGEST = 100 * 366 * UNITS["d"]
"""A century, in seconds: what is longer is a slip of the pen."""


def parse_duration(text: str, *, name: str = "a duration") -> float:
    """Seconds in a text like `90d`.

    Args:
        text: a number and one of the units s, m, h, d, w.
        name: the setting that the text is the value of, for the message.

    Raises:
        SettingInvalidError: the text has another shape, or is longer than a century.
    """
    match = _SHAPE.fullmatch(str(text))
    seconds = float(match[1]) * UNITS[match[2].lower()] if match else -1.0
    if not 0 <= seconds <= LONGEST:
        raise SettingInvalidError(
            f"reading {name}: {str(text)[:40]!r} is not a duration",
            hint="Write a number and a unit: s, m, h, d or w, for example 90d.",
        )
    return seconds
