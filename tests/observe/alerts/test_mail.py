"""E-mail as it arrives at a server, with and without TLS and login."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from penstock.config.alert_channels import Channel, ChannelKind
from penstock.observe.alerts.delivery import deliver
from penstock.observe.alerts.posts import DeliveryError
from tests.observe.alerts.facts import FAILED, channel, said
from tests.observe.alerts.receiving import certificate_for_localhost, dripping, mailbox


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_for_localhost(tmp_path_factory.mktemp("tls"))


def _channel(port: int, **settings: Any) -> Channel:
    return channel(
        ChannelKind.EMAIL,
        **{
            "smtp_host": "localhost", "smtp_port": port, "smtp_mail_from": "Penstock <penstock@example.com>",
            "to_emails": ["ann@example.com", "Bö B <bob@example.com>"], **settings,
        },
    )  # fmt: skip


def test_text_and_html_arrive_at_everybody() -> None:
    with mailbox() as box:
        deliver(said(), _channel(box.port, smtp_starttls=False))
    sender, receivers, message = box.taken[0]
    assert (sender, receivers) == ("penstock@example.com", ["ann@example.com", "bob@example.com"])
    assert message["Subject"] == "Pipeline shop/orders failed"
    assert message["Auto-Submitted"] == "auto-generated"
    plain = message.get_body(("plain",)).get_content()
    assert "KeyError: 'flights' <b> & co" in plain
    assert "Line: transformers/clean.py:12" in plain
    assert "https://penstock.example/runs/20231114T221320-abc" in plain
    html = message.get_body(("html",)).get_content()
    assert "&lt;b&gt; &amp; co" in html
    assert "<b> & co" not in html


def test_one_incident_is_one_conversation() -> None:
    with mailbox() as box:
        for key in ("one", "two"):
            deliver(replace(said(), key=key), _channel(box.port, smtp_starttls=False))
    first, second = (message for _sender, _receivers, message in box.taken)
    assert first["References"] == second["References"]
    assert first["Message-ID"] != second["Message-ID"]


@pytest.mark.parametrize("tls", ["starttls", "ssl"])
def test_tls_and_login(tls: str, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mailbox(tls=tls, certificate=certificate, password="right") as box:
        options = {"smtp_starttls": tls == "starttls", "smtp_ssl": tls == "ssl", "smtp_user": "ann"}
        deliver(said(), _channel(box.port, smtp_password="right", **options))
        assert box.logins == [("ann", "right")]
        assert len(box.taken) == 1
        with pytest.raises(DeliveryError) as caught:
            deliver(said(), _channel(box.port, smtp_password="wrong-one", **options))
        assert "it answered 535" in caught.value.message
        assert caught.value.final
        assert "wrong-one" not in caught.value.message
        assert len(box.taken) == 1


def test_a_certificate_that_nobody_trusts_is_refused(certificate: Path) -> None:
    with mailbox(tls="starttls", certificate=certificate) as box, pytest.raises(DeliveryError) as caught:
        deliver(said(), _channel(box.port))
    assert "TLS failed" in caught.value.message
    assert not box.taken


def test_nothing_goes_out_in_clear_where_starttls_is_asked_for() -> None:
    with mailbox() as box, pytest.raises(DeliveryError) as caught:
        deliver(said(), _channel(box.port))
    assert "offers no STARTTLS" in caught.value.message
    assert not box.taken


@pytest.mark.parametrize(("answer", "final"), [("450 later", False), ("550 nobody", True)])
def test_refused_receivers_are_told(answer: str, *, final: bool) -> None:
    with mailbox() as box:
        box.refuse = answer
        with pytest.raises(DeliveryError) as caught:
            deliver(said(), _channel(box.port, smtp_starttls=False))
    assert "refused every receiver" in caught.value.message
    assert caught.value.final is final


@pytest.mark.parametrize("password", ["pa55word-42", 8374928374])
def test_an_answer_is_told_without_the_password(password: str | int) -> None:
    with mailbox() as box:
        box.answer = f"554 no mail with {password} in it"
        with pytest.raises(DeliveryError) as caught:
            deliver(said(), _channel(box.port, smtp_starttls=False, smtp_password=password))
    assert "it answered 554 (no mail with *** in it)" in caught.value.message


def test_a_title_cannot_add_headers() -> None:
    with mailbox() as box:
        fact = replace(FAILED, pipeline="shop\r\nBcc: eve@example.com")
        deliver(said(fact), _channel(box.port, smtp_starttls=False))
    _sender, receivers, message = box.taken[0]
    assert message["Bcc"] is None
    assert "eve@example.com" not in receivers


def test_a_server_that_keeps_talking_is_left_in_the_end() -> None:
    with (
        dripping(b"220-one moment\r\n") as port,
        pytest.raises(DeliveryError, match=r"not done within 0\.8 s") as caught,
    ):
        deliver(said(), _channel(port, smtp_starttls=False), deadline=0.2)
    assert not caught.value.final


def test_who_has_a_message_has_it_whatever_is_said_at_the_end() -> None:
    with mailbox() as box:
        box.farewell = "421 too busy to say goodbye"
        deliver(said(), _channel(box.port, smtp_starttls=False))
    assert len(box.taken) == 1
