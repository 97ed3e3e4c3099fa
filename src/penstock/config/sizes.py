"""Sizes as people write them in settings: `10GB`, `500 MB`, `2TB`."""

from __future__ import annotations

import re

from penstock.model.errors import SettingInvalidError

UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}
"""Bytes in each unit."""

_SHAPE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)b?\s*", re.IGNORECASE)
LARGEST = 1000**5
"""Bytes: what is larger is a slip of the pen."""


def parse_size(text: str, *, name: str = "a size") -> int:
    """Bytes in a text like `10GB`.

    Args:
        text: a number, and one of the units kB, MB, GB, TB.
        name: the setting that the text is the value of, for the message.

    Raises:
        SettingInvalidError: the text has another shape, or is larger than a petabyte.
    """
    match = _SHAPE.fullmatch(str(text))
    size = float(match[1]) * UNITS[match[2].lower()] if match else -1.0
    if not 0 <= size <= LARGEST:
        raise SettingInvalidError(
            f"reading {name}: {str(text)[:40]!r} is not a size",
            hint="Write a number and a unit: kB, MB, GB or TB, for example 10GB.",
        )
    return int(size)
