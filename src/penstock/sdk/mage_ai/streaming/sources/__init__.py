"""Mage's names for sources of messages."""
