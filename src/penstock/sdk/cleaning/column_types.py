"""What kind of values each column of a frame holds, judged from its name and its values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from penstock.model.errors import SettingInvalidError
from penstock.sdk.cleaning import patterns
from penstock.sdk.cleaning.vocabulary import ColumnType

if TYPE_CHECKING:
    import re

    import pandas as pd

MAX_CATEGORIES = 255
"""Beyond that many distinct values a category counts as one of high cardinality."""

MAX_ROWS = 100_000
"""A longer column is judged by that many of its rows, taken at equal distances."""

_MAX_WORDS = 40  # of a category's value
_DATE_SHARE = 0.5
_PATTERN_SHARE = 0.3
_TEXT_SHARE = 0.8  # of distinct values, from which a column is text, not a category
_TWO = 2


def infer_column_types(frame: Any, **_options: Any) -> dict[Any, ColumnType]:
    """The kind of each column, in column order.

    Args:
        frame: a data frame, or a sparse matrix, whose columns are then named by their positions.
        _options: accepted and ignored.

    Raises:
        SettingInvalidError: two columns have the same name, or the argument is not a table.
    """
    from penstock.sdk.conversion import convert_matrix_to_dataframe

    table = convert_matrix_to_dataframe(frame)
    if not hasattr(table, "columns") or not hasattr(table, "iloc"):
        raise SettingInvalidError(
            f"telling the column types of a {type(frame).__name__}: it is not a data frame",
            hint="Pass a pandas data frame.",
        )
    if not table.columns.is_unique:
        raise SettingInvalidError(
            "telling the column types of a frame: two of its columns have the same name",
            hint="Rename one of them first.",
        )
    return {name: infer_column_type(table.iloc[:, place], str(name)) for place, name in enumerate(table.columns)}


def infer_column_type(column: pd.Series[Any], name: str) -> ColumnType:
    """The kind of one column under that name."""
    from pandas.api import types

    if len(column) > MAX_ROWS:
        column = column.iloc[:: -(-len(column) // MAX_ROWS)]
    if types.is_bool_dtype(column.dtype):
        return ColumnType.TRUE_OR_FALSE
    if types.is_datetime64_any_dtype(column.dtype):
        return ColumnType.DATETIME
    if types.is_numeric_dtype(column.dtype) and not types.is_complex_dtype(column.dtype):
        return _kind_of_numbers(column, name)
    return _kind_of_objects(column, name)


def _kind_of_numbers(column: pd.Series[Any], name: str) -> ColumnType:
    present = column.dropna()
    if present.empty:
        return ColumnType.TRUE_OR_FALSE if column.nunique(dropna=False) == _TWO else ColumnType.NUMBER_WITH_DECIMALS
    low, high = float(present.min()), float(present.max())
    whole = bool((present % 1 == 0).all())
    if whole and _named(name, patterns.PHONE_WORDS) and low >= 10**9 and high < 10**13:
        return ColumnType.PHONE_NUMBER
    is_integer = column.dtype.kind in "iu"
    if is_integer and _named(name, patterns.POSTCODE_WORDS) and low >= 100 and high < 10**5:  # noqa: PLR2004
        return ColumnType.ZIP_CODE
    if column.nunique(dropna=False) == _TWO:
        return ColumnType.TRUE_OR_FALSE
    return ColumnType.NUMBER if whole else ColumnType.NUMBER_WITH_DECIMALS


def _kind_of_objects(column: pd.Series[Any], name: str) -> ColumnType:
    present = column.dropna()
    if not present.empty and _is_collection(present.iloc[0]):
        return ColumnType.LIST
    texts = present.astype(object).map(str).str.strip()
    texts = texts[texts != ""]
    counts = texts.value_counts()
    if len(counts) <= _TWO:
        return ColumnType.TRUE_OR_FALSE
    shape = _shape([str(text) for text in counts.index], [int(count) for count in counts], name)
    if shape is not None:
        return shape
    if max(len(str(text).split()) for text in counts.index) > _MAX_WORDS or len(counts) >= _TEXT_SHARE * len(texts):
        return ColumnType.TEXT
    return ColumnType.CATEGORY if len(counts) <= MAX_CATEGORIES else ColumnType.CATEGORY_HIGH_CARDINALITY


def _is_collection(value: Any) -> bool:
    return isinstance(value, (list, tuple, set, frozenset)) or type(value).__name__ == "ndarray"


def _shape(texts: Sequence[str], counts: Sequence[int], name: str) -> ColumnType | None:
    """The kind that enough of the values look like; None for plain words. `counts` are the occurrences of each text."""
    total = sum(counts)

    def share(pattern: re.Pattern[str]) -> float:
        return sum(count for text, count in zip(texts, counts, strict=True) if pattern.fullmatch(text)) / total

    looks: tuple[tuple[ColumnType, bool, re.Pattern[str], float], ...] = (
        (ColumnType.DATETIME, True, patterns.DATE, _DATE_SHARE),
        (ColumnType.EMAIL, True, patterns.EMAIL, _PATTERN_SHARE),
        (ColumnType.ZIP_CODE, _named(name, patterns.POSTCODE_WORDS), patterns.POSTCODE, _PATTERN_SHARE),
        (ColumnType.PHONE_NUMBER, _named(name, patterns.PHONE_WORDS), patterns.PHONE, _PATTERN_SHARE),
        (ColumnType.NUMBER, True, patterns.INTEGER, 1.0),
        (ColumnType.NUMBER_WITH_DECIMALS, True, patterns.NUMBER, 1.0),
        (ColumnType.LIST, True, patterns.LIST, _PATTERN_SHARE),
    )
    return next((kind for kind, possible, pattern, least in looks if possible and share(pattern) >= least), None)


def _named(name: str, words: Sequence[str]) -> bool:
    lower = name.lower()
    return any(word in lower for word in words)
