"""pandas: frames, series and indexes, with their index, labels, attributes and column types as they were.

Columns of fixed width are read back over a private mapping of their file: no copy, and what a block writes into them in
place stays in its process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.data.codecs.base import Codec, Encoded, Scope, Source, TableColumn
from penstock.data.codecs.pandas_arrays import arrow_view, decode_array, encode_array, has_fixed_width
from penstock.data.codecs.pandas_labels import encode_name
from penstock.data.codecs.pandas_rows import decode_axis, decode_index, encode_axis, encode_index
from penstock.data.preview import COLUMNS, ROWS, table_preview
from penstock.model.errors import ValueRefusedError
from penstock.model.product import Kind

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def codec_for(value: Any) -> str | None:
    """Which codec of this module stores the value; None when none does (a subclass is not what it derives from)."""
    import pandas as pd

    if type(value) is pd.DataFrame:
        return "pandas.frame"
    if type(value) is pd.Series:
        return "pandas.series"
    if type(value).__module__.partition(".")[0] != "pandas":
        return None
    if isinstance(value, pd.Index):
        return "pandas.index"
    return "pandas.array" if isinstance(value, pd.api.extensions.ExtensionArray) else None


def column_name(label: Any) -> str:
    """A column's label as text that UTF-8 can hold."""
    return str(label).encode("utf-8", "backslashreplace").decode()


def _extras(value: Any, scope: Scope) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if value.attrs:
        try:
            extras["attrs"] = scope.plain(value.attrs)
        except ValueRefusedError as error:
            raise ValueRefusedError(
                f"storing the attrs of a frame: {error}", hint="Clear them: .attrs = {}."
            ) from error
    if not value.flags.allows_duplicate_labels:
        extras["unique"] = True
    return extras


def _put_extras(value: Any, meta: dict[str, Any], source: Source) -> Any:
    if "attrs" in meta:
        value.attrs = source.plain(meta["attrs"])
    if meta.get("unique"):
        value.flags.allows_duplicate_labels = False
    return value


def _shown(values: pd.Series) -> list[Any]:
    """The first values, None for what is missing."""
    missing = values.isna()
    return [None if gone else value for value, gone in zip(values, missing, strict=True)]


class FrameCodec:
    """pandas.DataFrame."""

    def encode(self, value: pd.DataFrame, scope: Scope) -> Encoded:
        """Columns in order, then those of the index."""
        columns: list[TableColumn] = []
        arrays = []
        for at, label in enumerate(value.columns):
            column, meta = encode_array(value.iloc[:, at].array, column_name(label), scope)
            columns.append(column)
            arrays.append(meta)
        index, index_meta = encode_index(value.index, scope)
        meta = {"arrays": arrays, "index": index_meta, "columns": encode_axis(value.columns, scope)}
        meta.update(_extras(value, scope))
        return Encoded(
            "pandas.frame",
            Kind.TABLE,
            meta,
            columns=columns + index,
            index_columns=len(index),
            rows=len(value),
            one_batch=True,
            preview=table_preview(
                [column.name for column in columns],
                [_shown(value.iloc[:ROWS, at]) for at in range(min(value.shape[1], COLUMNS))],
            ),
        )

    def decode(self, source: Source) -> pd.DataFrame:
        """The frame, each column a block of its own so that changing one copies no other."""
        import pandas as pd

        meta = source.stored.meta
        arrays, index = decode_columns(source)
        columns = decode_axis(meta["columns"], source)
        if arrays:
            series = {at: _series(array, index) for at, array in enumerate(arrays)}
            frame = pd.DataFrame(series, index=index, copy=False)
            frame.columns = columns
        else:
            frame = pd.DataFrame(index=index, columns=columns)
        _put_extras(frame, meta, source)
        return frame


def _series(array: Any, index: pd.Index, name: Any = None) -> pd.Series:
    import pandas as pd

    series: pd.Series = pd.Series(array, index=index, dtype=array.dtype, copy=False, name=name)
    return series


def decode_columns(source: Source) -> tuple[list[Any], pd.Index]:
    """The arrays of the data columns and the index of a stored frame or series."""
    meta = source.stored.meta
    columns = source.columns()
    count = len(meta["arrays"])
    metas = meta["arrays"] + meta["index"].get("arrays", [])
    mapped = source.writable(at for at, form in enumerate(metas) if has_fixed_width(form))
    arrays = [decode_array(columns[at], form, source, mapped.get(at)) for at, form in enumerate(metas)]
    return arrays[:count], decode_index(meta["index"], arrays[count:], source)


class SeriesCodec:
    """pandas.Series."""

    def encode(self, value: pd.Series, scope: Scope) -> Encoded:
        """The values, then the index."""
        column, meta = encode_array(value.array, column_name("" if value.name is None else value.name), scope)
        index, index_meta = encode_index(value.index, scope)
        form = {"arrays": [meta], "index": index_meta, "name": encode_name(value.name), **_extras(value, scope)}
        return Encoded(
            "pandas.series",
            Kind.SERIES,
            form,
            columns=[column, *index],
            index_columns=len(index),
            rows=len(value),
            one_batch=True,
            preview=table_preview([column.name or "value"], [_shown(value.iloc[:ROWS])]),
        )

    def decode(self, source: Source) -> pd.Series:
        """The series."""
        meta = source.stored.meta
        arrays, index = decode_columns(source)
        series = _series(arrays[0], index, source.plain(meta["name"]))
        _put_extras(series, meta, source)
        return series


class IndexCodec:
    """pandas.Index and its kinds."""

    def encode(self, value: pd.Index, scope: Scope) -> Encoded:
        """The index as columns."""
        index, meta = encode_index(value, scope, named=True)
        form = {"arrays": [], "index": meta}
        return Encoded("pandas.index", Kind.SERIES, form, columns=index, rows=len(value), one_batch=True)

    def decode(self, source: Source) -> pd.Index:
        """The index."""
        return decode_columns(source)[1]


class ArrayCodec:
    """Extension arrays of pandas: categoricals, nullable integers and their like."""

    def encode(self, value: Any, scope: Scope) -> Encoded:
        """The array as one column."""
        import pandas as pd

        encoded = SeriesCodec().encode(pd.Series(value, copy=False), scope)
        encoded.codec = "pandas.array"
        return encoded

    def decode(self, source: Source) -> Any:
        """The array."""
        return SeriesCodec().decode(source).array


def table_columns(source: Source) -> list[pa.ChunkedArray]:
    """The data columns as Arrow has them, without those of the index."""
    metas = source.stored.meta["arrays"]
    return [arrow_view(column, meta, source) for column, meta in zip(source.columns(), metas, strict=False)]


CODECS: dict[str, Codec] = {
    "pandas.frame": FrameCodec(),
    "pandas.series": SeriesCodec(),
    "pandas.index": IndexCodec(),
    "pandas.array": ArrayCodec(),
}
