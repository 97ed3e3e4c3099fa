"""Waiting for the end of a run with one request."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from penstock.server.runs.ends import RunEnds
from tests.patience import PATIENCE, until
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
