"""Finds what git leaves in a file whose merge nobody has finished."""

from __future__ import annotations

import re

CONFLICT = "it holds an unresolved merge conflict"
"""What is wrong with such a file."""
SETTLE = "Choose between the two sides, and remove the lines of <<<<<<<, ======= and >>>>>>>."
"""What to do about it."""

_MARKS = tuple(re.compile(rf"^{mark}{{7}}(?: .*)?\r?$", re.MULTILINE) for mark in "<=>")


def conflict_line(text: str) -> int:
    """The line, from 1, where the first conflict begins; 0 when there is none."""
    position, places = 0, []
    for mark in _MARKS:
        found = mark.search(text, position)
        if found is None:
            return 0
        places.append(found.start())
        position = found.end()
    return text.count("\n", 0, places[0]) + 1
