"""Short indexes in line: column labels, categories, names. Longer or stranger ones are stored for themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.data.plain import decode_plain, encode_plain
from penstock.model.errors import ValueRefusedError

if TYPE_CHECKING:
    import pandas as pd

_SELF = frozenset("iufbO")


def encode_labels(index: pd.Index) -> Any:
    """The JSON form of an index of one level, None when it has to be stored as a value of its own."""
    import numpy as np
    import pandas as pd

    if type(index) is pd.RangeIndex:
        return {"range": [index.start, index.stop, index.step], "name": encode_name(index.name)}
    if type(index) is not pd.Index:
        return None
    dtype = index.dtype
    if isinstance(dtype, pd.StringDtype):
        na_value = getattr(dtype, "na_value", pd.NA)
        form: Any = {"storage": dtype.storage, "na": "na" if na_value is pd.NA else "nan"}
    elif isinstance(dtype, np.dtype) and dtype.kind in _SELF:
        form = dtype.str
    else:
        return None
    try:
        values = [encode_plain(value) for value in index]
    except ValueRefusedError:
        return None
    return {"values": values, "dtype": form, "name": encode_name(index.name)}


def decode_labels(form: Any) -> pd.Index:
    """The index again."""
    import numpy as np
    import pandas as pd

    name = decode_plain(form["name"])
    if "range" in form:
        start, stop, step = form["range"]
        return pd.RangeIndex(start, stop, step, name=name)
    values = [decode_plain(value) for value in form["values"]]
    dtype: Any = form["dtype"]
    if isinstance(dtype, dict):
        try:
            dtype = pd.StringDtype(dtype["storage"], na_value=pd.NA if dtype["na"] == "na" else float("nan"))
        except TypeError:
            dtype = pd.StringDtype(dtype["storage"])
        found: pd.Index = pd.Index(pd.array(values, dtype=dtype), name=name)
        return found
    array = np.empty(len(values), dtype=np.dtype(dtype))
    for at, value in enumerate(values):
        array[at] = value
    return pd.Index(array, dtype=array.dtype, name=name, copy=False, tupleize_cols=False)


def encode_name(name: Any) -> Any:
    """The JSON form of the name of an index or a series. Raises ValueRefusedError."""
    try:
        return encode_plain(name)
    except ValueRefusedError as error:
        raise ValueRefusedError(f"storing the name of an index: {error}", hint="Give it a plain name.") from error
