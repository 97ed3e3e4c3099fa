"""The end of processes that are not our children is told, once, at once."""

from __future__ import annotations

import queue
import subprocess
import sys
from collections.abc import Hashable
from pathlib import Path

from penstock.observe.departures import Departures
from tests.patience import PATIENCE


def waiting() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)


def test_an_end_is_told_once() -> None:
    told: queue.Queue[Hashable] = queue.Queue()
    departures = Departures(told.put)
    first, second = waiting(), waiting()
    departures.watch(first.pid, "first")
    departures.watch(first.pid, "first")
    departures.watch(second.pid, "second")
    second.communicate()
    assert told.get(timeout=PATIENCE) == "second"
    first.kill()
    assert told.get(timeout=PATIENCE) == "first"
    first.communicate()
    departures.watch(first.pid, "gone")
    assert told.get(timeout=PATIENCE) == "gone"
    departures.close()
    assert told.empty()


def test_the_end_of_a_child_of_somebody_else() -> None:
    told: queue.Queue[Hashable] = queue.Queue()
    departures = Departures(told.put)
    code = "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'input()']); print(child.pid, flush=True); child.wait()"
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    departures.watch(int(parent.stdout.readline()), "grandchild")
    parent.communicate(b"\n")
    assert told.get(timeout=PATIENCE) == "grandchild"
    departures.close()


def test_closing_leaves_nothing_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    departures = Departures(lambda _: None)
    process = waiting()
    departures.watch(process.pid, "x")
    departures.close()
    departures.watch(process.pid, "y")
    process.communicate()
    assert process.stdin is not None
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    Departures(lambda _: None).close()
