"""A block that yields: what its end must agree with, and which blocks grow with it."""

from __future__ import annotations

import pytest

from penstock.model.expand import Axis, DynamicSettings, Fans, Mode, axes_of, streams_of
from penstock.model.product import Address, Items, ProductRef
from penstock.model.run import AttemptStarted, AttemptSucceeded, BlockState, ItemsCame, RunState, advance, new_run

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
