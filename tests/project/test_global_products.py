"""The registry of global data products, as people write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.model.errors import FileInvalidError, GlobalProductInvalidError
from penstock.project import Project, open_project
from penstock.project.global_products import global_product
from tests.cli.projects import write_project

# The path is of the machine that wrote the file, as files of real projects hold it: it must not matter.
TEXT = """gold:
  object_type: pipeline
  object_uuid: build
  repo_path: /home/src/default_repo
  outdated_after: {days: 1, hours: null}
  outdated_starting_at: {hour_of_day: '6'}
  settings:
    load: {partitions: 3}
    clean: {}
bare: {object_uuid: build}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = write_project(tmp_path / "p")
    (root / "global_data_products.yaml").write_text(TEXT)
    return open_project(root)


def test_an_entry_is_read_and_the_users_settings_go_before_it(project: Project) -> None:
    found = global_product(project, "gold")
    assert (found.pipeline, found.after, found.starting_at) == ("build", {"days": 1}, {"hour_of_day": 6})
    assert found.settings == {"load": 3, "clean": 1}
    own = global_product(project, "gold", {"outdated_after": {"hours": 2}, "settings": {"load": {"partitions": 0}}})
    assert (own.after, own.starting_at, own.settings) == ({"hours": 2}, {"hour_of_day": 6}, {"load": 0})
    assert global_product(project, "bare").settings == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gold: 7", "no mapping"),
        ("gold: {object_type: block, object_uuid: a}", "names no pipeline"),
        ("gold: {object_uuid: a, outdated_after: {dayz: 1}}", "unknown key dayz"),
        ("gold: {object_uuid: a, outdated_after: {days: soon}}", "'soon', not a whole number"),
        ("gold: {object_uuid: a, outdated_after: {days: .inf}}", "inf, not a whole number"),
        ("gold: {object_uuid: a, outdated_after: 5}", "outdated_after is no mapping"),
        ("gold: {object_uuid: a, settings: all}", "no mapping of blocks"),
        ("gold: {object_uuid: a, settings: {b: {partitions: -1}}}", "settings.b.partitions is -1"),
        ("gild: {object_uuid: a}", "not registered"),
        ("", "not registered"),
    ],
)
def test_what_is_wrong_is_said(project: Project, text: str, message: str) -> None:
    (project.root / "global_data_products.yaml").write_text(text)
    with pytest.raises(GlobalProductInvalidError, match=message):
        global_product(project, "gold")


def test_a_file_that_is_no_yaml_and_none_at_all(project: Project) -> None:
    (project.root / "global_data_products.yaml").write_text("gold: [")
    with pytest.raises(FileInvalidError):
        global_product(project, "gold")
    (project.root / "global_data_products.yaml").unlink()
    with pytest.raises(GlobalProductInvalidError, match="not registered") as error:
        global_product(project, "gold")
    assert "global_data_products.yaml" in error.value.hint
