"""The connection of a SQL block: its provider with the keys of its profile."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penstock.config.templates import render
from penstock.connect.profiles import DEFAULT, FILE_NAME
from penstock.languages.job import Job
from penstock.languages.sql.settings import DUCKDB, POSTGRES, SqlSettings
from penstock.sdk.io.config import ConfigFileLoader, ConfigKey
from penstock.sdk.io.sql import BaseSQL
from penstock.sdk.rendering import functions


def client_of(job: Job, settings: SqlSettings) -> BaseSQL | None:
    """The client of the block's profile, not yet connected; None when it is DuckDB in memory.

    Raises:
        ProfileInvalidError: the profile or a key of it is missing.
    """
    config = _loader(job, settings)
    tell = _teller(job)
    if settings.provider == DUCKDB:
        if not config.get(ConfigKey.DUCKDB_DATABASE) and not config.get(ConfigKey.MOTHERDUCK_TOKEN):
            return None
        from penstock.sdk.io.duckdb import DuckDB

        client: BaseSQL = DuckDB.with_config(config, verbose=False)
    else:
        from penstock.sdk.io.postgres import Postgres

        client = Postgres.with_config(config, verbose=False)
    client.tell = tell  # type: ignore[method-assign]
    client.system.hear(tell)
    return client


def same_connection(job: Job, settings: SqlSettings, other: Mapping[str, Any]) -> bool:
    """Whether an upstream SQL block with that configuration works on the same database as this block."""
    from penstock.languages.sql.settings import read_settings

    theirs = read_settings(other, "upstream")
    if theirs.provider != settings.provider:
        return False
    if theirs.profile == settings.profile:
        return True
    if not theirs.profile:
        return False
    return _place(job, settings) == _place(job, theirs)


def _place(job: Job, settings: SqlSettings) -> tuple[Any, ...]:
    config = _loader(job, settings)
    keys = {
        DUCKDB: (ConfigKey.DUCKDB_DATABASE,),
        POSTGRES: (
            ConfigKey.POSTGRES_HOST,
            ConfigKey.POSTGRES_PORT,
            ConfigKey.POSTGRES_DBNAME,
            ConfigKey.POSTGRES_SSH_HOST,
        ),
    }[settings.provider]
    return tuple(str(config.get(key)) for key in keys)


def _loader(job: Job, settings: SqlSettings) -> ConfigFileLoader:
    name = render(settings.profile or DEFAULT, job.variables, functions=functions(), file=job.order.block.uuid)
    return ConfigFileLoader(Path(job.order.project) / FILE_NAME, name)


def _teller(job: Job) -> Any:
    return lambda message: job.log("warning", message)
