"""The statements that databases spell differently: insert what is new, insert or replace, lock what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Row = TypeVar("Row")
Values = Mapping[str, Any]

LOCKED_ROWS = "WITH (UPDLOCK, ROWLOCK)"
_UNLOCKED_ROWS = "WITH (UPDLOCK, ROWLOCK, READPAST)"
_WHOLE_RANGE = "WITH (UPDLOCK, HOLDLOCK)"


def values_of(row: Any, *, without: Iterable[str] = ()) -> dict[str, Any]:
    """The fields of a row, by column."""
    kind: Any = type(row)
    names, values = _fields(kind)
    found = dict(zip(names, values(row), strict=True))
    for name in without:
        found.pop(name, None)
    return found


@cache
def _fields(kind: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The names of the fields of a row, and what gives their values."""
    names = tuple(field.name for field in fields(kind))
    return names, attrgetter(*names)


def rows_of(kind: type[Row], found: sa.CursorResult[Any]) -> list[Row]:
    """What a query found, as rows of that kind."""
    return [kind(**line) for line in found.mappings()]


def row_of(kind: type[Row], found: sa.CursorResult[Any]) -> Row | None:
    """The one row that a query found, None when there is none."""
    line = found.mappings().first()
    return None if line is None else kind(**line)


def columns_of(table: sa.Table, kind: type[Any]) -> list[sa.Column[Any]]:
    """The columns of a table that make a row of that kind."""
    return [table.c[field.name] for field in fields(kind)]


def insert_new(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Values], unique: Sequence[Sequence[str]]
) -> set[Any]:
    """Insert those rows that contradict no row that is there; the keys (first column) of those that were inserted.

    Args:
        connection: in a transaction that writes.
        table: a table whose primary key is given with each row.
        rows: all with the same columns.
        unique: the sets of columns that are unique in it, in which a NULL equals nothing.
    """
    if not rows:
        return set()
    key = next(iter(table.primary_key.columns))
    if connection.dialect.name == "mssql":
        done = (connection.execute(unless_there(table, row, unique)).rowcount for row in rows)
        return {row[key.name] for row, count in zip(rows, done, strict=True) if count}
    # one statement at a time tells for sure which rows went in
    given = list(rows) if len(rows) > 1 else rows[0]  # SQLAlchemy takes a longer way for lists
    return set(connection.execute(_telling_which(connection.dialect.name, table), given).scalars())


@cache
def _telling_which(dialect: str, table: sa.Table) -> Any:
    """As `or_nothing`; it gives the keys of the rows that went in."""
    return or_nothing(dialect, table).returning(next(iter(table.primary_key.columns)))


@cache
def or_nothing(dialect: str, table: sa.Table) -> Any:
    """INSERT that leaves out a row that contradicts one that is there."""
    if dialect == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


def unless_there(table: sa.Table, row: Values, unique: Sequence[Sequence[str]]) -> sa.Insert:
    """The same for SQL Server: INSERT ... SELECT ... WHERE NOT EXISTS, holding the range that it looked at."""
    there = []
    for names in unique:
        if all(row.get(name) is not None for name in names):
            same = sa.and_(*(table.c[name] == row[name] for name in names))
            there.append(
                sa.select(sa.literal(1)).select_from(table).with_hint(table, _WHOLE_RANGE, "mssql").where(same)
            )
    given = [sa.literal(row[name], table.c[name].type) for name in row]
    return sa.insert(table).from_select(
        list(row), sa.select(*given).where(*(~sa.exists(query.correlate(None).subquery()) for query in there))
    )


def put(connection: sa.Connection, table: sa.Table, rows: Sequence[Values]) -> None:
    """Insert rows, or replace those that have the same primary key. All have the same columns, the key among them."""
    if not rows:
        return
    if connection.dialect.name == "mssql":
        connection.execute(
            without_key(table), [{f"key_{c.name}": row[c.name] for c in table.primary_key} for row in rows]
        )
        connection.execute(sa.insert(table), list(rows))
        return
    connection.execute(or_replace(connection.dialect.name, table, tuple(rows[0])), list(rows))


@cache  # making the statement costs more than running it
def or_replace(dialect: str, table: sa.Table, names: tuple[str, ...]) -> Any:
    """INSERT that replaces the row of the same primary key."""
    made: Any = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    keys = [column.name for column in table.primary_key]
    return made.on_conflict_do_update(
        index_elements=keys, set_={name: made.excluded[name] for name in names if name not in keys}
    )


@cache
def without_key(table: sa.Table) -> sa.Delete:
    """DELETE of the row of one primary key, whose parts are the parameters `key_<column>`."""
    return sa.delete(table).where(*(column == sa.bindparam(f"key_{column.name}") for column in table.primary_key))


def locking(query: sa.Select[Any], table: sa.Table, *, skip: bool = False) -> sa.Select[Any]:
    """The query, holding what it reads until the end of the transaction; `skip` leaves out what others hold."""
    # SQLite has no such thing and needs none: who writes is alone.
    return query.with_for_update(of=table, skip_locked=skip).with_hint(
        table, _UNLOCKED_ROWS if skip else LOCKED_ROWS, "mssql"
    )
