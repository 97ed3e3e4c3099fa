"""The state store with a million runs in it: pages of the list, a run's blocks, claims, due triggers; on SQLite.

`python -m benchmarks.state_writers` is another measurement: processes that write at once, for an hour.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench

RUNS = 1_000_000
TRIGGERS = 10_000
BLOCKS = 5_000
DAY = 86_400.0
NOW = 1_800_000_000.0
PIPELINES = [f"pipeline_{number:04}" for number in range(500)]


def measure(bench: Bench) -> None:
    """Fill `results["state"]`."""
    bench.results["state"] = measured(bench.scratch / "state", RUNS)


def measured(folder: Path, count: int) -> dict[str, Any]:
    """The figures of a store with that many runs; seconds unless a name says otherwise."""
    from penstock.state.store import open_state

    state = open_state(f"sqlite:///{folder / 'state.db'}")
    result: dict[str, Any] = {"runs": count, "triggers": TRIGGERS}
    result |= filled(state, count)
    result["megabytes"] = round(sum(path.stat().st_size for path in folder.iterdir()) / 1e6)
    result |= listed(state)
    result |= worked(state)
    state.close()
    return result


def some_run(number: int, count: int, chance: random.Random) -> Any:
    """A run of the last year; one in fifty failed."""
    from penstock.state.rows import RunRow

    created = NOW - 365 * DAY * (count - number) / count
    state = chance.choices(["completed", "failed", "cancelled", "interrupted"], [96, 2, 1, 1])[0]
    scheduled = chance.random() < 0.9
    trigger = chance.randrange(1, TRIGGERS + 1) if scheduled else None
    seconds = chance.expovariate(1 / 90)
    return RunRow(
        f"{number:012x}-{chance.getrandbits(32):08x}",
        chance.choice(PIPELINES),
        created,
        state=state,
        origin="schedule" if scheduled else chance.choice(["studio", "cli", "api"]),
        what="all",
        trigger_id=trigger,
        slot=created if scheduled else None,
        due_at=created,
        started_at=created + 0.02,
        ended_at=created + seconds,
        seconds=seconds,
        variables={"day": "2026-01-01", "limit": 1000, "source": "s3://bucket/some/prefix"},
        settings={"timeout": 3600, "allow_blocks_to_fail": False},
        options={"trigger": "daily", "tests": True},
        blocks_total=12,
        blocks_done=12,
        partition=f"{number % 1000}/20260101T000000",
        failed_block="transform_orders" if state == "failed" else None,
        error="KeyError: 'price' (transform_orders.py, line 17)" if state == "failed" else "",
        process={"pid": 4242, "host": "worker-1 0f3c", "started": "123456"},
    )


def filled(state: Any, count: int) -> dict[str, Any]:
    """Triggers and runs go in, a thousand in each transaction."""
    from penstock.state.rows import TriggerRow

    chance = random.Random(1)
    with state.write() as connection:
        for number in range(TRIGGERS):
            due = NOW + number if number % 10 else NOW - 1
            name = f"trigger {number}"
            row = TriggerRow(
                chance.choice(PIPELINES), name, {"schedule_interval": "@daily"}, active=True, next_due_at=due
            )
            state.triggers.add(connection, row)
    times = []
    for start in range(0, count, 1000):
        rows = [some_run(number, count, chance) for number in range(start, min(start + 1000, count))]
        began = time.perf_counter()
        with state.write() as connection:
            assert len(state.runs.insert_many(connection, rows)) == len(rows)
        times.append(time.perf_counter() - began)
    tenth = max(1, len(times) // 10)
    return {
        "insert a run, the first tenth (ms)": _ms(statistics.median(times[:tenth]) / 1000),
        "insert a run, the last tenth (ms)": _ms(statistics.median(times[-tenth:]) / 1000),
    }


def filters() -> Iterator[Any]:
    """Every order with every filter, alone, in pairs and in threes."""
    from penstock.state.run_list import SORTS, RunFilter

    alone = {
        "pipelines": ("pipeline_0123",),
        "states": ("failed",),
        "origins": ("cli",),
        "trigger_id": 77,
        "since": NOW - 30 * DAY,
        "until": NOW - 10 * DAY,
        "partition": "123/20260101T000000",
        "text": "keyerror",
    }
    for sort in SORTS:
        for size in range(4):
            for names in itertools.combinations(alone, size):
                yield replace(RunFilter(sort=sort), **{name: alone[name] for name in names})
        yield RunFilter(text="nowhere to be found", sort=sort)
        yield RunFilter(states=("initial", "running"), sort=sort)
        yield RunFilter(pipelines=tuple(PIPELINES[:5]), states=("failed", "cancelled"), sort=sort)
        yield RunFilter(block="not there", sort=sort)


def listed(state: Any) -> dict[str, Any]:
    """The first, the second and the third page of every list, each three times."""
    times = []
    for wanted in filters():
        after = ""
        for _ in range(3):
            found = []
            for _ in range(3):
                began = time.perf_counter()
                with state.read() as connection:
                    page = state.runs.page(connection, wanted, limit=50, after=after)
                found.append(time.perf_counter() - began)
            times.append((statistics.median(found), wanted))
            if page.next is None:
                break
            after = page.next
    times.sort(key=lambda one: one[0])
    for seconds, wanted in times[-5:]:
        print(f"  {seconds * 1000:.1f} ms: {wanted}", flush=True)
    return {
        "pages": len(times),
        "a page, median (ms)": _ms(times[len(times) // 2][0]),
        "a page, the slowest (ms)": _ms(times[-1][0]),
    }


def worked(state: Any) -> dict[str, Any]:
    """What a scheduler does."""
    from penstock.observe.monitor import Monitor
    from penstock.state.rows import BlockRunRow, RunRow

    blocks = [
        BlockRunRow("big", f"block_{number}", number, upstream=[f"block_{number - 1}"]) for number in range(BLOCKS)
    ]
    names = iter(range(10**9))

    def insert() -> None:
        with state.write() as connection:
            state.runs.insert(connection, RunRow(f"new-{next(names)}", "pipeline_0001", NOW))

    def claim() -> None:
        with state.write() as connection:
            row = state.runs.waiting(connection, NOW, 1)[0]
            assert state.runs.claim(connection, row.id, "bench", now=NOW, until=NOW + 15) == 1

    def due() -> None:
        with state.read() as connection:
            assert len(state.triggers.due(connection, NOW, 1000)) == TRIGGERS / 10

    def idle() -> None:
        with state.read() as connection:
            assert state.triggers.due(connection, NOW - 2) == []
            assert state.triggers.next_due(connection) is not None

    def opened() -> None:
        with state.read() as connection:
            assert state.runs.get(connection, "big") is not None
            assert len(state.block_runs.of_run(connection, "big")) == BLOCKS

    def written() -> None:
        with state.write() as connection:
            state.block_runs.put(connection, blocks)

    with state.write() as connection:
        state.runs.insert(connection, RunRow("big", "pipeline_0000", NOW, blocks_total=BLOCKS, due_at=NOW + DAY))

    monitor = Monitor(state, lambda: NOW)

    def watched(days: int) -> None:
        assert monitor.span(days).failures

    began = time.perf_counter()
    monitor.catch_up()
    caught_up = time.perf_counter() - began

    return {
        "insert a run (ms)": _median(insert, 300),
        "find and claim a run (ms)": _median(claim, 300),
        "1,000 of 10,000 triggers due (ms)": _median(due, 9),
        "no trigger due (ms)": _median(idle, 99),
        "adding up a year of runs for the monitor, once (s)": round(caught_up, 1),
        "14 days of the monitor (ms)": _median(lambda: watched(14), 9),
        "90 days of the monitor (ms)": _median(lambda: watched(90), 9),
        "write 5,000 block runs (ms)": _median(written, 5),
        "open a run of 5,000 block runs (ms)": _median(opened, 9),
    }


def _median(work: Callable[[], None], times: int) -> float:
    work()
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return _ms(statistics.median(found))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def main() -> None:
    """Measure a store by itself."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.state", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help="runs in the store (a million)")
    parser.add_argument("--folder", type=Path, help="keep the store here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="penstock-state-") as scratch:
        for name, figure in measured(given.folder or Path(scratch), given.runs).items():
            print(f"{name}: {figure}")


if __name__ == "__main__":
    main()
