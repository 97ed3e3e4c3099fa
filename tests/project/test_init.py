from __future__ import annotations

import re
from pathlib import Path

import pytest

from penstock.model.errors import EditRefusedError, SettingInvalidError, StorageError
from penstock.project import check_project, open_project
from penstock.project.init import create_project, ensure_project_uuid
from penstock.project.new_project import FOLDERS


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROJECT_TYPE", "CLUSTER_TYPE", "PROJECT_UUID", "INITIAL_METADATA"):
        monkeypatch.delenv(name, raising=False)


def test_a_new_project_has_everything_and_no_findings(tmp_path: Path) -> None:
    root = create_project(tmp_path / "my shop ü")
    project = open_project(root)
    assert check_project(project) == []
    assert project.pipeline_uuids() == ["example_pipeline"]
    assert re.fullmatch("[0-9a-f]{32}", project.settings.project_uuid)
    assert project.settings.retry_config.delay == 5
    assert all((root / folder / "__init__.py").is_file() for folder in FOLDERS)
    for name in ("io_config.yaml", "requirements.txt", ".gitignore", "__init__.py", "dbt/profiles.yml"):
        assert (root / name).is_file()
    assert [entry.name for entry in tmp_path.iterdir()] == ["my shop ü"]


@pytest.mark.parametrize("project_id", [None, "abc"])
def test_what_its_comments_show_can_be_uncommented(tmp_path: Path, project_id: str | None) -> None:
    path = create_project(tmp_path / "p", "standalone", project_uuid=project_id) / "metadata.yaml"
    path.write_text(re.sub(r"^( *)# (?=[a-z_]+:|  webhook_url:)", r"\1", path.read_text(), flags=re.MULTILINE))
    project = open_project(path.parent)
    assert project.settings.notification_config["slack_config"].keys() == {"webhook_url"}
    assert project.settings.logging_config.retention_period == "30d"
    assert [each for each in check_project(project) if each.severity.value == "error"] == []


@pytest.mark.parametrize("kind", ["standalone", "sub"])
def test_types_and_ids(kind: str, tmp_path: Path) -> None:
    project = open_project(create_project(tmp_path / "p", kind, "k8s", "abc"))
    settings = project.settings
    assert (settings.project_type, settings.cluster_type, settings.project_uuid) == (kind, "k8s", "abc")
    assert project.pipeline_uuids() == ["example_pipeline"]


def test_a_main_project_holds_settings_only(tmp_path: Path) -> None:
    root = create_project(tmp_path / "p", "main")
    assert sorted(entry.name for entry in root.iterdir()) == ["__init__.py", "metadata.yaml"]
    assert open_project(root).settings.project_type == "main"


def test_settings_of_the_environment_go_into_a_new_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INITIAL_METADATA", '{"retry_config": {"retries": 3}, "features": {"polars": true}}')
    monkeypatch.setenv("PROJECT_TYPE", "sub")
    monkeypatch.setenv("PROJECT_UUID", "xyz")
    settings = open_project(create_project(tmp_path / "p")).settings
    assert (settings.retry_config.retries, settings.retry_config.delay) == (3, 5)
    assert (settings.features, settings.project_type, settings.project_uuid) == ({"polars": True}, "sub", "xyz")
    monkeypatch.setenv("INITIAL_METADATA", "[1]")
    with pytest.raises(SettingInvalidError, match="INITIAL_METADATA"):
        create_project(tmp_path / "q")
    assert not (tmp_path / "q").exists()


def test_an_empty_folder_is_filled_and_any_other_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    inode = (tmp_path / "empty").stat().st_ino
    create_project(tmp_path / "empty")
    assert (tmp_path / "empty").stat().st_ino == inode
    with pytest.raises(EditRefusedError, match="not empty"):
        create_project(tmp_path / "empty")
    (tmp_path / "file").write_text("x")
    with pytest.raises(EditRefusedError, match="file of that name"):
        create_project(tmp_path / "file")
    with pytest.raises(StorageError):
        create_project(tmp_path / "file/p")
    with pytest.raises(SettingInvalidError, match="one of standalone"):
        create_project(tmp_path / "q", "other")


def test_an_id_is_written_once_with_comments_kept(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    file = tmp_path / "metadata.yaml"
    file.write_text("# ours\r\nproject_type: sub   # of the main one\r\nx: 1\r\n", newline="")
    uuid = ensure_project_uuid(open_project(tmp_path))
    assert (
        file.read_bytes().decode()
        == f"# ours\r\nproject_type: sub   # of the main one\r\nx: 1\r\nproject_uuid: {uuid}\r\n"
    )
    assert ensure_project_uuid(open_project(tmp_path)) == uuid


def test_an_id_is_written_beside_templates_that_are_no_yaml(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    file = tmp_path / "metadata.yaml"
    file.write_text("{% if true %}\nproject_type: {{ 'sub' }}\n{% endif %}")
    uuid = ensure_project_uuid(open_project(tmp_path))
    project = open_project(tmp_path)
    assert (project.settings.project_uuid, project.settings.project_type) == (uuid, "sub")
    file.unlink()
    assert open_project(tmp_path).settings.project_uuid == ""
    uuid = ensure_project_uuid(open_project(tmp_path))
    assert open_project(tmp_path).settings.project_uuid == uuid


def test_an_id_that_a_template_gives_is_left_to_it(tmp_path: Path) -> None:
    file = tmp_path / "metadata.yaml"
    for line in ("project_uuid: {{ env_var('NOT_SET') }}\n", "project_uuid: '{% if false %}x{% endif %}'\n"):
        file.write_text(line)
        ensure_project_uuid(open_project(tmp_path))
        assert file.read_text() == line


def test_an_id_that_is_written_later_leaves_the_data_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "data"))
    roots = [tmp_path / "a/shop", tmp_path / "b/shop"]
    for root in roots:
        (root / "pipelines").mkdir(parents=True)
        (root / "metadata.yaml").write_text("x: 1\n")
    before = [open_project(root).data_dir() for root in roots]
    assert before[0] != before[1]

    uuids = [ensure_project_uuid(open_project(root)) for root in roots]

    assert len(set(uuids)) == 2
    assert [open_project(root).data_dir() for root in roots] == before
    (roots[1] / "metadata.yaml").write_text("x: 1\n")  # as a new container brings it
    assert ensure_project_uuid(open_project(roots[1])) != uuids[1]
    assert [open_project(root).data_dir() for root in roots] == before


def test_an_id_that_was_taken_out_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "data"))
    root = create_project(tmp_path / "shop")
    project = open_project(root)
    folder = project.data_dir()
    (root / "metadata.yaml").write_text("project_type: standalone\n")
    assert ensure_project_uuid(open_project(root)) == project.settings.project_uuid
    assert open_project(root).data_dir() == folder
