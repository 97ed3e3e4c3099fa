"""What a server tells of the schedulers of other processes: as `why` does, by what they have written and whether they live."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from penstock.observe.liveness import machine
from penstock.observe.metrics import Metrics
from penstock.schedule.presence import HEARD_WITHIN
from penstock.schedule.why import has_scheduler
from penstock.server.monitoring.service import MonitoringService
from penstock.state.rows import NodeRow
from penstock.state.store import State, open_state
from tests.server.serving import Server, make_project, serving

NOW = 1_700_000_000.0


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = open_state(f"sqlite:///{tmp_path}/state.db")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(make_project(tmp_path_factory.mktemp("alone") / "project"), scheduler=False) as started:
        yield started


def ended_process() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def put(state: State, name: str, pid: int, seen_at: float, host: str = "", kind: str = "scheduler") -> None:
    with state.write() as connection:
        state.nodes.put(connection, NodeRow(name, kind, host or machine(), pid, seen_at - 500, seen_at))


def told(state: State) -> tuple[str, float | None, str]:
    """What health says of the scheduler, which is what `why` and the numbers say as well."""
    metrics = Metrics()
    service = MonitoringService(state, scheduler=lambda: None, metrics=metrics, clock=lambda: NOW)
    found = service.health()
    text = service.metrics()
    up = f'penstock_up{{part="scheduler"}} {1 if found.scheduler.status == "ok" else 0}\n'
    assert up in text
    if found.scheduler.seconds is not None:
        assert f"penstock_scheduler_last_tick_seconds {NOW - found.scheduler.seconds:.0f}\n" in text
    with state.read() as connection:
        assert has_scheduler(state, connection, NOW) == (found.scheduler.status == "ok")
    assert found.status == ("down" if found.scheduler.status == "down" else "ok")
    return found.scheduler.status, found.scheduler.seconds, found.scheduler.text


def test_none_has_ever_taken_part_or_all_have_said_that_they_end(state: State) -> None:
    put(state, "web", os.getpid(), NOW, kind="server")
    status, seconds, text = told(state)
    assert (status, seconds) == ("off", None)
    assert "penstock start --instance-type scheduler" in text


def test_one_that_is_there(state: State) -> None:
    put(state, "one", os.getpid(), NOW - 20)
    assert told(state) == ("ok", 20.0, "")


def test_one_of_this_machine_whose_process_is_gone_is_gone_at_once(state: State) -> None:
    put(state, "one", ended_process(), NOW - 20)
    status, seconds, text = told(state)
    assert (status, seconds) == ("down", 20.0)
    assert text.startswith("The process of the scheduler is gone; it gave its last sign of life 20 s ago. Start one")


def test_one_that_is_gone_hides_none_that_is_there(state: State) -> None:
    put(state, "gone", ended_process(), NOW - 1)
    put(state, "here", os.getpid(), NOW - 40)
    assert told(state) == ("ok", 40.0, "")


def test_one_of_another_machine_is_gone_when_it_was_not_heard_for_long(state: State) -> None:
    pid = ended_process()
    put(state, "far", pid, NOW - HEARD_WITHIN + 1, host="elsewhere")
    assert told(state)[0] == "ok"
    put(state, "far", pid, NOW - HEARD_WITHIN - 1, host="elsewhere")
    assert told(state) == (
        "down",
        HEARD_WITHIN + 1,
        f"The scheduler gave its last sign of life {HEARD_WITHIN + 1:.0f} s ago.",
    )


def test_probes_are_told_of_a_scheduler_that_was_killed(alone: Server) -> None:
    state, now = alone.studio.state, time.time()
    put(state, "one", os.getpid(), now)
    assert alone.get("/health")["scheduler"]["status"] == "ok"
    assert alone.get("/status")["statuses"][0]["scheduler_status"] == "running"
    put(state, "one", ended_process(), now)
    reply = httpx.get(f"{alone.client.base_url}health")
    assert (reply.status_code, reply.json()["scheduler"]["status"]) == (503, "down")
    assert alone.get("/status")["statuses"][0]["scheduler_status"] == "stopped"


def test_without_its_database_a_server_knows_of_no_scheduler_that_works(state: State, tmp_path: Path) -> None:
    put(state, "one", os.getpid(), NOW)
    metrics = Metrics()
    service = MonitoringService(state, scheduler=lambda: None, metrics=metrics, clock=lambda: NOW)
    assert 'penstock_up{part="scheduler"} 1' in service.metrics()
    state.close()
    for file in tmp_path.glob("state.db*"):
        file.unlink()
    (tmp_path / "state.db").mkdir()
    assert 'penstock_up{part="scheduler"} 0' in service.metrics()
    assert "is not known without the database" in service.health().scheduler.text
