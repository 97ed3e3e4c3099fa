"""Mage's names for transformer actions."""
