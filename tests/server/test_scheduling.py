"""What the processes of one project tell each other beside its runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.project import open_project
from penstock.server.scheduling import Scheduling
from penstock.state.address import state_url
from penstock.state.notify import Notifier
from penstock.state.store import open_state


def test_a_scheduler_alone_knows_where_the_studio_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PENSTOCK_PUBLIC_URL", raising=False)
    (tmp_path / "metadata.yaml").write_text("variables_dir: .data\n")
    project = open_project(tmp_path)
    url = state_url(project.data_dir())
    state = open_state(url)

    def process(kind: str) -> tuple[Scheduling, Notifier]:
        notifier = Notifier(project.data_dir(), url)
        return Scheduling(tmp_path, lambda: project, state, notifier, None, kind=kind), notifier

    (server, heard), (scheduler, also_heard) = process("server"), process("scheduler")
    assert scheduler.sender.address() == ""
    server.url = "http://127.0.0.1:6789/base"
    server.begin()
    server.end()
    assert scheduler.sender.address() == "http://127.0.0.1:6789/base"
    monkeypatch.setenv("PENSTOCK_PUBLIC_URL", "https://penstock.example/")
    assert scheduler.sender.address() == "https://penstock.example"
    heard.close()
    also_heard.close()
    state.close()
