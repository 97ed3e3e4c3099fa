"""What tests of the server share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.running import Server, start


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A studio over a new project, for the tests of one module."""
    home = tmp_path_factory.mktemp("studio")
    server = start(home / "project", home)
    try:
        yield server
    finally:
        server.stop()
