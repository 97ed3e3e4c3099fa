"""The order of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from penstock.sdk.cleaning.column_types import infer_column_type
from penstock.sdk.cleaning.currency import to_number
from penstock.sdk.cleaning.vocabulary import NUMBER_TYPES

if TYPE_CHECKING:
    import pandas as pd


def sort_rows(frame: pd.DataFrame, names: Sequence[Any], ascending: Sequence[bool]) -> pd.DataFrame:
    """The rows in the order of those columns; equal rows keep their own order, index values go with their rows.

    Numbers that are written as text count as numbers. Missing values come last, but first where they are numbers of
    the first column and that ascends.

    Raises:
        TypeError: the values of a column have no order.
    """
    import numpy as np
    import pandas as pd

    keys = pd.DataFrame({place: _key(frame[name]).to_numpy() for place, name in enumerate(names)})
    places = np.arange(len(keys))
    first = keys[0]
    apart = first.isna().to_numpy() if first.dtype.kind == "f" else np.zeros(len(keys), dtype=bool)
    rest = keys[~apart].sort_values(list(keys.columns), ascending=list(ascending), kind="stable").index.to_numpy()
    parts = (places[apart], rest) if ascending[0] else (rest, places[apart])
    ordered: pd.DataFrame = frame.iloc[np.concatenate(parts)]
    return ordered


def _key(column: pd.Series[Any]) -> pd.Series[Any]:
    """What the column is sorted by: the numbers that its texts state, if they all do, else the values themselves."""
    from pandas.api import types

    if not (types.is_object_dtype(column.dtype) or types.is_string_dtype(column.dtype)):
        return column
    if infer_column_type(column, str(column.name)) not in NUMBER_TYPES:
        return column
    return column.map(to_number, na_action="ignore").astype("float64")
