"""Mage's names for running pipelines."""
