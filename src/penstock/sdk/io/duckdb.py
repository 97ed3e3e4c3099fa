# ruff: noqa: FBT001, FBT002 - signatures that block code was written for
"""The client of DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from penstock.connect.duckdb.opening import MEMORY, resolved
from penstock.connect.duckdb.system import DuckDBSystem
from penstock.sdk.io.config import BaseConfigLoader, ConfigKey
from penstock.sdk.io.sql import BaseSQL


class DuckDB(BaseSQL):
    """A DuckDB file, `:memory:`, or a MotherDuck database when a token is given."""

    def __init__(
        self,
        database: str = MEMORY,
        motherduck_token: str | None = None,
        schema: str | None = None,
        verbose: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(verbose=verbose)
        del kwargs
        self.database = str(database or MEMORY)
        self.system = DuckDBSystem(self.database, schema=schema or "", token=motherduck_token or "", tell=self.tell)
        self.schema = schema

    @classmethod
    def with_config(cls, config: BaseConfigLoader, **kwargs: Any) -> Self:
        """A client with the DUCKDB_ keys of a profile; a relative path starts from the profile's file."""
        return cls(**{**settings_of(config), **kwargs})

    def default_database(self) -> str:
        """The name that the database has in a query."""
        return MEMORY.strip(":") if self.database == MEMORY else Path(self.database).stem

    def default_schema(self) -> str:
        """The profile's schema, or `main`."""
        return self.schema or "main"


def settings_of(config: BaseConfigLoader) -> dict[str, Any]:
    """The constructor's arguments from the DUCKDB_ keys of a profile."""
    folder = str(Path(config.file).absolute().parent) if config.file else ""
    token = config.get(ConfigKey.MOTHERDUCK_TOKEN)
    database = str(config.get(ConfigKey.DUCKDB_DATABASE) or MEMORY)
    return {
        "database": database if token else resolved(database, folder),
        "motherduck_token": token,
        "schema": config.get(ConfigKey.DUCKDB_SCHEMA),
    }
