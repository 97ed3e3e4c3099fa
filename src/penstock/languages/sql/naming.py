"""Names of the tables that SQL blocks write and upload."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from penstock.connect.sql.names import Target, clean_name, quoted, shortened
from penstock.connect.sql.reserved import RESERVED
from penstock.connect.sql.statements import Statement

_VERSION = "v1"
_PREFIXES = {"dev": "dev_", "test": "test_"}
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def default_table(pipeline: str, block: str, variables: Mapping[str, Any], limit: int) -> str:
    """The table of a block that names none: pipeline, block and version, after `dev_` or `test_` by the run's `env`."""
    prefix = _PREFIXES.get(str(variables.get("env", "")).lower(), "")
    name = clean_name(f"{pipeline}_{block}_{_VERSION}", allow_reserved_words=True)
    return shortened(prefix + name, limit)


def written(target: Target) -> str:
    """The name of a table as a query may hold it: quoted only where that is needed."""
    return ".".join(identifier(part) for part in (target.database, target.schema, target.table) if part)


def identifier(name: str) -> str:
    """A name, quoted only where that is needed."""
    return name if _PLAIN.fullmatch(name) and name not in RESERVED else quoted(name)


def fitted_names(columns: Iterable[str], statements: Iterable[Statement], *, folds: bool) -> dict[str, str]:
    """New names for the columns of an upstream that a query calls otherwise; columns that keep theirs are left out.

    Mage cleans column names on the way into a database, and queries that were written there use the cleaned ones
    (`_date` for `date`, `unit_price` for `Unit Price`). A column is renamed only when the query uses the cleaned name
    and neither the column's own name nor another column has it.

    Args:
        columns: the upstream's columns.
        statements: the query.
        folds: whether the system takes names that differ only in case for the same.
    """
    tokens = [token for statement in statements for token in statement.tokens if token.identifier]
    exact = {token.text[1:-1].replace(token.text[0] * 2, token.text[0]) for token in tokens if token.kind == "name"}
    words = {token.identifier for token in tokens if token.kind == "word"}
    columns = list(columns)
    taken = {column.lower() for column in columns}
    renamed: dict[str, str] = {}
    for column in columns:
        plain = clean_name(column, allow_reserved_words=True)
        known = (column == plain or (folds and column.lower() == plain)) and plain in words
        candidates = [name for name in (clean_name(column), plain) if name != column]
        if column in exact or (known and f"_{plain}" not in words):
            continue
        for name in candidates:
            free = name not in taken or name == column.lower()
            if name in words and free and not (folds and name == column.lower()):
                renamed[column] = name
                taken.add(name)
                break
    return renamed
