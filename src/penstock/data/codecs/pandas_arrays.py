"""The arrays that pandas frames, series and indexes are made of: each kind as one Arrow column and back.

`k` in the description of an array says which kind it is: `np` numpy values, `obj` objects, `cat` categories, `tz`
times with a zone, `period`, `interval`, `string`, `masked`, `arrow`, `geometry`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from penstock.data.codecs.base import Scope, Source, TableColumn
from penstock.data.codecs.fixed import arrow_type, as_array, meta_of, missing_of, native, to_arrow
from penstock.data.codecs.pandas_labels import decode_labels, encode_labels
from penstock.data.codecs.pandas_objects import decode_objects, encode_objects
from penstock.data.zones import decode_zone, encode_zone
from penstock.model.errors import ValueRefusedError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

_SMALL = 1000
_MASKED = frozenset(
    [f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)] + ["Float32", "Float64", "boolean"]
)
Meta = dict[str, Any]


def encode_array(array: Any, name: str, scope: Scope, *, reuse: bool = True) -> tuple[TableColumn, Meta]:
    """The column of a pandas array.

    Args:
        array: what `Series.array` or `Index.array` gives.
        name: the name under which the column is stored and shown.
        scope: takes the parts that have to be stored for themselves.
        reuse: whether the column may be a reference to a stored one.

    Raises:
        ValueRefusedError: the array would not survive exactly.
    """
    import numpy as np
    import pandas as pd

    if isinstance(array, pd.arrays.NumpyExtensionArray) and not isinstance(array.dtype, pd.StringDtype):
        array = array.to_numpy()
    dtype = array.dtype
    if isinstance(dtype, np.dtype):
        values = np.asarray(array)
        if dtype.kind == "O":
            try:
                data, meta = encode_objects(values)
            except ValueRefusedError as error:
                what = error.message.removeprefix("storing ")
                raise ValueRefusedError(f"storing column {name!r}: {what}", hint=error.hint) from error
            return TableColumn(name, "object", data, comparable=meta["f"] not in {"json", "array"}), meta
        return _fixed(values, name, scope if reuse else None), meta_of(dtype)
    for kind, encode in _ENCODERS:
        if isinstance(dtype, getattr(pd, kind)):
            return encode(array, name, scope, reuse)
    return _other(array, name)


def _fixed(values: np.ndarray, name: str, scope: Scope | None, *, codes: bool = False, told: str = "") -> TableColumn:
    kind = arrow_type(values.dtype)
    plain = native(values)
    missing = cache(partial(missing_of, plain, minus_one=codes))
    same = scope.unchanged(plain, kind, name, missing) if scope is not None else None
    data = to_arrow(plain, kind, missing()) if same is None else None
    return TableColumn(name, told or str(values.dtype), data, same)


def _other(array: Any, name: str) -> tuple[TableColumn, Meta]:
    import pyarrow as pa

    dtype = array.dtype
    if dtype.name == "geometry":
        from penstock.data.codecs.geometry_array import encode_geometry

        data, meta = encode_geometry(array)
        return TableColumn(name, "geometry", data, comparable=False), meta
    if dtype.name in _MASKED:
        return TableColumn(name, str(dtype), pa.array(array)), {"k": "masked", "d": dtype.name}
    hint = "Make it dense first: .sparse.to_dense()." if "Sparse" in str(dtype) else "Convert it with .astype(...)."
    raise ValueRefusedError(f"storing column {name!r} of the type {dtype}: no exact form for it is known", hint=hint)


def _encode_string(array: Any, name: str, scope: Scope, reuse: bool) -> tuple[TableColumn, Meta]:  # noqa: FBT001
    import pandas as pd
    import pyarrow as pa

    del scope, reuse
    dtype = array.dtype
    na_value = getattr(dtype, "na_value", pd.NA)
    meta = {"k": "string", "s": dtype.storage, "na": "na" if na_value is pd.NA else "nan"}
    told = "str" if meta["na"] == "nan" else "string"
    try:
        data = pa.array(array) if dtype.storage != "python" else pa.array(array, type=pa.large_string())
    except UnicodeEncodeError:
        data, inner = encode_objects(array.to_numpy(dtype=object))
        meta["o"] = inner
    return TableColumn(name, told, data), meta


def _decode_string(column: pa.ChunkedArray, meta: Meta) -> Any:
    import pandas as pd

    try:
        dtype: Any = pd.StringDtype(meta["s"], na_value=pd.NA if meta["na"] == "na" else float("nan"))
    except TypeError:
        dtype = pd.StringDtype(meta["s"])
    if "o" in meta:
        return pd.array(decode_objects(column, meta["o"]), dtype=dtype)
    return dtype.__from_arrow__(column)


def _encode_arrow(array: Any, name: str, scope: Scope, reuse: bool) -> tuple[TableColumn, Meta]:  # noqa: FBT001
    import pyarrow as pa

    del scope, reuse
    data = pa.chunked_array(array.__arrow_array__())
    schema = pa.schema([pa.field("", array.dtype.pyarrow_dtype)]).serialize().to_pybytes()
    return TableColumn(name, str(array.dtype), data), {"k": "arrow", "t": base64.b64encode(schema).decode()}


def _decode_arrow(column: pa.ChunkedArray, meta: Meta) -> Any:
    import pandas as pd
    import pyarrow as pa

    kind = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(meta["t"]))).field(0).type
    dtype: Any = pd.ArrowDtype(kind)
    return dtype.__from_arrow__(column)


def _encode_zoned(array: Any, name: str, scope: Scope, reuse: bool) -> tuple[TableColumn, Meta]:  # noqa: FBT001
    meta = {"k": "tz", "u": array.dtype.unit, "z": encode_zone(array.dtype.tz, f"column {name!r}")}
    values = array.view("i8").view(f"M8[{array.dtype.unit}]")
    column = _fixed(values, name, scope if reuse else None, told=str(array.dtype))
    return column, meta


def _decode_zoned(column: pa.ChunkedArray, mapped: np.ndarray | None, meta: Meta) -> Any:
    import pandas as pd

    values = as_array(column, mapped, f"<M8[{meta['u']}]")
    index = pd.DatetimeIndex(values, copy=False)
    return index.tz_localize("UTC").tz_convert(decode_zone(meta["z"])).array


def _encode_period(array: Any, name: str, scope: Scope, reuse: bool) -> tuple[TableColumn, Meta]:  # noqa: FBT001
    import numpy as np

    column = _fixed(array.asi8.view(np.int64), name, scope if reuse else None, told=str(array.dtype))
    return column, {"k": "period", "f": array.dtype.name.removeprefix("period[").removesuffix("]")}


def _decode_period(column: pa.ChunkedArray, mapped: np.ndarray | None, meta: Meta) -> Any:
    import pandas as pd

    return pd.arrays.PeriodArray(as_array(column, mapped, "<i8"), dtype=pd.PeriodDtype(meta["f"]))


def _encode_interval(array: Any, name: str, scope: Scope, reuse: bool) -> tuple[TableColumn, Meta]:  # noqa: FBT001
    import pyarrow as pa

    del reuse
    left, left_meta = encode_array(array.left.array, name, scope, reuse=False)
    right, right_meta = encode_array(array.right.array, name, scope, reuse=False)
    fields = [_single(side.data) for side in (left, right)]
    data = pa.StructArray.from_arrays(fields, names=["left", "right"])
    meta = {"k": "interval", "l": left_meta, "r": right_meta, "c": array.closed}
    return TableColumn(name, str(array.dtype), data), meta


def _single(data: Any) -> pa.Array:
    import pyarrow as pa

    if isinstance(data, pa.ChunkedArray):
        data = data.combine_chunks()
    return pa.concat_arrays(data.chunks) if isinstance(data, pa.ChunkedArray) else data


def _decode_interval(column: pa.ChunkedArray, meta: Meta, source: Source) -> Any:
    import pandas as pd
    import pyarrow as pa

    sides = []
    for at, key in ((0, "l"), (1, "r")):
        chunks = [chunk.field(at) for chunk in column.chunks]
        side = pa.chunked_array(chunks, type=column.type.field(at).type)
        sides.append(decode_array(side, meta[key], source, None))
    return pd.arrays.IntervalArray.from_arrays(pd.Index(sides[0]), pd.Index(sides[1]), closed=meta["c"])


def _encode_category(array: Any, name: str, scope: Scope, reuse: bool) -> tuple[TableColumn, Meta]:  # noqa: FBT001
    categories = array.categories
    short = encode_labels(categories) if len(categories) <= _SMALL else None
    meta = {"k": "cat", "o": bool(array.ordered), **({"p": scope.part(categories)} if short is None else {"c": short})}
    column = _fixed(array.codes, name, scope if reuse else None, codes=True, told="category")
    column.comparable = False
    meta["d"] = array.codes.dtype.str
    return column, meta


def _decode_category(column: pa.ChunkedArray, mapped: np.ndarray | None, meta: Meta, source: Source) -> Any:
    import pandas as pd

    codes = as_array(column, mapped, meta["d"])
    return pd.Categorical.from_codes(
        codes, dtype=pd.CategoricalDtype(categories_of(meta, source), meta["o"]), validate=False
    )


def categories_of(meta: Meta, source: Source) -> pd.Index:
    """The categories of an array of kind `cat`."""
    found: pd.Index = decode_labels(meta["c"]) if "c" in meta else source.part(meta["p"])
    return found


_Encoder = Callable[[Any, str, Scope, bool], tuple[TableColumn, Meta]]
_ENCODERS: list[tuple[str, _Encoder]] = [
    ("StringDtype", _encode_string),
    ("ArrowDtype", _encode_arrow),
    ("DatetimeTZDtype", _encode_zoned),
    ("CategoricalDtype", _encode_category),
    ("PeriodDtype", _encode_period),
    ("IntervalDtype", _encode_interval),
]


def has_fixed_width(meta: Meta) -> bool:
    """Whether `decode_array` can make use of the values over a private mapping."""
    return meta["k"] in {"np", "tz", "period", "cat"}


def decode_array(column: pa.ChunkedArray, meta: Meta, source: Source, mapped: np.ndarray | None) -> Any:
    """The array of a column: of numpy, or one of pandas' own.

    Args:
        column: its Arrow data.
        meta: its description.
        source: has the parts that were stored for themselves.
        mapped: its values over a private mapping, where there is one.
    """
    return _DECODERS[meta["k"]](column, mapped, meta, source)


_Decoder = Callable[[Any, Any, Meta, Source], Any]
_DECODERS: dict[str, _Decoder] = {
    "np": lambda column, mapped, meta, _: as_array(column, mapped, meta["d"]),
    "obj": lambda column, _, meta, __: decode_objects(column, meta),
    "tz": lambda column, mapped, meta, _: _decode_zoned(column, mapped, meta),
    "period": lambda column, mapped, meta, _: _decode_period(column, mapped, meta),
    "cat": _decode_category,
    "string": lambda column, _, meta, __: _decode_string(column, meta),
    "arrow": lambda column, _, meta, __: _decode_arrow(column, meta),
    "masked": lambda column, _, meta, __: _decode_masked(column, meta),
    "interval": lambda column, _, meta, source: _decode_interval(column, meta, source),
    "geometry": lambda column, _, meta, __: _decode_geometry(column, meta),
}


def _decode_masked(column: pa.ChunkedArray, meta: Meta) -> Any:
    import pandas as pd

    dtype: Any = pd.api.types.pandas_dtype(meta["d"])
    return dtype.__from_arrow__(column)


def _decode_geometry(column: pa.ChunkedArray, meta: Meta) -> Any:
    from penstock.data.codecs.geometry_array import decode_geometry

    return decode_geometry(column, meta)


def arrow_view(column: pa.ChunkedArray, meta: Meta, source: Source) -> pa.ChunkedArray:
    """The column as a reader of SQL expects it: booleans, categories and zones as Arrow has them, the rest readable.

    Columns of objects that are stored as JSON are left so.
    """
    import numpy as np
    import pyarrow as pa

    kind = meta["k"]
    if kind == "np" and np.dtype(meta["d"]).kind == "b":
        return column.cast(pa.bool_())
    if kind == "period":
        periods = _decode_period(column, None, meta)
        texts = [None if missing else str(period) for period, missing in zip(periods, periods.isna(), strict=True)]
        return pa.chunked_array([pa.array(texts, type=pa.large_string())])
    if kind == "tz":
        kind_of = pa.timestamp(meta["u"], zone_name(meta["z"]))
        return pa.chunked_array([chunk.view(kind_of) for chunk in column.chunks], type=kind_of)
    if kind == "cat":
        values = _category_values(categories_of(meta, source))
        chunks = [pa.DictionaryArray.from_arrays(chunk, values, ordered=False) for chunk in column.chunks]
        return pa.chunked_array(chunks, type=pa.dictionary(column.type, values.type))
    return column


def _category_values(categories: pd.Index) -> pa.Array:
    import pyarrow as pa

    try:
        values = _single(pa.array(categories))
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        values = None
    if values is None or pa.types.is_nested(values.type) or isinstance(values.type, pa.BaseExtensionType):
        # of intervals and periods, say; DuckDB reads no dictionary of such
        values = pa.array([str(category) for category in categories], type=pa.large_string())
    return values


def zone_name(form: Any) -> str:
    """The time zone as Arrow names it."""
    if form == "utc":
        return "UTC"
    if "zoneinfo" in form or "pytz" in form:
        return str(form.get("zoneinfo") or form.get("pytz"))
    minutes = round(form["offset"] / 60_000_000) if "offset" in form else int(form["pytz_minutes"])
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
