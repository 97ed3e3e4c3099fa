"""Runs a command and says what it took: wall time, processor time and peak memory of the whole process tree."""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
SAMPLE_SECONDS = 0.05


@dataclass(frozen=True)
class Sample:
    """One run. Seconds and megabytes (10^6 bytes).

    `cpu` is user and system time of the command and of all descendants that were waited for. `peak` is the highest sum
    of the proportional set sizes (PSS) over the process tree, sampled every 50 ms: memory that several processes
    share, mapped files included, counts once. `private` is the anonymous part of it. `others` is how many cores other
    processes kept busy meanwhile.
    """

    wall: float
    cpu: float
    peak: float
    private: float
    others: float
    output: str


def _busy_seconds() -> float:
    fields = [int(text) for text in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return (sum(fields[:3]) + sum(fields[5:8])) / TICK


def _parents() -> dict[int, int]:
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = Path(f"/proc/{name}/stat").read_text()
            except OSError:
                continue
            found[int(name)] = int(stat[stat.rindex(")") + 2 :].split()[1])
    return found


class TreeMemory:
    """Samples the memory of a process and of all its descendants until it is closed."""

    def __init__(self, root: int) -> None:
        self.peak = 0.0
        self.private = 0.0
        self._known = {root}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            parents = _parents()
            grown = True
            while grown:
                new = {pid for pid, parent in parents.items() if parent in self._known and pid not in self._known}
                self._known |= new  # a process stays known when its parent has gone
                grown = bool(new)
            total = anonymous = 0
            for pid in self._known & parents.keys():
                pss, own = _memory(pid)
                total += pss
                anonymous += own
            self.peak = max(self.peak, total / 1e6)
            self.private = max(self.private, anonymous / 1e6)


def _memory(pid: int) -> tuple[int, int]:
    total = anonymous = 0
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total = int(line.split()[1]) * 1024
            elif line.startswith("Pss_Anon:"):
                anonymous = int(line.split()[1]) * 1024
    except OSError:
        pass  # the process has ended, or its memory has
    return total, anonymous


def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None, memory: bool = True) -> Sample:
    """Run a command to its end.

    Args:
        command: program and arguments.
        cwd: its working directory.
        env: variables in addition to those of this process.
        memory: sample memory; without it the measurement costs nothing.

    Raises:
        RuntimeError: it failed; the message holds the end of its output.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment.update(env or {})
    log = cwd / "output.log"
    busy, start = _busy_seconds(), time.perf_counter()
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
        watch = TreeMemory(process.pid) if memory else None
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if watch:
        watch.close()
    output = log.read_text(errors="replace")
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{output[-3000:]}")
    cpu = usage.ru_utime + usage.ru_stime
    others = max(0.0, (_busy_seconds() - busy - cpu) / wall)
    return Sample(wall, cpu, watch.peak if watch else 0.0, watch.private if watch else 0.0, others, output)


def alternate(
    contestants: Mapping[str, Callable[[bool], Sample]],
    repeats: int,
    *,
    once: frozenset[str] = frozenset(),
    memory_rounds: int = 0,
) -> dict[str, list[Sample]]:
    """Run the contestants in turn, so that a busy minute hits all of them; the first round is not counted.

    Time and memory come from different runs: the kernel walks the page tables of a process to tell its PSS, and while it
    does, that process cannot fault pages in.

    Args:
        contestants: name -> what runs it, told whether to sample memory.
        repeats: rounds that count for time.
        once: names that run only once for each, uncounted warm-up included, because they take minutes.
        memory_rounds: further rounds, for memory; each sample then carries their median.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in contestants}
    for index in range(repeats + 1):
        for name, go in contestants.items():
            if name in once and index != 1:
                continue
            sample = go(False)
            if index:
                samples[name].append(sample)
    weighed: dict[str, list[Sample]] = {name: [] for name in contestants}
    for index in range(memory_rounds):
        for name, go in contestants.items():
            if name not in once or not index:
                weighed[name].append(go(True))
    if memory_rounds:
        for name, several in samples.items():
            peak, private = median(weighed[name], "peak"), median(weighed[name], "private")
            samples[name] = [replace(sample, peak=peak, private=private) for sample in several]
    return samples


def median(samples: Sequence[Sample], field: str) -> float:
    """The median of one field."""
    return statistics.median(getattr(sample, field) for sample in samples)


def figures(samples: Sequence[Sample]) -> dict[str, object]:
    """What the results file keeps of the runs of one contestant."""
    kept: dict[str, object] = {"runs": len(samples)}
    for field in ("wall", "cpu", "peak", "private", "others"):
        values = [asdict(sample)[field] for sample in samples]
        kept[field] = {
            "median": round(statistics.median(values), 4),
            "min": round(min(values), 4),
            "max": round(max(values), 4),
        }
    return kept
