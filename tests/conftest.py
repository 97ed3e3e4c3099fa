"""What all tests share: the real servers that they run against."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.servers import PostgresServer, postgres

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running PostgreSQL of this test process; starting it takes a second."""
    with postgres() as server:
        yield server


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> str:
    """The name of an empty database of that server."""
    import psycopg

    name = f"test_{next(_NUMBERS)}"
    with psycopg.connect(
        host=postgres_server.host,
        port=postgres_server.port,
        user=postgres_server.user,
        dbname="postgres",
        autocommit=True,
    ) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return name


@pytest.fixture
def postgres_profile(postgres_server: PostgresServer, postgres_database: str) -> Callable[..., dict[str, object]]:
    """Makes the keys of an io_config profile for an empty database."""
    return lambda **more: {**postgres_server.profile(postgres_database), **more}
