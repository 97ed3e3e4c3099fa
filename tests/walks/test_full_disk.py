"""A disk that fills up under a running server, and is freed: what was asked for waits or fails in words, all is whole."""

from __future__ import annotations

import ctypes
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from penstock.data import ProductStore
from penstock.project import open_project
from tests.cli.projects import B, write_project
from tests.server.running import Server, start
from tests.walks.schedulers import wait_for

SIZE = "24m"
HELD = """import pathlib, time
print('it begins', flush=True)
while not pathlib.Path(kwargs['repo_path'], 'notes', kwargs['go']).exists():
    time.sleep(0.02)
return b'x' * kwargs.get('bytes', 1000)
"""
_DETACH = 2


@dataclass
class Site:
    """A server whose data lie on a small disk of their own."""

    root: Path
    disk: Path
    server: Server

    def fill(self) -> None:
        """Leave not a byte."""
        with (self.disk / "filler").open("ab", buffering=0) as file:
            for size in (1_000_000, 4096, 1):
                try:
                    while file.write(b"x" * size) == size:
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        """Make room again."""
        (self.disk / "filler").unlink()

    def call(self, **variables: Any) -> str:
        """Ask for a run; its name."""
        (trigger,) = self.server.get("/api/triggers")["triggers"]
        return str(self.server.post(f"/api/triggers/{trigger['id']}/run", {"variables": variables})["run"])

    def state(self, run: str) -> str:
        """How a run stands."""
        return str(self.server.get(f"/api/runs/{run}")["state"])

    def ended(self, run: str) -> Any:
        """A run, when it has ended."""
        wait_for(f"the end of {run}", lambda: self.state(run) not in {"initial", "running"})
        return self.server.get(f"/api/runs/{run}")

    def well(self) -> bool:
        """Whether the server says that all is well with it."""
        return bool(self.server.client.get("/api/health").json()["status"] == "ok")

    def whole(self) -> bool:
        """Whether the state database and every published version can be read from beginning to end."""
        (file,) = self.disk.rglob("state.db")
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
            sound = database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        store = ProductStore(open_project(self.root).store_root())
        manifests = [each for at in store.addresses() for each in store.versions(at)]
        return sound and all(store.load(each.ref) is not None for each in manifests)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """That server, on a file system in memory."""
    root = write_project(
        tmp_path / "project", p=[B("held", "data_loader", HELD), B("then", "custom", "return 1", ("held",))]
    )
    (root / "notes").mkdir()
    call = {"name": "call", "schedule_type": "api", "status": "active"}
    (root / "pipelines" / "p" / "triggers.yaml").write_text(yaml.safe_dump({"triggers": [call]}))
    disk = tmp_path / "data"
    disk.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", os.fsencode(disk), b"tmpfs", 0, f"size={SIZE}".encode()):
        pytest.skip(f"no file system can be mounted here: {os.strerror(ctypes.get_errno())}")
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(disk))
    try:
        server = start(root, tmp_path)
        try:
            yield Site(root, disk, server)
        finally:
            server.stop()
    finally:
        libc.umount2(os.fsencode(disk), _DETACH)


def test_a_full_disk_is_waited_for_or_told_and_nothing_is_half_written(site: Site) -> None:
    wait_for("the trigger", lambda: site.server.get("/api/triggers")["triggers"])
    assert site.ended(site.call(go=""))["state"] == "completed"
    # The output of a block does not fit any more: its run fails, in words.
    big = site.ended(site.call(go="", bytes=40_000_000))
    assert big["state"] == "failed"
    assert "no space left" in big["error"]
    # The disk is full to the last byte while a block runs.
    under_way = site.call(go="on")
    wait_for("its block", lambda: "it begins" in str(site.server.get(f"/api/runs/{under_way}/logs")))
    site.fill()
    refused = site.server.client.post("/api/triggers/1/run", json={})
    assert refused.status_code == 503
    assert "the disk is full" in refused.json()["error"]["message"]
    assert "Free space" in refused.json()["error"]["hint"]
    (site.root / "notes" / "on").touch()
    wait_for("health says so", lambda: not site.well())
    assert "cannot write the state database" in site.server.client.get("/api/health").json()["scheduler"]["text"]
    site.free()
    ended = site.ended(under_way)
    assert (ended["state"], ended["failed_block"]) == ("failed", "held")
    assert "no space left" in ended["error"]
    wait_for("health is well", site.well)
    log = (site.root.parent / "server.log").read_text()
    assert "the scheduler waits: writing the state database" in log
    assert "the scheduler goes on" in log
    assert site.ended(site.call(go=""))["state"] == "completed"
    assert site.whole()
