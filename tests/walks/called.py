"""A pipeline that is called over the API of a running server: asked for, waited for, and what it has stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from penstock.data import ProductStore
from penstock.model.product import Address
from penstock.project import open_project
from tests.server.running import Server
from tests.walks.schedulers import wait_for


def make_callable(root: Path, pipeline: str) -> None:
    """Give it a trigger, and its blocks a folder for notes."""
    (root / "notes").mkdir()
    call = {"name": "call", "schedule_type": "api", "status": "active"}
    (root / "pipelines" / pipeline / "triggers.yaml").write_text(yaml.safe_dump({"triggers": [call]}))


def call(server: Server, pipeline: str, **variables: Any) -> str:
    """Ask for a run; its name."""
    (one,) = server.get("/api/triggers", params={"pipeline": pipeline})["triggers"]
    return str(server.post(f"/api/triggers/{one['id']}/run", {"variables": variables})["run"])


def state(server: Server, run: str) -> str:
    return str(server.get(f"/api/runs/{run}")["state"])


def ended(server: Server, run: str) -> str:
    """Wait for its end; the state that it has then."""
    wait_for(f"the end of {run}", lambda: state(server, run) not in {"initial", "running"})
    return state(server, run)


def stored(root: Path, pipeline: str, block: str) -> Any:
    """What a block has stored last; None for nothing."""
    store = ProductStore(open_project(root).store_root())
    manifest = store.latest(Address(pipeline, block))
    return store.load(manifest.ref) if manifest is not None else None
