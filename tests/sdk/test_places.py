"""Folders and secrets as block code sees them."""

import pytest

from penstock.model.errors import SecretMissingError, UnsupportedError
from penstock.model.messages import AskKind
from penstock.sdk import context, folders, secrets


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "my project é"
    place.mkdir()
    found = context.Context(project=str(place), project_name=place.name, data_root=str(tmp_path / "data" / "p"))
    context.activate(found)
    yield found
    context.activate(None)


def test_folders(project, monkeypatch):
    monkeypatch.delenv("PENSTOCK_DATA_DIR", raising=False)
    monkeypatch.delenv("MAGE_DATA_DIR", raising=False)
    assert folders.get_repo_path() == project.project
    assert folders.get_repo_path(absolute_path=False) == folders.get_repo_name() == "my project é"
    assert folders.get_repo_name("/a/b") == "b"
    assert folders.get_variables_dir() == project.data_root
    assert folders.get_data_dir() == project.data_root.removesuffix("/p")
    folders.set_repo_path(project.project + "/.")
    with pytest.raises(UnsupportedError, match="/elsewhere"):
        folders.set_repo_path("/elsewhere")


def test_outside_a_worker_the_project_around_the_working_directory_counts(tmp_path, monkeypatch):
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "metadata.yaml").write_text("project_type: standalone\n")
    (tmp_path / "transformers").mkdir()
    monkeypatch.chdir(tmp_path / "transformers")
    assert folders.get_repo_path() == str(tmp_path)


def test_secrets_come_from_the_control_side_or_the_environment(project, monkeypatch):
    monkeypatch.setenv("PENSTOCK_SECRET_API_KEY", "from the environment")
    assert secrets.get_secret_value("api_key") == "from the environment"
    project.ask = lambda kind, arguments: (kind, arguments["name"]) == (AskKind.SECRET, "api_key") and "from above"
    assert secrets.get_secret_value("api_key", "global", repo_name="x") == "from above"


def test_a_secret_that_nobody_has_is_named(project, monkeypatch):
    monkeypatch.delenv("nowhere", raising=False)
    with pytest.raises(SecretMissingError, match="no-where") as caught:
        secrets.get_secret_value("no-where")
    assert "PENSTOCK_SECRET_NO_WHERE." in caught.value.hint
    for refused in (secrets.create_secret, secrets.delete_secret):
        with pytest.raises(UnsupportedError, match="nowhere"):
            refused("nowhere", "value")
