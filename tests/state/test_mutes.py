"""Mutes in the store."""

from __future__ import annotations

from penstock.state.mutes import Mute
from penstock.state.store import State

LONG = "ö" * 300


def test_a_mute_holds_for_its_block_until_its_time(state: State) -> None:
    with state.write() as connection:
        state.mutes.put(connection, Mute("orders", "clean", 100.0), 10.0)
        state.mutes.put(connection, Mute(LONG, "", 50.0), 10.0)
        assert [(one.pipeline, one.block) for one in state.mutes.all(connection, 10.0)] == [
            (LONG, ""),
            ("orders", "clean"),
        ]
        assert state.mutes.holding(connection, "orders", "clean", 99.0) == Mute("orders", "clean", 100.0)
        assert state.mutes.holding(connection, "orders", "clean", 100.0) is None
        assert state.mutes.holding(connection, "orders", "load", 20.0) is None
        assert state.mutes.holding(connection, "orders", "", 20.0) is None
        assert state.mutes.holding(connection, LONG, "any block", 20.0) is not None


def test_the_last_word_holds_and_what_is_over_goes(state: State) -> None:
    with state.write() as connection:
        state.mutes.put(connection, Mute("orders", "clean", 100.0), 10.0)
        state.mutes.put(connection, Mute("orders", "clean", 30.0), 10.0)
        assert state.mutes.all(connection, 20.0) == [Mute("orders", "clean", 30.0)]
        state.mutes.put(connection, Mute("other", "", 90.0), 40.0)
        assert state.mutes.all(connection, 0.0) == [Mute("other", "", 90.0)]
        assert state.mutes.end(connection, "other", "")
        assert not state.mutes.end(connection, "other", "")
        assert state.mutes.all(connection, 0.0) == []


def test_a_mute_follows_a_name(state: State) -> None:
    with state.write() as connection:
        state.mutes.put(connection, Mute("orders", "clean", 100.0), 10.0)
        state.mutes.move(connection, Mute("orders", "clean", 100.0), "sales", "clean", 20.0)
        assert state.mutes.all(connection, 20.0) == [Mute("sales", "clean", 100.0)]
