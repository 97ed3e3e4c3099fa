"""A real application over a copy of a golden project, without the processes that run blocks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from penstock.observe.archive import RunArchive
from penstock.project import open_project
from penstock.server.app import create_app
from penstock.server.hub import Hub
from penstock.server.projects.workspace import Workspace
from penstock.server.studio import ProjectDoor
from tests.project.golden import copy


@dataclass
class Browser:
    """What a tab can do: requests with its token, and the events that were published."""

    client: TestClient
    workspace: Workspace
    root: Path
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def ask(self, method: str, url: str, body: Any = None, /, *, status: int | None = None, **query: Any) -> Any:
        content = {} if body is None else {"content": json.dumps(body), "headers": {"Content-Type": "application/json"}}
        answer = self.client.request(method, f"/api{url}", params=query or None, **content)
        expected = status if status is not None else (201 if answer.status_code == 201 else 200)
        assert answer.status_code == expected, answer.text[:2000]
        return answer.json()

    def get(self, url: str, /, **options: Any) -> Any:
        return self.ask("GET", url, **options)

    def file(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def block(self, pipeline: str, uuid: str) -> dict[str, Any]:
        detail = self.get(f"/pipelines/{seg(pipeline)}")
        return next(b for b in [*detail["blocks"], *detail["callbacks"], *detail["conditionals"]] if b["uuid"] == uuid)

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [event for _, event in self.events if event["type"] == kind]


def seg(uuid: str) -> str:
    """A uuid as one segment of a path."""
    return quote(uuid, safe="")


def make_browser(root: Path) -> Iterator[Browser]:
    events: list[tuple[str, dict[str, Any]]] = []

    def publish(topics: Any, event: Any) -> None:
        events.extend((topic, event) for topic in ((topics,) if isinstance(topics, str) else topics))

    door = ProjectDoor(open_project(root))
    workspace = Workspace(door, publish)
    workspace.announcer.begin()
    runs = SimpleNamespace(archive=RunArchive(door().logs_root()), running=list)
    studio = SimpleNamespace(root=root, project=door, hub=Hub(), workspace=workspace, runs=runs)
    app = create_app(studio)
    token = app.access.new_token()
    client = TestClient(app, base_url="http://127.0.0.1:6789", headers={"Authorization": f"Bearer {token}"})
    yield Browser(client, workspace, root, events)


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def browser(tmp_path: Path, data_dir: Path) -> Iterator[Browser]:
    yield from make_browser(copy("good", tmp_path))
