"""What the engines run and how it is timed: standard library only, as every engine's environment imports it.

The shapes, in seconds from asking for a run to seeing it ended:

    chain40      40 x fibo(10), one after another: what an engine costs a task
    chain10      10 x fibo(33), one after another; `compute` is the same calls in plain Python just before
    parallel10   10 x fibo(33) at once
    fan          many trivial tasks in one run
    runs         many runs of three trivial tasks, asked for at once
    start        from asking for a run of one task to that task's first line, nothing else going on
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deed import MARKS, fibo  # beside this file

SCRATCH = os.environ.get("BENCH_SCRATCH", "")
PORT = int(os.environ.get("BENCH_PORT", "14210"))
REPEATS = int(os.environ.get("BENCH_REPEATS", "3"))
LIMIT = float(os.environ.get("BENCH_LIMIT", "400"))
"""Seconds after which a run counts as stuck."""


def marks() -> list[float]:
    """The moments since the last call, in order."""
    try:
        with open(MARKS) as file:
            found = sorted(float(line) for line in file)
        os.unlink(MARKS)
    except FileNotFoundError:
        return []
    return found


def figures(values: list[float], **more: Any) -> dict[str, Any]:
    found = {"n": len(values), "median": statistics.median(values), "min": min(values), "max": max(values)}
    return {name: round(value, 4) for name, value in found.items()} | more


def latencies(waits: list[float]) -> dict[str, Any]:
    """Milliseconds: median and 99th percentile."""
    ordered = sorted(1000 * wait for wait in waits)
    at = min(len(ordered) - 1, int(0.99 * len(ordered)))
    return {
        "n": len(ordered),
        "p50": round(statistics.median(ordered), 1),
        "p99": round(ordered[at], 1),
        "min": round(ordered[0], 1),
    }


def compute(n: int, times: int) -> float:
    """CPU seconds of the same calls in this interpreter."""
    began = time.process_time()
    rounds = 3 if n > 20 else 50
    for _ in range(rounds):
        fibo(n)
    return round((time.process_time() - began) / rounds * times, 4)


def timed(act: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        act()
        found.append(time.perf_counter() - began)
    return found


@dataclass(frozen=True)
class Engine:
    """An engine behind a server: how a run is begun, and what its state is called."""

    launch: Callable[[str], Any]
    state: Callable[[Any], str]
    good: str
    bad: frozenset[str]

    def wait(self, run: Any) -> None:
        """Ask for a run until it has ended: these servers tell nobody of it."""
        give_up = time.monotonic() + LIMIT
        while time.monotonic() < give_up:
            state = self.state(run)
            if state == self.good:
                return
            if state in self.bad:
                raise RuntimeError(state)
            time.sleep(0.1)
        raise TimeoutError(f"not done after {LIMIT:g} s")

    def go(self, name: str) -> None:
        self.wait(self.launch(name))

    def many(self, name: str, times: int) -> None:
        for run in [self.launch(name) for _ in range(times)]:
            self.wait(run)


class Report:
    """Gathers figures and prints them as one JSON object at the end; what fails is said in its place."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def take(self, shape: str, measure: Callable[[], dict[str, Any]]) -> None:
        try:
            self.found[shape] = measure()
        except Exception as error:  # the other shapes are measured all the same
            self.found[shape] = {"failed": f"{type(error).__name__}: {error}"[:200]}
        print(shape, self.found[shape], file=sys.stderr, flush=True)

    def chains(
        self, chain40: Callable[[], object], chain10: Callable[[], object], parallel10: Callable[[], object]
    ) -> None:
        self.take("chain40", lambda: figures(timed(chain40), compute=compute(10, 40)))
        self.take("chain10", lambda: figures(timed(chain10, 1 if REPEATS < 5 else 3), compute=compute(33, 10)))
        self.take("parallel10", lambda: figures(timed(parallel10, 1 if REPEATS < 5 else 3), compute=compute(33, 10)))

    def pipelines(self, engine: Engine, *, tasks: int, runs: int) -> None:
        """The shapes that every engine runs, of an engine whose tasks are heavy: each once."""
        self.take("chain40", lambda: figures(timed(lambda: engine.go("chain40"), 1), compute=compute(10, 40)))
        self.take("chain10", lambda: figures(timed(lambda: engine.go("chain10"), 1), compute=compute(33, 10)))
        self.take("parallel10", lambda: figures(timed(lambda: engine.go("parallel10"), 1), compute=compute(33, 10)))
        self.take("fan", lambda: figures(timed(lambda: engine.go("fan"), 1), tasks=tasks))
        self.take("runs", lambda: figures(timed(lambda: engine.many("three", runs), 1), runs=runs))

    def start(self, one: Callable[[], object], times: int) -> None:
        def measure() -> dict[str, Any]:
            waits = []
            one()
            marks()
            for _ in range(times):
                time.sleep(0.2)
                asked = time.time()
                one()
                waits.append(marks()[0] - asked)
            return latencies(waits)

        self.take("start", measure)

    def end(self) -> None:
        print(json.dumps(self.found))


def environment(**more: object) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    kept["PATH"] = os.path.dirname(sys.executable) + os.pathsep + kept.get("PATH", "")
    return kept | {name: str(value) for name, value in more.items()}


def server(command: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
    log = open(os.path.join(SCRATCH, "server.log"), "ab")
    return subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=SCRATCH, process_group=0)


def answers(url: str, patience: float = 240) -> None:
    """Wait until a server answers with 200."""
    give_up = time.monotonic() + patience
    while time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise TimeoutError(url)


def settle(seconds: float) -> None:
    """Leave a server alone for as long as it needs to come to rest; none of them says when it has."""
    time.sleep(seconds)


def memory(root: int) -> dict[str, Any]:
    """Megabytes (PSS) of a process and all below it, at rest."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    parent = int(file.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(name))
    pending, total, processes = [root], 0, 0
    while pending:
        pid = pending.pop()
        pending += children.get(pid, [])
        try:
            with open(f"/proc/{pid}/smaps_rollup") as file:
                total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
            processes += 1
        except OSError:
            continue
    return {"megabytes": round(total / 1000, 1), "processes": processes}


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server and its process group."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            continue
        break
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
