"""Links, sessions and bearer tokens."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from penstock.server.access import LINK_SECONDS, MOST_SESSIONS, SESSION_SECONDS, Access
from penstock.server.permissions import Permission


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "home" / "sessions.json"


def log_in(access: Access) -> str:
    session = access.redeem(access.new_link())
    assert session is not None
    return session


def test_a_link_works_once() -> None:
    access = Access(None)
    link = access.new_link()
    assert access.redeem(link)
    assert access.redeem(link) is None


def test_a_link_works_for_ten_minutes(clock: Clock) -> None:
    access = Access(None, clock)
    early, late = access.new_link(), access.new_link()
    clock.now += LINK_SECONDS - 1
    assert access.redeem(early)
    clock.now += 1
    assert access.redeem(late) is None


@pytest.mark.parametrize("token", ["", "x", "\0", "a" * 100_000, "\ud800", "ü"])
def test_other_tokens_do_not_work(token: str) -> None:
    access = Access(None)
    access.new_link()
    assert access.redeem(token) is None
    assert access.by_session(token) is None
    assert access.by_token(token) is None


def test_an_empty_bearer_is_nobody_before_there_is_a_token() -> None:
    assert Access(None).by_token("") is None


def test_a_session_is_the_owner() -> None:
    access = Access(None)
    identity = access.by_session(log_in(access))
    assert identity is not None
    assert identity.permissions == frozenset(Permission)
    assert identity.browser


def test_a_link_is_no_session_and_a_session_no_bearer() -> None:
    access = Access(None)
    link = access.new_link()
    session = log_in(access)
    assert access.by_session(link) is None
    assert access.by_token(session) is None
    assert access.redeem(session) is None


def test_sessions_outlive_a_restart_and_end_in_time(clock: Clock, file: Path) -> None:
    session = log_in(Access(file, clock))
    assert Access(file, clock).by_session(session)
    clock.now += SESSION_SECONDS
    assert Access(file, clock).by_session(session) is None


def test_a_session_that_is_too_old_is_nobody(clock: Clock) -> None:
    access = Access(None, clock)
    session = log_in(access)
    clock.now += SESSION_SECONDS
    assert access.by_session(session) is None


def test_the_file_holds_no_secret_and_is_private(file: Path) -> None:
    access = Access(file)
    session, link, token = log_in(access), access.new_link(), access.new_token()
    text = file.read_text()
    assert not [secret for secret in (session, link, token) if secret in text]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_an_ended_session_is_ended_after_a_restart_too(file: Path) -> None:
    access = Access(file)
    session = log_in(access)
    identity = access.by_session(session)
    assert identity is not None
    access.end(identity.session)
    assert access.by_session(session) is None
    assert Access(file).by_session(session) is None


def test_ending_all_ends_unused_links_as_well() -> None:
    access = Access(None)
    sessions = [log_in(access) for _ in range(3)]
    link = access.new_link()
    access.end_all()
    assert not [session for session in sessions if access.by_session(session)]
    assert access.redeem(link) is None


def test_the_oldest_session_makes_room(clock: Clock) -> None:
    access = Access(None, clock)
    sessions = []
    for _ in range(MOST_SESSIONS + 1):
        clock.now += 1
        sessions.append(log_in(access))
    assert access.by_session(sessions[0]) is None
    assert access.by_session(sessions[1])


def test_ending_a_session_closes_what_it_opened() -> None:
    access = Access(None)
    mine, other = access.by_session(log_in(access)), access.by_session(log_in(access))
    assert mine is not None
    assert other is not None
    closed: list[str] = []
    with (
        access.holding(mine.session, lambda: closed.append("mine")),
        access.holding(other.session, lambda: closed.append("other")),
    ):
        access.end(mine.session)
        assert closed == ["mine"]
    access.end(other.session)
    assert closed == ["mine"]


def test_a_new_bearer_token_ends_the_one_before() -> None:
    access = Access(None)
    first = access.new_token()
    second = access.new_token()
    assert access.by_token(first) is None
    assert access.by_token(second)


@pytest.mark.parametrize(
    "content", ["", "null", "[1]", "{", '{"a": "b"}', '{"a": null}', "\udcff", '{"a": NaN}', "[" * 5000]
)
def test_a_damaged_file_is_no_login(file: Path, content: str) -> None:
    file.parent.mkdir()
    file.write_text(content, errors="surrogateescape")
    access = Access(file)
    assert access.by_session("a") is None
    assert log_in(access)


def test_a_file_cannot_make_logins_last_longer(file: Path, clock: Clock) -> None:
    access = Access(file, clock)
    session = log_in(access)
    file.write_text(json.dumps(dict.fromkeys(json.loads(file.read_text()), 1e300)))
    again = Access(file, clock)
    clock.now += SESSION_SECONDS + 1
    assert again.by_session(session) is None


def test_secrets_differ_between_installations() -> None:
    tokens = {
        secret for _ in range(20) for access in [Access(None)] for secret in (access.new_link(), access.new_token())
    }
    assert len(tokens) == 40
    assert min(map(len, tokens)) >= 43  # 256 bits
