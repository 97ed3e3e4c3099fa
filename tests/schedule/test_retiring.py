"""Triggers that run once, in their file: one word changes, and nobody's edit is written over."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.model.errors import EditRefusedError
from penstock.schedule import retiring
from penstock.schedule.retiring import is_once, retire_in_file

TEXT = """# ours
triggers:
- name: migrate
  schedule_type: time
  schedule_interval: '@once'
  status: active
- name: nightly
  schedule_type: time
  schedule_interval: '@daily'
  status: active
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pipelines" / "orders"
    made.mkdir(parents=True)
    (made / "triggers.yaml").write_text(TEXT)
    return made


def test_only_its_status_changes(tmp_path: Path, folder: Path) -> None:
    assert retire_in_file(tmp_path, folder, "orders", "migrate")
    assert (folder / "triggers.yaml").read_text() == TEXT.replace("status: active", "status: inactive", 1)
    assert not retire_in_file(tmp_path, folder, "orders", "migrate")


@pytest.mark.parametrize("name", ["nightly", "gone"])
def test_others_are_let_be(tmp_path: Path, folder: Path, name: str) -> None:
    assert not retire_in_file(tmp_path, folder, "orders", name)
    assert (folder / "triggers.yaml").read_text() == TEXT
    (folder / "triggers.yaml").unlink()
    assert not retire_in_file(tmp_path, folder, "orders", name)


def test_an_edit_that_comes_in_between_is_kept(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "triggers.yaml"
    edits = ["  description: first\n", "  description: first\n  tags: [a]\n"]
    read = retiring.read_triggers

    def reading(root: Path, pipeline: str, place: Path) -> object:
        found = read(root, pipeline, place)
        if edits:
            file.write_text(TEXT + edits.pop(0))
        return found

    monkeypatch.setattr(retiring, "read_triggers", reading)
    assert retire_in_file(tmp_path, folder, "orders", "migrate")
    assert file.read_text().count("status: inactive") == 1
    assert file.read_text().endswith("  tags: [a]\n")
    edits[:] = ["  tags: [a]\n", "  tags: [b]\n", "  tags: [c]\n"]
    file.write_text(TEXT)
    with pytest.raises(EditRefusedError, match="has changed"):
        retire_in_file(tmp_path, folder, "orders", "migrate")
    assert file.read_text() == TEXT + "  tags: [c]\n"


def test_what_counts_as_once() -> None:
    assert is_once({"kind": "time", "schedule": "@once"})
    assert not is_once({"kind": "time", "schedule": "@daily"})
    assert not is_once({"kind": "api", "schedule": "@once"})
