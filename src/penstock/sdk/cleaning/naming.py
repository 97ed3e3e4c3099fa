"""Column names that are easy to use in code: snake case, ASCII letters and digits."""

from __future__ import annotations

import keyword
import re

_CONNECTOR = re.compile(r"[\s.-]")
_FOREIGN = re.compile(r"[^A-Za-z0-9_]")
_WORD_START = re.compile(r"(?<!^)(?=[A-Z])")


def clean_column_name(name: str) -> str:
    """The name in snake case.

    White space, dots and hyphens become underscores, all else that is neither an ASCII letter nor a digit is dropped;
    a name without any letter gets the prefix `number_`, a Python keyword an underscore at its end.
    """
    joined = _CONNECTOR.sub("_", name.strip(" _-"))
    kept = _FOREIGN.sub("", joined)
    if not kept or kept.isdigit():
        return f"number_{kept}"
    if keyword.iskeyword(kept):
        return f"{kept}_".lower()
    if kept.isalpha() and not kept.isupper():
        kept = _WORD_START.sub("_", kept)
    return kept.lower()
