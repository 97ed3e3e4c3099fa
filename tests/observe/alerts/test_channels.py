"""What each channel sends, as it arrives at a server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from penstock.config.alert_channels import ChannelKind
from penstock.observe.alerts.delivery import deliver
from penstock.observe.alerts.facts import AlertKind
from penstock.observe.alerts.posts import DeliveryError
from penstock.observe.alerts.settings import AlertSettings
from penstock.observe.alerts.webhook import signature
from tests.observe.alerts.facts import FAILED, channel, said
from tests.observe.alerts.receiving import Receiver, receiving

LINK = "https://penstock.example/runs/20231114T221320-abc"
RECOVERED = replace(FAILED, kind=AlertKind.RECOVERY, last_run="later", last_at=1_700_003_600.0)


@pytest.fixture
def server() -> Receiver:
    with receiving() as receiver:
        yield receiver


def test_slack_gets_text_and_an_attachment(server: Receiver) -> None:
    deliver(said(), channel(ChannelKind.SLACK, webhook_url=f"{server.url}/services/T/B/x"))
    request = server.received[0]
    assert request.path == "/services/T/B/x"
    assert request.headers["content-type"] == "application/json"
    body = request.json
    assert body["text"] == "Pipeline shop/orders failed"
    attachment = body["attachments"][0]
    assert attachment["title_link"] == LINK
    assert attachment["color"] == "#DC2626"
    assert attachment["text"].startswith("KeyError: 'flights' &lt;b&gt; &amp; co\n```Look at")
    shown = {each["title"]: each["value"] for each in attachment["fields"]}
    assert shown["Line"] == "transformers/clean.py:12"
    assert shown["Trigger"] == "daily"


def test_teams_gets_an_adaptive_card_at_each_address(server: Receiver) -> None:
    deliver(said(), channel(ChannelKind.TEAMS, webhook_url=server.url))
    content = server.received[0].json["attachments"][0]
    assert content["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = content["content"]
    assert card["body"][0]["text"] == "Pipeline shop/orders failed"
    assert card["body"][1]["text"].startswith("KeyError: 'flights'")
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Open the run", "url": LINK}]


def test_discord_gets_an_embed_that_mentions_nobody(server: Receiver) -> None:
    server.answers.append(204)
    deliver(said(replace(FAILED, error="@everyone look")), channel(ChannelKind.DISCORD, webhook_url=server.url))
    body = server.received[0].json
    assert body["allowed_mentions"] == {"parse": []}
    embed = body["embeds"][0]
    assert embed["url"] == LINK
    assert embed["description"].startswith("@everyone look")
    assert embed["timestamp"].startswith("2023-11-14T22:13:24")


def test_telegram_gets_plain_text(server: Receiver) -> None:
    url = f"{server.url}/bot1:x/sendMessage?chat_id=42"
    deliver(said(), channel(ChannelKind.TELEGRAM, webhook_url=url))
    deliver(said(), channel(ChannelKind.TELEGRAM, webhook_url=f"{server.url}/bot1:x/sendMessage", chat_id=-7))
    assert server.received[0].path == "/bot1:x/sendMessage?chat_id=42"
    assert "chat_id" not in server.received[0].json
    assert server.received[1].json["chat_id"] == "-7"
    text = server.received[0].json["text"]
    assert text.startswith("Pipeline shop/orders failed\nKeyError: 'flights' <b> & co\n")
    assert LINK in text


def test_google_chat_gets_one_thread_per_incident(server: Receiver) -> None:
    target = channel(ChannelKind.GOOGLE_CHAT, webhook_url=server.url)
    deliver(said(), target)
    deliver(said(RECOVERED), target)
    first, second = (each.json for each in server.received)
    assert first["thread"] == second["thread"]
    assert "works again" in second["text"]


def test_opsgenie_is_opened_and_closed_by_the_same_alias(server: Receiver) -> None:
    target = channel(
        ChannelKind.OPSGENIE, url=f"{server.url}/v2/alerts", api_key="k1", priority="P1", tags=["etl"],
        responders=[{"name": "data", "type": "team"}], details={"team": "data"},
    )  # fmt: skip
    deliver(said(), target)
    deliver(said(RECOVERED), target)
    opened, closed = server.received
    assert opened.path == "/v2/alerts"
    assert opened.headers["authorization"] == "GenieKey k1"
    body = opened.json
    assert (body["message"], body["priority"], body["tags"]) == ("Pipeline shop/orders failed", "P1", ["etl"])
    assert body["responders"] == [{"name": "data", "type": "team"}]
    assert (body["details"]["team"], body["details"]["link"]) == ("data", LINK)
    assert "KeyError: 'flights'" in body["description"]
    assert closed.path == f"/v2/alerts/{body['alias']}/close?identifierType=alias"


def test_pagerduty_is_triggered_and_resolved_by_the_same_key(server: Receiver) -> None:
    target = channel(ChannelKind.PAGERDUTY, url=server.url, routing_key="r1")
    deliver(said(), target)
    deliver(said(RECOVERED), target)
    opened, closed = (each.json for each in server.received)
    assert (opened["routing_key"], opened["event_action"]) == ("r1", "trigger")
    assert opened["payload"]["summary"].startswith("Pipeline shop/orders failed: KeyError")
    assert opened["payload"]["severity"] == "error"
    assert opened["links"][0]["href"] == LINK
    assert closed == {"routing_key": "r1", "event_action": "resolve", "dedup_key": opened["dedup_key"]}


def test_a_webhook_is_signed_over_id_time_and_body(server: Receiver) -> None:
    target = channel(
        ChannelKind.WEBHOOK, webhook_url=server.url, secret="whsec_c2VjcmV0", headers={"x-team": "data\r\nx: y"}
    )
    deliver(said(), target)
    request = server.received[0]
    stamp = request.headers["webhook-timestamp"]
    assert request.headers["webhook-id"] == "penstock-3-0"
    assert request.headers["webhook-signature"] == signature("whsec_c2VjcmV0", "penstock-3-0", stamp, request.body)
    assert request.headers["webhook-signature"] != signature("other", "penstock-3-0", stamp, request.body)
    assert request.headers["x-team"] == "data x: y"
    body = request.json
    assert (body["type"], body["pipeline"], body["file"], body["line"]) == (
        "failure", "shop/orders", "transformers/clean.py", 12,
    )  # fmt: skip
    assert body["link"] == LINK


def test_the_signature_is_that_of_the_specification() -> None:
    # the example of the specification's own test
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    found = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_secrets_are_kept_out_of_messages(server: Receiver) -> None:
    fact = replace(
        FAILED,
        error="OperationalError: postgresql://bob:hunter22@db/x refused, my own-key-123 too",
        traceback="password='s3cr3t' and Bearer abcdefghijk",
    )
    message = said(fact, AlertSettings(secrets=frozenset({"own-key-123"})))
    for kind in (ChannelKind.SLACK, ChannelKind.DISCORD, ChannelKind.TEAMS, ChannelKind.WEBHOOK):
        deliver(message, channel(kind, webhook_url=server.url))
    for request in server.received:
        text = request.body.decode()
        assert "refused" in text
        for secret in ("hunter22", "own-key-123", "s3cr3t", "abcdefghijk"):
            assert secret not in text, request.path


def test_secrets_are_kept_out_of_what_the_other_side_repeats() -> None:
    kept = "R0KEYR0KEY-42"
    channels = [
        (ChannelKind.PAGERDUTY, {"routing_key": kept, "url": "{url}"}),
        (ChannelKind.OPSGENIE, {"api_key": kept, "url": "{url}"}),
        (ChannelKind.SLACK, {"webhook_url": f"{{url}}/{kept}/x"}),
        (ChannelKind.TELEGRAM, {"webhook_url": f"{{url}}/send?chat_id=1&key={kept}"}),
        (ChannelKind.WEBHOOK, {"webhook_url": "{url}", "headers": {"X-A": kept}}),
    ]
    for kind, settings in channels:
        with receiving("repeating") as server:
            given = {k: v.format(url=server.url) if isinstance(v, str) else v for k, v in settings.items()}
            told = channel(kind, **given)
            with pytest.raises(DeliveryError) as caught:
                deliver(said(), told)
        assert "it answered 500 (" in caught.value.message
        for part in (kept, kept[:8]):
            assert part not in caught.value.message, kind


def test_messages_stay_within_what_the_other_side_takes(server: Receiver) -> None:
    fact = replace(FAILED, error="x" * 50_000, traceback="y" * 90_000, hint="z" * 20_000, pipeline="p" * 3_000)
    for kind in (
        ChannelKind.SLACK,
        ChannelKind.DISCORD,
        ChannelKind.TEAMS,
        ChannelKind.TELEGRAM,
        ChannelKind.GOOGLE_CHAT,
    ):
        deliver(said(fact), channel(kind, webhook_url=server.url))
    embed = server.received[1].json["embeds"][0]
    assert len(embed["title"]) <= 256
    assert len(embed["description"]) <= 4096
    assert all(len(each["value"]) <= 1024 for each in embed["fields"])
    assert len(server.received[3].json["text"]) <= 4096
    assert len(server.received[4].body) <= 32_000
