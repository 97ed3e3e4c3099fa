"""Plays schedulers through faults drawn from seeds: `python -m tools.simulate --seeds 1000`.

A seed that breaks a promise is printed, and plays the same again: `--first <seed> --seeds 1`.
"""

from __future__ import annotations

import sys
import tempfile
import time
import traceback
from pathlib import Path

import click

from tools.simulation.play import Play, open_store


@click.command()
@click.option("--seeds", default=1000, show_default=True, help="How many.")
@click.option("--first", default=0, show_default=True, help="The first one.")
@click.option("--keep-going", is_flag=True, help="Go on after a broken promise.")
def main(seeds: int, first: int, keep_going: bool) -> None:  # noqa: FBT001 - a flag of a command
    """Play that many experiments."""
    memory = Path("/dev/shm")
    begun, bad, crashes, launched = time.monotonic(), 0, 0, 0
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        state = open_store(Path(folder))
        for seed in range(first, first + seeds):
            play = Play(state, seed)
            try:
                play.run()
            except (AssertionError, LookupError, TypeError, ValueError, AttributeError):
                bad += 1
                print(f"seed {seed}:\n{traceback.format_exc()}", flush=True)
                if not keep_going:
                    break
            crashes += play.crashes
            launched += play.world.launched
        state.close()
    seconds = time.monotonic() - begun
    print(
        f"{seed - first + 1} seeds in {seconds:.1f} s ({(seed - first + 1) / seconds:.1f}/s): {bad} broke a promise; "
        f"{crashes} crashes, {launched} attempts"
    )
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
