"""Mage's names for building pipelines."""
