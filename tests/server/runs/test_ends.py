"""Waiting for the end of a run with one request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.server.runs.ends import RunEnds
from tests.patience import PATIENCE, until
from tests.server.running import start
from tests.server.serving import Server, make_project

CODE = """
import pathlib

@custom
def hold(*args, **kwargs):
    import time
    end = pathlib.Path(kwargs['end'])
    while not end.exists():
        time.sleep(0.01)
    return 1
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(make_project(tmp_path / "project", blocks=[("hold", "custom", [], CODE)]))
    started.start()
    yield started
    started.stop()


def begin(server: Server, end: Path) -> str:
    return str(server.post("/pipelines/flights/runs", {"variables": {"end": str(end)}})["run"]["run"])


def test_the_answer_comes_with_the_end(server: Server, tmp_path: Path) -> None:
    server.studio.ends._every = 10 * PATIENCE  # nothing but the end wakes it
    run = begin(server, tmp_path / "end")
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(server.get, f"/runs/{run}/end", seconds=PATIENCE) for _ in range(2)]
        until("two requests that wait", lambda: len(server.studio.ends._waiting.get(run, ())) == 2)
        (tmp_path / "end").touch()
        assert [answer.result()["state"] for answer in answers] == ["completed", "completed"]
    assert server.studio.ends._waiting == {}
    assert server.get(f"/runs/{run}/end")["state"] == "completed", "one that has ended is told at once"


def test_one_that_takes_longer_is_told_as_it_is(server: Server, tmp_path: Path) -> None:
    run = begin(server, tmp_path / "end")
    assert server.get(f"/runs/{run}/end", seconds="0.01")["state"] == "running"
    assert server.get(f"/runs/{run}/end", seconds="-5")["state"] == "running"
    assert server.get(f"/runs/{run}/end", seconds="nan")["state"] == "running"
    assert server.client.get(f"/runs/{run}/end?seconds=soon").status_code == 422
    (tmp_path / "end").touch()
    assert server.get(f"/runs/{run}/end")["state"] == "completed"


def test_an_end_that_nobody_tells_is_found(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.studio.ends, "_every", 0.05)
    monkeypatch.setattr(RunEnds, "_wake", lambda *_: None)
    run = begin(server, tmp_path / "end")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(server.get, f"/runs/{run}/end", seconds=PATIENCE)
        until("a request that waits", lambda: run in server.studio.ends._waiting)
        (tmp_path / "end").touch()
        assert answer.result()["state"] == "completed"


def test_a_run_that_is_not_there_is_not_waited_for(server: Server) -> None:
    assert server.client.get("/runs/nothing/end").status_code == 404
    assert server.studio.ends._waiting == {}


def check_given_up(status: int, body: dict[str, Any]) -> None:
    """The answer of a server, or of a login, that ends while somebody waits."""
    assert (status, body["error"]["code"]) == (503, "A503")
    assert "the login has ended, or the server is ending" in body["error"]["message"]


def test_the_end_of_the_server_or_of_the_login_ends_the_waiting(server: Server, tmp_path: Path) -> None:
    run = begin(server, tmp_path / "end")
    base = f"http://127.0.0.1:{server.port}"
    with ThreadPoolExecutor(1) as pool, httpx.Client(base_url=base, timeout=PATIENCE) as browser:
        browser.get("/", params={"token": server.app.access.new_link()})
        for end in (
            lambda: server.call(server.app.sockets.end),  # what a server does first of all when it is to end
            lambda: browser.delete("/api/session", headers={"X-Penstock": "1"}).raise_for_status(),
        ):
            waiting = pool.submit(browser.get, f"/api/runs/{run}/end", params={"seconds": 4 * PATIENCE})
            until("a request that waits", lambda: run in server.studio.ends._waiting)
            end()
            check_given_up(waiting.result().status_code, waiting.result().json())
        assert server.studio.ends._waiting == {}
        assert len(server.app.sockets) == 0
    (tmp_path / "end").touch()


def test_a_server_that_is_stopped_answers_those_who_wait(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", blocks=[("hold", "custom", [], CODE)])
    server = start(project, tmp_path)
    body = {"variables": {"end": str(tmp_path / "end")}}
    run = server.post("/api/pipelines/flights/runs", body)["run"]["run"]
    cookie = "; ".join(f"{one.name}={one.value}" for one in server.client.cookies.jar)
    other = HTTPConnection(httpx.URL(server.url).host, httpx.URL(server.url).port, timeout=PATIENCE)
    with closing(other):
        other.request("GET", f"/api/runs/{run}/end?seconds={4 * PATIENCE}", headers={"Cookie": cookie})
        assert server.get(f"/api/runs/{run}")["state"] == "running"  # read after the other one, which waits by now
        assert server.stop() == 0
        reply = other.getresponse()
        check_given_up(reply.status, json.loads(reply.read()))
    assert "Traceback" not in (tmp_path / "server.log").read_text()
