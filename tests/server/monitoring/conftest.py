"""A store on every kind of database."""

from tests.state.conftest import state, state_url

__all__ = ["state", "state_url"]
