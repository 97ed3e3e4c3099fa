"""Mage's names for blocks of other pipelines."""
