"""Triggers in the studio: shown from the state store, changed in the files of the project."""
