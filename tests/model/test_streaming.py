"""A block that yields: what its end must agree with, and which blocks grow with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from penstock.model.expand import Axis, DynamicSettings, Fans, Mode, axes_of, streams_of
from penstock.model.messages import Failure
from penstock.model.product import Address, Items, ProductRef
from penstock.model.run import (
    AttemptFailed,
    AttemptStarted,
    AttemptSucceeded,
    BlockState,
    Dispatch,
    ItemsCame,
    Kill,
    RetryPolicy,
    RunState,
    advance,
    new_run,
    restored,
)

PART = ProductRef(Address("p", "users"), "part-1-0-r")
STREAM = DynamicSettings(parent=True, stream=True)


def fans(graph: dict[str, tuple[str, ...]], settings: dict[str, DynamicSettings]) -> Fans:
    axes = axes_of(graph, list(graph), settings)
    return Fans(axes, streams=streams_of(axes, list(graph), {name for name in settings if settings[name].stream}))


@pytest.mark.parametrize("items", [None, Items(1), Items(3), Items(2, ("x", "y"))])
def test_a_block_that_returns_other_items_than_it_has_yielded_fails(items: Items | None) -> None:
    graph: dict[str, tuple[str, ...]] = {"users": (), "each": ("users",)}
    run, _ = new_run("r", graph, fans=fans(graph, {"users": STREAM}))
    advance(run, AttemptStarted("users"))
    advance(run, ItemsCame("users", PART, Items(2)))
    assert run.children["each"] == ["each:0", "each:1"]
    advance(run, AttemptSucceeded("users", None, items))
    assert run.blocks["users"].state is BlockState.FAILED
    assert run.blocks["each:0"].state is BlockState.UPSTREAM_FAILED
    assert run.state is RunState.FAILED


def test_what_waits_for_a_child_that_was_given_up_ends_with_it() -> None:
    graph: dict[str, tuple[str, ...]] = {"users": (), "each": ("users",), "leaf": ("each",), "other": ()}
    narrow = replace(fans(graph, {"users": STREAM}), most=2, at_once=1)
    run, _ = new_run("r", graph, fans=narrow)
    for key in ("users", "other"):
        advance(run, AttemptStarted(key))
    advance(run, ItemsCame("users", PART, Items(2)))
    advance(run, AttemptStarted("each:0"))
    advance(run, ItemsCame("users", PART, Items(1)))  # that is too many: each:1, whose turn has not come, never begins
    assert run.blocks["each:1"].state is BlockState.CANCELLED
    assert run.blocks["leaf:1"].state is BlockState.UPSTREAM_FAILED
    for key in ("each:0", "leaf:0"):
        advance(run, AttemptSucceeded(key, None))
    for key, items in (("users", Items(3)), ("other", None)):
        advance(run, AttemptSucceeded(key, None, items))
    assert (run.state, run.open) == (RunState.FAILED, 0)
    assert run.blocks["each"].state is BlockState.FAILED


@pytest.mark.parametrize("under_way", [True, False])
def test_what_was_made_from_a_withdrawn_attempt_counts_no_more_though_its_block_had_failed(*, under_way: bool) -> None:
    graph: dict[str, tuple[str, ...]] = {"users": (), "each": ("users",), "leaf": ("each",), "end": ("leaf",)}
    narrow = replace(fans(graph, {"users": STREAM}), most=2, at_once=1)
    run, _ = new_run("r", graph, {"users": RetryPolicy(retries=1)}, fans=narrow)
    advance(run, AttemptStarted("users"))
    advance(run, ItemsCame("users", PART, Items(2)))
    advance(run, AttemptStarted("each:0"))
    advance(run, ItemsCame("users", PART, Items(1)))  # that is too many: "each" has failed
    if not under_way:
        advance(run, AttemptSucceeded("each:0", PART))
        advance(run, AttemptStarted("leaf:0"))
        advance(run, AttemptSucceeded("leaf:0", PART))
    _, effects = advance(run, AttemptFailed("users", Failure("lost", "killed")))
    assert {run.blocks[key].ref for key in ("each:0", "each:1", "leaf:0", "leaf:1")} == {None}
    assert {key: run.blocks[key].state for key in ("each", "leaf", "end")} == {
        "each": BlockState.FAILED,
        "leaf": BlockState.UPSTREAM_FAILED,
        "end": BlockState.UPSTREAM_FAILED,
    }
    again = Dispatch("users", 5.0)
    assert (Kill("each:0") in effects, again in effects) == (under_way, not under_way)
    if under_way:  # two attempts of one child can never be
        assert advance(run, AttemptFailed("each:0", Failure("interrupted", "ended")))[1] == [again]
    advance(run, AttemptStarted("users"))
    advance(run, ItemsCame("users", PART, Items(2)))
    advance(run, AttemptSucceeded("users", None, Items(2)))
    assert (run.state, run.open) == (RunState.FAILED, 0)


def test_only_what_fans_out_along_one_streaming_parent_grows() -> None:
    graph = {
        "users": (),
        "letters": (),
        "fixed": (),
        "each": ("users", "fixed"),
        "leaf": ("each",),
        "both": ("users", "letters"),
        "product": ("leaf", "letters"),
        "inner": ("each",),
        "deep": ("inner",),
    }
    settings = {"users": STREAM, "letters": DynamicSettings(parent=True), "inner": STREAM}
    found = fans(graph, settings)
    assert found.streams == {
        "each": Axis("users", Mode.ITEM),
        "leaf": Axis("each", Mode.EACH),
        "inner": Axis("each", Mode.EACH),
    }
    assert found.streaming("users")
    assert not found.streaming("inner")


def test_what_had_ended_is_kept_when_a_run_is_taken_up_that_stops_at_the_failure_of_a_child() -> None:
    graph: dict[str, tuple[str, ...]] = {
        "users": (),
        "each": ("users",),
        "a": (),
        "b": ("a",),
        "c": ("b",),
        "d": ("c",),
    }
    done = {"state": "completed", "attempts": 1}
    saved = dict.fromkeys(("each:1", "a", "b", "c"), done) | {"users": {**done, "items": {"count": 2, "names": []}}}
    entries = saved | {"each:0": {"state": "failed", "attempts": 1}}
    run, _ = restored("r", graph, None, entries, keep_going=False, fans=fans(graph, {"users": STREAM}))
    assert run.state is RunState.FAILED
    assert {key: run.blocks[key].state.value for key in (*saved, "each", "d")} == {
        **dict.fromkeys(saved, "completed"),
        "each": "failed",
        "d": "cancelled",
    }
