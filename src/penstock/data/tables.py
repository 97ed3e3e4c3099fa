"""Any tabular output as one Arrow table, whatever library it came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from penstock.data.codecs.arrow_table import decode_table, rows_alone
from penstock.data.codecs.object_view import readable
from penstock.data.manifest import OutputEntry, Stored
from penstock.data.reading import Reader, ValueSource
from penstock.model.errors import ValueRefusedError

if TYPE_CHECKING:
    import pyarrow as pa

_PANDAS = frozenset(["pandas.frame", "pandas.series", "pandas.array", "geo.frame", "geo.series"])
_ARROW = frozenset(["arrow.table", "arrow.batch", "arrow.array", "arrow.chunked", "polars.frame", "polars.series"])


Objects = Callable[["pa.ChunkedArray"], "pa.ChunkedArray"]


def output_table(reader: Reader, entry: OutputEntry, *, index: bool = False, objects: Objects = readable) -> pa.Table:
    """The table of an output.

    Args:
        reader: of its version.
        entry: the output.
        index: with the columns of a pandas index.
        objects: makes the columns of Python objects from the JSON texts as which they are stored.

    Raises:
        ValueRefusedError: it is no table.
    """
    table = _table(reader, entry.stored, index=index)
    if table is None:
        raise ValueRefusedError(
            f"reading {entry.summary.name} of {reader.manifest.ref} as a table: it is {entry.summary.kind.value}"
            f" ({entry.stored.codec})",
            hint="Return a pandas, polars or Arrow table from that block.",
        )
    for at in object_columns(entry.stored, table):
        table = table.set_column(at, table.field(at).name, objects(table.column(at)))
    return table


def object_columns(stored: Stored, table: pa.Table) -> list[int]:
    """Which columns of an output's table hold Python objects that are stored as JSON texts."""
    first = stored.parts[0] if stored.codec == "parts" else stored
    if first.codec not in _PANDAS:
        return []
    metas = first.meta["arrays"]
    start = table.num_columns - len(metas)  # those of the index are in front
    return [start + at for at, meta in enumerate(metas) if meta["k"] == "obj" and meta["f"] == "json"]


def _table(reader: Reader, stored: Stored, *, index: bool) -> pa.Table | None:
    if stored.codec in _PANDAS:
        return _pandas_table(ValueSource(reader, stored), index=index)
    if stored.codec in _ARROW:
        table = decode_table(ValueSource(reader, stored))
        return table.rename_columns(list(stored.names)) if stored.names else table
    if stored.codec == "parts" and stored.meta["joined"]:
        parts = [_table(reader, part, index=index) for part in stored.parts]
        return joined([part for part in parts if part is not None])
    return None


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables below each other, in the types that hold the values of all of them.

    Decimals of several scales would get more digits than DuckDB has, for what may be none of the values.
    """
    import pyarrow as pa

    table = pa.concat_tables(tables, promote_options="permissive")
    for at, field in enumerate(table.schema):
        parts = [part.schema.field(field.name).type for part in tables if field.name in part.column_names]
        if pa.types.is_decimal256(field.type) and not any(pa.types.is_decimal256(kind) for kind in parts):
            with suppress(pa.ArrowInvalid):
                column = table.column(at).cast(pa.decimal128(38, field.type.scale))
                table = table.set_column(at, field.name, column)
    return table


def _pandas_table(source: ValueSource, *, index: bool) -> pa.Table:
    import pyarrow as pa

    from penstock.data.codecs.pandas_frame import table_columns

    stored = source.stored
    columns = table_columns(source)
    names = list(stored.names[: len(columns)])
    if index:
        rows = _index_columns(source)
        columns = [column for _, column in rows] + columns
        names = [name for name, _ in rows] + names
    if not columns:
        return rows_alone(stored.rows or 0)
    if stored.codec in {"pandas.series", "pandas.array", "geo.series"} and not names[-1]:
        names[-1] = "value"
    return pa.Table.from_arrays(columns, names=names)


def _index_columns(source: ValueSource) -> list[tuple[str, pa.ChunkedArray]]:
    """The levels of the index as columns, of which two may have one name; a plain numbering of the rows is none."""
    import pandas as pd
    import pyarrow as pa

    from penstock.data.codecs.pandas_frame import decode_columns

    found = decode_columns(source)[1]
    if isinstance(found, pd.RangeIndex):
        return []
    columns = []
    for level in range(found.nlevels):
        name = found.names[level]
        values = found.get_level_values(level)
        try:
            data = pa.array(values) if not isinstance(values, pd.PeriodIndex) else None
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
            data = None
        if data is None:
            texts = [
                None if is_missing else str(value) for value, is_missing in zip(values, values.isna(), strict=True)
            ]
            data = pa.array(texts, pa.string())
        columns.append((str(name) if name is not None else f"index_{level}", pa.chunked_array([data])))
    return columns
