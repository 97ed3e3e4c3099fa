"""Opens the state store of a project for a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from penstock.model.errors import StateUnavailableError
from penstock.project import Project

if TYPE_CHECKING:
    from penstock.state.store import State


@contextmanager
def opened_state(project: Project) -> Iterator[State | None]:
    """The state store of a project while the block lasts; None when it has none yet, and none is made.

    It can be read on a full disk, too: what makes room there asks it first.

    Raises:
        StateUnavailableError: the database cannot be reached or read.
    """
    from penstock.state.address import is_there, state_url

    url = state_url(project.data_dir())
    if not is_there(url):
        yield None
        return
    state = store_at(url)
    try:
        yield state
    finally:
        state.close()


def store_at(url: str) -> State:
    """The state store at that address, also where its disk is full and it can but be read; as `open_state`."""
    from penstock.state.failures import lacks_room
    from penstock.state.store import open_state

    try:
        return open_state(url)
    except StateUnavailableError as error:
        if not lacks_room(error):
            raise
        return open_state(url, alone=True)
