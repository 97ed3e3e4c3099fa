"""Alerts over the HTTP API of a real server: what was told, whom to tell, a test message."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from penstock.project import check_project, open_project
from penstock.state.rows import AlertRow
from tests.observe.alerts.facts import FAILED
from tests.observe.alerts.receiving import receiving
from tests.server.serving import Server, make_project

BROKEN = """
from mage_ai.data_preparation.decorators import custom

@custom
def load(*args, **kwargs):
    raise KeyError('flights')
"""
METADATA = """\
project_type: standalone
variables_dir: .data
# whom to tell
notification_config:
  alert_on:  # these
  - trigger_failure
  slack_config:
    webhook_url: "{{ env_var('HOOK') }}"  # of the team
  telegram_config:
    webhook_url: http://127.0.0.1:9/bot-secret-token/sendMessage
  our_own_key: kept
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = make_project(tmp_path_factory.mktemp("alerts") / "project", blocks=[("load", "custom", [], BROKEN)])
    started = Server(root)
    started.start()
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def _metadata(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "http://127.0.0.1:9/slack-secret")
    file = server.root / "metadata.yaml"
    file.with_suffix(".new").write_text(METADATA)
    file.with_suffix(".new").replace(file)


def ok(reply: httpx.Response) -> Any:
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_settings_are_shown_without_secrets(server: Server) -> None:
    reply = server.client.get("/alerts/settings")
    found = ok(reply)
    assert "secret" not in reply.text.replace('"kind":"secret"', "").replace("Secret of the signature", "").replace(
        '"key":"secret"', ""
    )
    assert found["alert_on"] == ["trigger_failure", "trigger_recovery"]
    channels = {channel["kind"]: channel for channel in found["channels"]}
    assert channels["slack"]["keys"] == ["slack"]
    assert channels["slack"]["hosts"] == ["127.0.0.1:9"]
    assert channels["slack"]["fields"][0]["value"] == "{{ env_var('HOOK') }}"
    assert channels["telegram"]["fields"][0] == {
        "key": "webhook_url", "kind": "secret", "set": True, "value": None,
        "description": "https://api.telegram.org/bot<token>/sendMessage?chat_id=<id>",
    }  # fmt: skip
    assert channels["email"]["set"] is False
    assert "pipeline_uuid" in found["variables"]


def test_a_change_touches_what_it_names_and_nothing_else(server: Server) -> None:
    before = ok(server.client.get("/alerts/settings"))
    changes = {
        "teams_config.webhook_url": "https://teams.example/hook",
        "message_templates.failure.title": "{pipeline_uuid} broke",
        "telegram_config": None,
    }
    after = ok(server.client.patch("/alerts/settings", json={"set": changes, "revision": before["revision"]}))
    text = (server.root / "metadata.yaml").read_text()
    for kept in (
        "# whom to tell",
        "alert_on:  # these",
        "\"{{ env_var('HOOK') }}\"  # of the team",
        "our_own_key: kept",
    ):
        assert kept in text
    assert "bot-secret-token" not in text
    assert after["templates"] == {"failure": {"title": "{pipeline_uuid} broke"}}
    assert next(each for each in after["channels"] if each["kind"] == "teams")["keys"] == ["teams"]
    stale = server.client.patch(
        "/alerts/settings", json={"set": {"repeat_after": "1h"}, "revision": before["revision"]}
    )
    assert stale.status_code == 409


def test_words_with_a_variable_that_there_is_not_are_refused(server: Server) -> None:
    before = (server.root / "metadata.yaml").read_text()
    answer = server.client.patch(
        "/alerts/settings", json={"set": {"message_templates.failure.title": "{pipline_uuid} broke"}}
    )
    told = answer.json()["error"]
    assert (answer.status_code, told["hint"]) == (422, "Write {pipeline_uuid}.")
    assert told["message"] == "message_templates.failure.title: alerts have no variable {pipline_uuid}"
    assert (server.root / "metadata.yaml").read_text() == before


def test_words_that_were_wrong_before_keep_nobody_from_changing_something_else(server: Server) -> None:
    wrong = "  message_templates: {failure: {title: '{team} broke'}}\n"
    (server.root / "metadata.yaml").write_text(METADATA + wrong)
    file = server.root / "pipelines" / "flights" / "metadata.yaml"
    before = file.read_text()
    file.write_text(before + "notification_config:\n" + wrong)
    shown = ok(server.client.patch("/alerts/settings", json={"set": {"alert_on": ["trigger_success"]}}))
    assert shown["templates"] == {"failure": {"title": "{team} broke"}}
    assert "trigger_success" in (server.root / "metadata.yaml").read_text()
    config = {"alert_on": ["trigger_success"], "message_templates": {"failure": {"title": "{team} broke"}}}
    ok(server.client.patch("/pipelines/flights", json={"settings": {"notification_config": config}}))
    assert "trigger_success" in file.read_text()
    one_more = {"failure": {"title": "{team} broke", "summary": "{crew}"}}
    for path, changes in (
        ("/alerts/settings", {"set": {"message_templates": one_more}}),
        ("/pipelines/flights", {"settings": {"notification_config": {"message_templates": one_more}}}),
    ):
        refused = server.client.patch(path, json=changes)
        assert refused.status_code == 422
        assert "alerts have no variable {crew}" in refused.json()["error"]["message"]
    found = [each.code for each in check_project(open_project(server.root))]
    assert found.count("PS050") == 2
    file.write_text(before)


