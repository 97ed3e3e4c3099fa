"""What a command says of the project that it opens, before anything else."""

from pathlib import Path

import pytest

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
