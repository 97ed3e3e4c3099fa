"""Whole numbers that come from outside."""

from __future__ import annotations

_DIGITS = 15
"""As many as a number with a fraction holds exactly, which every database and every browser takes."""
_MOST = 10**_DIGITS - 1


def storable(number: int | None) -> int | None:
    """A number that databases are asked for; in the place of one that none can hold, the largest or 0."""
    return None if number is None else max(0, min(number, _MOST))


def whole_number(text: str) -> int:
    """The number that a text of ASCII digits stands for; 0 for any other, and for one of more than 15 digits."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else 0
