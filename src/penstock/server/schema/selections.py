"""Which rows of a table are meant, as JSON."""

from __future__ import annotations

from typing import Any

import msgspec


class SortBy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column by name or by position, and the direction."""

    column: str | int
    descending: bool = False


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A condition on a column.

    `op` is one of = != < <= > >= between, in, not in, contains, not contains, starts with, ends with, matches,
    not matches (regular expressions), null, not null. What says no (!=, not in, not contains, not matches) keeps nulls;
    between has two values and takes both in.
    """

    column: str | int
    op: str
    value: Any = None
