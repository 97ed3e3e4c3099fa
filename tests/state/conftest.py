"""What the tests of the state store share: an empty store on every kind of database that can run here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.state.store import State, open_state
from tests.servers import PostgresServer


def postgres_url(server: PostgresServer, database: str) -> str:
    return f"postgresql://{server.user}:not-a-secret@{server.host}:{server.port}/{database}"


@pytest.fixture(params=["sqlite", "postgres"])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database: each test runs on every kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    server = request.getfixturevalue("postgres_server")
    return postgres_url(server, request.getfixturevalue("postgres_database"))


@pytest.fixture
def state(state_url: str) -> Iterator[State]:
    """An open, empty store on every kind of database."""
    opened = open_state(state_url)
    yield opened
    opened.close()
