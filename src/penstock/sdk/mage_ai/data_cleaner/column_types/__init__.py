"""Mage's names for the kinds of values in columns."""
