"""Whole numbers that come from outside as text."""

from __future__ import annotations

_DIGITS = 15
"""As many as a number with a fraction holds exactly, which every database and every browser takes."""


def whole_number(text: str) -> int:
    """The number that a text of ASCII digits stands for; 0 for any other, and for one of more than 15 digits."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else 0
