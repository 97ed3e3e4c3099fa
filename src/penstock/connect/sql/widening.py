"""Which column types hold every value of which others, over the names that PostgreSQL and DuckDB use."""

from __future__ import annotations

import re

_INTEGERS = {"tinyint": 1, "smallint": 2, "integer": 4, "bigint": 8, "hugeint": 16}
_UNSIGNED = {"utinyint": 1, "usmallint": 2, "uinteger": 4, "ubigint": 8}
_FLOATS = {"real": 4, "double": 8}
_DIGITS = {1: 3, 2: 5, 4: 10, 8: 20, 16: 39}
_EXACT_IN_FLOAT = {4: 2, 8: 4}
_SAME = {
    "double precision": "double",
    "float": "real",
    "float8": "double",
    "float4": "real",
    "int": "integer",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "bool": "boolean",
    "text": "varchar",
    "character varying": "varchar",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "time without time zone": "time",
    "numeric": "decimal",
    "jsonb": "json",
    "bytea": "blob",
}
_NUMBERED = re.compile(r"(numeric|decimal)\((\d+),\s*(\d+)\)")
_UNBOUNDED = 1000


def fits(new: str, existing: str) -> bool:
    """Whether a column of the existing type holds every value of the new type exactly."""
    new, existing = _plain(new), _plain(existing)
    if new == existing:
        return True
    if existing in _FLOATS:
        size = _INTEGERS.get(new) or _UNSIGNED.get(new)
        return new == "real" or (size is not None and size <= _EXACT_IN_FLOAT[_FLOATS[existing]])
    if existing in _INTEGERS:
        unsigned = _UNSIGNED.get(new)
        return _INTEGERS.get(new, 99) <= _INTEGERS[existing] or (
            unsigned is not None and unsigned < _INTEGERS[existing]
        )
    return _fits_decimal(new, existing)


def _plain(name: str) -> str:
    name = name.strip().lower()
    return _SAME.get(name, name)


def _fits_decimal(new: str, existing: str) -> bool:
    room = _decimal(existing)
    if room is None:
        return False
    size = _INTEGERS.get(new) or _UNSIGNED.get(new)
    need = (_DIGITS[size], 0) if size else _decimal(new)
    return need is not None and need[1] <= room[1] and need[0] - need[1] <= room[0] - room[1]


def _decimal(name: str) -> tuple[int, int] | None:
    if name == "decimal":
        return 2 * _UNBOUNDED, _UNBOUNDED
    match = _NUMBERED.fullmatch(name)
    return (int(match[2]), int(match[3])) if match else None
