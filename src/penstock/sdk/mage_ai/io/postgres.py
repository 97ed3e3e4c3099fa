"""The client of PostgreSQL."""

from penstock.sdk.io.postgres import Postgres

__all__ = ["Postgres"]
