"""Mage's name for the base of a destination."""

from penstock.sdk.streaming import BaseSink

__all__ = ["BaseSink"]
