"""Mage's names for triggers."""
