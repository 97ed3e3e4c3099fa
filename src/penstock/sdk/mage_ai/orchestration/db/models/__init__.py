"""Mage's names for the tables of its database, which Penstock does not have."""
