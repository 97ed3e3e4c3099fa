"""`penstock trigger`, `runs`, `logs`, `cancel`, `retry` and `why` in processes of their own, with a server and without."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from penstock.cli.why import told
from tests.cli import projects
from tests.cli.projects import B, write_project
from tests.server.running import Server

TRIGGERS = """\
triggers:
- name: called
  schedule_type: api
  status: active
  variables: {n: 4}
"""


def penstock(*arguments: str | Path) -> projects.Result:
    """The command, with its data beside the project that it names."""
    home = next(each for each in arguments if isinstance(each, Path)).parent
    return projects.penstock(*arguments, home=home)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    found = write_project(
        tmp_path / "p",
        orders=[B("load", "data_loader", "print('loading')\nreturn kwargs.get('n', 1) / kwargs.get('by', 1)")],
    )
    (found / "pipelines" / "orders" / "triggers.yaml").write_text(TRIGGERS)
    return found


@pytest.fixture
def served(server: Server) -> Path:
    """The project with a server; commands use the same data folder."""
    return server.project


def test_without_a_scheduler_a_run_waits_and_says_why(project: Path) -> None:
    assert penstock("why", "orders", "called", "-p", project).out.startswith("no scheduler is running")
    asked = penstock("trigger", "orders", "called", "-p", project, "--runtime-vars", '{"day": 7}')
    assert asked.code == 0
    assert "no scheduler is running" in asked.err
    run = asked.out.strip()
    (listed,) = json.loads(penstock("runs", "-p", project, "--json").out)["runs"]
    assert (listed["run"], listed["state"], listed["trigger"], listed["variables"]) == (
        run,
        "initial",
        "called",
        {"n": 4, "day": 7},
    )
    why = penstock("why", run, "-p", project)
    assert why.out.startswith("no scheduler is running")
    whole = json.loads(penstock("why", "orders", "-p", project, "--json").out)["details"]
    assert [each["text"] for each in whole] == ["no scheduler is running", "trigger called: it waits to be called"]
    alone = penstock("runs", "--trigger", "called", "-p", project)
    assert (alone.code, "needs the PIPELINE" in alone.err) == (2, True)
    assert penstock("why", "orders", "called", "-p", project).out.startswith("no scheduler is running")
    assert penstock("cancel", run, "nobody", "-p", project).code == 1
    assert json.loads(penstock("runs", "-p", project, "--json").out)["runs"][0]["state"] == "cancelled"
    assert penstock("cancel", run, "-p", project).code == 1


def test_blocks_of_a_run_that_has_not_begun_are_those_of_its_pipeline(project: Path) -> None:
    run = penstock("trigger", "orders", "-p", project).out.strip()
    assert penstock("logs", run, "-p", project, "--block", "load").code == 0
    assert penstock("logs", run, "-p", project, "--block", "other").code == 2


def test_the_trigger_of_a_run_is_named_wherever_it_is_printed(project: Path) -> None:
    made = json.loads(penstock("trigger", "orders", "called", "-p", project, "--json").out)
    assert made["trigger"] == "called"
    (cancelled,) = json.loads(penstock("cancel", made["run"], "-p", project, "--json").out)["done"]
    assert (cancelled["run"], cancelled["trigger"]) == (made["run"], "called")
    assert json.loads(penstock("trigger", "orders", "-p", project, "--json").out)["trigger"] is None


def test_a_moment_is_told_once() -> None:
    assert told("it is under way", 0.0) == "it is under way (since 1970-01-01 00:00:00 UTC)"
    assert told("it is due since 1970-01-01 00:00:00 UTC", 0.0) == "it is due since 1970-01-01 00:00:00 UTC"
    assert told("it has none", None) == "it has none"


def test_a_list_without_runs_says_so(project: Path) -> None:
    assert penstock("runs", "-p", project).out == "no runs\n"
    assert json.loads(penstock("runs", "orders", "-p", project, "--json").out) == {"runs": [], "more": False}
    assert penstock("backfill", "list", "-p", project).out == "no backfills\n"
    wrong = penstock("runs", "-p", project, "--state", "done")
    assert wrong.code == 2
    assert "completed" in wrong.err


def test_runs_of_the_terminal_are_listed_and_their_logs_read(project: Path) -> None:
    assert penstock("run", project, "orders").code == 0
    table = penstock("runs", "-p", project).out
    assert "orders" in table
    assert "completed" in table
    (run,) = [each["run"] for each in json.loads(penstock("runs", "orders", "-p", project, "--json").out)["runs"]]
    assert "load: loading" in penstock("logs", run, "-p", project).out
    assert penstock("logs", run, "-p", project, "--search", "nothing like it").out == ""
    nothing = penstock("logs", run, "-p", project, "--block", "load", "--level", "error")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "")
    other = penstock("logs", run, "-p", project, "--block", "laod")
    assert (other.code, other.out) == (2, "")
    assert "it has no block laod" in other.err
    assert "Did you mean load?" in other.err
    bogus = penstock("logs", run, "-p", project, "--level", "bogus")
    assert (bogus.code, "WARNING" in bogus.err) == (2, True)


def test_with_a_server_runs_run(served: Path) -> None:
    done = penstock("trigger", "orders", "called", "-p", served, "--wait", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["state"] == "completed"
    failed = penstock("trigger", "orders", "-p", served, "--runtime-vars", '{"by": 0}', "--wait")
    assert failed.code == 1
    run = failed.out.split()[0]
    assert failed.err == f"waiting for run {run}\n"
    assert "division by zero" in failed.out
    assert "it failed in block load" in penstock("why", run, "-p", served).out
    assert "it failed" in penstock("why", run, "load", "-p", served).out
    again = json.loads(penstock("retry", run, "-p", served, "--json").out)["done"]
    assert again[0]["retry_of"] == run
    assert penstock("retry", run, "-p", served, "--from-block", "load").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["trigger", "nobody"],
        ["trigger", "orders", "nobody"],
        ["trigger", "orders", "--runtime-vars", "["],
        ["trigger", "orders", "--execution-date", "soon"],
        ["logs", "nobody"],
        ["why", "nobody"],
        ["why", "orders", "nobody"],
        ["why", ""],
        ["runs", "orders", "--trigger", "nobody"],
        ["runs", "nobody"],
        ["runs", "--backfill", "77"],
        ["backfill", "list", "nobody"],
        ["backfill", "show", "77"],
        ["data", "list", "nobody"],
        ["cancel", "nobody"],
        ["retry", "nobody"],
    ],
    ids=" ".join,
)
def test_what_is_not_there_is_an_error_in_words(project: Path, arguments: list[str]) -> None:
    found = penstock(*arguments, "-p", project)
    assert found.code == 2
    assert "error " in found.err
    assert "Traceback" not in found.err
    if arguments[0] not in {"cancel", "retry"}:  # they tell of each run
        as_json = penstock(*arguments, "--json", "-p", project)
        assert (as_json.code, as_json.err) == (2, "")
        assert json.loads(as_json.out)["error"]["message"]
