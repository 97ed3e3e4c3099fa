"""The client of SQL databases."""

from penstock.sdk.io.sql import BaseSQL

__all__ = ["BaseSQL"]
