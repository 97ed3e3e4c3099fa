"""Mage's names for the words of transformer actions."""

from penstock.sdk.cleaning.vocabulary import ActionType, Axis, ColumnType, ImputationStrategy, Operator, VariableType

__all__ = ["ActionType", "Axis", "ColumnType", "ImputationStrategy", "Operator", "VariableType"]
