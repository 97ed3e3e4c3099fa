"""pyarrow: tables, record batches, arrays.

The schema is kept with its metadata; how a column is cut into pieces is not.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from penstock.data.codecs.base import Codec, Encoded, Scope, Source, TableColumn
from penstock.model.errors import ValueRefusedError
from penstock.model.product import Kind

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

_WIDE = 64
"""Bits of the whole numbers that a float may not hold."""
_EXACT_IN_FLOATS = 2**53

_APPENDED = 64
"""Columns up to which a table is put together one by one."""
_PIECES = 8
"""Pieces of a column on average from which on that is worth it."""


def codec_for(value: Any) -> str | None:
    """Which codec of this module stores the value."""
    import pyarrow as pa

    if isinstance(value, pa.Table):
        return "arrow.table"
    if isinstance(value, pa.RecordBatch):
        return "arrow.batch"
    if isinstance(value, pa.ChunkedArray):
        return "arrow.chunked"
    if isinstance(value, pa.Array):
        return "arrow.array"
    return None


def schema_text(schema: pa.Schema) -> str:
    """A schema as text."""
    return base64.b64encode(schema.serialize().to_pybytes()).decode()


def schema_of(text: str) -> pa.Schema:
    """The schema of such a text."""
    import pyarrow as pa

    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text)))


def storable(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """The column as it can be written: of run-end encoded and other rare types only what the format has.

    Raises:
        ValueRefusedError: the file format has no such type.
    """
    import pyarrow as pa

    if isinstance(column.type, pa.BaseExtensionType):
        chunks = [chunk.storage for chunk in column.chunks]
        return pa.chunked_array(chunks, type=column.type.storage_type)
    if pa.types.is_dictionary(column.type) and column.num_chunks > 1:
        # A file has one dictionary a column.
        return column.unify_dictionaries()
    if pa.types.is_union(column.type):
        raise ValueRefusedError(
            f"storing column {name!r} of the type {column.type}: unions are not supported", hint="Cast the column."
        )
    return column


def without_views(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column with text and bytes in place of views of such, also in a dictionary; few functions know views.

    Run-end encoded ones are written out, for the same reason.
    """
    import pyarrow as pa

    kind = column.type
    if (plain := _instead_of_view(kind)) is not None:
        return column.cast(plain)
    if pa.types.is_run_end_encoded(kind):
        import pyarrow.compute as pc

        return pa.chunked_array([pc.run_end_decode(chunk) for chunk in column.chunks], type=kind.value_type)
    plain = _instead_of_view(kind.value_type) if pa.types.is_dictionary(kind) else None
    if plain is None:
        return column
    words = [
        pa.DictionaryArray.from_arrays(chunk.indices, chunk.dictionary.cast(plain), ordered=kind.ordered)
        for chunk in column.chunks
    ]
    return pa.chunked_array(words, type=pa.dictionary(kind.index_type, plain, ordered=kind.ordered))


def _instead_of_view(kind: pa.DataType) -> pa.DataType | None:
    """What holds the same as a view of text or bytes; None for any other type."""
    import pyarrow as pa

    if getattr(pa.types, "is_string_view", lambda _: False)(kind):
        return pa.large_string()
    return pa.large_binary() if getattr(pa.types, "is_binary_view", lambda _: False)(kind) else None


def encode_table(table: pa.Table, codec: str, **meta: Any) -> Encoded:
    """A table as columns."""
    import pyarrow as pa

    names = [name.encode("utf-8", "backslashreplace").decode() for name in table.schema.names]
    columns = [
        TableColumn(name, str(column.type), storable(column, name))
        for name, column in zip(names, table.columns, strict=True)
    ]
    form = {"schema": schema_text(table.schema), **meta}
    extension = any(isinstance(field.type, pa.BaseExtensionType) for field in table.schema)
    if extension:
        form["extension"] = True
    return Encoded(codec, Kind.TABLE, form, columns=columns, rows=table.num_rows)


def decode_table(source: Source) -> pa.Table:
    """The table of a stored value of this module."""
    schema = schema_of(source.stored.meta["schema"])
    columns = source.columns()
    if not columns:
        return rows_alone(source.stored.rows or 0, schema.metadata)
    return _joined([_typed(column, field.type) for column, field in zip(columns, schema, strict=True)], schema)


def _joined(columns: list[pa.ChunkedArray], schema: pa.Schema) -> pa.Table:
    """The table of these columns; they have the types of the schema, or ones that can be cast to them.

    `Table.from_arrays` checks each piece, which for text means to look into it: of a large table that brings in a page
    of the mapped file for every one, from the disk if need be. To append columns looks at their lengths alone, but
    takes time in the square of their number.
    """
    import pyarrow as pa

    pieces = sum(column.num_chunks for column in columns)
    alike = all(column.type == field.type for column, field in zip(columns, schema, strict=True))
    if not alike or len(columns) > _APPENDED or pieces < _PIECES * len(columns):
        return pa.Table.from_arrays(columns, schema=schema)
    table = rows_alone(len(columns[0]), schema.metadata)
    for field, column in zip(schema, columns, strict=True):
        table = table.append_column(field, column)
    return table


