"""Indexes of pandas: as columns, and exactly what they were, down to the step of a range and the frequency of dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.data.codecs.base import Scope, Source, TableColumn
from penstock.data.codecs.pandas_arrays import encode_array
from penstock.data.codecs.pandas_labels import decode_labels, encode_labels, encode_name
from penstock.model.errors import ValueRefusedError

if TYPE_CHECKING:
    import pandas as pd

_SHORT = 1000
Meta = dict[str, Any]


def encode_index(index: pd.Index, scope: Scope, *, named: bool = False) -> tuple[list[TableColumn], Meta]:
    """The columns of an index and its description.

    Args:
        index: any index.
        scope: takes the levels of an index of several.
        named: call the columns by the names of the index, for an index that is a value of its own.

    Raises:
        ValueRefusedError: it would not survive exactly.
    """
    import pandas as pd

    if type(index) is pd.RangeIndex:
        return [], {"labels": encode_labels(index)}
    names = [str(name) if named and name is not None else f"__index_{at}__" for at, name in enumerate(index.names)]
    if isinstance(index, pd.MultiIndex):
        return _encode_levels(index, names, scope)
    column, meta = encode_array(index.array, names[0], scope)
    form = {"arrays": [meta], "name": encode_name(index.name)}
    freq = getattr(index, "freq", None) if isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex) else None
    if freq is not None:
        form["freq"] = _frequency(freq)
    return [column], form


def _frequency(freq: Any) -> str:
    from pandas.tseries.frequencies import to_offset

    text = str(freq.freqstr)
    try:
        same = to_offset(text) == freq
    except ValueError:
        same = False
    if not same:
        raise ValueRefusedError(
            f"storing an index with the frequency {freq!r}: it cannot be written as text", hint="Set index.freq = None."
        )
    return text


def _encode_levels(index: pd.MultiIndex, names: list[str], scope: Scope) -> tuple[list[TableColumn], Meta]:
    import pandas as pd

    columns = []
    arrays = []
    levels = []
    for name, codes, level in zip(names, index.codes, index.levels, strict=True):
        column, meta = encode_array(pd.Index(codes, copy=False).array, name, scope)
        columns.append(column)
        arrays.append(meta)
        levels.append(encode_axis(level.rename(None), scope))
    form = {"arrays": arrays, "levels": levels, "names": [encode_name(name) for name in index.names]}
    return columns, form


def decode_index(meta: Meta, arrays: list[Any], source: Source) -> pd.Index:
    """The index of a description and the arrays of its columns."""
    import numpy as np
    import pandas as pd

    if "labels" in meta:
        return decode_labels(meta["labels"])
    if "levels" in meta:
        levels: Any = [decode_axis(form, source) for form in meta["levels"]]
        names = [source.plain(form) for form in meta["names"]]
        return pd.MultiIndex(levels=levels, codes=arrays, names=names, verify_integrity=False)
    array = arrays[0]
    dtype = array.dtype if isinstance(array, np.ndarray) else None
    index: Any = pd.Index(array, dtype=dtype, name=source.plain(meta["name"]), copy=False, tupleize_cols=False)
    if "freq" in meta:
        index.freq = meta["freq"]
    found: pd.Index = index
    return found


def encode_axis(index: pd.Index, scope: Scope) -> Any:
    """An index that is small as a rule: in line where it can be, else as a part."""
    short = encode_labels(index) if len(index) <= _SHORT else None
    return {"labels": short} if short is not None else {"part": scope.part(index)}


def decode_axis(form: Any, source: Source) -> pd.Index:
    """The index that `encode_axis` took apart."""
    found: pd.Index = decode_labels(form["labels"]) if "labels" in form else source.part(form["part"])
    return found
