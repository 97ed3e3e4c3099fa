"""Servers that are slow, refuse, redirect, or are not there."""

from __future__ import annotations

import socket

import pytest

from penstock.observe.alerts.posts import DeliveryError, Post, send
from tests.observe.alerts.receiving import receiving
from tests.patience import PATIENCE

BODY = {"text": "hello"}


def _refused(url: str, deadline: float = PATIENCE) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        send(Post(url, BODY), deadline=deadline)
    return caught.value


def test_a_redirect_is_not_followed() -> None:
    with receiving() as other, receiving("redirect") as server:
        server.location = f"{other.url}/elsewhere"
        error = _refused(server.url)
        assert "redirects to 127.0.0.1" in error.message
        assert error.final
        assert other.received == []


@pytest.mark.parametrize("manner", ["silent", "dripping"])
def test_a_slow_server_is_left_at_the_deadline(manner: str) -> None:
    with receiving(manner) as server:
        error = _refused(server.url, deadline=0.5)
        assert "no answer within 0.5 s" in error.message
        assert not error.final


@pytest.mark.parametrize(
    ("status", "final"), [(400, True), (401, True), (404, True), (429, False), (500, False), (503, False)]
)
def test_a_refusal_is_told_with_what_it_says(status: int, *, final: bool) -> None:
    with receiving(status) as server:
        error = _refused(f"{server.url}/T0/secret-path")
        assert f"it answered {status} (no_service)" in error.message
        assert error.final is final
        assert "secret-path" not in error.message


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://2852039166/",
        "http://0xa9.0xfe.0xa9.0xfe/",
        "http://100.100.100.200/",
        "https://[fd00:ec2::254]/",
    ],
)
def test_nothing_is_sent_to_where_clouds_tell_credentials(url: str) -> None:
    error = _refused(url)
    assert "is for the machine itself" in error.message
    assert error.final


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/a secret\npath", {}), ("/", {"Authorization": "GenieKey secret\nline"}), ("/", {"X": "secret\u20ac"})],
)
def test_what_cannot_be_sent_is_told_without_its_secrets(path: str, headers: dict[str, str]) -> None:
    with receiving() as server, pytest.raises(DeliveryError) as caught:
        send(Post(f"{server.url}{path}", BODY, headers))
    assert (
        caught.value.message
        == f"{server.url.removeprefix('http://')}: the address or a header is none that can be sent"
    )
    assert caught.value.final


def test_every_success_is_one() -> None:
    with receiving(200, 201, 202, 204) as server:
        for _ in range(4):
            send(Post(server.url, BODY))
        assert len(server.received) == 4


def test_a_server_that_hangs_up_or_is_not_there() -> None:
    with receiving("close") as server:
        assert not _refused(server.url).final
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = _refused(f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert "refused" in error.message.lower()
    assert not error.final


@pytest.mark.parametrize("url", ["http://", "https://[half", "http://a b/", "http://x:port/"])
def test_an_address_that_is_none_is_told(url: str) -> None:
    assert _refused(url).message


def test_tls_is_verified() -> None:
    with receiving() as server:
        error = _refused(server.url.replace("http://", "https://"))
        assert "TLS failed" in error.message


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as proxy:
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy.url)
        send(Post("http://chat.invalid/hook", BODY))
        assert proxy.received[0].path == "http://chat.invalid/hook"
        assert proxy.received[0].headers["host"] == "chat.invalid"
