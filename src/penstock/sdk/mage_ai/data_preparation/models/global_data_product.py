"""Mage's name for global data products."""

from penstock.sdk.remote import GlobalDataProduct

__all__ = ["GlobalDataProduct"]
