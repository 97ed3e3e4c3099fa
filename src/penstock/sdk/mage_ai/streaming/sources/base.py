"""Mage's names for the bases of sources."""

from penstock.sdk.streaming import BaseSource, SourceConsumeMethod

__all__ = ["BaseSource", "SourceConsumeMethod"]
