"""A store of each kind, for tests of what is kept in one."""

from tests.state.conftest import state, state_url

__all__ = ["state", "state_url"]
