"""Mage's names for building transformer actions."""

from penstock.sdk.cleaning.actions import build_transformer_action
from penstock.sdk.cleaning.column_types import infer_column_types
from penstock.sdk.cleaning.naming import clean_column_name
from penstock.sdk.cleaning.vocabulary import ActionType, Axis, ColumnType

__all__ = [
    "ActionType",
    "Axis",
    "ColumnType",
    "build_transformer_action",
    "clean_column_name",
    "infer_column_types",
]
