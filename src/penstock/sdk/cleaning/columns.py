"""Actions on columns: shift, difference, scale, reformat, mark what does not look right."""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penstock.model.errors import SettingInvalidError
from penstock.sdk.cleaning import patterns
from penstock.sdk.cleaning.currency import currency_to_number
from penstock.sdk.cleaning.vocabulary import ColumnType

if TYPE_CHECKING:
    import pandas as pd

_log = logging.getLogger(__name__)

_SHAPES: dict[ColumnType, re.Pattern[str]] = {
    ColumnType.DATETIME: patterns.DATE,
    ColumnType.EMAIL: patterns.EMAIL,
    ColumnType.PHONE_NUMBER: patterns.PHONE,
    ColumnType.ZIP_CODE: patterns.POSTCODE,
}


def shift(frame: pd.DataFrame, source: Any, target: str, periods: int, groups: Sequence[Any] = ()) -> pd.DataFrame:
    """Add a column with the values of another, moved down by that many rows (up when negative), within the groups."""
    if groups:
        keys = [frame[name] for name in groups]
        frame[target] = frame[source].groupby(keys).shift(periods)
    else:
        frame[target] = frame[source].shift(periods)
    return frame


def difference(frame: pd.DataFrame, source: Any, target: str) -> pd.DataFrame:
    """Add a column with the difference of each row from the one before it."""
    frame[target] = frame[source].diff()
    return frame


def normalize(frame: pd.DataFrame, columns: Sequence[Any]) -> pd.DataFrame:
    """Bring columns of numbers into the range from 0 to 1."""
    for name in columns:
        values = _numbers(frame, name, "normalizing")
        low = values.min()
        frame[name] = (values - low) / (values.max() - low)
    return frame


def standardize(frame: pd.DataFrame, columns: Sequence[Any]) -> pd.DataFrame:
    """Bring columns of numbers to a mean of 0 and a (population) standard deviation of 1."""
    for name in columns:
        values = _numbers(frame, name, "standardizing")
        frame[name] = (values - values.mean()) / values.std(ddof=0)
    return frame


def _numbers(frame: pd.DataFrame, name: Any, doing: str) -> pd.Series[Any]:
    values: pd.Series[Any] = frame[name]
    if values.dtype.kind == "b":
        return values.astype("float64")
    if values.dtype.kind not in "iuf":
        raise SettingInvalidError(
            f"{doing} {name}: the column holds {values.dtype}, not numbers", hint="Leave the column out."
        )
    return values


def reformat(frame: pd.DataFrame, columns: Sequence[Any], options: Mapping[str, Any]) -> pd.DataFrame:
    """Rewrite the values of columns, in the frame itself.

    The option `reformat` is caps_standardization (with `capitalization` lowercase or uppercase), currency_to_num or
    date_format_conversion; anything else leaves the values alone. What cannot be read becomes a missing value, and so
    does a text without characters.
    """
    way = options.get("reformat")
    for name in columns:
        column = frame[name]
        if way == "date_format_conversion":
            frame[name] = _as_times(column)
        elif way in ("caps_standardization", "currency_to_num"):
            if not _holds_texts(column):
                continue
            if way == "currency_to_num":
                frame[name] = column.map(currency_to_number, na_action="ignore").astype("float64")
            else:
                upper = options.get("capitalization") == "uppercase"
                texts = column.mask(column == "", None)
                frame[name] = texts.str.upper() if upper else texts.str.lower()
    return frame


def mark_errors(frame: pd.DataFrame, columns: Sequence[Any], kinds: Mapping[Any, ColumnType]) -> pd.DataFrame:
    """Replace values that do not look like their column's kind: "invalid", and a missing value among times."""
    import pandas as pd

    for name in columns:
        shape = _SHAPES.get(kinds[name])
        if shape is None or not _holds_texts(frame[name]):
            continue
        column = frame[name].astype(object)
        wrong = column.notna() & ~column.map(str).str.strip().map(lambda text, shape=shape: bool(shape.fullmatch(text)))
        column[wrong] = pd.NaT if kinds[name] == ColumnType.DATETIME else "invalid"
        frame[name] = column
    return frame


def _holds_texts(column: pd.Series[Any]) -> bool:
    from pandas.api import types

    texts = types.is_object_dtype(column.dtype) or types.is_string_dtype(column.dtype)
    if texts and all(isinstance(value, str) for value in column.dropna()):
        return True
    _log.warning("column %s was left as it is: the action is for texts", column.name)
    return False


def _as_times(column: pd.Series[Any]) -> pd.Series[Any]:
    """The column as times; each value may be written in its own way. What is not a time becomes a missing value."""
    import pandas as pd
    from pandas.api import types

    if types.is_datetime64_any_dtype(column.dtype):
        return column
    if types.is_numeric_dtype(column.dtype):
        return pd.to_datetime(column, errors="coerce")
    times = column.map(_as_time, na_action="ignore")
    zoned = {getattr(time, "tzinfo", None) is not None for time in times.dropna()}
    return (
        pd.Series(times, dtype=object) if len(zoned) > 1 else pd.to_datetime(times, errors="coerce", utc=True in zoned)
    )


def _as_time(value: Any) -> Any:
    import warnings

    import pandas as pd

    if isinstance(value, (dt.datetime, dt.date)):
        return pd.Timestamp(value)
    with warnings.catch_warnings():
        # The values of a column are each written in their own way on purpose: day first is guessed where it must be.
        warnings.simplefilter("ignore", UserWarning)
        return pd.to_datetime(str(value), errors="coerce")
