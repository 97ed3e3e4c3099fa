"""DuckDB over stored tables: a connection that reaches nothing but what it is given."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@contextmanager
def connection(*, files: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory.

    Args:
        files: whether statements may read and write files.
    """
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "enable_external_access": files,
        # What does not fit into memory goes aside, by default into a folder .tmp of wherever one stands.
        "temp_directory": str(Path(tempfile.gettempdir()) / f"penstock-{os.getpid()}"),
    }
    with duckdb.connect(":memory:", config=settings) as duck:
        # Looks for variables of Python by the names in a statement otherwise.
        duck.execute("set python_enable_replacements = false")
        yield duck


def for_duck(table: pa.Table) -> pa.Table:
    """The table, with missing durations of seconds and milliseconds over zeros, in microseconds.

    DuckDB multiplies what lies below them, too, and gives up where that is what pandas marks a missing one with. Other
    columns are not copied.
    """
    import pyarrow as pa

    for at, field in enumerate(table.schema):
        if pa.types.is_duration(field.type) and field.type.unit in {"s", "ms"} and table.column(at).null_count:
            with suppress(pa.ArrowInvalid):  # longer than 292,000 years: DuckDB says so
                fine = table.column(at).cast(pa.duration("us"))
                table = table.set_column(at, field.with_type(fine.type), fine)
    return table


def identifier(name: str) -> str:
    """A name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"
