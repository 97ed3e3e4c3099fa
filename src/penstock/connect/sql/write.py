# ruff: noqa: S608 - every name in a statement is quoted or written by the block itself
"""Writing a frame or a query into a table: append, replace or fail, with unique keys, all in one transaction.

A failure at any point leaves the table as it was.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from penstock.connect.sql.names import Target, clean_name, quoted, shortened, unique_names
from penstock.connect.sql.reserved import RESERVED
from penstock.model.errors import QueryFailedError

if TYPE_CHECKING:
    import pyarrow as pa

    from penstock.connect.sql.system import SqlSystem

_TYPE = re.compile(r"[A-Za-z_][\w ]*(\(\s*\d+\s*(,\s*\d+\s*)?\))?[\w ]*(\[\s*\d*\s*\])*")


_RENAME = "Rename the column, add it to the table, or replace the table."
_ANEW = (
    "The table is kept, with its keys, indexes and grants. Change it or the values, or have it made anew by "
    "drop_table_on_replace=True."
)


class IfExists(StrEnum):
    """What to do when the table is there already."""

    APPEND = "append"
    REPLACE = "replace"
    FAIL = "fail"


class OnConflict(StrEnum):
    """What to do with a row whose unique key is there already; without a choice it is an error."""

    IGNORE = "IGNORE"
    UPDATE = "UPDATE"


@dataclass(frozen=True, slots=True)
class WritePlan:
    """How to write. `types` maps column -> type in the words of the system; `unique` are columns that make one key.

    A table that is replaced is made anew where its columns cannot hold the rows, with `drop` always, with `keep` never:
    then its keys, indexes, grants, views and further columns stay, and rows that do not go into it are refused.
    """

    if_exists: IfExists = IfExists.REPLACE
    unique: Sequence[str] = ()
    on_conflict: OnConflict | None = None
    drop: bool = False
    keep: bool = False
    cascade: bool = False
    types: Mapping[str, str] = field(default_factory=dict)
    create_schema: bool = True


def write_table(system: SqlSystem, table: pa.Table, target: Target, plan: WritePlan) -> None:
    """Write the rows of a table, creating or replacing the target as planned, and commit.

    Raises:
        QueryFailedError: the target exists and the plan is to fail; a column is not in the existing table; two columns
            have one name; the system refuses. The old table is then untouched.
    """
    doing = f"exporting to {target}"
    _check_columns(system, table, plan, doing)
    with system.transaction():
        hold_for(system, target, plan)
        kept = _is_kept(plan) and system.columns(target) is not None
        table = _prepare(system, table, target, plan, doing)
        try:
            _append(system, table, target, plan)
        except QueryFailedError as refused:
            if not kept:
                raise
            raise QueryFailedError(refused.message, hint=_ANEW) from refused


def write_query(system: SqlSystem, query: str, target: Target, plan: WritePlan) -> None:
    """Write the rows of a query that the system itself runs, and commit; they never pass through this process.

    Raises:
        QueryFailedError: as `write_table`.
    """
    doing = f"exporting a query to {target}"
    with system.transaction():
        hold_for(system, target, plan)
        if plan.create_schema:
            _ensure_schema(system, target)
        exists = system.columns(target) is not None
        if exists and plan.if_exists is IfExists.FAIL:
            raise _already(doing)
        if exists and plan.if_exists is IfExists.APPEND and not plan.on_conflict:
            columns = _named(system, query, target, doing)
            with system.about(query):
                system.run(f"INSERT INTO {target.sql}{columns}\n{query}")
            return
        # the query may read the table that it replaces, so the new one stands beside it first
        stage = _beside(system, target)
        with system.about(query):
            system.run(f"CREATE TABLE {stage.sql} AS\n{query}")
        if exists and plan.if_exists is IfExists.APPEND:
            _merge(system, stage, target, list(system.columns(stage) or {}), plan)
            system.run(f"DROP TABLE {stage.sql}")
            return
        if exists and not _refilled(system, stage, target, plan):
            system.run(f"DROP TABLE {target.sql}{' CASCADE' if plan.cascade else ''}")
            exists = False
        if not exists:
            system.run(f"ALTER TABLE {stage.sql} RENAME TO {quoted(target.table)}")
            _ensure_unique(system, target, plan)


def hold_for(system: SqlSystem, target: Target, plan: WritePlan, *, also: Sequence[Target] = ()) -> None:
    """Keep other writers off the target, and off those as well, until the transaction ends.

    Rows are appended to a table that is as it has to be by several at once; who makes or replaces it does that alone.
    """
    if not system.shared:
        return
    appends = plan.if_exists is IfExists.APPEND and system.columns(target) is not None
    if appends and (not plan.unique or frozenset(plan.unique) in system.unique_keys(target)):
        system.hold(also, beside=[target])
    else:
        system.hold([target, *also])


def _beside(system: SqlSystem, target: Target) -> Target:
    """A table next to that one, of a name that nobody else has."""
    name = shortened(f"{target.table}__new_{secrets.token_hex(4)}", system.name_limit)
    return Target(name, target.schema, target.database)


def _named(system: SqlSystem, query: str, target: Target, doing: str) -> str:
    """The column list of an INSERT; empty when the query names none of the table's columns and goes by their position.

    Raises:
        QueryFailedError: the table has some of the query's columns and not the others.
    """
    names, existing = system.result_names(query), list(system.columns(target) or {})
    found = [_match(name, existing) for name in names]
    unknown = [name for name, match in zip(names, found, strict=True) if match is None]
    if unknown and len(unknown) < len(names):
        raise QueryFailedError(
            f"{doing}: the query's columns {', '.join(unknown)} are not in the table, which has {', '.join(existing)}",
            hint="Name each column of the query as in the table, or replace the table.",
        )
    if unknown or len(set(found)) < len(found):
        why = "The names of the query's columns are not those of the table" if unknown else "Two columns have one name"
        system.tell(f"{why}; into {target} they go in their order: {', '.join(names)} as {', '.join(existing)}.")
        return ""
    return " (" + ", ".join(quoted(str(name)) for name in found) + ")"


def _refilled(system: SqlSystem, stage: Target, target: Target, plan: WritePlan) -> bool:
    """Put the staged rows into the existing table, if its columns agree, so that its grants, indexes and views stay."""
    if plan.drop or system.columns(stage) != system.columns(target):
        return False
    names = ", ".join(quoted(name) for name in system.columns(stage) or {})
    system.run(f"DELETE FROM {target.sql}")
    system.run(f"INSERT INTO {target.sql} ({names}) SELECT {names} FROM {stage.sql}")
    system.run(f"DROP TABLE {stage.sql}")
    return True


def _check_columns(system: SqlSystem, table: pa.Table, plan: WritePlan, doing: str) -> None:
    names = table.column_names
    if not names:
        raise QueryFailedError(f"{doing}: the frame has no columns", hint="Export a frame with at least one column.")
    unique_names([name.lower() for name in names] if system.case_folds else names, doing)
    too_long = [name for name in names if len(name.encode()) > system.name_limit]
    if too_long:
        raise QueryFailedError(
            f"{doing}: the column name {too_long[0]!r} has more than {system.name_limit} bytes",
            hint="Rename the column before the export.",
        )
    missing = [name for name in plan.unique if name not in names]
    if missing:
        raise QueryFailedError(f"{doing}: the unique constraint names {', '.join(missing)}, not a column of the frame")
    for column, kind in plan.types.items():
        if not _TYPE.fullmatch(kind.strip()):
            raise QueryFailedError(f"{doing}: {kind!r} for column {column} is not the name of a type")


def _prepare(system: SqlSystem, table: pa.Table, target: Target, plan: WritePlan, doing: str) -> pa.Table:
    """Make the target ready for the rows; the table comes back with the names that the target has."""
    if plan.create_schema:
        _ensure_schema(system, target)
    existing = system.columns(target)
    if existing is not None:
        if plan.if_exists is IfExists.FAIL:
            raise _already(doing)
        if plan.if_exists is IfExists.APPEND:
            return table.rename_columns(_matched(table.column_names, existing, doing, _RENAME))
        if _is_kept(plan):
            names = _matched(table.column_names, existing, doing, _ANEW)
            system.run(f"DELETE FROM {target.sql}")
            return table.rename_columns(names)
        if _keeps(system, table, existing, plan):
            system.run(f"DELETE FROM {target.sql}")
            return table
        system.run(f"DROP TABLE {target.sql}{' CASCADE' if plan.cascade else ''}")
    parts = [f"{quoted(f.name)} {plan.types.get(f.name) or system.ddl_type(f)}" for f in table.schema]
    system.run(f"CREATE TABLE {target.sql} ({', '.join(parts)})")
    return table


def _keeps(system: SqlSystem, table: pa.Table, existing: Mapping[str, str], plan: WritePlan) -> bool:
    """Whether replacing may keep the table and change only its rows: same columns, whose types hold the new values."""
    if plan.drop or plan.types or set(existing) != set(table.column_names):
        return False
    return all(system.fits(f, existing[f.name]) for f in table.schema)


def _is_kept(plan: WritePlan) -> bool:
    return plan.if_exists is IfExists.REPLACE and plan.keep and not plan.drop


def _matched(names: Sequence[str], existing: Mapping[str, str], doing: str, hint: str) -> list[str]:
    """The target's name for each column: the same, or the same but for case, or as it was before or after cleaning."""
    found = []
    for name in names:
        match = _match(name, existing)
        if match is None:
            raise QueryFailedError(
                f"{doing}: column {name} is not in the table, which has {', '.join(existing)}",
                hint=hint,
            )
        found.append(match)
    unique_names(found, doing)
    return found


