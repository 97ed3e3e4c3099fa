"""Waiting for the end of a run with one request."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import msgspec
import pytest

from penstock.model.errors import RunNotFoundError
from penstock.schedule.requests import RUNS
from penstock.server.hub import Hub
from penstock.server.runs import ends as ends_module
from penstock.server.runs.ends import RunEnds
from penstock.server.schema.runs import RunSummary
from penstock.state.notify import MISSED
from tests.patience import PATIENCE, until
from tests.server.running import start
from tests.server.serving import Server, make_project, serving
from tests.walks.schedulers import start_scheduler

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

OPEN_RUN = RunSummary("r", "p", "running", 0.0, None, None, 1, 0, None, None, "cli", "all")


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


def retried(server: Server, end: Path) -> str:
    """A run of the scheduler, which waits for that file: it does the same as one of the studio again."""
    end.touch()
    first = begin(server, end)
    assert server.get(f"/runs/{first}/end", seconds=PATIENCE)["state"] == "completed"
    end.unlink()

    def again() -> str:
        reply = server.client.post(f"/runs/{first}/retry")
        return str(reply.json()["run"]["run"]) if reply.is_success else ""

    return until("a run that can be retried, since its record was read in", again)


def check_told_at_once(server: Server, run: str, end: Path) -> None:
    """Whoever waits for that run hears of its end though nobody looks at it."""
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(server.get, f"/runs/{run}/end", seconds=PATIENCE)
        until("a request that waits", lambda: run in server.studio.ends._waiting)
        until("a run that is under way", lambda: server.get(f"/runs/{run}")["state"] == "running")
        end.touch()
        assert answer.result()["state"] == "completed"


def test_the_end_of_a_run_of_the_scheduler(server: Server, tmp_path: Path) -> None:
    server.studio.ends._every = 10 * PATIENCE
    check_told_at_once(server, retried(server, tmp_path / "end"), tmp_path / "end")


def test_the_end_of_a_run_of_another_scheduler(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", blocks=[("hold", "custom", [], CODE)])
    with serving(project, scheduler=False) as server:
        server.studio.ends._every = 10 * PATIENCE
        data = {"PENSTOCK_DATA_DIR": str(server.studio.project().data_dir())}
        other = start_scheduler(project, tmp_path, "scheduler", data)
        try:
            check_told_at_once(server, retried(server, tmp_path / "end"), tmp_path / "end")
        finally:
            other.stop()


@pytest.mark.parametrize("scheduler", [True, False])
def test_the_end_of_a_run_of_the_command_line(tmp_path: Path, *, scheduler: bool) -> None:
    project = make_project(tmp_path / "project", blocks=[("hold", "custom", [], CODE)])
    variables = json.dumps({"end": str(tmp_path / "end")})
    command = [sys.executable, "-m", "penstock", "run", project, "flights", "--runtime-vars", variables]
    with serving(project, scheduler=scheduler) as server, server.live() as live:
        server.studio.ends._every = 10 * PATIENCE
        live.subscribe("project")
        with subprocess.Popen(command, stdout=subprocess.DEVNULL):
            (found,) = until("a run", lambda: server.get("/runs", state="running")["runs"])
            check_told_at_once(server, found["run"], tmp_path / "end")
        live.until("run_recorded", run=found["run"])
        assert server.studio.scheduling.bridge._waiting == [] or scheduler


def test_an_end_that_comes_during_the_look_is_heard() -> None:
    async def main() -> None:
        hub, ended = Hub(), Event()

        def look(run: str) -> RunSummary:
            if ended.is_set():
                return msgspec.structs.replace(OPEN_RUN, state="completed")
            hub.publish_from_thread(f"run:{run}", {"type": "run_ended"})
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(PATIENCE)  # it was heard
            ended.set()
            return OPEN_RUN

        hub.attach(loop := asyncio.get_running_loop())
        waiting = RunEnds(hub, look, 10 * PATIENCE).wait("r", 10 * PATIENCE)
        assert (await asyncio.wait_for(waiting, PATIENCE)).state == "completed"

    asyncio.run(main())


def test_a_run_that_is_deleted_is_not_waited_for_any_more() -> None:
    async def main() -> None:
        hub, deleted = Hub(), Event()

        def look(run: str) -> RunSummary:
            if deleted.is_set():
                raise RunNotFoundError(f"reading run {run}: there is none", hint="")
            deleted.set()
            hub.publish_from_thread("project", {"type": "runs_deleted", "runs": [run]})
            return OPEN_RUN

        hub.attach(asyncio.get_running_loop())
        ends = RunEnds(hub, look, 10 * PATIENCE)
        with pytest.raises(RunNotFoundError):
            await asyncio.wait_for(ends.wait("r", 10 * PATIENCE), PATIENCE)
        assert ends._waiting == {}

    asyncio.run(main())


class Told:
    """Waiting for a run that this process has made, with what was looked at."""

    def __init__(self, own: str = "this scheduler") -> None:
        self.own = own
        self.looked: list[str] = []
        self.state = "running"
        self.hub = Hub()
        self.ends = RunEnds(self.hub, self._look, 10 * PATIENCE)
        self._listeners: list[Callable[[str, str], None]] = []
        self.ends.join(self._listeners, lambda what, *given: what(*given), own=own)
        self.ends.made("r")
        self.tell(RUNS, "r")

    def _look(self, run: str) -> RunSummary:
        self.looked.append(run)
        return msgspec.structs.replace(OPEN_RUN, state=self.state)

    def tell(self, topic: str, text: str) -> None:
        for listener in self._listeners:
            listener(topic, text)

    async def wait(self, told: Callable[[], object]) -> None:
        self.hub.attach(asyncio.get_running_loop())
        waiting = asyncio.ensure_future(self.ends.wait("r", 10 * PATIENCE))
        await asyncio.sleep(0)
        assert self.looked == []  # nothing can have happened to it
        if self.own:
            self.tell("scheduler", self.own)
        self.tell(RUNS, "another")
        await asyncio.sleep(0)
        assert not waiting.done()
        self.state = "completed"
        told()
        assert (await asyncio.wait_for(waiting, PATIENCE)).state == "completed"
        assert (self.looked, self.ends._new) == (["r"], {})


@pytest.mark.parametrize("own", ["this scheduler", ""])
@pytest.mark.parametrize("message", [(RUNS, "r"), (RUNS, ""), ("scheduler", "another scheduler"), (MISSED, "")])
def test_a_run_that_was_made_here_is_looked_at_when_others_tell(message: tuple[str, str], own: str) -> None:
    told = Told(own)
    asyncio.run(told.wait(lambda: told.tell(*message)))


def test_a_run_that_was_made_here_is_looked_at_when_its_end_is_published() -> None:
    told = Told()
    asyncio.run(told.wait(lambda: told.hub.publish("run:r", {"type": "run_ended"})))


@pytest.mark.parametrize("message", [(RUNS, "r"), ("scheduler", "another scheduler")])
def test_a_run_that_ends_before_it_is_waited_for_is_looked_at_first(message: tuple[str, str]) -> None:
    told = Told()
    told.tell(*message)
    told.state = "completed"
    assert asyncio.run(told.ends.wait("r", 10 * PATIENCE)).state == "completed"


def test_who_does_not_want_to_wait_is_told_at_once() -> None:
    told = Told()
    assert asyncio.run(told.ends.wait("r", 0.0)).state == "running"


def test_as_many_new_runs_are_known_as_are_of_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ends_module, "_REMEMBERED", 2)
    told = Told()
    for name in ("s", "t", "u"):
        told.ends.made(name)
    assert list(told.ends._new) == ["t", "u"]


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
