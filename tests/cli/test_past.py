"""A run that is named by its id, or asked for again, sees what that run saw: of a trigger, of the terminal, not begun."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from penstock.cli.past import options_of_run
from penstock.project import open_project
from penstock.state.address import state_url
from tests.cli import projects
from tests.cli.projects import B, write_pipeline, write_project
from tests.observe.runs import record_run
from tests.server.running import Server
from tests.walks.schedulers import wait_for

TRIGGERS = """\
triggers:
- name: called
  schedule_type: api
  status: active
  token: the token of the file
"""
SEEN = """import pathlib
left_out = {'logger', 'context', 'pipeline_run_id'}
seen = {name: f'{type(value).__name__} {value!r}' for name, value in kwargs.items() if name not in left_out}
import json
pathlib.Path(kwargs['repo_path'], 'seen.json').write_text(json.dumps(seen))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    found = write_project(tmp_path / "p")
    declared(found, "2020-01-01")
    (found / "pipelines" / "kw" / "triggers.yaml").write_text(TRIGGERS)
    return found


def declared(project: Path, when: str) -> None:
    """The pipeline, with a date among its variables."""
    write_pipeline(project, "kw", [B("show", "data_loader", SEEN)], variables={"when": date.fromisoformat(when)})


def penstock(project: Path, *arguments: str | Path) -> str:
    done = projects.penstock(*arguments, home=project.parent)
    assert done.code == 0, done.err
    return done.out


def seen(project: Path) -> dict[str, str]:
    """What the block was given last."""
    file = project / "seen.json"
    found = json.loads(file.read_text())
    file.unlink()
    assert isinstance(found, dict)
    return found


def ended(server: Server, run: str) -> None:
    wait_for(f"the end of {run}", lambda: server.get(f"/api/runs/{run}")["state"] == "completed")


def called(server: Server, **body: Any) -> str:
    """Start a run from outside; its name, when it has ended."""
    (trigger,) = server.get("/api/triggers", params={"pipeline": "kw"})["triggers"]
    reply = server.client.post(
        f"/api/pipeline_schedules/{trigger['id']}/api_trigger",
        headers={"Authorization": "Bearer the token of the file"},
        json=body,
    )
    run = str(reply.json()["pipeline_run"]["id"])
    ended(server, run)
    return run


def test_a_run_of_a_call_is_seen_again_with_its_event_date_and_trigger(server: Server) -> None:
    asked = {"variables": {"v": 1, "text": "2020-01-01"}, "execution_date": "2021-05-05T01:02:03"}
    run = called(server, pipeline_run=asked, extra=7)
    before = seen(server.project)
    assert before["when"] == "date datetime.date(2020, 1, 1)"
    assert (before["ds"], before["env"], before["extra"], before["v"]) == (
        "str '2021-05-05'",
        "str 'prod'",
        "int 7",
        "int 1",
    )
    assert (before["trigger_name"], before["event"]) == ("str 'called'", "dict {'extra': 7}")
    block = ("--block-uuid", "show")
    penstock(server.project, "run", server.project, "kw", *block, "--pipeline-run-id", run)
    assert seen(server.project) == before
    penstock(server.project, "run", server.project, "kw", "--pipeline-run-id", run, "--runtime-vars", '{"v": 2}')
    assert seen(server.project) == {**before, "v": "int 2"}


def test_a_run_whose_logs_have_gone_is_known_to_the_store(server: Server) -> None:
    run = called(server, pipeline_run={"execution_date": "2021-05-05"}, extra=7)
    before = seen(server.project)
    (record,) = (server.project.parent / "data").rglob(f"{run}/run.jsonl")
    record.unlink()
    penstock(server.project, "run", server.project, "kw", "--pipeline-run-id", run)
    assert seen(server.project) == before


def test_a_run_that_has_not_begun_can_be_named(project: Path) -> None:
    asked = ("--execution-date", "2021-05-05", "--runtime-vars", '{"v": 3}')
    run = penstock(project, "trigger", "kw", "called", "-p", project, *asked).strip()
    penstock(project, "run", project, "kw", "--pipeline-run-id", run)
    found = seen(project)
    assert (found["ds"], found["env"], found["trigger_name"]) == ("str '2021-05-05'", "str 'prod'", "str 'called'")
    assert (found["v"], found["when"]) == ("int 3", "date datetime.date(2020, 1, 1)")


def test_a_run_of_the_terminal_is_seen_again_and_its_pipelines_variables_are_those_of_the_file(project: Path) -> None:
    partition = ("--execution-partition", "mine", "--runtime-vars", '{"v": 3}')
    run = json.loads(penstock(project, "run", project, "kw", *partition, "--json"))["run"]
    before = seen(project)
    assert before["execution_partition"] == "str 'mine'"
    declared(project, "2022-02-02")
    penstock(project, "run", project, "kw", "--pipeline-run-id", run)
    assert seen(project) == {**before, "when": "date datetime.date(2022, 2, 2)"}


def test_a_run_of_the_terminal_is_retried_with_its_date_and_the_variables_of_the_file(server: Server) -> None:
    project = server.project
    run = json.loads(penstock(project, "run", project, "kw", "--runtime-vars", '{"v": 3}', "--json"))["run"]
    before = seen(project)
    assert (before["when"], before["env"]) == ("date datetime.date(2020, 1, 1)", "str 'dev'")
    declared(project, "2022-02-02")
    (again,) = json.loads(penstock(project, "retry", run, "-p", project, "--json"))["done"]
    ended(server, again["run"])
    assert seen(project) == {**before, "when": "date datetime.date(2022, 2, 2)"}


def test_a_record_of_an_earlier_version_still_gives_its_variables(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_DATA_DIR", str(project.parent / "data"))
    opened = open_project(project)
    record_run(opened.logs_root(), "earlier", pipeline="kw")
    found = options_of_run(opened, "kw", "earlier")
    assert (found.partition, found.variables["day"], found.occasion) == ("2013-01-01", 1, None)
    assert not Path(state_url(opened.data_dir()).removeprefix("sqlite:///")).exists(), "nothing is made for a question"


@pytest.mark.parametrize("begun", [True, False])
def test_a_run_of_another_pipeline_is_refused(project: Path, begun: bool) -> None:  # noqa: FBT001 - a table of tests
    write_pipeline(project, "other", [B("alone", "data_loader", SEEN)])
    run = (
        json.loads(penstock(project, "run", project, "kw", "--json"))["run"]
        if begun
        else penstock(project, "trigger", "kw", "called", "-p", project).strip()
    )
    (project / "seen.json").unlink(missing_ok=True)
    done = projects.penstock("run", project, "other", "--pipeline-run-id", run, home=project.parent)
    assert done.code == 2
    assert f"running other as the run {run}: that is a run of the pipeline kw" in done.err
    assert "penstock runs other" in done.err
    assert not (project / "seen.json").exists()
