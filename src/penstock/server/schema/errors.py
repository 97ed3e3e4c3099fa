"""JSON of an answer that is an error, the same for every route."""

from __future__ import annotations

from typing import Any

import msgspec


class ErrorPlace(msgspec.Struct):
    """Where in a file of the project; line and column count from 1, 0 where there is none."""

    file: str
    line: int
    column: int


class ErrorEntry(msgspec.Struct):
    """What was being done, on what, and the cause; `hint` is the next action, `code` stable."""

    code: str
    message: str
    hint: str
    location: ErrorPlace | None
    details: dict[str, Any] | None


class Problem(msgspec.Struct):
    """The answer of everything that did not succeed."""

    error: ErrorEntry
