"""Ten thousand pipelines with schedules: what looking at the clock costs, and what the server needs while none is due.

`python -m benchmarks.endurance` is another measurement: the memory of a server over a hundred thousand runs.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench
from benchmarks.servers import Running, Studio

PIPELINES = 10_000
DAY = 86_400
START = 1_800_000_000.0 // DAY * DAY
"""The midnight (UTC) before which everything is mirrored; schedules are spread over the day after it."""
IDLE_SECONDS = 60.0
METADATA = """\
blocks:
- {{name: one, uuid: one, type: data_loader, language: python, upstream_blocks: [], downstream_blocks: []}}
name: {name}
type: python
uuid: {name}
"""
SCHEDULE = """\
triggers:
- name: every day
  schedule_type: time
  schedule_interval: '{minute} {hour} * * *'
  start_time: 2020-01-01 00:00:00
  status: active
"""


def measure(bench: Bench) -> None:
    """Fill `results["scheduler"]`."""
    folder = bench.scratch / "scheduler"
    project = written(folder / "project", PIPELINES)
    bench.results["scheduler"] = ticked(folder, project) | idle(folder, project)


def written(project: Path, count: int) -> Path:
    """A project of that many pipelines, each due once a day, spread evenly over its minutes."""
    (project / "data_loaders").mkdir(parents=True)
    (project / "metadata.yaml").write_text("project_type: standalone\n")
    (project / "data_loaders" / "one.py").write_text(
        "from penstock import data_loader\n\n\n@data_loader\ndef one(*args, **kwargs):\n    return 1\n"
    )
    for number in range(count):
        name = f"pipeline_{number:05}"
        folder = project / "pipelines" / name
        folder.mkdir(parents=True)
        minute = number * 1440 // count
        (folder / "metadata.yaml").write_text(METADATA.format(name=name))
        (folder / "triggers.yaml").write_text(SCHEDULE.format(minute=minute % 60, hour=minute // 60))
    return project


def ticked(folder: Path, project: Path) -> dict[str, Any]:
    """Processor milliseconds of a tick, through the store: nothing due, a minute's share due, and all due at once."""
    from penstock.schedule.ends import NoAlerts
    from penstock.schedule.sync import TriggerSync
    from penstock.schedule.tick import Ticker
    from penstock.state.store import open_state

    state = open_state(f"sqlite:///{folder / 'ticks.db'}")
    moment = START
    sync = TriggerSync(state, project, lambda: moment, environment="")
    began = time.process_time()
    sync.everything()
    result: dict[str, Any] = {"pipelines": PIPELINES, "mirroring all files, s": _round(time.process_time() - began)}
    began = time.process_time()
    sync.everything()
    result["looking at all files again, s"] = _round(time.process_time() - began)
    ticker = Ticker(state, NoAlerts())

    def looked(now: float) -> int:
        """As a turn of the scheduler looks at the clock."""
        with state.read() as connection:
            due = state.triggers.next_due(connection)
        made = 0
        while due is not None and due <= now:
            done = ticker.fire(now)
            made += len(done.made)
            if not done.more:
                break
        return made

    def taken(now: float) -> tuple[float, int]:
        began = time.process_time()
        made = looked(now)
        return 1000 * (time.process_time() - began), made

    looked(START)
    nothing = [taken(START + 1)[0] for _ in range(200)]
    minutes = [taken(START + 60 * minute) for minute in range(1, 241)]
    assert sum(made for _, made in minutes) in range(PIPELINES // 6 - 10, PIPELINES // 6 + 10)
    rest, made = taken(START + 4 * 3600 + DAY)
    state.close()
    return result | {
        "tick with nothing due, ms": _round(statistics.median(nothing)),
        "tick with seven due, median, ms": _round(statistics.median(one for one, _ in minutes)),
        "tick with seven due, the longest of 240, ms": _round(max(one for one, _ in minutes)),
        f"{made:,} slots due at once, ms a slot": _round(rest / made),
    }


def idle(folder: Path, project: Path) -> dict[str, Any]:
    """A server over that project while nothing is due: its schedules are moved to another month."""
    later = (time.gmtime().tm_mon + 5) % 12 + 1
    for file in sorted((project / "pipelines").glob("*/triggers.yaml")):
        file.write_text(file.read_text().replace("* * *'", f"1 {later} *'"))
    server = Studio(project, folder)
    try:
        ready = server.until_answered("/api/health")
        settled = _settled(server)
        before, began = server.cpu(), time.monotonic()
        time.sleep(IDLE_SECONDS)
        share = (server.cpu() - before) / (time.monotonic() - began)
        return {
            "server, first answer, s": _round(ready),
            "server, all files mirrored, s": _round(settled),
            "server at rest, % of a core": _round(100 * share),
            "server at rest, MB": _round(server.memory()),
        }
    finally:
        server.stop()


def _settled(server: Running) -> float:
    """Seconds from the start until the processes have used next to nothing for three seconds."""
    quiet, used = 0, server.cpu()
    while quiet < 3:
        time.sleep(1.0)
        now = server.cpu()
        quiet = quiet + 1 if now - used < 0.02 else 0
        used = now
        if time.perf_counter() - server.begun > 300:
            raise RuntimeError("the server does not come to rest")
    return time.perf_counter() - server.begun - quiet


def _round(value: float) -> float:
    return float(f"{value:.3g}")
