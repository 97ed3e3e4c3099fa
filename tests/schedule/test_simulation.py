"""Schedulers go through faults drawn from seeds, and keep their promises; `python -m tools.simulate` plays many more."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.simulation import play as playing
from tools.simulation.play import FaultyState, Play, open_store
from tools.simulation.world import BrokenPromiseError

SEEDS = 10


@pytest.fixture(scope="module")
def store() -> Iterator[FaultyState]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        opened = open_store(Path(folder))
        yield opened
        opened.close()


def play_all(store: FaultyState, seeds: int) -> None:
    for seed in range(seeds):
        Play(store, seed).run()


@pytest.mark.parametrize("first", range(0, SEEDS, 5))
def test_every_promise_is_kept_whatever_fails(store: FaultyState, first: int) -> None:
    for seed in range(first, first + 5):
        Play(store, seed).run()


def test_the_same_seed_plays_the_same(store: FaultyState) -> None:
    played = []
    for _ in range(2):
        play = Play(store, 14)
        play.run()
        played.append((play.world.launched, play.crashes, play.world.now))
    assert played[0] == played[1]


def test_a_run_that_never_ends_is_noticed(store: FaultyState, monkeypatch: pytest.MonkeyPatch) -> None:
    from penstock.schedule.claim import Claims

    monkeypatch.setattr(playing, "PATIENCE", 120.0)
    monkeypatch.setattr(Claims, "lost", lambda self, now: [])
    with pytest.raises(BrokenPromiseError, match="never ended"):
        play_all(store, 12)


def test_a_slot_without_a_run_is_noticed(store: FaultyState, monkeypatch: pytest.MonkeyPatch) -> None:
    from penstock.schedule.tick import Ticked, Ticker

    monkeypatch.setattr(playing, "PATIENCE", 120.0)
    monkeypatch.setattr(Ticker, "fire", lambda self, now: Ticked())
    with pytest.raises(BrokenPromiseError, match="slots without a run"):
        play_all(store, 12)
