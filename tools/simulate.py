"""Plays schedulers through faults drawn from seeds: `python -m tools.simulate --seeds 1000 --jobs 2`.

Some seeds are of a kind of their own: of sixteen, four have blocks that ask for runs, four a scheduler that makes
mistakes, and four (two of these among them) dynamic blocks that yield, whose children begin meanwhile; see `drawn`.

A seed that breaks a promise is printed. `--seed <it>` plays it again, and tells each step. `--mistakes` puts known
mistakes into the scheduler, one after the other, and says after how many seeds each is found.
"""

from __future__ import annotations

import gc
import multiprocessing
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import click

from tools.simulation.curses import Curses
from tools.simulation.mistakes import MISTAKES, Mistake, look_for
from tools.simulation.play import Play
from tools.simulation.store import FaultyState, QuickState, quick_store
from tools.simulation.world import BrokenPromiseError

CHUNK = 50
CURSED, FAMILIES = 3, 2
STREAMS = frozenset({1, 9, 11, 15})
"""Of every sixteen seeds those in which blocks yield parts; two of them are cursed besides."""
SAID_EVERY = 60.0


@dataclass(slots=True)
class Tally:
    """What some seeds have come to."""

    seeds: int = 0
    crashes: int = 0
    attempts: int = 0
    deaths: Counter[str] = field(default_factory=Counter)
    broken: dict[int, str] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """And those."""
        self.seeds += other.seeds
        self.crashes += other.crashes
        self.attempts += other.attempts
        self.deaths.update(other.deaths)
        self.broken.update(other.broken)


_stores: list[QuickState] = []


def drawn(state: FaultyState, seed: int, say: Callable[[str], None] | None = None) -> Play:
    """The play of a seed.

    In every fourth the scheduler makes mistakes of its own over some runs, for a while or ever; in every fourth there are
    blocks that ask for runs, and wait for them; in as many there are blocks that yield.
    """
    times = 2 if seed % 8 == CURSED else 1_000_000
    curses = Curses(0.3, times) if seed % 4 == CURSED else None
    return Play(state, seed, say, curses, families=seed % 4 == FAMILIES, streams=seed % 16 in STREAMS)


def played(first: int, count: int) -> Tally:
    """Play so many seeds from the first one on."""
    if not _stores:
        gc.freeze()
        gc.set_threshold(100_000)
        _stores.append(quick_store())
    tally = Tally()
    for seed in range(first, first + count):
        play = drawn(_stores[0], seed)
        try:
            play.run()
        except (Exception, BrokenPromiseError):  # noqa: BLE001 - whatever it is, this seed has found it
            tally.broken[seed] = traceback.format_exc()
            _stores[:] = [quick_store()]
        tally.seeds += 1
        tally.crashes += play.crashes
        tally.attempts += play.world.launched
        tally.deaths.update(play.deaths)
    return tally


def in_chunks(first: int, seeds: int, jobs: int) -> Iterator[Tally]:
    """The seeds in portions, by so many processes."""
    chunks = [(start, min(CHUNK, first + seeds - start)) for start in range(first, first + seeds, CHUNK)]
    if jobs <= 1:
        yield from (played(*chunk) for chunk in chunks)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(_played, chunks)


def _played(chunk: tuple[int, int]) -> Tally:
    return played(*chunk)


def tell(seed: int) -> None:
    """Play one seed and tell each step."""
    state = quick_store()
    drawn(state, seed, print).run()
    print(f"seed {seed} keeps every promise")


def play_many(first: int, seeds: int, jobs: int, *, keep_going: bool) -> Tally:
    """Play them, and say how it goes."""
    begun = said = time.monotonic()
    total = Tally()
    for tally in in_chunks(first, seeds, jobs):
        total.add(tally)
        for seed, text in tally.broken.items():
            print(f"seed {seed}:\n{text}", flush=True)
        if total.broken and not keep_going:
            break
        if time.monotonic() > said + SAID_EVERY:
            said = time.monotonic()
            print(f"{total.seeds} seeds, {total.seeds / (said - begun):.1f}/s, {len(total.broken)} broken", flush=True)
    seconds = time.monotonic() - begun
    for place, count in sorted(total.deaths.items()):
        print(f"{count:8} died at {place}")
    print(
        f"{total.seeds} seeds in {seconds:.1f} s ({total.seeds / seconds:.1f}/s): {len(total.broken)} broke a promise "
        f"{sorted(total.broken)}; {total.crashes} crashes, {total.attempts} attempts"
    )
    return total


def find_mistakes(first: int, seeds: int) -> list[Mistake]:
    """Say after how many seeds each mistake is found; those that are not."""
    state = quick_store()
    missed = []
    print(f"| mistake in the scheduler | found by, of {seeds} seeds | what is found first |\n|---|---|---|")
    for mistake in MISTAKES:
        found = look_for(mistake, state, range(first, first + seeds))
        what = Counter(found.values()).most_common(1)[0][0] if found else "-"
        print(f"| {mistake.what} | {len(found)} | {what} |", flush=True)
        if not found:
            missed.append(mistake)
    return missed


@click.command()
@click.option("--seeds", default=1000, show_default=True, help="How many.")
@click.option("--first", default=0, show_default=True, help="The first one.")
@click.option("--jobs", default=1, show_default=True, help="Processes that play.")
@click.option("--seed", default=None, type=int, help="Play this one, and tell each step.")
@click.option("--keep-going", is_flag=True, help="Go on after a broken promise.")
@click.option("--mistakes", is_flag=True, help="Put known mistakes into the scheduler: are they found?")
def main(seeds: int, first: int, jobs: int, seed: int | None, *, keep_going: bool, mistakes: bool) -> None:
    """Play that many experiments."""
    if seed is not None:
        tell(seed)
    elif mistakes:
        sys.exit(1 if find_mistakes(first, seeds) else 0)
    else:
        sys.exit(1 if play_many(first, seeds, jobs, keep_going=keep_going).broken else 0)


if __name__ == "__main__":
    main()
