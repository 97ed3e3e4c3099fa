"""Mage's names for its model."""
