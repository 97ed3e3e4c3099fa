"""Kills real schedulers at random and checks what must hold: `python -m tools.chaos --kills 100`.

Each round starts `penstock start --instance-type scheduler` over a project with triggers that are due every minute and
runs that somebody asks for, kills it (with SIGKILL: at a random moment, or at a failpoint), and starts the next one. In
the end one is left alone until every run has ended.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import click

from penstock.data import ProductStore
from penstock.project import open_project
from penstock.schedule.failpoints import POINTS
from penstock.schedule.requests import NewRun, create_run
from penstock.state.address import state_url
from penstock.state.notify import tell
from penstock.state.run_list import RunFilter
from penstock.state.store import State, open_state

BLOCKS = 3
PATIENCE = 120.0
MINUTE = 60.0
AT_FAILPOINTS = 0.6
"""Share of the kills that happen at failpoints."""
_BODY = """if 'custom' not in globals():
    from mage_ai.data_preparation.decorators import custom


@custom
def run(*args, **kwargs):
    import os
    import time

    time.sleep({seconds})
    return os.getpid()
"""
_TRIGGERS = """triggers:
- name: each minute
  schedule_type: time
  schedule_interval: '* * * * *'
  status: active
  start_time: 2024-01-01
  settings: {missed_runs: all}
"""


def make_project(root: Path) -> None:
    """A project with a pipeline of three blocks, and a trigger."""
    (root / "custom").mkdir(parents=True)
    folder = root / "pipelines" / "work"
    folder.mkdir(parents=True)
    (root / "metadata.yaml").write_text("project_type: standalone\n")
    lines = ["uuid: work", "name: work", "type: python", "blocks:"]
    for number in range(BLOCKS):
        (root / "custom" / f"b{number}.py").write_text(_BODY.format(seconds=0.05 * number))
        above = f"[b{number - 1}]" if number else "[]"
        lines += [f"- uuid: b{number}", f"  name: b{number}", "  type: custom", "  language: python"]
        lines += [f"  upstream_blocks: {above}"]
    (folder / "metadata.yaml").write_text("\n".join(lines) + "\n")
    (folder / "triggers.yaml").write_text(_TRIGGERS)


def start(root: Path, point: str = "") -> subprocess.Popen[bytes]:
    """A scheduler in a process of its own."""
    command = [sys.executable, "-m", "penstock", "start", str(root), "--instance-type", "scheduler"]
    environment = dict(os.environ)
    if point:
        environment["PENSTOCK_FAILPOINTS"] = point
    log = (root / "scheduler.log").open("ab")
    return subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)


def kill_one(root: Path, state: State, rng: random.Random) -> str:
    """Start a scheduler, give it work, and kill it; how it died."""
    point = rng.choice(POINTS) if rng.random() < AT_FAILPOINTS else ""
    process = start(root, f"{point}:{rng.randrange(1, 4)}" if point else "")
    for _ in range(rng.randrange(1, 4)):
        row = create_run(state, NewRun("work", "api"), time.time())
        tell(open_project(root).data_dir(), "runs", row.id)
    try:
        process.wait(rng.uniform(1.0, 6.0))
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return "at any time"
    return point


def settle(root: Path, state: State) -> None:
    """Leave a scheduler alone until nothing is left to do."""
    process = start(root)
    try:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with state.read() as connection:
                if not state.runs.open(connection):
                    return
            time.sleep(0.2)
    finally:
        process.terminate()
        process.wait(20)


def broken_promises(root: Path, state: State) -> list[str]:
    """What does not hold."""
    found: list[str] = []
    with state.read() as connection:
        names = [row.id for row in state.runs.page(connection, RunFilter(), limit=100_000).rows]
        rows = state.runs.many(connection, names).values()
        for row in rows:
            if row.open or row.lease_owner is not None:
                found.append(f"{row.id} is {row.state}, driven by {row.lease_owner}")
            blocks = state.block_runs.of_run(connection, row.id)
            if row.state == "completed" and [block.state for block in blocks] != ["completed"] * BLOCKS:
                found.append(f"{row.id} is complete, its blocks are {[block.state for block in blocks]}")
            if row.state == "failed":
                found.append(f"{row.id} failed: {row.error}")
        slots = sorted(row.slot for row in rows if row.slot is not None)
    found += [f"the slot {slot} has {count} runs" for slot, count in Counter(slots).items() if count != 1]
    found += [f"no run between {a} and {b}" for a, b in pairwise(slots) if b - a != MINUTE]
    return found + published_twice(root)


def published_twice(root: Path) -> list[str]:
    """Attempts of which there is more than one version."""
    store = ProductStore(open_project(root).store_root())
    attempts: Counter[tuple[str, str, int]] = Counter()
    for address in store.addresses():
        for manifest in store.versions(address):
            if manifest.lineage is not None:
                attempts[manifest.lineage.run, address.block, manifest.lineage.attempt] += 1
    return [f"{attempt} has published {count} versions" for attempt, count in attempts.items() if count > 1]


def torment(root: Path, kills: int, seed: int) -> tuple[list[str], Counter[str], int]:
    """Kill so many schedulers; the promises that were broken, how they died, and how many runs there were."""
    make_project(root)
    os.environ["PENSTOCK_DATA_DIR"] = str(root.parent / "data")
    rng = random.Random(seed)
    state = open_state(state_url(open_project(root).data_dir()))
    try:
        deaths = Counter(kill_one(root, state, rng) for _ in range(kills))
        settle(root, state)
        with state.read() as connection:
            runs = len(state.runs.page(connection, RunFilter(), limit=100_000).rows)
        return broken_promises(root, state), deaths, runs
    finally:
        state.close()


@click.command()
@click.option("--kills", default=100, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(kills: int, seed: int) -> None:
    """Kill so many schedulers."""
    with tempfile.TemporaryDirectory() as folder:
        found, deaths, runs = torment(Path(folder) / "project", kills, seed)
    for name, count in sorted(deaths.items()):
        print(f"{count:5} killed {name}")
    print(f"{kills} kills, {runs} runs: {len(found)} promises broken")
    for line in found:
        print(f"  {line}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
