"""`penstock alerts`: over a project whose store has some, and to servers that take and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from penstock.cli.alerts import alerts
from penstock.model.errors import ConnectionFailedError, SettingInvalidError
from penstock.project import open_project
from penstock.state.address import state_url
from penstock.state.rows import AlertRow
from penstock.state.store import open_state
from tests.observe.alerts.facts import FAILED
from tests.observe.alerts.receiving import receiving


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "metadata.yaml").write_text("variables_dir: .data\n")
    return tmp_path


def call(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(alerts, [*arguments, "--project", str(project)])


def test_nothing_is_listed_and_no_store_is_made(project: Path) -> None:
    result = call(project)
    assert (result.exit_code, result.output) == (0, "no alerts\n")
    assert not list(project.rglob("state.db"))


def test_alerts_are_listed_with_what_became_of_them(project: Path) -> None:
    state = open_state(state_url(open_project(project).data_dir()))
    row = AlertRow(
        "i", "failure", 1_700_000_000.0, "shop", "r1", FAILED.payload(), due_at=9e9, error="slack: it answered 503"
    )
    with state.write() as connection:
        state.alerts.add(connection, row)
    state.close()
    result = call(project)
    assert result.exit_code == 0
    assert "pending" in result.output
    assert "KeyError: 'flights'" in result.output
    assert "it answered 503" in result.output
    told = json.loads(call(project, "--json").output)
    (found,), more = told["alerts"], told["more"]
    assert more is False
    assert (found["kind"], found["state"], found["place"], found["times"]) == (
        "failure",
        "pending",
        "transformers/clean.py:12",
        1,
    )


def test_a_test_message_goes_to_each_channel_and_a_refusal_is_told(project: Path) -> None:
    with receiving() as good, receiving(404, 404) as bad:
        (project / "metadata.yaml").write_text(
            f"notification_config:\n  slack_config: {{webhook_url: '{good.url}'}}\n"
            f"  discord_config: {{webhook_url: '{bad.url}'}}\n  teams_config: {{webhook_url: ''}}\n"
        )
        result = call(project, "test")
        assert isinstance(result.exception, ConnectionFailedError)
        assert "slack: sent" in result.output
        assert "it answered 404" in result.output
        assert "teams_config: webhook_url is missing" in result.output
        assert call(project, "test", "slack").exit_code == 0
        assert (len(good.received), len(bad.received)) == (2, 1)
        told = call(project, "test", "--json")
        assert told.exit_code == 3
        channels = json.loads(told.stdout)["channels"]
        assert [(each["channel"], each["sent"]) for each in channels] == [("slack", True), ("discord", False)]
        assert "404" in channels[1]["error"]
        assert call(project, "test", "slack", "--json").exit_code == 0
    unknown = call(project, "test", "pager")
    assert isinstance(unknown.exception, SettingInvalidError)
    assert "slack" in unknown.exception.hint


def test_where_no_channel_is_set_up_that_is_said(project: Path) -> None:
    assert "testing alerts: no channel is set up" in str(call(project, "test").exception)
    assert "testing the alert channel slack: it is not set up" in str(call(project, "test", "slack").exception)


def test_a_channel_with_several_addresses_is_tested_as_a_whole_or_one_of_them(project: Path) -> None:
    with receiving() as first, receiving() as second:
        (project / "metadata.yaml").write_text(
            f"notification_config:\n  teams_config: {{webhook_url: ['{first.url}', '{second.url}']}}\n"
        )
        assert call(project, "test", "teams").output == "teams 1: sent\nteams 2: sent\n"
        assert call(project, "test", "teams 2").output == "teams 2: sent\n"
        assert (len(first.received), len(second.received)) == (1, 2)
