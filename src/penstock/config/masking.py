"""Hides the values of secret environment variables in what blocks print, log and fail with.

Which variables hold secrets is told by their names; what an address holds beside its password stays readable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from penstock.config import environment

HIDDEN = "********"
SHORTEST = 6
"""Characters of a value that is hidden: shorter ones would take ordinary words with them."""

_SECRET = re.compile(r"PASS(WORD|WD|PHRASE)|(^|_|DB|PG)PASS(_|$)|_PWD$|SECRET|TOKEN|APIKEY|CREDENTIAL|_KEY(_|$)|_DSN$")
_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s:/@]*:([^\s/@]+)@")


class Mask:
    """Replaces known values in texts, the longest first."""

    def __init__(self, values: Iterable[str], hidden: str = HIDDEN) -> None:
        self._hidden = hidden
        longest_first = sorted(set(values), key=len, reverse=True)
        self._found = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __bool__(self) -> bool:
        """Whether there is anything to hide."""
        return self._found is not None

    def __call__(self, text: str) -> str:
        """The text without the values; the same object when none is in it."""
        return self._found.sub(self._hidden, text) if self._found is not None else text


@cache
def mask() -> Mask:
    """The mask of this process's environment as it was at the first call; empty when HIDE_ENV_VAR_VALUES is off."""
    return Mask(secrets_of(environment.snapshot()) if environment.flag("HIDE_ENV_VAR_VALUES") else ())


def secrets_of(environ: Mapping[str, str]) -> set[str]:
    """The values that must not be shown: of variables with a telling name, and passwords within addresses."""
    found: set[str] = set()
    for name, value in environ.items():
        found.update(_ADDRESS.findall(value))
        if _SECRET.search(name.upper()) and not _ADDRESS.search(value) and not _is_place(value):
            found.update(line for part in value.splitlines() if not (line := part.strip()).startswith("-----"))
    return {value for value in found if len(value) >= SHORTEST}


def _is_place(value: str) -> bool:
    """Whether it names a file, such as that of a key: its name is no secret."""
    try:
        return value.startswith(("/", "~", ".")) and Path(value).expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        return False
