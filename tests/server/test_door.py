"""The project as a server sees it while its files change."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from penstock.project import open_project
from penstock.server.studio import ProjectDoor


def test_settings_of_before_hold_while_the_projects_file_cannot_be_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "metadata.yaml"
    file.write_text("variables_dir: data\n")
    door = ProjectDoor(open_project(tmp_path))
    logs = door().logs_root()

    file.write_text('variables_dir: data\nx: "unclosed\n')
    with caplog.at_level(logging.WARNING):
        assert door().logs_root() == logs
        assert door().unread is not None
    assert [record.message.partition(":")[0] for record in caplog.records] == ["reading metadata.yaml"]

    file.write_text("variables_dir: elsewhere/still\n")
    assert door().settings.variables_dir == "elsewhere/still"
    assert door().unread is None
