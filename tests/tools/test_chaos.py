"""A few schedulers are killed with SIGKILL; `python -m tools.chaos` kills as many as you like."""

from __future__ import annotations

from pathlib import Path

from tools.chaos import torment


def test_every_promise_is_kept_when_schedulers_are_killed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PENSTOCK_DATA_DIR", "")
    found, deaths, runs = torment(tmp_path / "project", 3, 1)
    assert found == []
    assert sum(deaths.values()) == 3
    assert runs >= 3
