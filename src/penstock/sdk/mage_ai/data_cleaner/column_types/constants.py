"""Mage's names for the kinds of values in columns."""

from penstock.sdk.cleaning.vocabulary import CATEGORICAL_TYPES, NUMBER_TYPES, STRING_TYPES, ColumnType

__all__ = ["CATEGORICAL_TYPES", "NUMBER_TYPES", "STRING_TYPES", "ColumnType"]
