"""Processes that write into one SQLite store at once, for a while: how long a transaction waits, and that none is refused.

`python -m benchmarks.state_writers --writers 8 --minutes 60 --per-minute 500`
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from penstock.state.rows import BlockRunRow, RunRow
from penstock.state.store import State, open_state


def one_run(state: State, name: str, times: list[float]) -> None:
    """A run of three blocks, as a scheduler writes it: eight transactions, and a page of the list."""

    def write(work: Any) -> None:
        began = time.perf_counter()
        with state.write() as connection:
            assert work(connection)
        times.append(time.perf_counter() - began)

    def block(number: int, now: str) -> Any:
        def work(connection: Any) -> bool:
            assert state.runs.fence(connection, name, 1)
            state.block_runs.put(connection, [BlockRunRow(name, f"block_{number}", number, now, 1)])
            return state.runs.write(connection, name, 1, blocks_done=number)

        return work

    at = time.time()
    write(lambda connection: state.runs.insert(connection, RunRow(name, "pipeline", at, blocks_total=3)))
    write(lambda connection: state.runs.claim(connection, name, name, now=at, until=at + 15) == 1)
    for number in range(3):
        write(block(number, "running"))
    write(block(2, "completed"))
    write(lambda connection: state.runs.renew(connection, name, at + 30) == {name: 1})
    write(lambda connection: state.runs.release(connection, name, 1, state="completed", ended_at=at, seconds=1.0))
    with state.read() as connection:
        assert state.runs.get(connection, name) is not None


def writer(url: str, number: int, until: float, interval: float, told: Any) -> None:
    """Runs, one every `interval` seconds, until that time; then what went wrong, how many, and how long each took."""
    times: list[float] = []
    count, error = 0, ""
    state = open_state(url)
    due = time.time()
    try:
        while time.time() < until:
            one_run(state, f"{number}-{count}", times)
            count += 1
            due += interval
            time.sleep(max(0.0, due - time.time()))
    except Exception as raised:  # noqa: BLE001 - whatever it is, it is the result
        error = f"{type(raised).__name__}: {raised}"
    state.close()
    told.put((error, count, times))


def measured(folder: Path, writers: int, seconds: float, per_minute: float) -> dict[str, Any]:
    """What came of that many processes; `per_minute` runs of all together, 0: as fast as they can."""
    url = f"sqlite:///{folder / 'state.db'}"
    open_state(url).close()
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    interval = 60 * writers / per_minute if per_minute else 0.0
    until = time.time() + seconds
    processes = [context.Process(target=writer, args=(url, number, until, interval, told)) for number in range(writers)]
    for process in processes:
        process.start()
    found = [told.get() for _ in processes]
    for process in processes:
        process.join()
    times = sorted(one for _, _, each in found for one in each)
    state = open_state(url)
    with state.read() as connection:
        ended = state.runs.count_ended(connection, time.time() + 1)
    state.close()
    runs = sum(count for _, count, _ in found)
    return {
        "writers": writers,
        "minutes": round(seconds / 60, 2),
        "runs": runs,
        "runs in the store": ended,
        "transactions": len(times),
        "refused or locked": [error for error, _, _ in found if error],
        "a transaction, median (ms)": round(statistics.median(times) * 1000, 2),
        "a transaction, p99 (ms)": round(times[len(times) * 99 // 100] * 1000, 1),
        "a transaction, the slowest (ms)": round(times[-1] * 1000, 1),
    }


def main() -> None:
    """Measure, and fail when anything was refused."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.state_writers", description=__doc__)
    parser.add_argument("--writers", type=int, default=8, help="processes (8)")
    parser.add_argument("--minutes", type=float, default=60, help="for how long (60)")
    parser.add_argument("--per-minute", type=float, default=500, help="runs of all together (500); 0: without a pause")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="penstock-writers-") as scratch:
        result = measured(Path(scratch), given.writers, given.minutes * 60, given.per_minute)
    for name, figure in result.items():
        print(f"{name}: {figure}")
    if result["refused or locked"] or result["runs"] != result["runs in the store"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
