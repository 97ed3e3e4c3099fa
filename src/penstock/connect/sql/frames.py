"""Frames of every library to Arrow and back, exactly: what has no faithful column type becomes JSON or is refused."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penstock.data.codecs.object_kinds import same_kind
from penstock.model.errors import ValueRefusedError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_WIDEST = 64
_EXACT = 15
"""Digits that every number of them has in a float."""
_TIMES = (dt.date, dt.time, dt.timedelta)
_NUMPY_TIMES = frozenset(["datetime64", "timedelta64"])

MARK = b"penstock.type"
"""The key of a field's metadata that says what its text is: `json` or `uuid`."""


def marked(field: pa.Field) -> str:
    """What the text of a column is, beyond text; empty when it is just that."""
    return str((field.metadata or {}).get(MARK, b"").decode())


def arrow_of(frame: object, *, index: bool = False) -> pa.Table:
    """A frame as an Arrow table: pandas, polars, Arrow, a Series, or a list of dicts.

    Args:
        frame: the data.
        index: whether a pandas index becomes columns, named as the index is or `index`.

    Raises:
        ValueRefusedError: it is none of these.
    """
    import pyarrow as pa

    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, (pa.RecordBatch, pa.RecordBatchReader)):
        return pa.table(frame)
    kind = type(frame).__module__.partition(".")[0]
    if kind == "pandas":
        return _from_pandas(frame, index=index)
    if kind == "polars":
        return _from_polars(frame)
    if isinstance(frame, Mapping):
        return _from_rows([frame]) if not _columnar(frame) else _from_columns(frame)
    if (
        isinstance(frame, Sequence)
        and not isinstance(frame, (str, bytes))
        and all(isinstance(r, Mapping) for r in frame)
    ):
        return _from_rows(list(frame))
    raise ValueRefusedError(
        f"reading a {type(frame).__name__} as a table: it is not tabular",
        hint="Give a DataFrame, an Arrow table or a list of dicts.",
    )


def _columnar(frame: Mapping[Any, Any]) -> bool:
    sizes = {len(value) if isinstance(value, (list, tuple)) else -1 for value in frame.values()}
    return len(sizes) == 1 and -1 not in sizes


def _from_rows(rows: list[Mapping[Any, Any]]) -> pa.Table:
    names = list(dict.fromkeys(str(key) for row in rows for key in row))
    plain = [{str(key): value for key, value in row.items()} for row in rows]
    return _from_columns({name: [row.get(name) for row in plain] for name in names})


def _from_columns(columns: Mapping[Any, Sequence[Any]]) -> pa.Table:
    pairs = [_column(str(name), values) for name, values in columns.items()]
    return _table(pairs)


def _from_polars(frame: Any) -> pa.Table:
    if hasattr(frame, "collect"):
        frame = frame.collect()
    if not hasattr(frame, "columns"):
        frame = frame.to_frame()
    if any(str(kind) == "Object" for kind in frame.dtypes):
        return _from_columns({name: frame[name].to_list() for name in frame.columns})
    return frame.to_arrow()


def _from_pandas(frame: Any, *, index: bool) -> pa.Table:
    import pandas as pd

    if isinstance(frame, pd.Series):
        frame = frame.to_frame(name="value" if frame.name is None else frame.name)
    if index:
        names = [name if name is not None else "index" for name in frame.index.names]
        if len(names) > 1:
            names = [name if name is not None else f"level_{at}" for at, name in enumerate(frame.index.names)]
        frame = frame.reset_index(names=names)
    return _table([_pandas_column(str(name), frame.iloc[:, at]) for at, name in enumerate(frame.columns)])


def _pandas_column(name: str, series: pd.Series[Any]) -> tuple[pa.Field, Any]:
    import pyarrow as pa

    if series.dtype == object or _of_objects(series.dtype):
        return _column(name, series.tolist())
    try:
        array = pa.Array.from_pandas(series)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        # an extension type that Arrow does not know, such as an interval
        return _column(
            name, [None if missing else str(value) for value, missing in zip(series, series.isna(), strict=True)]
        )
    return pa.field(name, array.type), array


def _of_objects(kind: Any) -> bool:
    """Whether these are categories of Python objects that are not all text."""
    labels = getattr(kind, "categories", None)
    return labels is not None and labels.dtype == object and not all(isinstance(label, str) for label in labels)


def _column(name: str, values: Sequence[Any]) -> tuple[pa.Field, Any]:
    """A column of Python objects in the narrowest type that holds each of them exactly."""
    import pyarrow as pa

    values = [None if _missing(value) else value for value in values]
    kinds = {type(value) for value in values if value is not None}
    names = {kind.__name__ for kind in kinds}
    if names == {"UUID"}:
        return pa.field(name, pa.string(), metadata={MARK: b"uuid"}), pa.array([_text(v) for v in values], pa.string())
    if any(_of_time(kind) for kind in kinds):
        # Arrow would go by the first of them, and cut what that one has not: nanoseconds, a time of day, an offset
        array = same_kind(list(values)) if all(_of_time(kind) for kind in kinds) else None
        if array is not None:
            return pa.field(name, array.type), array
    elif not any(issubclass(kind, dict) for kind in kinds) and not _nested_dicts(values):
        try:
            array = pa.array(values, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, TypeError):
            pass  # among others decimals that are infinite
        else:
            # Arrow takes True for a number when numbers came first
            if not (bool in kinds and len(kinds) > 1) and _whole_moments(array, values):
                return pa.field(name, array.type), array
    if kinds and all(issubclass(kind, (dict, list, tuple, set)) or kind.__name__ == "ndarray" for kind in kinds):
        texts = [None if v is None else json_text(v) for v in values]
        return pa.field(name, pa.string(), metadata={MARK: b"json"}), pa.array(texts, pa.string())
    return pa.field(name, pa.string()), pa.array([_text(v) for v in values], pa.string())


