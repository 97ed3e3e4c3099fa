"""Filling in missing values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penstock.model.errors import SettingInvalidError
from penstock.sdk.cleaning.currency import to_number
from penstock.sdk.cleaning.vocabulary import NUMBER_TYPES, ColumnType, ImputationStrategy

if TYPE_CHECKING:
    import pandas as pd


def impute(
    frame: pd.DataFrame, columns: Sequence[Any], options: Mapping[str, Any], kinds: Mapping[Any, ColumnType]
) -> pd.DataFrame:
    """Fill the missing values of those columns, in the frame itself.

    A blank text counts as missing. A column of numbers becomes one of integers when nothing is missing any more and
    its kind says so.

    Args:
        frame: what to fill.
        columns: the columns to fill.
        options: `strategy`; `value` is the constant or the other column; `timeseries_cols` the order of `sequential`.
        kinds: the kind of each of those columns.

    Raises:
        SettingInvalidError: the strategy does not exist, lacks an option, or does not suit a column.
    """
    fill = _filler(frame, options)
    for name in columns:
        kind = kinds[name]
        column = _prepared(frame[name], kind)
        missing = column.isna()
        if missing.any():
            column = fill(column, missing, kind)
        frame[name] = _settled(column, kind)
    return frame


Filler = Callable[["pd.Series[Any]", "pd.Series[bool]", ColumnType], "pd.Series[Any]"]


def _filler(frame: pd.DataFrame, options: Mapping[str, Any]) -> Filler:
    """The function that fills a column by the strategy of the options."""
    strategy, value = options.get("strategy"), options.get("value")
    simple: dict[Any, Filler] = {
        ImputationStrategy.AVERAGE: lambda column, missing, _: _fill_middle(column, missing, "mean"),
        ImputationStrategy.MEDIAN: lambda column, missing, _: _fill_middle(column, missing, "median"),
        ImputationStrategy.MODE: _fill_mode,
        ImputationStrategy.RANDOM: _fill_random,
    }
    if strategy in simple:
        return simple[strategy]
    if strategy == ImputationStrategy.COLUMN:
        source = frame[_existing(frame, value, "value")].copy()
        return lambda column, missing, _: _put(column, missing, source[missing].to_numpy())
    if strategy == ImputationStrategy.SEQ:
        order = _time_order(frame, options)
        return lambda column, _missing, _kind: _fill_forward(column, order)
    if strategy == ImputationStrategy.CONSTANT or value is not None:
        return lambda column, missing, kind: _put(column, missing, _constant(column, kind, value))
    raise SettingInvalidError(
        f"filling in missing values: {strategy!r} is not a strategy and no value is given",
        hint=f"Use one of {', '.join(entry.value for entry in ImputationStrategy)}.",
    )


def _prepared(column: pd.Series[Any], kind: ColumnType) -> pd.Series[Any]:
    """The column with blank texts taken as missing, and numbers that are written as text taken as numbers."""
    from pandas.api import types

    if types.is_numeric_dtype(column.dtype) or types.is_datetime64_any_dtype(column.dtype):
        return column
    blank = column.map(lambda value: isinstance(value, str) and not value.strip()).astype(bool)
    if blank.any():
        column = column.mask(blank, None)
    return _as_numbers(column) if kind in NUMBER_TYPES else column


def _as_numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    """Numbers out of texts; one that states none must not pass for a missing value."""
    numbers = column.map(to_number, na_action="ignore").astype("float64")
    lost = numbers.isna() & column.notna()
    if lost.any():
        raise SettingInvalidError(
            f"filling in {column.name}: the column holds numbers, but {column[lost].iloc[0]!r} is none",
            hint="Mend or remove such values first.",
        )
    return numbers


def _settled(column: pd.Series[Any], kind: ColumnType) -> pd.Series[Any]:
    """The column with the type of values that its kind promises."""
    if kind == ColumnType.NUMBER and not column.isna().any() and column.dtype.kind == "f":
        return column.astype("int64")
    return column


def _put(column: pd.Series[Any], missing: pd.Series[bool], value: Any) -> pd.Series[Any]:
    """The column with that value (or those, one for each missing place) where something is missing."""
    import pandas as pd
    from pandas.api import types

    if pd.api.types.is_scalar(value) and pd.isna(value):
        return column
    numeric = types.is_numeric_dtype(column.dtype) and not isinstance(value, str)
    if numeric:
        value = pd.to_numeric(value, errors="raise")
        column = column.astype("float64") if column.dtype.kind in "iuf" else column
    elif not (types.is_datetime64_any_dtype(column.dtype) and _fits(value, column)):
        column = column.astype(object)
    else:
        column = column.astype("datetime64[ns]") if getattr(column.dtype, "tz", None) is None else column
    filled = column.copy()
    filled[missing] = _repeated(value, int(missing.sum())) if column.dtype == object else value
    return filled


def _fits(value: Any, column: pd.Series[Any]) -> bool:
    """Whether the value is a time that the column of times can hold as it is."""
    import pandas as pd

    if not isinstance(value, pd.Timestamp):
        return hasattr(value, "dtype")
    return (value.tzinfo is None) == (getattr(column.dtype, "tz", None) is None)


def _repeated(value: Any, count: int) -> Any:
    """One value for each place, so that a list is a value and not several."""
    import numpy as np

    if isinstance(value, np.ndarray):
        return value
    array = np.empty(count, dtype=object)
    array[:] = [value] * count if not isinstance(value, list) else [list(value) for _ in range(count)]
    return array


def _constant(column: pd.Series[Any], kind: ColumnType, value: Any) -> Any:
    """The given value, or the one that stands for "missing" in a column of that kind."""
    import pandas as pd
    from pandas.api import types

    if value is None:
        if kind in NUMBER_TYPES:
            return 0
        if kind == ColumnType.LIST:
            return []
        return pd.Timestamp.min if kind == ColumnType.DATETIME else "missing"
    if types.is_datetime64_any_dtype(column.dtype) and isinstance(value, str):
        return pd.Timestamp(value, tz=getattr(column.dtype, "tz", None))
    if kind in NUMBER_TYPES and isinstance(value, str):
        try:
            return float(value)
        except ValueError as error:
            raise SettingInvalidError(
                f"filling in {column.name}: the value {value!r} is not a number", hint="Give a number."
            ) from error
    return value


def _fill_middle(column: pd.Series[Any], missing: pd.Series[bool], function: str) -> pd.Series[Any]:
    """Fill with the mean or the median; a column without any value stays without."""
    if missing.all():
        return column.astype("float64")
    if column.dtype.kind not in "iuf":
        raise SettingInvalidError(
            f"filling in {column.name} by its {function}: the column does not hold numbers",
            hint="Leave the column out, or use the strategy mode or constant.",
        )
    return _put(column, missing, getattr(column, function)())


def _fill_mode(column: pd.Series[Any], missing: pd.Series[bool], kind: ColumnType) -> pd.Series[Any]:
    """Fill with the most frequent value; among equals the smallest."""
    import pandas as pd

    present = column[~missing]
    if present.empty:
        raise _nothing_to_take(column)
    if kind == ColumnType.LIST and not pd.api.types.is_scalar(present.iloc[0]):
        ranks = present.map(repr).value_counts()
        return _put(column, missing, next(value for value in present if repr(value) == ranks.index[0]))
    return _put(column, missing, present.mode().iloc[0]).infer_objects()


def _fill_random(column: pd.Series[Any], missing: pd.Series[bool], _kind: ColumnType) -> pd.Series[Any]:
    """Fill with values drawn from those that are there."""
    present = column[~missing]
    if present.empty:
        raise _nothing_to_take(column)
    return _put(column, missing, present.sample(int(missing.sum()), replace=True).to_numpy())


def _nothing_to_take(column: pd.Series[Any]) -> SettingInvalidError:
    return SettingInvalidError(
        f"filling in {column.name}: all of its values are missing, so there is none to take",
        hint="Use the strategy constant, or leave the column out.",
    )


def _fill_forward(column: pd.Series[Any], order: Any) -> pd.Series[Any]:
    """Fill with the value before it in the order of those places; rows stay where they are."""
    filled = column.copy()
    filled.iloc[order] = column.iloc[order].ffill().to_numpy()
    return filled


def _time_order(frame: pd.DataFrame, options: Mapping[str, Any]) -> Any:
    """The places of the rows in the order of the columns that `timeseries_cols` names, else as they stand."""
    names = options.get("timeseries_cols") or []
    names = [_existing(frame, name, "timeseries_cols") for name in ([names] if isinstance(names, str) else names)]
    plain = frame.reset_index(drop=True)
    return (plain.sort_values(names, kind="stable") if names else plain).index.to_numpy()


def _existing(frame: pd.DataFrame, name: Any, option: str) -> Any:
    if name is None or name not in frame.columns:
        raise SettingInvalidError(
            f"filling in missing values: the option {option} is {name!r}, which is not a column",
            hint=f"Name a column in {option}.",
        )
    return name
