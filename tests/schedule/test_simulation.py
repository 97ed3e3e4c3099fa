"""Schedulers go through faults drawn from seeds, and keep their promises; `python -m tools.simulate` plays many more."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.simulate import drawn
from tools.simulation.checks import all_runs
from tools.simulation.curses import PLACES, Curses
from tools.simulation.mistakes import MISTAKES, Mistake, look_for
from tools.simulation.pipelines import FAMILY
from tools.simulation.play import Play
from tools.simulation.store import FaultyState, open_store, quick_store

SEEDS = 60
ENOUGH = 120
"""Seeds within which each known mistake is found that is not rare; `--mistakes` looks for all of them."""


@pytest.fixture(scope="module")
def store() -> Iterator[FaultyState]:
    opened = quick_store()
    yield opened
    opened.close()


def steps(store: FaultyState, seed: int) -> list[str]:
    """All that happens in a play, and all that it leaves in the store."""
    told: list[str] = []
    play = Play(store, seed, told.append)
    play.run()
    return [*told, *(str(row) for row in all_runs(play))]


@pytest.mark.parametrize("first", range(0, SEEDS, 20))
def test_every_promise_is_kept_whatever_fails(store: FaultyState, first: int) -> None:
    for seed in range(first, first + 20):
        Play(store, seed).run()


@pytest.mark.parametrize("first", range(2, 2 + 2 * SEEDS, 40))
def test_blocks_that_ask_for_runs_get_each_of_them_once(store: FaultyState, first: int) -> None:
    for seed in range(first, first + 40, 4):
        play = drawn(store, seed)
        assert FAMILY in play.asked_for
        play.run()


@pytest.mark.parametrize("first", range(1, 1 + 16 * 20, 160))
def test_children_of_what_a_block_yields_come_and_go_with_it(store: FaultyState, first: int) -> None:
    yielded = 0
    for seed in range(first, first + 160, 8):
        play = drawn(store, seed)
        play.run()
        yielded += len(play.world.streams.parts)
    assert yielded > 20


@pytest.mark.parametrize(
    "seed",
    [
        14,
        23651,
        210439,
        303197,
        401578,
        401894,
        402206,
        403574,
        1855,
        6057,
        514089,
        535375,
        537294,
        516354,
        677609,
        695643,
        710334,
        716273,
        801450,
        978575,
    ],
)
def test_what_broke_a_promise_once_does_so_no_more(store: FaultyState, seed: int) -> None:
    drawn(store, seed).run()


@pytest.mark.parametrize("times", [2, 1_000_000], ids=["for a while", "each time"])
def test_a_mistake_over_one_run_holds_up_no_other(store: FaultyState, times: int) -> None:
    places: set[str] = set()
    for seed in range(20):
        curses = Curses(0.4, times)
        Play(store, seed, curses=curses).run()
        places |= {curses.place(run) for run in curses.struck}
    assert places >= set(PLACES) - {"lost", "BlockRetrying"}  # these are too rare for so few seeds


def test_the_same_seed_plays_the_same(store: FaultyState) -> None:
    for seed in (14, 15):
        assert steps(store, seed) == steps(store, seed)


def test_it_plays_the_same_on_a_database_on_the_disk(store: FaultyState) -> None:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        on_disk = open_store(Path(folder))
        for seed in range(3, 9):
            assert steps(on_disk, seed) == steps(store, seed)
        on_disk.close()


@pytest.mark.parametrize("mistake", [each for each in MISTAKES if not each.rare], ids=lambda mistake: mistake.what)
def test_a_mistake_in_the_scheduler_is_found(store: FaultyState, mistake: Mistake) -> None:
    assert look_for(mistake, store, range(ENOUGH), enough=1), "the simulation cannot fail for what it is there to find"
