from __future__ import annotations

from penstock.schedule.claim import LEASE, Claims, Everything
from penstock.schedule.requests import NewRun, cancel_run, create_run, retry_incomplete
from penstock.state.store import State

NOW = 1_000_000.0


def claims(state: State, owner: str) -> Claims:
    return Claims(state, owner, Everything(state), dead=lambda _: False)


def test_a_lease_ends_in_time_though_the_clock_was_set_back(state: State) -> None:
    run = create_run(state, NewRun("p", "api"), NOW)
    assert [claim.row.id for claim in claims(state, "one").waiting(NOW, 10)] == [run.id]
    other, back = claims(state, "other"), NOW - 3600
    assert other.lost(back, 0.0) == []
    assert other.lost(back + LEASE - 1, 0.0) == []
    assert [claim.row.id for claim in other.lost(back + LEASE + 1, 0.0)] == [run.id]


def test_who_lives_keeps_its_lease_though_the_clock_was_set_back(state: State) -> None:
    run = create_run(state, NewRun("p", "api"), NOW)
    one, other, back = claims(state, "one"), claims(state, "other"), NOW - 3600
    (claim,) = one.waiting(NOW, 10)
    other.lost(back, 0.0)
    for second in range(5, 60, 5):
        assert one.renew(back + second, {run.id}) == {run.id: claim.token}
        assert other.lost(back + second, 0.0) == []


def test_after_a_time_in_which_nobody_could_renew_the_others_are_left_time_to(state: State) -> None:
    run = create_run(state, NewRun("p", "api"), NOW)
    one, other = claims(state, "one"), claims(state, "other")
    (claim,) = one.waiting(NOW, 10)
    back = NOW + 4 * LEASE
    until = other.leave_time(100.0)
    assert other.lost(back, 100.0) == []
    assert one.renew(back + 1, {run.id}) == {run.id: claim.token}
    assert other.lost(back + 2, until + 1) == []
    assert [taken.row.id for taken in other.lost(back + 2 + LEASE, until + LEASE)] == [run.id]


def test_the_run_of_a_dead_process_is_taken_over_at_once_even_then(state: State) -> None:
    run = create_run(state, NewRun("p", "api"), NOW)
    claims(state, "one").waiting(NOW, 10)
    other = Claims(state, "other", Everything(state), dead=lambda _: True)
    other.leave_time(100.0)
    assert [taken.row.id for taken in other.lost(NOW + 1, 100.0)] == [run.id]


def test_what_was_taken_in_a_transaction_that_nobody_confirmed_is_taken_again_at_once(state: State) -> None:
    run, other = create_run(state, NewRun("p", "api"), NOW), create_run(state, NewRun("p", "api"), NOW)
    one = claims(state, "one")
    one.waiting(NOW, 10)
    one.leave_time(100.0)
    # This process drives the other one, and has never heard that it was given this one.
    (taken,) = one.lost(NOW + 0.1, 100.0, {other.id})
    assert (taken.row.id, taken.token, taken.recovered) == (run.id, 2, True)
    assert claims(state, "two").lost(NOW + 0.2, 0.0) == []


def test_what_is_tried_again_begins_at_once_though_the_clock_was_set_back(state: State) -> None:
    begun = create_run(state, NewRun("p", "api"), NOW)
    (claim,) = claims(state, "one").waiting(NOW, 1)
    never_begun = create_run(state, NewRun("p", "api"), NOW)
    later = create_run(state, NewRun("p", "api", due_at=NOW + 60), NOW)
    with state.write() as connection:
        state.runs.release(connection, begun.id, claim.token, state="failed", ended_at=NOW + 1)
    cancel_run(state, never_begun.id, NOW + 1)
    for run in (begun, never_begun):
        retry_incomplete(state, run.id, NOW + 20)
    back, other = NOW - 3600, claims(state, "other")
    other.lost(back, 0.0)
    assert {found.row.id for found in other.waiting(back, 10)} == {begun.id, never_begun.id}
    other.lost(NOW + 60, 0.0)
    assert [found.row.id for found in other.waiting(NOW + 60, 10)] == [later.id]


def test_who_drives_a_run_does_not_take_it_over_from_itself(state: State) -> None:
    """One that stood still, and goes on with the time of then, may shorten the leases of all others."""
    run = create_run(state, NewRun("p", "api"), NOW)
    one, other = claims(state, "one"), claims(state, "other")
    (claim,) = one.waiting(NOW, 10)
    other.lost(NOW - 2 * LEASE, 0.0)
    assert one.lost(NOW, 0.0, {run.id}) == []
    assert one.renew(NOW, {run.id}) == {run.id: claim.token}
    assert other.lost(NOW + LEASE - 1, 0.0) == []
