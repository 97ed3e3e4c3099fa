# ruff: noqa: S608 - every name in a statement is quoted or written by the block itself
"""SQL on an embedded DuckDB in memory: upstream tables are read where they lie, the result leaves as Arrow."""

from __future__ import annotations

import os
import tempfile
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.connect.duckdb.opening import MEMORY, closed_on_failure, connect
from penstock.connect.duckdb.system import tidied, view_losses
from penstock.connect.sql.names import literal
from penstock.connect.sql.statements import Statement, in_short, last_table
from penstock.data.duck import for_duck
from penstock.languages.job import Input, Job
from penstock.languages.sql.naming import fitted_names
from penstock.languages.sql.places import placed, told_at
from penstock.languages.sql.settings import SqlSettings
from penstock.languages.sql.tables import table_of
from penstock.languages.sql.templating import rendered
from penstock.languages.templating import Reference
from penstock.model.errors import ConnectionFailedError, QueryFailedError, ValueRefusedError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_SHARE = 0.7
_LEAST = 32 << 10
_ahead: list[duckdb.DuckDBPyConnection] = []


def open_ahead() -> None:
    """Open the database of the next `run_embedded` of this process now; where that fails, it fails there."""
    try:
        import duckdb
    except ImportError:
        return
    with suppress(ConnectionFailedError, duckdb.Error):
        connection = _opened()
        with closed_on_failure(connection):
            connection.sql("SELECT 1").fetchall()  # the first query of a process plans and compiles more than its own
        _ahead.append(connection)


def run_embedded(job: Job, settings: SqlSettings) -> pa.Table | None:
    """Run the block's statements; the rows of the last, or of the table that it made, or None.

    Raises:
        TemplateError: the text cannot be rendered.
        QueryFailedError: DuckDB refuses a statement.
        ValueRefusedError: the query reads an upstream that is not tabular.
    """
    names = {f"df_{at}": entry for at, entry in enumerate(job.inputs, start=1)}
    references = {token: Reference(partial(str, token)) for token in names}
    text = job.source if settings.verbatim else rendered(job, references)
    statements = placed(job, text, text)
    if not statements:
        job.log("warning", "The block holds no SQL statement; it has no output.")
        return None
    connection = _ahead.pop() if _ahead else _opened()
    try:
        _bound(connection, job)
        _register(connection, job, statements, names)
        table = _result(connection, job, statements)
    finally:
        _done_with(connection, job)
    if table is not None and settings.limit is not None and table.num_rows > settings.limit:
        job.log("warning", f"limit_in_pipeline_run keeps {settings.limit:,} of {table.num_rows:,} rows.")
        table = table.slice(0, settings.limit)
    return table


def _opened() -> duckdb.DuckDBPyConnection:
    """A database in memory, which puts what does not fit there into a folder of this process."""
    connection = connect(MEMORY)
    with closed_on_failure(connection):
        connection.execute(f"SET temp_directory = {literal(str(_spill_folder()))}")
    return connection


def _bound(connection: duckdb.DuckDBPyConnection, job: Job) -> None:
    """Let DuckDB find files by their path in the project, and spill before it meets the attempt's memory limit."""
    if "," not in job.order.project:  # the setting is a list with commas; a folder's name may hold one
        connection.execute(f"SET file_search_path = {literal(job.order.project)}")
    memory = job.order.limits.memory
    if memory is not None:
        connection.execute(f"SET memory_limit = '{max(int(memory * _SHARE) >> 10, _LEAST)}KiB'")


def _spill_folder() -> Path:
    """Where this process's database puts what does not fit into memory; it is there once there was need of it."""
    return Path(tempfile.gettempdir()) / f"penstock-duckdb-{os.getpid()}"


def _done_with(connection: duckdb.DuckDBPyConnection, job: Job) -> None:
    """Give back what a query has held, which takes as long as storing its rows: where it can be, with the process."""
    if _spill_folder().exists():
        threading.Thread(target=connection.close, name="closing").start()  # a processor is free for it
    else:
        job.held.append(connection)


def _register(
    connection: duckdb.DuckDBPyConnection, job: Job, statements: list[Statement], names: dict[str, Input]
) -> None:
    """Make the upstreams that the statements name visible as views; no other is read."""
    used = frozenset().union(*(statement.names for statement in statements))
    aliases = {entry.block.lower(): entry for entry in job.inputs}
    wanted = {name: entry for name, entry in {**aliases, **names}.items() if name.lower() in used}
    tables: dict[str, pa.Table] = {}
    for name, entry in wanted.items():
        if entry.block not in tables:
            table = table_of(entry, name)
            renamed = fitted_names(table.column_names, statements, folds=True)
            if renamed:
                told = ", ".join(f"{old} as {new}" for old, new in renamed.items())
                job.log("info", f"The query calls columns of {entry.block} otherwise; it reads {told}.")
                table = table.rename_columns([renamed.get(column, column) for column in table.column_names])
            tables[entry.block] = table
        _shown_as(connection, name, tables[entry.block], entry.block)
        for sentence in view_losses(connection, name, tables[entry.block]):
            job.log("warning", sentence)


def _shown_as(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table, block: str) -> None:
    import duckdb

    try:
        connection.register(name, for_duck(table))
    except duckdb.Error as error:  # a decimal of more than 38 digits, and other types that DuckDB has not
        types = ", ".join(f"{field.name} {field.type}" for field in table.schema)[:200]
        raise ValueRefusedError(
            f"reading {name} (block {block}) in a query: DuckDB has no type for one of its columns ({types})",
            hint="Convert the column upstream, to text or to a narrower number.",
        ) from error


def _result(connection: duckdb.DuckDBPyConnection, job: Job, statements: list[Statement]) -> pa.Table | None:
    last = statements[-1]
    for statement in statements[:-1]:
        with told_at(job, statement):
            _run(connection, statement.text)
    with told_at(job, last):
        relation = _run(connection, last.text)
        if last.answers:
            return _arrow(relation, last.text)
    table = last_table(statements)
    if table:
        query = f"SELECT * FROM {table}"
        return _arrow(_run(connection, query), query)
    return None


def _run(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    import duckdb

    try:
        return connection.sql(sql)
    except duckdb.Error as error:
        raise _failed(sql, error) from None


def _arrow(relation: Any, sql: str) -> pa.Table:
    import duckdb

    try:
        return tidied(relation)
    except duckdb.Error as error:
        raise _failed(sql, error) from None


def _failed(sql: str, error: Exception) -> QueryFailedError:
    first = in_short(sql)
    missing = "No files found" in str(error)
    hint = "A path begins at the project's folder, such as 'data/orders.csv'." if missing else "Correct the query."
    return QueryFailedError(f"running {first!r} on the embedded DuckDB: {str(error).strip()}", hint=hint)
