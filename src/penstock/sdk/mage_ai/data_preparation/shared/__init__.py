"""Mage's names for what all blocks share."""
