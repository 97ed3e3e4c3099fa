"""A server that keeps its connections open and says nothing over them: it is given up, and asked over new ones."""

from __future__ import annotations

import queue
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from penstock.model.errors import StateUnavailableError
from penstock.state import listening, patience, store
from penstock.state.notify import MISSED, Notifier
from penstock.state.patience import Patience
from penstock.state.server_connection import PatientConnection
from penstock.state.store import open_state
from tests.patience import PATIENCE
from tests.wire import Wire


@pytest.fixture
def url(wire: Wire, postgres_database: str) -> str:
    return f"postgresql://postgres@127.0.0.1:{wire.port}/{postgres_database}"


def test_a_silent_server_is_given_up(wire: Wire, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PATIENCE", 1.0)  # room for a server that is there, on a busy machine
    state = open_state(url)
    with state.write() as connection:
        state.settings.put(connection, "kept", "1")
    wire.hush()
    with state.read() as connection:  # the one of before is found to be dead before anything is asked
        assert state.settings.get(connection, "kept") == "1"

    def silenced(connection: sa.Connection) -> None:
        state.settings.put(connection, "kept", "2")
        wire.hush()
        state.settings.put(connection, "kept", "3")

    with pytest.raises(StateUnavailableError, match="said nothing"), state.write() as connection:
        silenced(connection)
    with state.write() as connection:
        assert state.settings.get(connection, "kept") == "1"
        state.settings.put(connection, "kept", "4")
    state.close()


def test_a_statement_may_take_what_the_settings_allow(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PATIENCE", 0.1)
    monkeypatch.setenv("MAGE_DATABASE_STATEMENT_TIMEOUT_MS", "60000")
    state = open_state(url)
    with state.read() as connection:
        connection.execute(sa.text("SELECT pg_sleep(0.5)"))
    state.close()


def test_a_process_that_ends_waits_for_some_seconds_at_most(
    wire: Wire, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PATIENCE", 10 * PATIENCE)
    monkeypatch.setattr(patience, "LAST", 0.2)
    state = open_state(url)
    silent, told = threading.Event(), queue.Queue[str]()

    def ask() -> None:
        try:
            with state.read() as connection:
                wire.hush()
                silent.set()
                state.runs.open(connection)
        except StateUnavailableError as error:
            told.put(error.message)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    assert silent.wait(PATIENCE)
    state.hurry()
    assert "said nothing" in told.get(timeout=PATIENCE)
    asking.join()
    state.close()


def test_messages_go_and_come_over_new_connections(
    wire: Wire, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatientConnection, "patience", Patience(0.3))
    monkeypatch.setattr(listening, "_ASKED", 0.5)
    heard: queue.Queue[tuple[str, str]] = queue.Queue()
    here, there = Notifier(tmp_path / "here", url), Notifier(tmp_path / "there", url)
    here.listen(lambda topic, text: heard.put((topic, text)))

    def reaches(word: str) -> None:
        received = ("", "")
        while received != ("run", word):
            there.publish("run", word)
            try:
                received = heard.get(timeout=0.1)
            except queue.Empty:
                continue

    reaches("before")
    wire.hush()
    received = ("", "")
    while received != (MISSED, ""):
        received = heard.get(timeout=PATIENCE)
    reaches("after")
    here.close()
    there.close()
