"""Health, metrics, the monitor and all logs over the HTTP API of a real server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.server.serving import Server, make_project

CODE = """
from mage_ai.data_preparation.decorators import custom

@custom
def load(*args, **kwargs):
    print('a thousand rows')
    return {'rows': 1000}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = make_project(tmp_path_factory.mktemp("monitoring") / "project", blocks=[("load", "custom", [], CODE)])
    started = Server(root)
    started.start()
    yield started
    started.stop()


def ok(reply: httpx.Response) -> Any:
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_health_is_public_and_tells_nothing_about_the_project(server: Server) -> None:
    with httpx.Client(base_url=str(server.client.base_url)) as stranger:
        reply = stranger.get("/health")
        found = ok(reply)
        assert (found["status"], found["scheduler"]["status"], found["database"]["status"]) == ("ok", "ok", "ok")
        assert set(found) == {"status", "scheduler", "database"}
        status = ok(stranger.get("/status"))["statuses"][0]
        assert (status["scheduler_status"], status["repo_path"], status["project_uuid"]) == ("running", None, None)
        for path in ("/metrics", "/monitor", "/logs", "/alerts", "/alerts/settings"):
            assert stranger.get(path).status_code == 401, path
    assert ok(server.client.get("/status"))["statuses"][0]["repo_path"] == str(server.root)


def test_a_run_is_counted_and_found(server: Server) -> None:
    run = ok_run(server)
    families = {
        sample.name + str(sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(server.client.get("/metrics").text)
        for sample in family.samples
    }
    assert families["penstock_block_runs_ended_total[('state', 'completed')]"] >= 1
    assert families["penstock_up[('part', 'database')]"] == 1
    assert families["penstock_up[('part', 'scheduler')]"] == 1
    assert families["process_resident_memory_bytes[]"] > 1_000_000
    lines = ok(server.client.get("/logs", params={"run": run, "q": "THOUSAND"}))["lines"]
    assert [(line["pipeline"], line["block"], line["text"]) for line in lines] == [
        ("flights", "load", "a thousand rows")
    ]
    own = ok(server.client.get("/logs", params={"run": run, "level": "INFO"}))["lines"]
    assert own[0]["text"].startswith("run completed after")
    page = ok(server.client.get("/monitor?days=2"))
    assert len(page["days"]) == 2
    assert page["days"][-1]["runs"]["completed"] >= 1
    assert page["pipelines"][0]["pipeline"] == "flights"
    assert ok(server.client.get("/monitor?pipeline=none"))["pipelines"] == []
    hours = ok(server.client.get("/monitor/hours?days=1"))
    assert hours["until"] - hours["since"] == 24 * 3600
    assert sum(each["runs"]["completed"] for each in hours["hours"]) >= 1
    assert ok(server.client.get("/monitor/hours?state=failed,interrupted"))["hours"] == []


def ok_run(server: Server) -> str:
    run = server.client.post("/pipelines/flights/runs", json={}).json()["run"]["run"]
    with server.client.stream("GET", f"/runs/{run}/events") as events:
        for line in events.iter_lines():
            if "run_ended" in line:
                break
    # The store has it a moment later; reading its record is what that moment is for.
    row = server.studio.scheduling.ingest.one("flights", run)
    assert row is not None
    assert not row.open
    return run


@pytest.mark.parametrize(
    "query",
    [
        "from=-1&to=1e300",
        "from=1e20",
        "to=-5",
        "before=%00",
        "before=9|9|9",
        "limit=-1",
        "days=x",
        "level=ALL",
        "block=../x",
    ],
)
def test_odd_questions_have_an_answer(server: Server, query: str) -> None:
    reply = server.client.get(f"/logs?{query}")
    assert reply.status_code in {200, 422}, reply.text
    assert server.client.get("/monitor?days=99999999").status_code == 200


def test_a_level_that_there_is_not_is_refused(server: Server) -> None:
    run = ok_run(server)
    for path in ("/logs", f"/runs/{run}/logs"):
        reply = server.client.get(path, params={"level": "bogus"})
        assert reply.status_code == 422, reply.text
        assert "WARNING" in reply.text
        assert server.client.get(path, params={"level": "warning"}).status_code == 200


def test_a_database_that_is_away_is_told(server: Server) -> None:
    state = server.studio.state
    database = str(state.url.database)
    state.close()
    shutil.move(database, f"{database}.away")
    try:
        Path(database).mkdir()
        reply = httpx.get(f"{server.client.base_url}health")
        assert reply.status_code == 503
        assert reply.json()["database"]["status"] == "down"
        ready = httpx.get(f"{server.client.base_url}health/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "down")
        assert "database" in ready.json()["text"]
        assert httpx.get(f"{server.client.base_url}health/live").status_code == 200  # a restart would not help
        text = server.client.get("/metrics").text
        assert 'penstock_up{part="database"} 0' in text
    finally:
        Path(database).rmdir()
        shutil.move(f"{database}.away", database)
    for path in ("health", "health/ready", "health/live"):
        assert httpx.get(f"{server.client.base_url}{path}").status_code == 200


def test_a_database_that_is_damaged_is_not_told_to_have_lost_nothing(server: Server) -> None:
    server.studio.state.close()
    database = Path(str(server.studio.state.url.database))
    whole = database.read_bytes()
    database.write_bytes(b"\xff" * len(whole))
    try:
        told = [
            httpx.get(f"{server.client.base_url}health").json()["database"],
            httpx.get(f"{server.client.base_url}health/ready").json(),
        ]
        assert 'penstock_up{part="database"} 0' in server.client.get("/metrics").text
    finally:
        server.studio.state.close()
        database.write_bytes(whole)
    for part in told:
        assert part["status"] == "down"
        assert part["text"].startswith("The state database is damaged")
        assert "restore" in part["text"]
    assert httpx.get(f"{server.client.base_url}health/ready").status_code == 200


def test_numbers_are_where_prometheus_looks_for_them(server: Server) -> None:
    address = f"http://127.0.0.1:{server.port}/metrics"
    assert httpx.get(address).status_code == 401
    given = httpx.get(address, headers=server.headers)
    assert given.headers["content-type"].startswith("text/plain; version=0.0.4")
    names = {family.name for family in text_string_to_metric_families(given.text)}
    assert names == {family.name for family in text_string_to_metric_families(server.client.get("/metrics").text)}
    assert names
