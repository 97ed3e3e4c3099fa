"""Says over which one of many a mistake of ours came, so that the others need not suffer from it; light to import."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from penstock.model.errors import StateUnavailableError


class StumbleError(Exception):
    """A mistake of ours while something was done for one of many, such as a run; its cause is what was raised."""

    def __init__(self, blamed: str) -> None:
        super().__init__(f"while something was done for {blamed}")
        self.blamed = blamed


@contextmanager
def blaming(one: str) -> Iterator[None]:
    """Blame what is raised inside on that one, unless it says that the database is away or damaged."""
    try:
        yield
    except Exception as error:
        if isinstance(error, StumbleError) or _of_the_database(error):
            raise
        raise StumbleError(one) from error


def stumble_of(error: BaseException, one: str) -> StumbleError | None:
    """What `blaming` that one makes of an error; None for one that goes through. Without a name, nobody is blamed."""
    if isinstance(error, StumbleError):
        return error
    if not one or not isinstance(error, Exception) or _of_the_database(error):
        return None
    stumble = StumbleError(one)
    stumble.__cause__ = error
    return stumble


def _of_the_database(error: Exception) -> bool:
    """Whether the database itself is the cause, and not what it was asked for."""
    from penstock.state.failures import is_trouble

    return isinstance(error, StateUnavailableError) or is_trouble(error)
