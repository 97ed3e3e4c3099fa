"""`penstock triggers` in a process of its own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from penstock.schedule.tokens import hash_token
from penstock.state.store import open_state
from tests.cli.projects import B, penstock, write_project

TRIGGERS = """\
triggers:
- name: nightly   # important
  schedule_type: time
  schedule_interval: '30 2 * * *'
  status: active
  settings: {time_zone: Europe/Paris}
- name: called
  schedule_type: api
- name: bad
  schedule_type: time
  schedule_interval: '0 0 30 2 *'
  status: active
- name: often
  schedule_type: time
  schedule_interval: '* * * * *'
  status: active
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    found = write_project(tmp_path / "p", orders=[B("load", "data_loader", "return 1")], stock=[])
    (found / "pipelines" / "orders" / "triggers.yaml").write_text(TRIGGERS)
    return found


def file(project: Path) -> Path:
    return project / "pipelines" / "orders" / "triggers.yaml"


def test_the_list_says_when_and_what_cannot_start(project: Path, tmp_path: Path) -> None:
    done = penstock("triggers", "list", "-p", project, home=tmp_path)
    assert done.code == 0
    assert "every day at 02:30 Europe/Paris" in done.out
    assert "cannot start" in done.out
    assert "names a day that no year has" in done.err
    found = penstock("triggers", "list", "orders", "-p", project, "--json", home=tmp_path).document["triggers"]
    assert [each["name"] for each in found] == ["nightly", "called", "bad", "often"]
    assert found[0]["next"].endswith(("T00:30:00+00:00", "T01:30:00+00:00"))
    assert (found[1]["next"], found[2]["next"]) == (None, None)
    assert penstock("triggers", "list", "nowhere", "-p", project, home=tmp_path).code == 2
    assert "no triggers" in penstock("triggers", "list", "stock", "-p", project, home=tmp_path).out


def test_one_that_is_for_another_environment_starts_nothing_here(project: Path, tmp_path: Path) -> None:
    file(project).write_text(TRIGGERS.replace("- name: often", "- name: often\n  envs: [prod]"))
    listed = penstock("triggers", "list", "orders", "-p", project, home=tmp_path)
    assert "on for prod" in listed.out
    for command in (["list", "orders"], ["next", "orders"]):
        found = penstock("triggers", *command, "-p", project, "--json", home=tmp_path).document
        told = [each.get("trigger") or each["name"] for each in found.get("upcoming") or found["triggers"]]
        assert ("often" in told) == (command[0] == "list")
    shown = penstock("triggers", "show", "orders", "often", "-p", project, "--json", home=tmp_path).document
    assert (shown["next"], shown["upcoming"], shown["here"]) == (None, [], False)
    there = penstock("triggers", "show", "orders", "often", "-p", project, "--json", home=tmp_path, ENV="prod").document
    assert (len(there["upcoming"]), there["here"]) == (10, True)


def test_of_many_some_are_listed(project: Path, tmp_path: Path) -> None:
    listed = penstock("triggers", "list", "--limit", "2", "-p", project, home=tmp_path)
    assert "called" in listed.out
    assert "often" not in listed.out
    assert "these are the first 2" in listed.err
    found = penstock("triggers", "list", "--json", "--search", "02:30 ORDERS", "-p", project, home=tmp_path).document
    assert [each["name"] for each in found["triggers"]] == ["nightly"]
    assert found["more"] is False


def test_a_file_that_cannot_be_read_hides_no_other(project: Path, tmp_path: Path) -> None:
    (project / "pipelines" / "stock" / "triggers.yaml").write_bytes(b"- [\n")
    done = penstock("triggers", "list", "-p", project, home=tmp_path)
    assert "nightly" in done.out
    assert "stock" in done.err
    assert penstock("triggers", "list", "stock", "-p", project, home=tmp_path).code == 2


def test_one_in_full(project: Path, tmp_path: Path) -> None:
    shown = penstock("triggers", "show", "orders", "nightly", "-p", project, home=tmp_path)
    assert "02:30 Europe/Paris" in shown.out
    document = penstock("triggers", "show", "orders", "nightly", "-p", project, "--json", home=tmp_path).document
    assert len(document["upcoming"]) == 10
    assert document["settings"] == {"time_zone": "Europe/Paris"}
    missing = penstock("triggers", "show", "orders", "nobody", "-p", project, home=tmp_path)
    assert missing.code == 2
    assert "nightly, called" in missing.err


def test_on_and_off_change_one_word_of_the_file(project: Path, tmp_path: Path) -> None:
    done = penstock("triggers", "off", "orders", "nightly", "-p", project, home=tmp_path)
    assert done.out.strip() == "orders/nightly is off"
    assert file(project).read_text() == TRIGGERS.replace("status: active", "status: inactive", 1)
    assert "already" in penstock("triggers", "off", "orders", "nightly", "-p", project, home=tmp_path).out
    penstock("triggers", "on", "orders", "nightly", "-p", project, home=tmp_path)
    assert file(project).read_text() == TRIGGERS
    refused = penstock("triggers", "on", "orders", "bad", "-p", project, home=tmp_path)
    assert (refused.code, "J111" in refused.err) == (2, True)
    assert penstock("triggers", "off", "orders", "bad", "-p", project, home=tmp_path).code == 0


def test_what_is_next_over_all_triggers(project: Path, tmp_path: Path) -> None:
    told = penstock("triggers", "next", "-n", "3", "-p", project, "--json", home=tmp_path).document
    found = told["upcoming"]
    assert told["more"] is True
    moments = [datetime.fromisoformat(each["at"]) for each in found]
    assert len(moments) == 3
    assert moments == sorted(moments)
    assert {each["trigger"] for each in found} <= {"often", "nightly"}
    assert moments[0] - datetime.now(UTC) < timedelta(minutes=2)
    assert "orders" in penstock("triggers", "next", "orders", "-p", project, home=tmp_path).out
    assert "nothing is due" in penstock("triggers", "next", "stock", "-p", project, home=tmp_path).out


def test_a_token_is_printed_once_and_kept_as_a_hash(project: Path, tmp_path: Path) -> None:
    done = penstock("triggers", "token", "orders", "called", "-p", project, home=tmp_path)
    assert done.code == 0, done.err
    token = done.out.strip()
    (database,) = tmp_path.rglob("state.db")
    state = open_state(f"sqlite:///{database}")
    with state.read() as connection:
        (row,) = state.triggers.by_token(connection, hash_token(token))
    state.close()
    assert row.name == "called"
    assert token not in file(project).read_text()
    shown = penstock("triggers", "show", "orders", "called", "-p", project, "--json", home=tmp_path)
    assert shown.document["token_set"] is True
    assert token not in json.dumps(shown.document)
    assert penstock("triggers", "token", "orders", "nightly", "-p", project, home=tmp_path).code == 2
