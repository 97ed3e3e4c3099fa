"""What a block costs beyond its own work: a chain of trivial blocks, each in a fresh process with a memory limit.

Run `python benchmarks/engine_chain.py`. Three figures of the same minute, milliseconds a block, median of the rounds:

- fork: a bare `os.fork` + `os._exit` + `waitpid` of a Python that has loaded what a worker needs (the floor);
- engine: orders through the supervisor, one after the other, each output published;
- engine with libraries: the same with pandas and pyarrow loaded in the warm parent, next to the floor of such a parent.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from penstock.data import ProductStore
from penstock.engine.supervisor import Ended, Supervisor
from penstock.model.messages import BlockOrder, Limits, WorkOrder

BLOCKS = 40
ROUNDS = 5
LIBRARIES = ("numpy", "pyarrow", "pandas")

_FLOOR = """
import gc, os, sys, time
from importlib import import_module
for name in sys.argv[2:]:
    import_module(name)
from penstock.engine import worker
worker.prepare()
gc.collect(); gc.freeze()
rounds = []
for _ in range(5):
    start = time.perf_counter()
    for _ in range(int(sys.argv[1])):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    rounds.append((time.perf_counter() - start) / int(sys.argv[1]) * 1000)
print(sorted(rounds)[2])
"""


def floor(modules: tuple[str, ...]) -> float:
    """Milliseconds of a bare fork and its end."""
    command = [sys.executable, "-c", _FLOOR, str(BLOCKS), *modules]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def work_order(store: ProductStore, project: Path, file: Path, number: int) -> WorkOrder:
    """The order for a block that returns a number."""
    name = f"block_{number}"
    fence = store.issue_fence("run", name)
    block = BlockOrder(name, name, "custom", "python", str(file), None, (), {})
    return WorkOrder(
        run="run",
        attempt=fence.token,
        fence=fence,
        project=str(project),
        project_name=project.name,
        data_root=str(store.root),
        pipeline="chain",
        partition="_",
        block=block,
        limits=Limits(memory=1 << 30),
    )


def chain(supervisor: Supervisor, store: ProductStore, project: Path, file: Path) -> tuple[float, float]:
    """Seconds until the first block's end, and milliseconds of each one after it."""
    ends: list[float] = []

    def on_event(event: object) -> None:
        if isinstance(event, Ended):
            assert event.failure is None, event
            ends.append(time.perf_counter())

    start = time.perf_counter()
    for number in range(BLOCKS):
        supervisor.launch(work_order(store, project, file, number), on_event=on_event)
        while len(ends) == number:
            supervisor.poll()
    return ends[0] - start, (ends[-1] - ends[0]) / (BLOCKS - 1) * 1000


def measure(folder: Path, preload: tuple[str, ...]) -> dict[str, float]:
    """The engine's figures with these libraries loaded ahead."""
    project = folder / "project"
    project.mkdir(parents=True, exist_ok=True)
    file = project / "one.py"
    file.write_text("@custom\ndef one(*args, **kwargs):\n    return 1\n")
    warm_file = project / "warm.py"
    warm_file.write_text("".join(f"import {name}\n" for name in preload) + file.read_text())
    store = ProductStore(folder / "data")
    begin = time.perf_counter()
    with Supervisor() as supervisor:
        cold, _ = chain(supervisor, store, project, warm_file)
        cold_total = time.perf_counter() - begin
        rounds = [chain(supervisor, store, project, file)[1] for _ in range(ROUNDS)]
    del cold
    return {
        "start and one chain, s": round(cold_total, 3),
        "a block, ms": round(statistics.median(rounds), 2),
        "best, ms": round(min(rounds), 2),
    }


def main() -> None:
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        for label, modules in (("bare", ()), ("with libraries", LIBRARIES)):
            figures = measure(Path(name) / label, modules)
            results[label] = {"fork floor, ms": round(floor(modules), 2), **figures}
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
