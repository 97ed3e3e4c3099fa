"""Children that share processes, in a running server: each done once, whoever is killed; cancelled without delay."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.projects import B, write_project
from tests.server.running import start
from tests.walks.called import call, ended, make_callable, state, stored
from tests.walks.schedulers import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="orders lie ready where fork is to be had")

MANY = 300
EACH = """
import os, pathlib, time
notes = pathlib.Path(kwargs["repo_path"], "notes")
with open(notes / kwargs["go"], "a") as file:
    file.write(f"{args[0]} {os.getpid()}\\n")
print("item", args[0])
time.sleep(float(kwargs["seconds"]))
return args[0]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    home = tmp_path_factory.mktemp("shared")
    shared = {"isolation": "shared", "reduce_output": True}
    blocks = [
        B("many", "data_loader", f"return [list(range({MANY}))]", configuration={"dynamic": True}),
        B(
            "each",
            "transformer",
            EACH,
            ("many",),
            configuration=shared,
            more={"retry_config": {"retries": 30, "delay": 0}},
        ),
        B("all", "data_exporter", "return {'all': sorted(args[0])}", ("each",)),
    ]
    root = write_project(home / "project", fan=blocks)
    make_callable(root, "fan")
    patch = pytest.MonkeyPatch()
    patch.setenv("PENSTOCK_DATA_DIR", str(home / "data"))
    yield root, home
    patch.undo()


def begun(root: Path, go: str) -> list[tuple[int, int]]:
    """The items whose code has begun, in order, and the processes in which it did."""
    file = root / "notes" / go
    found = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    return [(int(words[0]), int(words[1])) for words in found if len(words) == 2]


def test_processes_that_are_killed_cost_only_what_they_were_at(place: tuple[Path, Path]) -> None:
    root, home = place
    server, rng = start(root, home), random.Random(7)
    try:
        run = call(server, "fan", go="kills", seconds=0.004)
        killed = 0
        while killed < 12 and state(server, run) in {"initial", "running"}:
            time.sleep(0.02)
            if at_work := begun(root, "kills")[-4:]:
                with suppress(ProcessLookupError):
                    os.kill(rng.choice(at_work)[1], signal.SIGKILL)
                    killed += 1
        assert ended(server, run) == "completed"
        assert killed
        assert stored(root, "fan", "all") == {"all": list(range(MANY))}
        times = Counter(item for item, _ in begun(root, "kills"))
        assert set(times) == set(range(MANY))
        assert sum(times.values()) <= MANY + killed  # what was not begun when its process died was no attempt
        children = server.get(f"/api/runs/{run}")["blocks"]
        attempts = {one["block"]: one["attempts"] for one in children if one["block"].startswith("each:")}
        assert sum(attempts.values()) - len(attempts) <= killed
    finally:
        server.stop()


def test_a_server_that_is_killed_goes_on_with_what_was_not_done(place: tuple[Path, Path]) -> None:
    root, home = place
    server = start(root, home)
    try:
        run = call(server, "fan", go="server", seconds=0.004)
        wait_for("some children", lambda: len(begun(root, "server")) > 60)
        server.stop(signal.SIGKILL)
        before = len(begun(root, "server"))
        server = start(root, home)
        assert ended(server, run) == "completed"
        assert stored(root, "fan", "all") == {"all": list(range(MANY))}
        again = len(begun(root, "server")) - MANY
        assert 0 <= again <= 20, f"{again} of {before} were done again"  # those that were under way at most
    finally:
        server.stop()


def test_a_cancelled_run_begins_nothing_more(place: tuple[Path, Path]) -> None:
    root, home = place
    server = start(root, home)
    try:
        run = call(server, "fan", go="cancel", seconds=600)
        wait_for("a child", lambda: begun(root, "cancel"))
        server.post(f"/api/runs/{run}/cancel", {})
        assert ended(server, run) == "cancelled"
        found = begun(root, "cancel")
        assert len(found) < MANY
        wait_for("the end of their processes", lambda: not any(Path(f"/proc/{pid}").exists() for _, pid in found))
        states = Counter(one["state"] for one in server.get(f"/api/runs/{run}")["blocks"] if ":" in one["block"])
        assert set(states) <= {"cancelled", "interrupted"}
    finally:
        server.stop()
