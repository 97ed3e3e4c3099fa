"""The memory of one server over a hundred thousand runs; it takes about half an hour on an idle machine.

`python -m benchmarks.endurance --runs 100000 --results benchmarks`

Runs of one trivial block are the cheapest that go all the way: asked for over the API, driven under a lease, a process
each, published, recorded, told over the live stream. What the server keeps of a run would show with any of them.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from benchmarks import report
from benchmarks.bench import Bench
from benchmarks.measure import _memory
from benchmarks.servers import Studio

AT_ONCE = 100
METADATA = """\
blocks:
- {name: one, uuid: one, type: data_loader, language: python, upstream_blocks: [], downstream_blocks: []}
name: short
type: python
uuid: short
"""
TRIGGER = "triggers:\n- {name: called, schedule_type: api, status: active}\n"


def driven(folder: Path, total: int) -> list[dict[str, Any]]:
    """What the server needs after 1,000, 10,000, ... runs, and at the end."""
    project = folder / "project"
    for name, text in {
        "metadata.yaml": "project_type: standalone\n",
        "pipelines/short/metadata.yaml": METADATA,
        "pipelines/short/triggers.yaml": TRIGGER,
        "data_loaders/one.py": "from penstock import data_loader\n\n\n@data_loader\ndef one(*args, **kwargs):\n    return 1\n",
    }.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    server = Studio(project, folder)
    try:
        server.until_answered("/api/health")
        return list(_stages(server, server.client(), total))
    finally:
        server.stop()


def _stages(server: Studio, client: httpx.Client, total: int) -> Any:
    (trigger,) = client.get("/api/triggers").raise_for_status().json()["triggers"]
    marks = sorted({mark for mark in (1_000, 3_000, 10_000, 30_000, 100_000) if mark < total} | {total})
    done, began, since = 0, time.monotonic(), 0
    while done < total:
        # Never more than a mark: what is told belongs to that number of runs.
        count = min(AT_ONCE, marks[0] - done)
        asked = [client.post(f"/api/triggers/{trigger['id']}/run", json={}).raise_for_status() for _ in range(count)]
        for answer in asked:
            _wait(client, answer.json()["run"])
        done += count
        if done == marks[0]:
            marks.pop(0)
            rate = (done - since) / (time.monotonic() - began)
            yield _told(server, done, rate)
            began, since = time.monotonic(), done


def _wait(client: httpx.Client, run: Any) -> None:
    name = run if isinstance(run, str) else run["run"]
    with client.stream("GET", f"/api/runs/{name}/events") as events:
        for _ in events.iter_raw():
            pass
    state = client.get(f"/api/runs/{name}").raise_for_status().json()["state"]
    if state != "completed":
        raise RuntimeError(f"run {name} is {state}")


def _told(server: Studio, runs: int, rate: float) -> dict[str, Any]:
    pid = server.process.pid
    found = {
        "runs": runs,
        "server": round(_memory(pid)[0] / 1e6, 1),
        "all": round(server.memory(), 1),
        "files": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": len(os.listdir(f"/proc/{pid}/task")),
        "rate": round(rate, 1),
    }
    print(found, flush=True)
    return found


def main() -> None:
    """Drive them, print each stage, and put them into the results where a folder is named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endurance", description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--scratch", type=Path, help="folder for data")
    parser.add_argument("--results", type=Path, help="folder of RESULTS.md and RESULTS.json")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.scratch, prefix="penstock-endurance-") as scratch:
        found = driven(Path(scratch), given.runs)
    if given.results:
        report.write(given.results, {"endurance": found}, Bench(Path(), 1, ()))


if __name__ == "__main__":
    main()