@pytest.mark.parametrize("key", ["", ".", "a..b", "a.b.c.d.e"])
def test_a_key_that_is_none_is_refused(server: Server, key: str) -> None:
    assert server.client.patch("/alerts/settings", json={"set": {key: 1}}).status_code == 422


def test_problems_are_told(server: Server) -> None:
    found = ok(server.client.patch("/alerts/settings", json={"set": {"discord_config.webhook_url": "not an address"}}))
    assert any("discord_config" in problem for problem in found["problems"])


def test_a_test_message_arrives_and_a_refusal_is_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(200, 404) as receiver:
        ok(
            server.client.patch(
                "/alerts/settings", json={"set": {"discord_config.webhook_url": f"{receiver.url}/secret"}}
            )
        )
        assert ok(server.client.post("/alerts/test", json={"channel": "discord"})) == {
            "channel": "discord", "sent": True, "error": "",
        }  # fmt: skip
        assert receiver.received[0].json["embeds"][0]["title"] == "Test message from Penstock"
        refused = ok(server.client.post("/alerts/test", json={"channel": "discord"}))
        assert refused["sent"] is False
        assert "it answered 404" in refused["error"]
        assert "/secret" not in refused["error"]
    unknown = server.client.post("/alerts/test", json={"channel": "pager"})
    assert unknown.status_code == 422
    assert "discord" in unknown.json()["error"]["hint"]


def test_alerts_are_listed_newest_first_and_told_live(server: Server) -> None:
    state = server.studio.state
    numbers = []
    with state.write() as connection:
        for each in range(5):
            row = AlertRow(f"i{each}", "failure", 1000.0 + each, "shop", "r1", FAILED.payload(), due_at=9e9)
            numbers.append(state.alerts.add(connection, row))
    first = ok(server.client.get("/alerts?limit=3"))
    assert [alert["id"] for alert in first["alerts"]] == numbers[:1:-1]
    rest = ok(server.client.get(f"/alerts?limit=3&before={first['next']}"))
    assert [alert["id"] for alert in rest["alerts"]][:2] == numbers[1::-1]
    assert rest["next"] is None
    shown = first["alerts"][0]
    assert (shown["state"], shown["place"], shown["due"]) == ("pending", "transformers/clean.py:12", 9e9)
    assert shown["text"].startswith("KeyError")
    assert server.client.get("/alerts?limit=-3").status_code == 200
    with server.live() as live:
        live.subscribe("project")
        with state.write() as connection:
            state.alerts.change(connection, numbers[0], due_at=1.0)
        server.studio.scheduling.sender.wake()
        event = live.until("alert")[-1]
    assert (event["alert"]["id"], event["alert"]["state"]) == (numbers[0], "failed")  # it is older than a day
    assert {each["channel"]: each["state"] for each in event["alert"]["deliveries"]}["slack"] == "failed"


def test_what_somebody_knows_of_is_muted_for_a_while(server: Server) -> None:
    body = {"pipeline": "flights", "block": "load", "until": time.time() + 3600}
    assert ok(server.client.post("/mutes", json=body))["mutes"] == [body]
    assert ok(server.client.get("/mutes"))["mutes"] == [body]
    with server.live() as live:
        live.subscribe("project")
        run = server.client.post("/pipelines/flights/runs", json={}).json()["run"]["run"]
        live.until("run_recorded", run=run)
    muted = [item["muted_until"] for item in ok(server.client.get("/home"))["attention"] if item["run"] == run]
    assert muted == [body["until"]]
    assert ok(server.client.post("/mutes", json={**body, "until": None}))["mutes"] == []
    assert [item["muted_until"] for item in ok(server.client.get("/home"))["attention"]] == [None]


@pytest.mark.parametrize(("pipeline", "later", "status"), [("flights", -1, 422), ("flights", 4e7, 422), ("no", 9, 404)])
def test_a_mute_that_makes_no_sense_is_refused(server: Server, pipeline: str, later: float, status: int) -> None:
    reply = server.client.post("/mutes", json={"pipeline": pipeline, "until": time.time() + later})
    assert reply.status_code == status


def test_there_is_an_end_to_what_can_be_muted(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.server.alerts.service.MOST_MUTES", 2)
    until = time.time() + 1000
    for block in ("one", "two", "two"):
        ok(server.client.post("/mutes", json={"pipeline": "flights", "block": block, "until": until}))
    reply = server.client.post("/mutes", json={"pipeline": "flights", "block": "three", "until": until})
    assert reply.status_code == 409
    assert "are muted already" in reply.text
    for block in ("one", "two"):
        ok(server.client.post("/mutes", json={"pipeline": "flights", "block": block, "until": None}))


def test_a_mute_follows_the_names_of_what_is_muted(server: Server) -> None:
    until = time.time() + 3600
    ok(server.client.post("/mutes", json={"pipeline": "flights", "block": "load", "until": until}))
    ok(server.client.patch("/pipelines/flights/blocks/load", json={"name": "fetch"}))
    assert ok(server.client.get("/mutes"))["mutes"] == [{"pipeline": "flights", "block": "fetch", "until": until}]
    ok(server.client.post("/pipelines/flights/rename", json={"name": "planes"}))
    assert ok(server.client.get("/mutes"))["mutes"] == [{"pipeline": "planes", "block": "fetch", "until": until}]
    ok(server.client.post("/pipelines/planes/rename", json={"name": "flights"}))
    ok(server.client.patch("/pipelines/flights/blocks/fetch", json={"name": "load"}))
    ok(server.client.post("/mutes", json={"pipeline": "flights", "block": "load", "until": None}))
