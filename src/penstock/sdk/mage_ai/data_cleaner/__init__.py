"""Mage's names for cleaning data; the work is done in `penstock.sdk.cleaning`."""
