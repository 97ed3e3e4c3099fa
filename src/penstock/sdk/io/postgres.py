# ruff: noqa: FBT001, FBT002, PLR0917 - signatures that block code was written for
"""The client of PostgreSQL."""

from __future__ import annotations

from typing import Any, Self

from penstock.connect.postgres.opening import DIRECT, Settings, number
from penstock.connect.postgres.system import PostgresSystem
from penstock.connect.sql.frames import arrow_of
from penstock.model.errors import ProfileInvalidError
from penstock.sdk.io.config import BaseConfigLoader, ConfigKey
from penstock.sdk.io.sql import BaseSQL

_SSL = {"SSL_MODE": "sslmode", "SSL_ROOTCERT": "sslrootcert", "SSL_CERT": "sslcert", "SSL_KEY": "sslkey"}
_SECONDS = 10


class Postgres(BaseSQL):
    """A PostgreSQL database, reached directly or through an SSH tunnel.

    `kwargs` go to the driver (`sslmode`, `application_name`, ...).
    """

    def __init__(
        self,
        dbname: str,
        user: str,
        password: str,
        host: str,
        port: str | int | None = None,
        schema: str | None = None,
        connection_method: str = DIRECT,
        ssh_host: str | None = None,
        ssh_port: str | int | None = None,
        ssh_username: str | None = None,
        ssh_password: str | None = None,
        ssh_pkey: str | None = None,
        verbose: bool = True,
        connect_timeout: int | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(verbose=verbose)
        ssh = {
            "host": ssh_host,
            "port": ssh_port,
            "username": ssh_username,
            "password": ssh_password,
            "pkey": ssh_pkey,
        }
        self.settings = Settings(
            dbname=str(dbname),
            user=str(user),
            password="" if password is None else str(password),
            host=str(host),
            port=number(port, 5432, "POSTGRES_PORT"),
            schema=schema or "",
            method=str(connection_method or DIRECT),
            connect_timeout=number(connect_timeout, _SECONDS, "POSTGRES_CONNECT_TIMEOUT"),
            ssh=ssh,
            options=kwargs,
        )
        self.system = PostgresSystem(self.settings, self.tell)

    @classmethod
    def with_config(cls, config: BaseConfigLoader, **kwargs: Any) -> Self:
        """A client with the POSTGRES_ keys of a profile.

        Raises:
            ProfileInvalidError: the profile lacks the database, the host or the user.
        """
        return cls(**{**settings_of(config), **kwargs})

    def default_database(self) -> str:
        """The database of the connection."""
        return self.settings.dbname

    def default_schema(self) -> str:
        """The profile's schema, or `public`."""
        return self.settings.schema or "public"

    def upload_dataframe(self, cursor: Any, df: Any, full_table_name: str, **_: Any) -> None:
        """Append a frame to a table by COPY; the caller commits."""
        del cursor
        schema, _dot, table = full_table_name.rpartition(".")
        self.system.insert(arrow_of(df), self._target(schema.strip('"'), table.strip('"')))


def settings_of(config: BaseConfigLoader) -> dict[str, Any]:
    """The constructor's arguments from the POSTGRES_ keys of a profile."""
    for key in (ConfigKey.POSTGRES_DBNAME, ConfigKey.POSTGRES_HOST, ConfigKey.POSTGRES_USER):
        if config.get(key) in (None, ""):
            place = getattr(config, "profile", type(config).__name__)
            raise ProfileInvalidError(
                f"connecting to PostgreSQL with profile {place}: {key} is missing or empty",
                hint=f"Add {key} to the profile.",
            )
    names = {
        "dbname": "DBNAME",
        "user": "USER",
        "password": "PASSWORD",
        "host": "HOST",
        "port": "PORT",
        "schema": "SCHEMA",
        "connection_method": "CONNECTION_METHOD",
        "connect_timeout": "CONNECT_TIMEOUT",
        "ssh_host": "SSH_HOST",
        "ssh_port": "SSH_PORT",
        "ssh_username": "SSH_USERNAME",
        "ssh_password": "SSH_PASSWORD",
        "ssh_pkey": "SSH_PKEY",
    }
    found = {argument: config.get(f"POSTGRES_{key}") for argument, key in names.items()}
    found["connection_method"] = found["connection_method"] or DIRECT
    ssl = {option: config.get(f"POSTGRES_{key}") for key, option in _SSL.items()}
    return {**found, **{option: value for option, value in ssl.items() if value}}
