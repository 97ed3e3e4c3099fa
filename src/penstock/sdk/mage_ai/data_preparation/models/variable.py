"""Mage's name for stored variables as objects."""

from penstock.sdk.absent import Absent

__all__ = ["Variable"]

Variable = Absent("Variable", "Use get_variable.")
