"""Mage: `mage start` on SQLite, its API trigger, what it tells of runs read from its own database."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import work

SCRATCH = Path(work.SCRATCH)
PROJECT = SCRATCH / "proj"
BASE = f"http://127.0.0.1:{work.PORT}"
BLOCK = """if '{kind}' not in globals():
    from mage_ai.data_preparation.decorators import {kind}
import sys
sys.path.insert(0, {here!r})
import deed


@{kind}
def run(*args, **kwargs):
    deed.mark()
    return deed.fibo({n})
"""


def pipeline(name: str, n: int, times: int, *, chained: bool) -> None:
    """Write a pipeline of so many blocks."""
    folder = PROJECT / "pipelines" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "__init__.py").touch()
    uuids = [f"{name}_{index:03d}" for index in range(times)]
    lines = ["blocks:"]
    for index, uuid in enumerate(uuids):
        kind = "transformer" if chained and index else "data_loader"
        place = PROJECT / f"{kind}s"
        place.mkdir(exist_ok=True)
        (place / f"{uuid}.py").write_text(BLOCK.format(kind=kind, n=n, here=os.path.dirname(os.path.abspath(__file__))))
        up = [uuids[index - 1]] if chained and index else []
        down = [uuids[index + 1]] if chained and index + 1 < times else []
        entry = {
            "configuration": {},
            "downstream_blocks": down,
            "executor_config": None,
            "executor_type": "local_python",
        }
        entry |= {"has_callback": False, "language": "python", "name": uuid, "retry_config": None, "timeout": None}
        entry |= {"type": kind, "upstream_blocks": up, "uuid": uuid, "status": "not_executed"}
        lines += [
            ("- " if at == 0 else "  ") + f"{key}: {json.dumps(value)}" for at, (key, value) in enumerate(entry.items())
        ]
    lines += [f"name: {name}", "type: python", f"uuid: {name}", "widgets: []"]
    (folder / "metadata.yaml").write_text("\n".join(lines) + "\n")


def key() -> str:
    """The client id that the installed program's own pages use."""
    with urllib.request.urlopen(f"{BASE}/api/statuses", timeout=30) as answer:
        answer.read()
    from mage_ai.settings.server import OAUTH2_APPLICATION_CLIENT_ID

    return OAUTH2_APPLICATION_CLIENT_ID


def call(path: str, method: str, body: dict) -> dict:
    request = urllib.request.Request(
        BASE + path, method=method, data=json.dumps(body).encode(), headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


class Triggers:
    """API triggers of pipelines, made when first asked for."""

    def __init__(self) -> None:
        self._key = key()
        self._made: dict[str, tuple[int, str]] = {}

    def fire(self, name: str) -> int:
        if name not in self._made:
            wanted = {"name": "bench", "schedule_type": "api", "status": "active", "settings": {}}
            made = call(
                f"/api/pipelines/{name}/pipeline_schedules?api_key={self._key}", "POST", {"pipeline_schedule": wanted}
            )["pipeline_schedule"]
            change = {"pipeline_schedule": {"id": made["id"], "status": "active"}}
            call(f"/api/pipeline_schedules/{made['id']}?api_key={self._key}", "PUT", change)
            self._made[name] = made["id"], made["token"]
        number, token = self._made[name]
        answer = call(
            f"/api/pipeline_schedules/{number}/pipeline_runs/{token}", "POST", {"pipeline_run": {"variables": {}}}
        )
        return int(answer["pipeline_run"]["id"])


def state(run: int) -> str:
    database = SCRATCH / "home" / ".mage_data" / PROJECT.name / "mage-ai.db"
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30) as connection:
        row = connection.execute("select lower(status) from pipeline_run where id = ?", (run,)).fetchone()
    return row[0] if row else ""


def main() -> None:
    mage = os.path.join(os.path.dirname(sys.executable), "mage")
    env = work.environment(
        HOME=SCRATCH / "home", REQUIRE_USER_AUTHENTICATION="0", DISABLE_AUTO_BROWSER_OPEN="1", PYTHONPATH=""
    )
    (SCRATCH / "home").mkdir(exist_ok=True)
    if not (PROJECT / "metadata.yaml").exists():
        subprocess.run([mage, "init", PROJECT.name], cwd=SCRATCH, env=env, check=True, stdout=subprocess.DEVNULL)
    shapes = {"chain40": (10, 40, True), "chain10": (33, 10, True), "parallel10": (33, 10, False), "one": (1, 1, False)}
    for name, (n, times, chained) in {**shapes, "fan": (1, 40, False), "three": (1, 3, True)}.items():
        pipeline(name, n, times, chained=chained)
    report = work.Report()
    process = work.server([mage, "start", str(PROJECT), "--host", "127.0.0.1", "--port", str(work.PORT)], env)
    try:
        work.answers(f"{BASE}/api/statuses")
        work.settle(12)
        report.take("memory", lambda: work.memory(process.pid))
        triggers = Triggers()
        engine = work.Engine(triggers.fire, state, "completed", frozenset({"failed", "cancelled"}))
        report.start(lambda: engine.go("one"), 3)
        report.take(
            "chain10", lambda: work.figures(work.timed(lambda: engine.go("chain10"), 1), compute=work.compute(33, 10))
        )
        report.take(
            "parallel10",
            lambda: work.figures(work.timed(lambda: engine.go("parallel10"), 1), compute=work.compute(33, 10)),
        )
        report.take("runs", lambda: work.figures(work.timed(lambda: engine.many("three", 10), 1), runs=10))
        report.take("fan", lambda: work.figures(work.timed(lambda: engine.go("fan"), 1), tasks=40))
        report.take(
            "chain40", lambda: work.figures(work.timed(lambda: engine.go("chain40"), 1), compute=work.compute(10, 40))
        )
    finally:
        work.stop(process)
    report.end()


if __name__ == "__main__":
    main()
