"""Several schedulers on one store, in a world with a clock of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from penstock.schedule.limit_rules import Rules
from penstock.schedule.recover import MOST_LOST
from penstock.schedule.requests import NewRun, create_run
from tools.simulation.play import Play
from tools.simulation.process import Process
from tools.simulation.store import QuickState, quick_store

ONE_CONNECTION = Rules(takes={"a": {"database": 1}}, capacity={"database": 1})


@pytest.fixture
def store() -> Iterator[QuickState]:
    opened = quick_store()
    yield opened
    opened.close()


def ask(play: Play, process: Process) -> str:
    """Ask for a run in the hearing of one scheduler, which takes it."""
    name = create_run(play.state, NewRun("one", "api"), play.world.clock()).id
    assert process.core is not None
    process.core.hear("runs", name)
    process.core.turn()
    assert name in process.core.runs
    return name


@pytest.mark.parametrize("seed", range(8))
def test_a_block_goes_on_when_another_scheduler_gives_back_what_it_waits_for(store: QuickState, seed: int) -> None:
    play = Play(store, seed)
    play.rules = lambda _: ONE_CONNECTION
    store.wipe()
    first, second = play.begin(), play.begin()
    for process in (first, second):
        process.core.turn()
    ask(play, first)
    ask(play, second)
    assert (len(first.workers.alive), len(second.workers.alive)) == (1, 0)
    play.until(200.0)
    with store.read() as connection:
        assert store.runs.open(connection) == []


def test_a_block_goes_on_when_a_dead_scheduler_had_what_it_waits_for(store: QuickState) -> None:
    play = Play(store, 1)
    play.rules = lambda _: ONE_CONNECTION
    store.wipe()
    first, second, third = play.begin(), play.begin(), play.begin()
    for process in (first, second, third):
        process.core.turn()
    ask(play, first)
    ask(play, second)
    play.crash(first)
    play.until(200.0)
    with store.read() as connection:
        assert store.runs.open(connection) == []
    del third


def test_a_scheduler_that_has_lost_its_lease_takes_nothing_for_its_run(store: QuickState) -> None:
    play = Play(store, 1)
    play.rules = lambda _: ONE_CONNECTION
    store.wipe()
    process = play.begin()
    core = process.core
    assert core is not None
    core.turn()
    name = create_run(play.state, NewRun("one", "api"), play.world.clock()).id
    core.hear("runs", name)
    dispatch = process.loop.dispatch

    def lose_it_first() -> None:
        with store.write() as connection:
            store.runs.change(connection, name, lease_owner=None, lease_until=None, state="cancelled")
        dispatch()

    process.loop.dispatch = lose_it_first
    core.turn()
    assert process.workers.alive == []
    with store.read() as connection:
        assert store.holds.taken(connection) == {}


def test_a_block_that_is_given_up_has_an_end(store: QuickState) -> None:
    play = Play(store, 1)
    play.rules = lambda _: Rules()
    store.wipe()
    name = create_run(play.state, NewRun("chain", "api"), play.world.clock()).id
    for _ in range(MOST_LOST + 2):
        process = play.begin()
        play.elsewhere.clear()
        assert process.core is not None
        process.core.turn()
        if process.workers.alive:
            process.alive = False
            process.workers.crash()
    with store.read() as connection:
        run = store.runs.get(connection, name)
        blocks = store.block_runs.of_run(connection, name)
    assert run is not None
    assert run.state == "failed"
    assert [block.state for block in blocks] == ["failed", "upstream_failed", "upstream_failed"]
    assert all(block.ended_at is not None for block in blocks)
    assert f"{MOST_LOST + 1} times" in run.error


def test_a_scheduler_never_takes_over_what_it_drives_itself(store: QuickState) -> None:
    play = Play(store, 1)
    play.rules = lambda _: Rules()
    store.wipe()
    process = play.begin()
    assert process.core is not None
    process.core.turn()
    ask(play, process)
    play.world.events.clear()  # its worker goes on and on
    process.paused_until = 58.0
    play.world.at(57.0, lambda: setattr(store, "away", True))
    play.world.at(60.0, lambda: setattr(store, "away", False))
    play.until(70.0)
    assert (play.world.launched, len(process.workers.alive)) == (1, 1)
