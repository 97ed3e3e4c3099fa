"""What the tests of the scheduler share: an empty store on every kind of database that can run here."""

from __future__ import annotations

from tests.state.conftest import state, state_url

__all__ = ["state", "state_url"]
