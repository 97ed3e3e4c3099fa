"""The client of DuckDB."""

from penstock.sdk.io.duckdb import DuckDB

__all__ = ["DuckDB"]
