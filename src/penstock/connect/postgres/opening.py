"""Opening a connection to PostgreSQL, directly or through an SSH tunnel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.model.errors import ConnectionFailedError, DriverMissingError, ProfileInvalidError

if TYPE_CHECKING:
    import psycopg

DIRECT, SSH_TUNNEL = "direct", "ssh_tunnel"
_PORT = 5432
_SSH_PORT = 22
_CONNECT_SECONDS = 10
_SESSION = "-c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres"


@dataclass(frozen=True, slots=True)
class Settings:
    """How to reach a database. `repr` shows neither password nor key; `options` go to the driver as they are."""

    dbname: str
    user: str
    password: str = field(repr=False)
    host: str
    port: int = _PORT
    schema: str = ""
    method: str = DIRECT
    connect_timeout: int = _CONNECT_SECONDS
    ssh: Mapping[str, Any] = field(default_factory=dict, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def same_database(self, other: Settings) -> bool:
        """Whether a table that one connection made is there for the other."""
        mine, theirs = (self.dbname, self.host, self.port), (other.dbname, other.host, other.port)
        return mine == theirs and self.method == other.method and self.ssh.get("host") == other.ssh.get("host")


def number(value: object, fallback: int, key: str) -> int:
    """A port or a number of seconds that may have been written as text.

    Raises:
        ProfileInvalidError: it is not a whole number.
    """
    if value is None or value == "":
        return fallback
    try:
        return int(str(value))
    except ValueError:
        raise ProfileInvalidError(
            f"reading {key} of the PostgreSQL settings: it is not a whole number", hint=f"Write {key} as a number."
        ) from None


def driver() -> Any:
    """The driver module.

    Raises:
        DriverMissingError: it is not installed.
    """
    try:
        import psycopg
    except ImportError:
        raise DriverMissingError(
            "connecting to PostgreSQL: the package psycopg is not installed", hint="pip install 'penstock[postgres]'"
        ) from None
    return psycopg


class Link:
    """A connection and the tunnel that it runs through, if any."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.connection: psycopg.Connection[Any] | None = None
        self._tunnel: Any = None

    def open(self) -> psycopg.Connection[Any]:
        """Connect, unless connected.

        Raises:
            ConnectionFailedError: naming host, port, database and user, never the password.
        """
        if self.connection is not None and not self.connection.closed:
            return self.connection
        psycopg = driver()
        known = self.settings
        host, port = known.host, known.port
        if known.method == SSH_TUNNEL:
            host, port = self._through_tunnel()
        try:
            self.connection = psycopg.connect(
                **{
                    "dbname": known.dbname,
                    "user": known.user,
                    "password": known.password,
                    "host": host,
                    "port": port,
                    "connect_timeout": known.connect_timeout,
                    "options": _SESSION,
                    "client_encoding": "UTF8",
                    **known.options,
                }
            )
        except psycopg.Error as error:
            self.close()
            raise self._refused(str(error)) from None
        return self.connection

    def close(self) -> None:
        """Disconnect; calling it twice is fine."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None
        if self._tunnel is not None:
            self._tunnel.stop()
            self._tunnel = None

    def _refused(self, text: str) -> ConnectionFailedError:
        known = self.settings
        reason = text.strip().splitlines()[0] if text.strip() else "no reason given"
        if known.password:
            reason = reason.replace(known.password, "***")
        where = f"{known.host}:{known.port}/{known.dbname}"
        return ConnectionFailedError(
            f"connecting to PostgreSQL at {where} as {known.user}: {reason}",
            hint="Check the POSTGRES_ keys of the profile and that the server is reachable from here.",
        )

    def _through_tunnel(self) -> tuple[str, int]:
        known = self.settings
        try:
            import sshtunnel
        except ImportError:
            raise DriverMissingError(
                "connecting to PostgreSQL through SSH: the package sshtunnel is not installed",
                hint="pip install sshtunnel 'paramiko<4'",
            ) from None
        ssh = known.ssh
        if not ssh.get("host"):
            raise ProfileInvalidError(
                "connecting to PostgreSQL through SSH: POSTGRES_SSH_HOST is missing", hint="Add it to the profile."
            )
        key = {"ssh_pkey": ssh["pkey"]} if ssh.get("pkey") else {"ssh_password": ssh.get("password")}
        try:
            self._tunnel = sshtunnel.SSHTunnelForwarder(
                (str(ssh["host"]), number(ssh.get("port"), _SSH_PORT, "POSTGRES_SSH_PORT")),
                ssh_username=ssh.get("username"),
                remote_bind_address=(known.host, known.port),
                local_bind_address=("127.0.0.1", 0),
                **key,
            )
            self._tunnel.start()
        except (sshtunnel.BaseSSHTunnelForwarderError, ValueError, OSError) as error:
            self._tunnel = None
            raise ConnectionFailedError(
                f"opening an SSH tunnel to {ssh['host']} as {ssh.get('username')}: {type(error).__name__}",
                hint="Check the POSTGRES_SSH_ keys of the profile.",
            ) from None
        return "127.0.0.1", int(self._tunnel.local_bind_port)
