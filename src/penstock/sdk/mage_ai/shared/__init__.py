"""Mage's names for small conversions."""
