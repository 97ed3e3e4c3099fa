"""Servers to measure: the studio and, where it is installed, Mage, each in a process tree of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sysconfig
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from benchmarks.measure import TICK, _memory, _parents


class Running:
    """A server: what it costs, how it answers, how it is ended."""

    def __init__(self, command: list[str], cwd: Path, env: Mapping[str, str], port: int) -> None:
        cwd.mkdir(parents=True, exist_ok=True)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = cwd / "server.log"
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self.begun = time.perf_counter()
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                command, cwd=cwd, env={**environment, **env}, stdout=out, stderr=out, start_new_session=True
            )

    def until_answered(self, path: str, limit: float = 120.0) -> float:
        """Seconds from the start of the process until that path answers with success."""
        while time.perf_counter() - self.begun < limit:
            try:
                with urllib.request.urlopen(self.url + path, timeout=5) as reply:
                    if reply.status == 200:
                        return time.perf_counter() - self.begun
            except OSError:
                time.sleep(0.005)
            if self.process.poll() is not None:
                break
        raise RuntimeError(f"the server did not answer {path}: {self.log.read_text()[-2000:]}")

    def tree(self) -> set[int]:
        """Its process and all descendants."""
        parents = _parents()
        found, grown = {self.process.pid}, True
        while grown:
            new = {pid for pid, parent in parents.items() if parent in found and pid not in found}
            found |= new
            grown = bool(new)
        return found

    def memory(self) -> float:
        """PSS of the tree, MB."""
        return sum(_memory(pid)[0] for pid in self.tree()) / 1e6

    def cpu(self) -> float:
        """User and system seconds of the tree so far, ended children included."""
        total = 0
        for pid in self.tree():
            try:
                stat = Path(f"/proc/{pid}/stat").read_text()
            except OSError:
                continue
            total += sum(int(field) for field in stat[stat.rindex(")") + 2 :].split()[11:15])
        return total / TICK

    def stop(self) -> None:
        """End every process of the tree."""
        pids = self.tree()
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in pids:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    continue
            deadline = time.perf_counter() + 6
            while time.perf_counter() < deadline and any(_alive(pid) for pid in pids):
                self.process.poll()
                time.sleep(0.02)
        self.process.wait()


class Studio(Running):
    """`penstock start` of a project."""

    def __init__(self, project: Path, home: Path, *arguments: str) -> None:
        program = str(Path(sysconfig.get_path("scripts")) / "penstock")
        port = free_port()
        command = [program, "start", str(project), "--no-browser", "--port", str(port), *arguments]
        env = {"PENSTOCK_HOME": str(home / "home"), "PENSTOCK_DATA_DIR": str(home / "data")}
        super().__init__(command, home, env, port)

    def link(self) -> str:
        """The address that logs in, once the server has printed it."""
        while True:
            match = re.search(r"http\S+token=\S+", self.log.read_text())
            if match:
                return match[0]
            if self.process.poll() is not None:
                raise RuntimeError(self.log.read_text()[-2000:])
            time.sleep(0.005)

    def client(self) -> httpx.Client:
        """A logged-in client."""
        found = httpx.Client(base_url=self.url, headers={"X-Penstock": "1"}, timeout=120, follow_redirects=True)
        found.get(self.link()).raise_for_status()
        return found


class Mage(Running):
    """`mage start` of a project, without login."""

    def __init__(self, mage: Path, project: Path, home: Path) -> None:
        port = free_port()
        command = [str(mage / "bin" / "mage"), "start", str(project), "--host", "127.0.0.1", "--port", str(port)]
        env = {"HOME": str(home), "MAGE_DATA_DIR": str(home / "data"), "REQUIRE_USER_AUTHENTICATION": "0"}
        super().__init__(command, home, env, port)

    def get(self, path: str) -> Any:
        """The JSON of a path."""
        with urllib.request.urlopen(self.url + path, timeout=60) as reply:
            return json.loads(reply.read())


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat[stat.rindex(")") + 2] != "Z"
