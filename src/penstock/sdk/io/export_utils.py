# ruff: noqa: FBT001, FBT002 - signatures that block code was written for
"""What block code uses to look at a frame before an export: the kinds of its columns, a CREATE TABLE statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from penstock.connect.sql.names import Target, clean_name, quoted

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BadConversionError",
    "PandasTypes",
    "clean_df_for_export",
    "clean_name",
    "gen_table_creation_query",
    "infer_dtypes",
]


class BadConversionError(Exception):
    """A column has no type in the database."""


class PandasTypes(StrEnum):
    """Kinds of columns, as pandas infers them."""

    BOOLEAN = "boolean"
    BYTES = "bytes"
    CATEGORICAL = "categorical"
    COMPLEX = "complex"
    DATE = "date"
    DATETIME = "datetime"
    DATETIME64 = "datetime64"
    DECIMAL = "decimal"
    EMPTY = "empty"
    FLOATING = "floating"
    INTEGER = "integer"
    INT64 = "int64"
    MIXED = "mixed"
    MIXED_INTEGER = "mixed-integer"
    MIXED_INTEGER_FLOAT = "mixed-integer-float"
    OBJECT = "object"
    PERIOD = "period"
    STRING = "string"
    TIME = "time"
    TIMEDELTA = "timedelta"
    TIMEDELTA64 = "timedelta64"
    UNKNOWN_ARRAY = "unknown-array"


def infer_dtypes(df: pd.DataFrame) -> dict[str, str]:
    """Column name -> kind, nulls left aside."""
    from pandas.api.types import infer_dtype

    return {str(name): infer_dtype(df[name], skipna=True) for name in df.columns}


def clean_df_for_export(
    df: pd.DataFrame, column_mapper: Callable[[pd.Series[Any], str], pd.Series[Any]], dtypes: Mapping[str, str]
) -> pd.DataFrame:
    """A copy of the frame with each column put through a function of the column and its kind."""
    return df.assign(**{name: column_mapper(df[name], dtypes[name]) for name in df.columns})


def gen_table_creation_query(
    dtypes: Mapping[str, str],
    schema_name: str | None,
    table_name: str,
    auto_clean_name: bool = True,
    case_sensitive: bool = False,
    unique_constraints: Sequence[str] | None = None,
    overwrite_types: Mapping[str, str] | None = None,
    skip_semicolon_at_end: bool = False,
) -> str:
    """A CREATE TABLE statement with these columns, `dtypes` being column name -> type of the database."""

    def named(name: str) -> str:
        return clean_name(name, case_sensitive=case_sensitive) if auto_clean_name else name

    chosen = {**dtypes, **(overwrite_types or {})}
    parts = [f"{quoted(named(name))} {chosen[name]}" for name in dtypes]
    if unique_constraints:
        parts.append(f"UNIQUE ({', '.join(quoted(named(name)) for name in unique_constraints)})")
    end = "" if skip_semicolon_at_end else ";"
    return f"CREATE TABLE {Target(table_name, schema_name or '').sql} ({', '.join(parts)}){end}"
