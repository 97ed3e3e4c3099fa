"""Mage's name for telling what kind of values each column holds."""

from penstock.sdk.cleaning.column_types import infer_column_types
from penstock.sdk.cleaning.vocabulary import NUMBER_TYPES, ColumnType

__all__ = ["NUMBER_TYPES", "ColumnType", "infer_column_types"]
