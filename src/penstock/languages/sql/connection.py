"""The connection of a SQL block: its provider with the keys of its profile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.config.templates import render
from penstock.connect.profiles import DEFAULT, FILE_NAME
from penstock.languages.job import Job
from penstock.languages.sql.settings import DUCKDB, SqlSettings
from penstock.sdk.io.config import ConfigFileLoader, ConfigKey
from penstock.sdk.io.sql import BaseSQL
from penstock.sdk.rendering import functions

if TYPE_CHECKING:
    from penstock.connect.sql.system import SqlSystem


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


def upstream_system(job: Job, settings: SqlSettings, system: SqlSystem, theirs: SqlSettings) -> SqlSystem | None:
    """Where an upstream SQL block with those settings worked, if that is the database of this block; else None.

    Args:
        job: this block.
        settings: its own settings.
        system: its open connection.
        theirs: the settings of the upstream.

    Returns:
        The system of the upstream's profile, which may have another schema; not connected unless the profile is this
        block's own.

    Raises:
        ProfileInvalidError: the upstream's profile or a key of it is missing.
    """
    if theirs.provider != settings.provider or (theirs.provider == DUCKDB and not theirs.profile):
        return None
    if (theirs.profile or DEFAULT) == (settings.profile or DEFAULT):
        return system if system.same_database(system) else None
    client = client_of(job, theirs)
    return client.system if client is not None and system.same_database(client.system) else None


def _loader(job: Job, settings: SqlSettings) -> ConfigFileLoader:
    name = render(settings.profile or DEFAULT, job.variables, functions=functions(), file=job.order.block.uuid)
    return ConfigFileLoader(Path(job.order.project) / FILE_NAME, name)


def _teller(job: Job) -> Any:
    return lambda message: job.log("warning", message)
