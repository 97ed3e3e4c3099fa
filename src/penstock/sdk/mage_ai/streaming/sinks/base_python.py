"""Mage's name for the base of a destination written in Python."""

from penstock.sdk.streaming import BasePythonSink

__all__ = ["BasePythonSink"]
