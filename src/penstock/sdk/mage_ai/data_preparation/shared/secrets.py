"""Mage's names for secrets."""

from penstock.sdk.secrets import create_secret, delete_secret, get_secret_value

__all__ = ["create_secret", "delete_secret", "get_secret_value"]
