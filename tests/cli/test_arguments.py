"""An empty name or folder on the command line is one sentence, and nothing is done for everything instead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from penstock.cli.arguments import FOLDER, PIPELINE
from penstock.cli.main import cli
from penstock.model.errors import ProjectNotFoundError, SettingInvalidError
from penstock.project import open_project
from tests.cli.projects import B, Result, penstock, write_project

TRIGGERS = "triggers:\n- {name: called, schedule_type: api, status: active}\n"
EMPTY = [
    (("why", ""), "WHAT of `penstock why`"),
    (("why", "p", ""), "NAME of `penstock why`"),
    (("run", ""), "PROJECT of `penstock run`"),
    (("run", ".", ""), "PIPELINE_UUID of `penstock run`"),
    (("run", ".", "p", "--block-uuid", ""), "--block-uuid of `penstock run`"),
    (("run", ".", "p", "--pipeline-run-id", ""), "--pipeline-run-id of `penstock run`"),
    (("start", ""), "PROJECT of `penstock start`"),
    (("init", ""), "PROJECT of `penstock init`"),
    (("check", ""), "PROJECT of `penstock check`"),
    (("check", ".", "p", ""), "PIPELINES of `penstock check`"),
    (("blocks", ".", " "), "PIPELINES of `penstock blocks`"),
    (("clean", ".", "--pipeline-uuid", ""), "--pipeline-uuid of `penstock clean`"),
    (("clean-old-logs", "", "--pipeline-uuid", "p"), "PROJECT of `penstock clean-old-logs`"),
    (("trigger", ""), "PIPELINE of `penstock trigger`"),
    (("trigger", "p", ""), "NAME of `penstock trigger`"),
    (("triggers", "list", ""), "PIPELINE of `penstock triggers list`"),
    (("triggers", "next", ""), "PIPELINE of `penstock triggers next`"),
    (("triggers", "on", "p", ""), "NAME of `penstock triggers on`"),
    (("triggers", "token", "", "t"), "PIPELINE of `penstock triggers token`"),
    (("runs", ""), "PIPELINE of `penstock runs`"),
    (("runs", "-p", ""), "--project of `penstock runs`"),
    (("logs", ""), "RUN of `penstock logs`"),
    (("cancel", "a", ""), "RUN of `penstock cancel`"),
    (("retry", ""), "RUN of `penstock retry`"),
    (("backfill", "list", ""), "PIPELINE of `penstock backfill list`"),
    (("backfill", "create", ""), "PIPELINE of `penstock backfill create`"),
    (("data", "list", ""), "PIPELINE of `penstock data list`"),
    (("data", "show", ""), "NAME of `penstock data show`"),
    (("data", "export", "", "x.csv"), "NAME of `penstock data export`"),
    (("data", "diff", "", "1"), "NAME of `penstock data diff`"),
    (("alerts", "test", ""), "CHANNEL of `penstock alerts test`"),
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = write_project(tmp_path / "p", p=[B("one", "data_loader", "return 1")])
    (root / "pipelines/p/triggers.yaml").write_text(TRIGGERS)
    monkeypatch.chdir(root)
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(tmp_path / "data"))
    return root


@pytest.mark.parametrize(
    ("arguments", "what"), EMPTY, ids=lambda value: repr(value) if isinstance(value, tuple) else ""
)
@pytest.mark.usefixtures("project")
def test_an_empty_name_is_refused_in_one_sentence(arguments: tuple[str, ...], what: str) -> None:
    done = CliRunner().invoke(cli, arguments, prog_name="penstock")
    assert isinstance(done.exception, SettingInvalidError)
    assert done.exception.message == f"reading {what}: it is empty"
    assert done.exception.hint


def told(project: Path, *arguments: str) -> Result:
    return penstock(*arguments, "-p", project, home=project.parent)


def test_it_is_misuse_for_people_and_for_programs(project: Path) -> None:
    done = told(project, "data", "list", "")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines() == [
        "error C101: reading PIPELINE of `penstock data list`: it is empty",
        "  Name a pipeline; `penstock blocks` lists them.",
    ]
    done = told(project, "data", "list", "", "--json")
    assert (done.code, done.document["error"]["code"]) == (2, "C101")


def test_an_output_without_a_pipeline_is_told_so(project: Path) -> None:
    done = told(project, "data", "show", "/one")
    assert (done.code, "it has no pipeline" in done.err) == (2, True)


def test_a_new_token_is_json_where_that_is_asked_for(project: Path) -> None:
    plain = told(project, "triggers", "token", "p", "called").out.strip()
    document = json.loads(told(project, "triggers", "token", "p", "called", "--json").out)
    assert {**document, "token": ""} == {"pipeline": "p", "trigger": "called", "token": ""}
    assert len(document["token"]) == len(plain)
    assert document["token"] != plain


def test_types_without_a_command_have_words_too() -> None:
    for kind in (PIPELINE, FOLDER):
        with pytest.raises(SettingInvalidError, match="an argument of `penstock`: it is empty"):
            kind.convert("", None, None)


@pytest.mark.parametrize(
    "words", [("runs", "--origin", "nope"), ("backfill", "create", "p", "--start", "2024-01-01", "--retries", "-1")]
)
def test_what_is_no_choice_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    project = write_project(tmp_path / "p", p=[B("x", "custom", "return 1")])
    assert penstock(*words, home=tmp_path, cwd=project).code == 2


@pytest.mark.parametrize(
    "words",
    [("runs", "--backfill"), ("backfill", "show"), ("data", "show", "p/x", "-n"), ("data", "show", "p/x", "--offset")],
)
def test_a_number_that_nothing_has_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    project = write_project(tmp_path / "p", p=[B("x", "custom", "return 1")])
    found = penstock(*words, "9" * 20, home=tmp_path, cwd=project)
    assert (found.code, "Traceback" in found.err) == (2, False), found.err


def test_a_current_folder_that_is_gone_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(ProjectNotFoundError, match="the folder that this command was started in is gone"):
        open_project(".")
    assert open_project(write_project(tmp_path / "p", p=[])).name == "p"
