"""The settings of dynamic blocks, and which children they make."""

from __future__ import annotations

import pytest

from penstock.model.expand import (
    Axis,
    DynamicSettings,
    Fans,
    Mode,
    Option,
    axes_of,
    base_of,
    children_of,
    dynamic_settings,
)
from penstock.model.run import BlockState, Expanded, restored


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ({}, DynamicSettings()),
        ({"dynamic": True}, DynamicSettings(parent=True)),
        ({"dynamic": "true", "reduce_output": "True"}, DynamicSettings(parent=True, reduce=True)),
        ({"dynamic": False, "reduce_output": 0}, DynamicSettings()),
        ({"dynamic": None}, DynamicSettings()),
        ({"dynamic": "soon"}, DynamicSettings()),
        ({"dynamic": 2.5}, DynamicSettings()),
        ({"dynamic": {"parent": True}}, DynamicSettings(parent=True)),
        ({"dynamic": {"parent": ["a", "b"]}}, DynamicSettings(parent=frozenset("ab"))),
        ({"dynamic": {"parent": []}}, DynamicSettings()),
        ({"dynamic": {"parent": "one", "reduce_output": "b"}}, DynamicSettings(frozenset({"one"}), frozenset("b"))),
        (
            {"dynamic": {"parent": "false", "reduce_output_upstream": "a"}},
            DynamicSettings(False, False, frozenset("a")),
        ),
        ({"dynamic": True, "reduce_output": "one"}, DynamicSettings(True, frozenset({"one"}))),
        ({"dynamic": True, "reduce_output": "no"}, DynamicSettings(True)),
        ({"dynamic": {"reduce_output": ["a"]}, "reduce_output": True}, DynamicSettings(reduce=True)),
        ({"dynamic": {"reduce_output": ["a"]}, "reduce_output": ["b"]}, DynamicSettings(reduce=frozenset("ab"))),
        ({"dynamic": {"reduce_output_upstream": ["a"]}}, DynamicSettings(reduce_upstream=frozenset("a"))),
        ({"dynamic": {"modes": [{"type": "stream", "poll_interval": 5}]}}, DynamicSettings(stream=True)),
    ],
)
def test_settings_of_both_versions(configuration, expected):
    assert dynamic_settings(configuration) == expected


def test_a_parent_that_is_named_for_one_block_is_whole_for_the_others():
    graph = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
    axes = axes_of(graph, list(graph), {"a": DynamicSettings(parent=frozenset({"b"}))})
    assert axes == {"b": (Axis("a", Mode.ITEM),), "d": (Axis("b", Mode.EACH), Axis("c"))}


def test_an_upstream_that_stands_twice_is_one_direction():
    axes = (Axis("a", Mode.ITEM), Axis("a", Mode.ITEM))
    made, total = children_of("b", axes, {axes[0]: [Option("0", "a", 0), Option("1", "a", 1)]}, 10)
    assert total == 2
    assert [[source.item for source in unit.sources] for _, unit in made] == [[0, 0], [1, 1]]


def test_labels_are_made_different():
    axis = Axis("a", Mode.ITEM)
    names = ["x", "x", "x_1", "x"]
    options = [Option(name, "a", at) for at, name in enumerate(names)]
    keys = [key for key, _ in children_of("b", (axis,), {axis: options}, 10)[0]]
    assert len(set(keys)) == 4
    assert all(base_of(key) == "b" for key in keys)


def test_a_product_beyond_the_limit_is_counted_and_not_made():
    axes = (Axis("a", Mode.ITEM), Axis("b", Mode.ITEM))
    options = {axis: [Option(str(at), axis.parent, at) for at in range(100_000)] for axis in axes}
    made, total = children_of("c", axes, options, 3)
    assert total == 10_000_000_000
    assert [key for key, _ in made] == ["c:0:0", "c:0:1", "c:0:2"]


@pytest.mark.parametrize("kept", ["a", "a:0"], ids=["a block", "a child"])
def test_an_output_from_before_the_block_was_dynamic_does_not_count_as_no_items(kept):
    """In a run that goes on: its parent was made dynamic after it had run."""
    graph = {"z": (), "a": ("z",), "b": ("a",)}
    item = DynamicSettings(parent=True)
    settings = {"a": item, "z": item} if kept == "a:0" else {"a": item}
    ref = {"address": {"pipeline": "p", "block": kept, "partition": "_"}, "version": "v1"}
    done = {"state": "completed", "ref": ref, "items": None}
    saved = {"z": {"state": "completed", "ref": None, "items": {"count": 1, "names": ()}}, kept: done}
    run, effects = restored("r", graph, None, saved, fans=Fans(axes_of(graph, list(graph), settings)))
    assert [type(effect).__name__ for effect in effects if not isinstance(effect, Expanded)] == ["RunEnded"]
    assert run.blocks["b"].state is BlockState.FAILED
    assert run.blocks["b"].failure is not None
    assert (
        f"reading the items of {kept}: its output was stored when it was not dynamic" in run.blocks["b"].failure.message
    )
