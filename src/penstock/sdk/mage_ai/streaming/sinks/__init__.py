"""Mage's names for destinations of messages."""