def _match(name: str, existing: Collection[str]) -> str | None:
    if name in existing:
        return name
    folded = {column.lower(): column for column in existing}
    plain = name.lower().removeprefix("_")
    tries = [name.lower(), *([plain] if plain in RESERVED else []), f"_{name.lower()}", clean_name(name).lower()]
    return next((folded[key] for key in tries if key in folded), None)


def _append(system: SqlSystem, table: pa.Table, target: Target, plan: WritePlan) -> None:
    _ensure_unique(system, target, plan)
    if plan.unique and plan.on_conflict:
        stage = system.stage(target, table.column_names)
        system.insert(table, stage)
        _merge(system, stage, target, table.column_names, plan)
        system.run(f"DROP TABLE {stage.sql}")
    else:
        system.insert(table, target)


def _merge(system: SqlSystem, stage: Target, target: Target, columns: Sequence[str], plan: WritePlan) -> None:
    """Insert staged rows; of several staged rows with one key the last wins when updating, the first when ignoring."""
    names = ", ".join(quoted(name) for name in columns)
    keys = ", ".join(quoted(name) for name in plan.unique)
    whole = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in plan.unique)
    others = [name for name in columns if name not in plan.unique]
    source = f"SELECT {names} FROM {stage.sql} WHERE {whole}"
    act = "NOTHING"
    if plan.on_conflict is OnConflict.UPDATE and others:
        act = "UPDATE SET " + ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in others)
        place = "ctid" if system.name == "postgres" else "rowid"
        # one statement may touch a row once, so rows that a later row of the same batch overrides are left out
        source = (
            f"SELECT {names} FROM (SELECT {names}, row_number() OVER (PARTITION BY {keys} ORDER BY {place} DESC) "
            f"AS _penstock_rank FROM {stage.sql} WHERE {whole}) AS ranked WHERE _penstock_rank = 1"
        )
    system.run(f"INSERT INTO {target.sql} ({names}) {source} ON CONFLICT ({keys}) DO {act}")
    # a null is no key, so these rows conflict with nothing; DuckDB would take two of one batch for the same
    system.run(f"INSERT INTO {target.sql} ({names}) SELECT {names} FROM {stage.sql} WHERE NOT ({whole})")


def _ensure_unique(system: SqlSystem, target: Target, plan: WritePlan) -> None:
    if not plan.unique or frozenset(plan.unique) in system.unique_keys(target):
        return
    name = shortened("_".join(["unique", target.schema, target.table, *plan.unique]), system.name_limit)
    keys = ", ".join(quoted(column) for column in plan.unique)
    system.run(f"CREATE UNIQUE INDEX {quoted(name)} ON {target.sql} ({keys})")


def _ensure_schema(system: SqlSystem, target: Target) -> None:
    # asked first, because a user who may write to a schema often may not create one
    if target.schema and not system.has_schema(target):
        system.run(f"CREATE SCHEMA IF NOT EXISTS {Target(target.schema, target.database).sql}")


def _already(doing: str) -> QueryFailedError:
    return QueryFailedError(
        f"{doing}: the table exists and the write policy is fail", hint="Choose append or replace, or another table."
    )
