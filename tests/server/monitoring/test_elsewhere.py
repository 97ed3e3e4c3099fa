"""What a server tells of the schedulers of other processes: as `why` does, by what they have written and whether they live."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from penstock.observe.liveness import machine
from penstock.observe.metrics import Metrics
from penstock.schedule.presence import HEARD_WITHIN
from penstock.schedule.why import has_scheduler
from penstock.server.monitoring import ends
from penstock.server.monitoring.service import MonitoringService
from penstock.state.rows import BlockRunRow, NodeRow, RunRow, TriggerRow
from penstock.state.store import State, open_state
from tests.server.serving import Server, make_project, serving

NOW = 1_700_000_000.0


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


def test_without_its_database_a_server_knows_of_no_scheduler_that_works(tmp_path: Path) -> None:
    state = open_state(f"sqlite:///{tmp_path}/state.db")
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


def put_run(state: State, name: str, ended_at: float, token: int = 1, **values: Any) -> None:
    row = RunRow(
        name, "p", NOW - 90, "completed", "schedule", ended_at=ended_at, seconds=2.0, lease_token=token, **values
    )
    with state.write() as connection:
        state.runs.insert_many(connection, [row])
        state.block_runs.put(
            connection,
            [
                BlockRunRow(
                    name, "a", 0, "completed", 3, started_at=NOW, ended_at=NOW + 2, rows_out=7, cpu_seconds=0.5
                ),
                BlockRunRow(name, "b", 1, "completed", 1, started_at=NOW, ended_at=NOW + 20),
                BlockRunRow(name, "c", 2, "upstream_failed", 0, ended_at=NOW),
                BlockRunRow(name, "d", 3, "initial"),
            ],
        )


def numbers(text: str) -> dict[str, float]:
    return {
        f"{sample.name} {' '.join(sample.labels.values())}".strip(): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_runs_that_others_drive_are_counted_once_from_the_store(state: State) -> None:
    now = NOW
    with state.write() as connection:
        trigger = state.triggers.add(connection, TriggerRow("p", "t"))
    put_run(state, "before", NOW - 1)
    service = MonitoringService(state, scheduler=lambda: None, metrics=Metrics(), clock=lambda: now)
    assert "penstock_runs_ended_total completed schedule" not in numbers(service.metrics())
    put_run(state, "one", NOW + 5, trigger_id=trigger, due_at=NOW - 40, started_at=NOW - 10)
    put_run(state, "of_the_studio", NOW + 5, token=0)
    now = NOW + 10
    service.metrics()
    put_run(state, "late_to_be_written", NOW + 4)
    found = numbers(service.metrics())
    assert found == numbers(service.metrics()) | {
        name: value for name, value in found.items() if name.startswith(("process", "penstock_p", "penstock_database"))
    }
    assert found["penstock_runs_ended_total completed schedule"] == 2
    assert found["penstock_pipeline_runs_ended_total p completed"] == 2
    assert found["penstock_run_seconds_sum completed"] == 4
    assert (found["penstock_run_wait_seconds_count"], found["penstock_run_wait_seconds_sum"]) == (1, 30)
    assert found["penstock_block_runs_ended_total completed"] == 4
    assert found["penstock_block_runs_ended_total upstream_failed"] == 2
    assert found["penstock_block_seconds_sum completed"] == 44
    assert found["penstock_block_seconds_bucket completed 1"] == 0
    assert found["penstock_block_seconds_bucket completed 5"] == 2
    assert found["penstock_block_seconds_bucket completed 60"] == 4
    assert found["penstock_block_retries_total"] == 4
    assert found["penstock_rows_written_total"] == 14
    assert found["penstock_block_cpu_seconds_total"] == 1


def test_more_than_one_look_counts_are_counted_by_the_next(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ends, "_AT_ONCE", 2)
    service = MonitoringService(state, scheduler=lambda: None, metrics=Metrics(), clock=lambda: NOW + 1000)
    service._ends._since = NOW
    for number in range(5):
        put_run(state, f"r{number}", NOW + 200 * number)
    seen = [numbers(service.metrics())["penstock_runs_ended_total completed schedule"] for _ in range(4)]
    assert seen == [2, 4, 5, 5]


def test_a_server_with_a_scheduler_of_its_own_counts_what_it_hears(state: State) -> None:
    class Own:
        last_tick, failure = NOW, ""

    service = MonitoringService(state, scheduler=Own, metrics=Metrics(), clock=lambda: NOW)
    put_run(state, "one", NOW + 5)
    assert "penstock_runs_ended_total completed schedule" not in numbers(service.metrics())
