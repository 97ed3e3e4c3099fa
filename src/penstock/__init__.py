"""Penstock: data pipelines from plain block files."""
