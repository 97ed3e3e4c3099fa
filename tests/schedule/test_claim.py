from __future__ import annotations

from penstock.schedule.claim import LEASE, Claims, Everything
from penstock.schedule.requests import NewRun, create_run
from penstock.state.store import State

NOW = 1_000_000.0


def claims(state: State, owner: str) -> Claims:
    return Claims(state, owner, Everything(state), dead=lambda _: False)


def test_a_lease_ends_in_time_though_the_clock_was_set_back(state: State) -> None:
    run = create_run(state, NewRun("p", "api"), NOW)
    assert [claim.row.id for claim in claims(state, "one").waiting(NOW, 10)] == [run.id]
    other, back = claims(state, "other"), NOW - 3600
    assert other.lost(back) == []
    assert other.lost(back + LEASE - 1) == []
    assert [claim.row.id for claim in other.lost(back + LEASE + 1)] == [run.id]


def test_who_lives_keeps_its_lease_though_the_clock_was_set_back(state: State) -> None:
    run = create_run(state, NewRun("p", "api"), NOW)
    one, other, back = claims(state, "one"), claims(state, "other"), NOW - 3600
    (claim,) = one.waiting(NOW, 10)
    other.lost(back)
    for second in range(5, 60, 5):
        assert one.renew(back + second, {run.id}) == {run.id: claim.token}
        assert other.lost(back + second) == []
