"""Mage's name for a block of another pipeline."""

from penstock.sdk.remote import RemoteBlock

__all__ = ["RemoteBlock"]
