"""Mage's names for streaming pipelines."""
