"""notification_config as projects write it, good and bad."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.config.alert_channels import REPEAT_AFTER, ChannelKind, Occasion
from penstock.observe.alerts.facts import AlertKind
from penstock.observe.alerts.settings import read_alert_settings
from penstock.observe.alerts.source import AlertSource


def write(root: Path, name: str, text: str) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_keys_of_mage_are_read() -> None:
    found = read_alert_settings(
        {
            "alert_on": ["trigger_failure", "trigger_success", "trigger_passed_sla"],
            "slack_config": {"webhook_url": "https://hooks.example/a"},
            "teams_config": {"webhook_url": ["https://teams.example/1", "https://teams.example/2"]},
            "discord_config": {"webhook_url": "https://discord.example/a"},
            "telegram_config": {"webhook_url": "https://telegram.example/bot1/sendMessage?chat_id=2"},
            "google_chat_config": {"webhook_url": "https://chat.example/a"},
            "email_config": {
                "smtp_host": "smtp.example", "smtp_mail_from": "a@example.com", "smtp_user": "u",
                "smtp_password": "p", "to_emails": ["b@example.com", "c@example.com"],
            },
            "opsgenie_config": {"url": "https://opsgenie.example/v2/alerts", "api_key": "k", "priority": "P1"},
            "message_templates": {"failure": {"title": "T", "summary": "S", "details": "D"}},
        },
        {},
    )  # fmt: skip
    assert not found.problems
    assert [each.key for each in found.channels] == [
        "slack", "teams 1", "teams 2", "discord", "telegram", "google_chat", "email", "opsgenie",
    ]  # fmt: skip
    mail = next(each for each in found.channels if each.kind is ChannelKind.EMAIL).settings
    assert (mail["smtp_port"], mail["smtp_starttls"], mail["smtp_ssl"]) == (587, True, False)
    assert found.templates["failure"]["title"] == "T"
    assert found.wants(Occasion.SUCCESS)


def test_who_hears_of_failures_hears_when_they_are_over() -> None:
    assert read_alert_settings({"alert_on": ["trigger_failure"]}, {}).wants(Occasion.RECOVERY)
    assert not read_alert_settings({"alert_on": ["trigger_success"]}, {}).wants(Occasion.RECOVERY)
    assert not read_alert_settings({"alert_on": []}, {}).wants(Occasion.FAILURE)


def test_keys_of_a_pipeline_replace_those_of_the_project() -> None:
    project = {
        "alert_on": ["trigger_failure"],
        "slack_config": {"webhook_url": "https://project"},
        "repeat_after": "2h",
    }
    found = read_alert_settings(project, {"slack_config": {"webhook_url": "https://pipeline"}, "alert_on": None})
    assert [each.address for each in found.channels] == ["https://pipeline"]
    assert found.repeat_after == 7200.0


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"alert_on": ["trigger_failed"]}, "alert_on: 'trigger_failed'"),
        ({"slack_config": "https://x"}, "slack_config: it is no map"),
        ({"slack_config": {"webhook_url": ""}, "discord_config": None}, None),
        ({"slack_config": {"webhook_url": "", "x": 1}}, "slack_config: webhook_url is missing or empty"),
        ({"teams_config": {"webhook_url": ["ftp://x", None]}}, "teams_config: webhook_url is no address"),
        ({"email_config": {"to_emails": ["a@example.com"]}}, "email_config: smtp_host is missing"),
        ({"email_config": {"smtp_host": "h"}}, "email_config: to_emails is missing"),
        ({"email_config": {"smtp_host": "h", "to_emails": "a@b.c", "smtp_port": "many"}}, "email_config: "),
        ({"email_config": {"smtp_host": "h", "to_emails": "a@b.c", "smtp_port": float("inf")}}, "email_config: "),
        ({"email_config": {"smtp_host": "h", "to_emails": "a@b.c", "smtp_port": 65_536}}, "email_config: smtp_port"),
        ({"slack_config": {"webhook_url": "https://chat.example:65536/x"}}, "slack_config: webhook_url has no host"),
        ({"slack_config": {"webhook_url": "https:///x"}}, "slack_config: webhook_url has no host"),
        ({"slack_config": {"webhook_url": "https://[::1/x"}}, "slack_config: webhook_url has no host"),
        ({"opsgenie_config": {"priority": "P1"}}, "opsgenie_config: api_key is missing"),
        ({"pagerduty_config": {"severity": "error"}}, "pagerduty_config: routing_key is missing"),
        ({"message_templates": ["x"]}, "message_templates: it is no map"),
        ({"message_templates": {"failure": "x"}}, "message_templates.failure"),
        (
            {"message_templates": {"failure": {"title": "{nobody}"}}},
            "message_templates.failure.title: alerts have no variable {nobody}",
        ),
        ({"repeat_after": "soon"}, "reading repeat_after"),
    ],
)
def test_what_cannot_be_used_is_told_and_harms_nothing_else(config: dict[str, object], told: str | None) -> None:
    found = read_alert_settings({"google_chat_config": {"webhook_url": "https://chat"}, **config}, {})
    assert [each.kind for each in found.channels][-1] is ChannelKind.GOOGLE_CHAT
    assert told is None or any(problem.startswith(told) for problem in found.problems), found.problems


def test_repeating_can_be_turned_off() -> None:
    assert read_alert_settings({"repeat_after": 0}, {}).repeat_after == 0.0
    assert read_alert_settings({"repeat_after": "never"}, {}).repeat_after == 0.0
    assert read_alert_settings({}, {}).repeat_after == REPEAT_AFTER


ON_CALL = {"slack_config": {"webhook_url": "http://127.0.0.1:1"}, "pagerduty_config": {"routing_key": "r"}}


@pytest.mark.parametrize(
    ("alert_on", "kind", "told"),
    [
        (["trigger_success", "trigger_failure"], AlertKind.SUCCESS, ["slack"]),
        (["trigger_success", "trigger_failure"], AlertKind.FAILURE, ["slack", "pagerduty"]),
        (["trigger_failure"], AlertKind.TRIGGER, ["slack", "pagerduty"]),
        (["trigger_failure"], AlertKind.RECOVERY, ["slack", "pagerduty"]),
        (["trigger_failure"], AlertKind.SUCCESS, []),
        (["trigger_passed_sla"], AlertKind.PASSED_SLA, ["slack", "pagerduty"]),
        (["trigger_passed_sla"], AlertKind.RECOVERY, ["pagerduty"]),
        (["trigger_success"], AlertKind.RECOVERY, []),
    ],
)
def test_who_is_on_call_hears_of_what_is_bad_and_that_it_is_over(
    alert_on: list[str], kind: AlertKind, told: list[str]
) -> None:
    found = read_alert_settings({"alert_on": alert_on, **ON_CALL}, {})
    assert sorted(each.key for each in found.hearing(kind)) == sorted(told)


def test_settings_show_no_secret() -> None:
    found = read_alert_settings({"slack_config": {"webhook_url": "https://hooks.example/T0/B0/secret"}}, {})
    assert "T0" not in repr(found)
    assert found.secrets == {"https://hooks.example/T0/B0/secret"}


def test_files_are_read_again_when_they_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        tmp_path, "metadata.yaml", "notification_config:\n  slack_config:\n    webhook_url: \"{{ env_var('HOOK') }}\"\n"
    )
    write(tmp_path, "pipelines/p/metadata.yaml", "uuid: p\nblocks: []\n")
    monkeypatch.setenv("HOOK", "https://one.example")
    monkeypatch.setenv("PENSTOCK_SECRET_TEAMS", "https://two.example")
    source = AlertSource(tmp_path)
    assert [each.address for each in source("p").channels] == ["https://one.example"]
    assert source("p") is source("p")
    write(
        tmp_path,
        "pipelines/p/metadata.yaml",
        "uuid: p\nblocks: []\nnotification_config:\n"
        "  slack_config: {}\n  teams_config:\n    webhook_url: \"{{ mage_secret_var('teams') }}\"\n",
    )
    assert [each.address for each in source("p").channels] == ["https://two.example"]
    assert "https://two.example" in source("p").secrets


def test_a_missing_secret_and_a_broken_file_are_told(tmp_path: Path) -> None:
    write(tmp_path, "metadata.yaml", "notification_config:\n  slack_config:\n    webhook_url: https://one.example\n")
    write(
        tmp_path,
        "pipelines/p/metadata.yaml",
        "notification_config:\n  teams_config:\n    webhook_url: \"{{ mage_secret_var('nobody_knows') }}\"\n",
    )
    write(tmp_path, "pipelines/q/metadata.yaml", "notification_config: [\n")
    source = AlertSource(tmp_path)
    assert any("nobody_knows" in problem for problem in source("p").problems)
    assert [each.key for each in source("p").channels] == ["slack"]
    assert source("q").problems
    assert [each.key for each in source("q").channels] == ["slack"]
    assert [each.key for each in source("no/such").channels] == ["slack"]


def test_a_projects_file_that_cannot_be_read_any_more_leaves_the_channels_and_says_so(tmp_path: Path) -> None:
    text = "notification_config: {slack_config: {webhook_url: 'https://hooks.example/a'}}\n"
    write(tmp_path, "metadata.yaml", text)
    source = AlertSource(tmp_path)
    before = [each.key for each in source("").channels]
    assert len(before) == 1

    write(tmp_path, "metadata.yaml", text + 'x: "unclosed\n')
    assert [each.key for each in source("").channels] == before
    assert any(problem.startswith("reading metadata.yaml:") for problem in source("").problems)
