"""A real server over a project of one's own: the whole application, on a free port of loopback, in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import json
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

import httpx
import uvicorn
import yaml
from websockets.sync.client import ClientConnection, connect

from penstock.cli.studio import open_studio
from penstock.server.app import App, create_app
from penstock.server.studio import Studio
from tests.patience import PATIENCE

Block = tuple[str, str, list[str], str]
"""uuid, type, upstream blocks, code."""


def make_project(root: Path, pipeline: str = "flights", blocks: list[Block] | None = None) -> Path:
    """A project with one pipeline of Python blocks."""
    (root / "metadata.yaml").parent.mkdir(parents=True, exist_ok=True)
    (root / "metadata.yaml").write_text("project_type: standalone\nvariables_dir: .data\n")
    add_pipeline(root, pipeline, blocks or [])
    return root


def add_pipeline(root: Path, pipeline: str, blocks: list[Block], **more: Any) -> None:
    """Write a pipeline's file and those of its blocks."""
    entries = []
    for uuid, kind, upstream, code in blocks:
        language = "markdown" if kind == "markdown" else "python"
        folder = {"custom": "custom", "scratchpad": "scratchpads"}.get(kind, f"{kind}s")
        file = root / folder / f"{uuid}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(code))
        entry = {"uuid": uuid, "name": uuid, "type": kind, "language": language, "upstream_blocks": upstream}
        entry["downstream_blocks"] = [other[0] for other in blocks if uuid in other[2]]
        entries.append(entry)
    file = root / "pipelines" / pipeline / "metadata.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump({"name": pipeline, "type": "python", "blocks": entries, **more}, sort_keys=False))


class Server:
    """A running server and a client of it; with `scheduler=False`, another process drives what it asks for."""

    def __init__(self, root: Path, *, scheduler: bool = True) -> None:
        self.root = root
        self.scheduler = scheduler
        self.studio: Studio
        self.app: App
        self.client: httpx.Client
        self.headers: dict[str, str] = {}
        self.port = 0
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._server: uvicorn.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="server", daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        if self._failure is not None:
            raise self._failure
        self.headers = {"authorization": f"Bearer {self.app.access.new_token()}", "x-penstock": "1"}
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}/api", headers=self.headers, timeout=PATIENCE)

    def stop(self) -> None:
        self.client.close()
        assert self._server is not None
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call something on the server's event loop, and wait for it."""
        assert self._loop is not None

        async def work() -> Any:
            return function(*arguments)

        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(PATIENCE)

    def live(self) -> Live:
        """A live socket."""
        return Live(connect(f"ws://127.0.0.1:{self.port}/api/live", additional_headers=self.headers, max_size=2**26))

    def get(self, path: str, **query: Any) -> Any:
        reply = self.client.get(path, params=query)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def post(self, path: str, body: Any = None, status: int = 202) -> Any:
        reply = self.client.post(path, json=body) if body is not None else self.client.post(path)
        assert reply.status_code == status, reply.text
        return reply.json()

    def run(self, pipeline: str = "flights", **body: Any) -> list[dict[str, Any]]:
        """Run blocks and wait; the events of the run."""
        with self.live() as live:
            live.subscribe(f"pipeline:{pipeline}")
            run = self.post(f"/pipelines/{pipeline}/runs", body)["run"]["run"]
            return live.until("run_ended", run=run)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - it is raised where the test waits
            self._failure = error
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.studio = open_studio(self.root, scheduler=self.scheduler)
        self.app = create_app(self.studio)
        self._server = uvicorn.Server(
            uvicorn.Config(
                self.app,
                port=0,
                log_level="warning",
                lifespan="on",
                ws="websockets-sansio",
                ws_per_message_deflate=False,
            )
        )
        serving = asyncio.create_task(self._server.serve())
        while not self._server.started and not serving.done():  # noqa: ASYNC110 - it tells its start in no other way
            await asyncio.sleep(0.005)
        if not serving.done():
            self.port = self._server.servers[0].sockets[0].getsockname()[1]
        self._ready.set()
        await serving


class Live:
    """A live socket that a test reads."""

    def __init__(self, connecting: AbstractContextManager[ClientConnection]) -> None:
        self._connecting = connecting
        self.socket = connecting.__enter__()
        self.hello = json.loads(self.socket.recv(PATIENCE))["hello"]
        self.seen: list[dict[str, Any]] = []
        self.received = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connecting.__exit__(None, None, None)

    def subscribe(self, topic: str, **more: Any) -> dict[str, Any]:
        """Subscribe, and wait for the frame that says so."""
        self.socket.send(json.dumps({"op": "subscribe", "topic": topic, **more}))
        while True:
            frame = self.frame()
            if frame["topic"] == topic:
                return frame

    def frame(self, patience: float = PATIENCE) -> dict[str, Any]:
        text = self.socket.recv(patience)
        self.received += len(text)
        frame = json.loads(text)
        self.seen += frame.get("events", [])
        return frame

    def until(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        """Read until an event of that type with these fields has come; every event since the last call."""
        while True:
            for number, event in enumerate(self.seen):
                if event["type"] == kind and all(_field(event, name) == value for name, value in fields.items()):
                    found, self.seen = self.seen[: number + 1], self.seen[number + 1 :]
                    return found
            self.frame()


def _field(event: dict[str, Any], name: str) -> Any:
    value = event.get(name)
    return value["run"] if name == "run" and isinstance(value, dict) else value


@contextlib.contextmanager
def serving(root: Path, *, scheduler: bool = True) -> Iterator[Server]:
    """A server that is ended with the context."""
    server = Server(root, scheduler=scheduler)
    server.start()
    try:
        yield server
    finally:
        server.stop()
