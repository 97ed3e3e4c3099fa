"""Mage's name for executing a transformer action."""

from penstock.sdk.cleaning.actions import BaseAction
from penstock.sdk.cleaning.vocabulary import ActionType, Axis, VariableType

__all__ = ["ActionType", "Axis", "BaseAction", "VariableType"]
