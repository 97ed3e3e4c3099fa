"""Who may start runs from outside, with a clock set by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from penstock.model.errors import RunStateError
from penstock.server.runs.callers import LONGEST_WINDOW, Bucket, Callers, Proof, signature_of
from penstock.server.runs.calls import Calls
from penstock.server.runs.rows import line_of
from penstock.state.rows import TriggerRow
from penstock.state.store import State
from tests.state.conftest import state, state_url

__all__ = ["state", "state_url"]

DAY = 86_400.0
NOW = 20_000 * DAY + 3600
BODY = b'{"pipeline_run": {}}'


class Known:
    def get(self, name: str) -> str | None:
        return {"hook": "the signing secret"}.get(name)


def definition(**webhook: Any) -> Mapping[str, Any]:
    return {"kind": "api", "settings": {"webhook": {"secret": "hook", **webhook}}}


def test_a_signature_counts_once_for_as_long_as_it_is_good(state: State) -> None:
    now = NOW
    with state.write() as connection:
        number = state.triggers.add(
            connection, TriggerRow("p", "signed", definition(tolerance_seconds=10 * LONGEST_WINDOW), active=True)
        )
    callers = Callers(state, Known(), lambda: now)
    calls = Calls(state, lambda row: line_of(row, {}, now), lambda: now)
    # Signed ahead of our clock by as much as can be: it is good for two windows from now on.
    stamp = str(int(NOW + LONGEST_WINDOW))
    proof = Proof(signature=signature_of("the signing secret", stamp, BODY), timestamp=stamp)
    trigger = callers.signed(proof, number, BODY)
    assert trigger is not None
    calls.start(trigger, {}, proof)
    for later in (0, DAY / 2, DAY, 1.5 * DAY, 2 * DAY - 1):
        now = NOW + later
        assert callers.signed(proof, number, BODY) is not None
        with pytest.raises(RunStateError, match="used before"):
            calls.start(trigger, {}, proof)
    now = NOW + 2 * DAY + 1
    assert callers.signed(proof, number, BODY) is None


def test_used_signatures_are_forgotten_however_seldom_calls_come(state: State) -> None:
    now = NOW
    with state.write() as connection:
        number = state.triggers.add(connection, TriggerRow("p", "signed", definition(), active=True))
    callers = Callers(state, Known(), lambda: now)
    calls = Calls(state, lambda row: line_of(row, {}, now), lambda: now)
    for week in range(4):
        now = NOW + 7 * DAY * week
        stamp = str(int(now))
        proof = Proof(signature=signature_of("the signing secret", stamp, BODY), timestamp=stamp)
        trigger = callers.signed(proof, number, BODY)
        assert trigger is not None
        calls.start(trigger, {}, proof)
    with state.write() as connection:
        assert state.settings.drop(connection, "webhook:") == 1


def test_a_bucket_lets_so_many_through_at_once_and_more_with_time() -> None:
    now = 0.0
    bucket = Bucket(rate=1.0, burst=2.0, clock=lambda: now)
    assert [bucket.take("a") for _ in range(3)] == [True, True, False]
    assert bucket.take("b"), "another key has its own"
    now = 1.0
    assert [bucket.take("a") for _ in range(2)] == [True, False]


def test_a_call_of_one_trigger_is_refused_at_another_with_the_same_secret(state: State) -> None:
    with state.write() as connection:
        one, other = (
            state.triggers.add(connection, TriggerRow("p", name, definition(), active=True))
            for name in ("one", "other")
        )
    callers = Callers(state, Known(), lambda: 1000.0)
    calls = Calls(state, lambda row: line_of(row, {}, 1000.0), lambda: 1000.0)
    bound = Proof(signature=signature_of("the signing secret", "1000", BODY, one), timestamp="1000")
    assert callers.signed(bound, other, BODY) is None, "the number is part of what is signed"
    trigger = callers.signed(bound, one, BODY)
    assert trigger is not None
    calls.start(trigger, {}, bound)

    plain = Proof(signature=signature_of("the signing secret", "1000", BODY), timestamp="1000")
    first, second = callers.signed(plain, one, BODY), callers.signed(plain, other, BODY)
    assert first is not None
    assert second is not None
    calls.start(first, {}, plain)
    with pytest.raises(RunStateError, match="used before"):
        calls.start(second, {}, plain)
