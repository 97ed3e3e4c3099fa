"""Penstock: `penstock start` on SQLite; runs asked for over its API, their ends heard over the event stream of each run.

Every block has a process of its own; the shape `fan shared` lets the fanned-out children of one block share warm ones.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.request import HTTPCookieProcessor, Request, build_opener

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import work

PROJECT = Path(work.SCRATCH) / "project"
BASE = f"http://127.0.0.1:{work.PORT}"
HERE = os.path.dirname(os.path.abspath(__file__))
BLOCK = """from penstock import {kind}
import sys
sys.path.insert(0, {here!r})
import deed


@{kind}
def run(*args, **kwargs):
    deed.mark()
    return deed.fibo({n})
"""
SPREAD = """from penstock import data_loader


@data_loader
def spread(*args, **kwargs):
    return [list(range({times}))]
"""
CHILD = """from penstock import transformer


@transformer
def child(item, *args, **kwargs):
    return item
"""
_opener = build_opener(HTTPCookieProcessor(CookieJar()))


def write(name: str, blocks: list[tuple[str, str, str, list[str], dict]]) -> None:
    """A pipeline of these blocks (name, type, code, upstreams, configuration) with a trigger that is called."""
    folder = PROJECT / "pipelines" / name
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["blocks:"]
    for uuid, kind, code, up, configuration in blocks:
        place = PROJECT / f"{kind}s"
        place.mkdir(exist_ok=True)
        (place / f"{uuid}.py").write_text(code)
        down = [other for other, _, _, parents, _ in blocks if uuid in parents]
        entry = {"name": uuid, "uuid": uuid, "type": kind, "language": "python", "upstream_blocks": up}
        entry |= {"downstream_blocks": down, "configuration": configuration}
        lines += [
            ("- " if at == 0 else "  ") + f"{key}: {json.dumps(value)}" for at, (key, value) in enumerate(entry.items())
        ]
    lines += [f"name: {name}", "type: python", f"uuid: {name}"]
    (folder / "metadata.yaml").write_text("\n".join(lines) + "\n")
    (folder / "triggers.yaml").write_text("triggers:\n- name: bench\n  schedule_type: api\n  status: active\n")


def several(name: str, n: int, times: int, *, chained: bool) -> None:
    blocks = []
    for index in range(times):
        kind = "transformer" if chained and index else "data_loader"
        up = [blocks[-1][0]] if chained and index else []
        blocks.append((f"{name}_{index:04d}", kind, BLOCK.format(kind=kind, n=n, here=HERE), up, {}))
    write(name, blocks)


def fan_out(name: str, times: int, configuration: dict) -> None:
    parent = (f"{name}_parent", "data_loader", SPREAD.format(times=times), [], {"dynamic": True})
    write(name, [parent, (f"{name}_child", "transformer", CHILD, [parent[0]], configuration)])


def call(path: str, body: dict | None = None) -> dict:
    data = None if body is None else json.dumps(body).encode()
    request = Request(BASE + path, data=data, headers={"X-Penstock": "1", "Content-Type": "application/json"})
    with _opener.open(request, timeout=60) as answer:
        return json.load(answer)


class Runs:
    """Asks for runs and waits for them."""

    def __init__(self) -> None:
        self._triggers = {found["pipeline"]: found["id"] for found in call("/api/triggers")["triggers"]}

    def fire(self, name: str) -> str:
        run = call(f"/api/triggers/{self._triggers[name]}/run", {})["run"]
        return run if isinstance(run, str) else run["run"]

    def wait(self, run: str) -> None:
        give_up = time.monotonic() + work.LIMIT
        while (state := call(f"/api/runs/{run}/end?seconds=50")["state"]) in {"initial", "running"}:
            if time.monotonic() > give_up:
                raise TimeoutError(run)
        if state != "completed":
            raise RuntimeError(state)

    def go(self, name: str) -> None:
        self.wait(self.fire(name))

    def many(self, times: int) -> None:
        for run in [self.fire("three") for _ in range(times)]:
            self.wait(run)


def log_in(log: Path) -> None:
    """Follow the one-time link that the server prints."""
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        found = re.search(r"http://\S+token=\S+", log.read_text() if log.exists() else "")
        if found:
            with _opener.open(found.group(), timeout=30) as answer:
                answer.read()
            return
        time.sleep(0.05)
    raise TimeoutError("the server printed no link")


def main() -> None:
    PROJECT.mkdir(parents=True, exist_ok=True)
    (PROJECT / "metadata.yaml").write_text("project_type: standalone\n")
    several("chain40", 10, 40, chained=True)
    several("chain10", 33, 10, chained=True)
    several("parallel10", 33, 10, chained=False)
    several("three", 1, 3, chained=True)
    several("one", 1, 1, chained=False)
    fan_out("fan", 1000, {})
    fan_out("shared", 1000, {"isolation": "shared"})
    report = work.Report()
    log = Path(work.SCRATCH) / "server.log"
    log.unlink(missing_ok=True)
    process = work.server(
        [sys.executable, "-m", "penstock", "start", str(PROJECT), "--port", str(work.PORT), "--no-browser"],
        work.environment(PENSTOCK_HOME=PROJECT / ".home", PENSTOCK_DATA_DIR=PROJECT / ".data"),
    )
    try:
        log_in(log)
        work.settle(3)
        report.take("memory", lambda: work.memory(process.pid))
        runs = Runs()
        runs.go("one")
        report.chains(lambda: runs.go("chain40"), lambda: runs.go("chain10"), lambda: runs.go("parallel10"))
        report.take("fan", lambda: work.figures(work.timed(lambda: runs.go("fan")), tasks=1000))
        report.take("fan shared", lambda: work.figures(work.timed(lambda: runs.go("shared")), tasks=1000))
        report.take("runs", lambda: work.figures(work.timed(lambda: runs.many(100)), runs=100))
        report.start(lambda: runs.go("one"), 100)
    finally:
        work.stop(process)
    report.end()


if __name__ == "__main__":
    main()