def _of_time(kind: type) -> bool:
    return issubclass(kind, _TIMES) or kind.__name__ in _NUMPY_TIMES


def _whole_moments(array: pa.Array, values: Sequence[Any]) -> bool:
    """Whether moments within lists are all there as they were, with nanoseconds, time of day and offset."""
    import pyarrow as pa

    kind = array.type
    while pa.types.is_list(kind) or pa.types.is_large_list(kind):
        kind = kind.value_type
    if kind == array.type or not pa.types.is_temporal(kind):
        return True
    found = zip(array.to_pylist(), values, strict=True)
    return all(_listed(value) == kept for kept, value in found if isinstance(value, (list, tuple)))


def _listed(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [None if _missing(inner) else _listed(inner) for inner in value]
    return value


def _nested_dicts(values: Sequence[Any]) -> bool:
    return any(isinstance(v, (list, tuple)) and any(isinstance(inner, dict) for inner in v) for v in values)


def _missing(value: object) -> bool:
    """None, NaN, NaT and pandas' NA; never a collection."""
    if value is None:
        return True
    if isinstance(value, float):
        return value != value  # noqa: PLR0124 - only NaN differs from itself
    if type(value).__name__ in _NUMPY_TIMES:
        return bool(value != value)  # noqa: PLR0124 - only NaT differs from itself
    return type(value).__name__ in {"NAType", "NaTType"}


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (dict, list, tuple)):
        return json_text(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def json_text(value: object) -> str:
    """A nested value as JSON; what JSON does not have becomes its text, NaN becomes null."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_json_default)
    except ValueError:
        return json.dumps(_no_nan(value), ensure_ascii=False, default=_json_default)


def _no_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _no_nan(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_no_nan(inner) for inner in value]
    return None if isinstance(value, float) and value - value != 0 else value


def _json_default(value: object) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _table(pairs: list[tuple[pa.Field, Any]]) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_arrays([array for _, array in pairs], schema=pa.schema([field for field, _ in pairs]))


def pandas_of(table: pa.Table, *, coerce_float: bool = True) -> pd.DataFrame:
    """An Arrow table as the pandas frame that `pandas.read_sql` would give.

    Decimals become floats unless `coerce_float` is False; JSON becomes Python values, arrays become lists.
    """
    names = table.column_names
    # pandas is filled by position, because a query may return two columns of one name
    plain = table.rename_columns([str(at) for at in range(len(names))])
    try:
        frame: pd.DataFrame = plain.to_pandas()
    except (ValueError, OverflowError):  # a date beyond the year 9999, of which Python has no object
        frame = plain.to_pandas(date_as_object=False)
    for at, column in expected_columns(table, coerce_float=coerce_float).items():
        frame[str(at)] = column
    frame.columns = pd_index(names)
    return frame


def expected_columns(table: pa.Table, *, coerce_float: bool = True) -> dict[int, pd.Series[Any]]:
    """The columns that Python code expects in another form than the one they are stored in, by position.

    Narrow integers as int64, since they would overflow silently in arithmetic; decimals as float64 (unless
    `coerce_float` is False); JSON as Python values; arrays as lists.
    """
    import pyarrow as pa

    found: dict[int, pd.Series[Any]] = {}
    for at, field in enumerate(table.schema):
        column = table.column(at)
        if pa.types.is_integer(field.type) and field.type.bit_width < _WIDEST:
            found[at] = column.cast(pa.int64()).to_pandas()
        elif coerce_float and pa.types.is_decimal(field.type):
            found[at] = _floats(column).to_pandas()
        elif marked(field) == "json":
            found[at] = _objects([None if value is None else json.loads(value) for value in column.to_pylist()])
        elif pa.types.is_list(field.type) or pa.types.is_large_list(field.type):
            found[at] = _objects(column.to_pylist())
    return found


def _floats(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Decimals as the nearest floats, as Python's `float` has them; Arrow's own cast is off now and then."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if not pa.types.is_decimal128(kind) or kind.precision > _EXACT or not 0 <= kind.scale <= kind.precision:
        return pc.cast(pc.cast(column, pa.string()), pa.float64())
    return pa.chunked_array([_quotients(chunk) for chunk in column.chunks], type=pa.float64())


def _quotients(chunk: pa.Decimal128Array) -> pa.DoubleArray:
    """Short decimals as floats: their digits and the power of ten are both exact, so that one division rounds once."""
    import numpy as np
    import pyarrow as pa

    # 16 bytes each, little-endian; what is this short stands in the first eight.
    words = np.frombuffer(chunk.buffers()[1], dtype="<i8", count=2 * (chunk.offset + len(chunk)))
    values = words[2 * chunk.offset :: 2] / float(10**chunk.type.scale)
    return pa.array(values, mask=chunk.is_null().to_numpy(zero_copy_only=False) if chunk.null_count else None)


def _objects(values: list[Any]) -> Any:
    import pandas as pd

    return pd.Series(values, dtype=object)


def pd_index(names: list[str]) -> Any:
    """Column labels as a pandas index of objects that compare as plain text."""
    import pandas as pd

    return pd.Index(names)
