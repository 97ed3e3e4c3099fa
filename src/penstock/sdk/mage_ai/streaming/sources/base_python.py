"""Mage's name for the base of a source written in Python."""

from penstock.sdk.streaming import BasePythonSource

__all__ = ["BasePythonSource"]
