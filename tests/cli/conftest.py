from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.running import Server, start


@pytest.fixture
def server(project: Path) -> Iterator[Server]:
    """A server of the project of that test; all that it keeps is beside the project."""
    found = start(project, project.parent)
    try:
        yield found
    finally:
        found.stop()