def rows_alone(count: int, metadata: dict[bytes, bytes] | None = None) -> pa.Table:
    """A table of that many rows without columns: only a selection of none keeps their number."""
    import pyarrow as pa

    return pa.table({"rows": pa.nulls(count)}).replace_schema_metadata(metadata).select([])


def _typed(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    import pyarrow as pa

    if not isinstance(kind, pa.BaseExtensionType):
        return column
    return pa.chunked_array([kind.wrap_array(chunk) for chunk in column.chunks], type=kind)


class TableCodec:
    """pyarrow.Table. With `as` = `pandas` in the description it is given back as a pandas frame."""

    def encode(self, value: pa.Table, scope: Scope) -> Encoded:
        """The columns as they are."""
        del scope
        return encode_table(value, "arrow.table")

    def decode(self, source: Source) -> pa.Table | pd.DataFrame:
        """The table over mapped memory."""
        table = decode_table(source)
        return _as_pandas(table, source) if source.stored.meta.get("as") == "pandas" else table


def _as_pandas(table: pa.Table, source: Source) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    kinds = [column.type for column in table.columns]
    plain = [
        at
        for at, (kind, column) in enumerate(zip(kinds, table.columns, strict=True))
        if not column.null_count and (_is_number(kind) or (pa.types.is_timestamp(kind) and kind.tz is None))
    ]
    mapped = source.writable(plain)
    index = pd.RangeIndex(table.num_rows)
    series = {}
    for at, column in enumerate(table.columns):
        values = _mapped_values(mapped.get(at), kinds[at])
        series[at] = pd.Series(values, index=index, copy=False) if values is not None else _converted(column, index)
    frame = pd.DataFrame(series, index=index, copy=False)
    frame.columns = pd.Index(table.column_names)
    return frame


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _mapped_values(mapped: np.ndarray | None, kind: pa.DataType) -> np.ndarray | None:
    import numpy as np

    if mapped is None:
        return None
    values = mapped.view(kind.to_pandas_dtype() if not hasattr(kind, "unit") else f"<M8[{kind.unit}]")
    # NaN that is not NULL would come back as NULL if the column were taken over as it is.
    if values.dtype.kind == "f" and len(values) and np.isnan(values.min()):
        return values.copy()
    return values


def _converted(column: pa.ChunkedArray, index: pd.Index) -> pd.Series:
    if (kept := _beyond_floats(column)) is not None:
        kept.index = index
        return kept
    try:
        series: pd.Series = column.to_pandas()
    except (ValueError, OverflowError):  # a date beyond the year 9999, of which Python has no object
        series = column.to_pandas(date_as_object=False)
    series.index = index
    # What pyarrow hands out over its own memory may not be written to.
    return series if series.dtype.kind == "O" or column.num_chunks > 1 else series.copy()


def _beyond_floats(column: pa.ChunkedArray) -> pd.Series | None:
    """Whole numbers with missing ones among them, where a float, which pandas makes of them, does not hold them all."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if not pa.types.is_integer(kind) or kind.bit_width < _WIDE or not column.null_count:
        return None
    least, most = (pc.min_max(column)[name].as_py() for name in ("min", "max"))
    if least is None or max(-least, most) <= _EXACT_IN_FLOATS:
        return None
    import pandas as pd

    dtype: Any = pd.Int64Dtype() if pa.types.is_signed_integer(kind) else pd.UInt64Dtype()
    return pd.Series(dtype.__from_arrow__(column))


class BatchCodec:
    """pyarrow.RecordBatch."""

    def encode(self, value: pa.RecordBatch, scope: Scope) -> Encoded:
        """The columns in one piece."""
        import pyarrow as pa

        del scope
        encoded = encode_table(pa.Table.from_batches([value]), "arrow.batch")
        encoded.one_batch = True
        return encoded

    def decode(self, source: Source) -> pa.RecordBatch:
        """The batch."""
        import pyarrow as pa

        table = decode_table(source).combine_chunks()
        batches = table.to_batches()
        if batches:
            return batches[0]
        return pa.RecordBatch.from_arrays(
            [pa.array([], type=field.type) for field in table.schema], schema=table.schema
        )


class ArrayCodec:
    """pyarrow.Array and pyarrow.ChunkedArray."""

    def __init__(self, codec: str) -> None:
        self._codec = codec

    def encode(self, value: pa.Array | pa.ChunkedArray, scope: Scope) -> Encoded:
        """A table of one column."""
        import pyarrow as pa

        del scope
        encoded = encode_table(pa.table({"": value}), self._codec)
        encoded.kind = Kind.SERIES
        encoded.one_batch = self._codec == "arrow.array"
        return encoded

    def decode(self, source: Source) -> pa.Array | pa.ChunkedArray:
        """The array; one that was in pieces may be in others."""
        column = decode_table(source).column(0)
        if self._codec == "arrow.chunked":
            return column
        return column.combine_chunks()


CODECS: dict[str, Codec] = {
    "arrow.table": TableCodec(),
    "arrow.batch": BatchCodec(),
    "arrow.chunked": ArrayCodec("arrow.chunked"),
    "arrow.array": ArrayCodec("arrow.array"),
}
