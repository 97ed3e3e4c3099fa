"""What a command says of the project that it opens, before anything else."""

from pathlib import Path

import pytest

from penstock.cli.api import run
from tests.cli.projects import B, Result, penstock, write_project

UNCLOSED = 'x: "unclosed\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that keeps its data in `elsewhere`, and has run once."""
    project = write_project(tmp_path / "project", p=[B("one", "custom", "return 1")])
    (project / "metadata.yaml").write_text(f"project_type: standalone\nvariables_dir: {tmp_path / 'elsewhere'}\n")
    assert called(project, "run", project, "p").err == ""
    assert (tmp_path / "elsewhere" / "project").is_dir()
    return project


def called(project: Path, *arguments: str | Path, **environment: str) -> Result:
    home = project.parent
    return penstock(
        *arguments, home=home, cwd=project, **{"PENSTOCK_DATA_DIR": "", "HOME": str(home / "home"), **environment}
    )


def broken(project: Path, text: str = UNCLOSED) -> None:
    file = project / "metadata.yaml"
    file.write_text(f"{file.read_text()}{text}" if text == UNCLOSED else text)


@pytest.mark.parametrize(
    "command",
    [
        ["run", ".", "p"],
        ["runs"],
        ["data", "list"],
        ["triggers", "list"],
        ["blocks"],
        ["backfill", "list"],
        ["alerts"],
        ["why", "p"],
    ],
    ids=" ".join,
)
def test_settings_that_cannot_be_read_are_told_with_the_data_folder_that_is_used(command, project):
    assert "metadata.yaml" not in called(project, *command).err
    broken(project)

    told = called(project, *command).err.splitlines()

    assert told[0].startswith("warning: reading metadata.yaml:4:1: while scanning a quoted scalar")
    default = project.parent / "home" / ".penstock" / "project"
    assert told[0].endswith(f"; its settings do not count, so the data folder is {default}")
    assert not [line for line in told[1:] if "metadata.yaml" in line]


@pytest.mark.parametrize(
    ("text", "place"),
    [("- 1\n", "metadata.yaml:1: "), ("a: {{ foo( }}\n", "rendering metadata.yaml:1: ")],
)
def test_a_list_or_a_template_that_does_not_render_is_told_too(text, place, project):
    broken(project, text)
    assert called(project, "runs").err.startswith(f"warning: {place}")


@pytest.mark.parametrize("command", ["clean", "clean-cached-variables", "clean-old-logs"])
def test_nothing_is_removed_while_settings_cannot_be_read(command, project):
    broken(project)

    refused = called(project, command, "--retention-period", "0s")

    assert refused.code == 2
    assert refused.err.startswith("error J104: cleaning: reading metadata.yaml:4:1: ")
    assert "  at metadata.yaml:4:1\n" in refused.err


def test_outputs_that_cannot_go_where_they_should_are_told_by_a_run(project):
    (project / "metadata.yaml").write_text("variables_dir: s3://bucket/prefix\n")
    default = project.parent / "home" / ".penstock" / "project"
    told = (
        f"warning: variables_dir is s3://bucket/prefix: this version stores outputs on this machine only, in {default}"
    )
    assert called(project, "run", ".", "p").err.splitlines() == [told]
    assert called(project, "run", ".", "p", PENSTOCK_DATA_DIR=str(project.parent / "given")).err == ""


@pytest.mark.parametrize(
    ("command", "setting", "names"),
    [
        ("clean", "variables_retention_period: 5 days", "variables_retention_period: reading its value: '5 days'"),
        ("clean-cached-variables", "variables_retention_period: soon", "variables_retention_period: "),
        ("clean", "run_retention_period: 5 days", "run_retention_period: "),
        ("clean", "run_retention_count: many", "run_retention_count: "),
        ("clean", "logging_config: {retention_period: never}", "logging_config.retention_period: "),
        ("clean-old-logs", "logging_config: {retention_size: much}", "logging_config.retention_size: "),
    ],
)
def test_nothing_is_removed_by_an_age_that_cannot_be_read(command, setting, names, project):
    (project / "metadata.yaml").write_text(f"project_type: standalone\n{setting}\n")

    refused = called(project, command)

    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(f"error C101: cleaning project project: {names}")
    assert "  at metadata.yaml:2:" in refused.err
    if "count" not in setting:
        assert called(project, command, "--retention-period", "90d").code == 0


def test_the_form_of_an_age_is_told_where_it_cannot_be_read(project):
    (project / "metadata.yaml").write_text("variables_retention_period: 5 days\n")
    assert "Write a number and a unit: s, m, h, d or w, for example 90d." in called(project, "clean").err
    assert called(project, "clean", "--keep", "3").code == 0
    assert called(project, "clean-old-logs").code == 0


def test_a_run_from_python_tells_it_as_warnings_of_its_log(project, caplog, monkeypatch):
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(project.parent / "data"))
    broken(project)
    with caplog.at_level("WARNING"):
        assert run("p", project).state == "completed"
    (told,) = caplog.messages
    assert told.startswith("reading metadata.yaml:4:1: ")
    assert told.endswith(f"so the data folder is {project.parent / 'data' / 'project'}")
