"""Mage's names for settings."""
