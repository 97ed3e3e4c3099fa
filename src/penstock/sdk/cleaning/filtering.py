"""Filters on rows: `(brand != null and value > 60) or name contains "ab"`.

A clause is a column, an operator and a value or another column; clauses are joined by `and`, `or`, `not` and
parentheses. Names with other characters than letters, digits and underscores are quoted.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

from penstock.model.errors import SettingInvalidError

if TYPE_CHECKING:
    import pandas as pd

_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"[^"]*"|'[^']*'|`[^`]*`)|(?P<mark>==|!=|<=|>=|[<>()])|(?P<word>[^\s()<>=!"'`]+))"""
)
_COMPARE = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_TRUTH = {"true": True, "false": False}


def filter_rows(frame: pd.DataFrame, condition: str) -> pd.DataFrame:
    """The rows that meet the condition, all of them when it is empty; their index values stay.

    Raises:
        SettingInvalidError: the condition does not parse, names no column, or compares what cannot be compared.
    """
    if not condition.strip():
        return frame
    return frame[_Condition(frame, condition).mask()]


class _Condition:
    """A recursive-descent reader of one condition that evaluates while it reads."""

    def __init__(self, frame: pd.DataFrame, text: str) -> None:
        self._frame = frame
        self._text = text
        self._tokens = self._split()
        self._place = 0

    def mask(self) -> pd.Series[bool]:
        """One boolean per row."""
        result = self._either()
        if self._place < len(self._tokens):
            raise self._error(f"{self._tokens[self._place][1]} stands where the condition should end")
        return result

    def _split(self) -> list[tuple[str, str]]:
        """The tokens as (kind, text); the kind is quoted, mark or word."""
        tokens, place, text = [], 0, self._text.rstrip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise self._error(f"cannot read from {text[place:]!r} on")
            kind = str(found.lastgroup)
            value = found.group(kind)
            tokens.append((kind, value[1:-1] if kind == "quoted" else value))
            place = found.end()
        return tokens

    def _either(self) -> pd.Series[bool]:
        result = self._both()
        while self._take("or"):
            result = result | self._both()
        return result

    def _both(self) -> pd.Series[bool]:
        result = self._one()
        while self._take("and"):
            result = result & self._one()
        return result

    def _one(self) -> pd.Series[bool]:
        if self._take("not"):
            return ~self._one()
        if self._take("("):
            result = self._either()
            if not self._take(")"):
                raise self._error("a parenthesis is not closed")
            return result
        return self._clause()

    def _clause(self) -> pd.Series[bool]:
        _, name = self._next("a column")
        if name not in self._frame.columns:
            raise self._error(f"there is no column {name!r}")
        column = self._frame[name]
        negated = self._take("not")
        _, sign = self._next("an operator")
        kind, value = self._next("a value")
        if sign == "contains":
            found = self._contains(column, value)
            return ~found if negated else found
        if sign not in _COMPARE or negated:
            raise self._error(f"{sign!r} is not an operator")
        if kind == "word" and value == "null":
            if sign not in ("==", "!="):
                raise self._error("null can only be compared by == and !=")
            empty = _empty(column)
            return empty if sign == "==" else ~empty
        if kind == "word" and value in self._frame.columns:
            return self._compare(column, sign, self._frame[value])
        return self._compare(column, sign, self._literal(kind, value))

    def _literal(self, kind: str, value: str) -> Any:
        if kind == "quoted":
            return value
        if value.lower() in _TRUTH:
            return _TRUTH[value.lower()]
        if _NUMBER.fullmatch(value):
            return float(value) if "." in value or "e" in value.lower() else int(value)
        raise self._error(f"{value!r} is neither a column nor a value (text needs quotes)")

    def _contains(self, column: pd.Series[Any], value: str) -> pd.Series[bool]:
        """Whether the texts contain what the pattern describes; a missing value contains nothing."""
        if not _holds_texts(column):
            raise self._error(f"contains needs a column of texts, {column.name} holds {column.dtype}")
        try:
            return column.astype(object).str.contains(re.compile(value), na=False).astype(bool)
        except re.error as error:
            raise self._error(f"{value!r} is not a pattern ({error})") from error

    def _compare(self, column: pd.Series[Any], sign: str, other: Any) -> pd.Series[bool]:
        """Compare each value; what is missing differs from everything and stands in no order."""
        import numpy as np
        import pandas as pd
        from pandas.api import types

        try:
            if isinstance(other, str) and types.is_datetime64_any_dtype(column.dtype):
                other = pd.Timestamp(other, tz=getattr(column.dtype, "tz", None))
            present = column.notna().to_numpy()
            if isinstance(other, pd.Series):
                present = present & other.notna().to_numpy()
                other = other[present]
            mask = np.full(len(column), fill_value=sign == "!=")
            mask[present] = _COMPARE[sign](column[present], other).to_numpy(dtype=bool)
        except (TypeError, ValueError) as error:
            raise self._error(f"{column.name} {sign} {other!r} cannot be compared ({error})") from error
        return pd.Series(mask, index=column.index)

    def _take(self, text: str) -> bool:
        """Go past the next token if it is that unquoted word or mark."""
        if self._place < len(self._tokens):
            kind, value = self._tokens[self._place]
            if kind != "quoted" and value == text:
                self._place += 1
                return True
        return False

    def _next(self, expected: str) -> tuple[str, str]:
        if self._place >= len(self._tokens):
            raise self._error(f"it ends where {expected} should stand")
        self._place += 1
        return self._tokens[self._place - 1]

    def _error(self, cause: str) -> SettingInvalidError:
        return SettingInvalidError(
            f"filtering rows by {self._text!r}: {cause}",
            hint='A filter looks like: column1 != null and (column2 <= 5 or column3 contains "text").',
        )


def _empty(column: pd.Series[Any]) -> pd.Series[bool]:
    """Where a value is missing; among texts also where it has no characters."""
    return column.isna() | (column == "") if _holds_texts(column) else column.isna()


def _holds_texts(column: pd.Series[Any]) -> bool:
    from pandas.api import types

    return bool(types.is_object_dtype(column.dtype) or types.is_string_dtype(column.dtype))
