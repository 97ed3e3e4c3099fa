"""A studio as its user starts it: `penstock start` in a process of its own, on a free port."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from tests import logs
from tests.patience import PATIENCE


@dataclass
class Server:
    """A running server and a browser that is logged in to it."""

    process: subprocess.Popen[str]
    project: Path
    link: str
    url: str
    logs_in: bool = True
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(
            base_url=self.url, headers={"X-Penstock": "1"}, timeout=PATIENCE, follow_redirects=True
        )
        if self.logs_in:
            self.client.get(self.link).raise_for_status()

    def get(self, path: str, **options: Any) -> Any:
        """The JSON of a path; anything but success raises with the answer in its message."""
        return self._json(self.client.get(path, **options))

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """The JSON that a POST answers."""
        return self._json(self.client.post(path, json=body if body is not None else {}, **options))

    def _json(self, reply: httpx.Response) -> Any:
        assert reply.is_success, f"{reply.request.method} {reply.request.url}: {reply.status_code} {reply.text[:800]}"
        return reply.json() if reply.content else None

    def ws(self, path: str) -> str:
        """The address of a socket."""
        return self.url.replace("http:", "ws:", 1) + path

    def socket(self, path: str, **options: Any) -> ClientConnection:
        """A socket of the logged-in browser."""
        cookie = "; ".join(f"{one.name}={one.value}" for one in self.client.cookies.jar)
        return connect(self.ws(path), origin=self.url, additional_headers={"Cookie": cookie}, max_size=None, **options)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; its exit code."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout=PATIENCE)
        finally:
            if self.process.poll() is None:
                self.process.kill()
            for stream in (self.process.stdout, self.process.stderr):
                if stream:
                    stream.close()


def start(
    project: Path,
    home: Path,
    *arguments: str,
    environment: dict[str, str] | None = None,
    cwd: Path | None = None,
    logs_in: bool = True,
) -> Server:
    """Start a studio of that project; everything that it keeps is below `home`, its user's home as well.

    With `logs_in=False` the link that it prints, which works once, is left for somebody else.
    """
    (home / "user").mkdir(exist_ok=True)
    env = {
        **os.environ,
        # Shells read no start files of the person who runs the tests: some take locks, and shells here are killed.
        "HOME": str(home / "user"),
        "PENSTOCK_HOME": str(home / "installation"),
        "PENSTOCK_DATA_DIR": str(home / "data"),
        **(environment or {}),
    }
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "penstock", "start", str(project), "--no-browser"]
    if "--port" not in arguments:
        command += ["--port", "0"]
    logs.watch(home / "server.log")
    log = (home / "server.log").open("a")
    process = subprocess.Popen(
        [*command, *arguments], env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
    )
    log.close()
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    match = re.match(r"(https?://[^/]+)", line)
    if match is None:
        process.kill()
        process.wait()
        raise AssertionError(f"the server did not start: {line!r} {(home / 'server.log').read_text()[-2000:]}")
    base = re.match(r"(.*)/\?token=", line)
    assert base is not None
    try:
        return Server(process, project, line, base[1], logs_in)
    except BaseException:
        # Nobody else knows of it: a server that cannot be logged in to would outlive the tests.
        process.kill()
        process.wait()
        raise
