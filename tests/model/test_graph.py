"""Graph algebra against the plainest possible reference, over random graphs."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.model.errors import GraphInvalidError
from penstock.model.graph import ancestors, descendants, downstream_of, find_cycle, find_cycles, topological_order

NAMES = [f"b{index}" for index in range(9)]


@st.composite
def graphs(draw: st.DrawFn, *, acyclic: bool = False) -> dict[str, tuple[str, ...]]:
    """Random graphs in a random order of the file, with repeated edges; unless acyclic also with cycles and loose ends."""
    nodes = draw(st.permutations(NAMES[: draw(st.integers(0, len(NAMES)))]))
    graph: dict[str, tuple[str, ...]] = {}
    for index, node in enumerate(nodes):
        choice = nodes[:index] if acyclic else [*nodes, "gone"]
        graph[node] = tuple(draw(st.lists(st.sampled_from(choice), max_size=4))) if choice else ()
    return {node: graph[node] for node in draw(st.permutations(nodes))}


def reachable(graph: dict[str, tuple[str, ...]], start: str) -> set[str]:
    """The blocks above `start`, by repeating until nothing is new."""
    found: set[str] = set()
    while True:
        new = {parent for node in [start, *found] for parent in graph.get(node, ()) if parent in graph} - found
        if not new:
            return found
        found |= new


@given(graphs())
def test_a_cycle_is_found_exactly_when_there_is_one(graph: dict[str, tuple[str, ...]]) -> None:
    cycle = find_cycle(graph)
    assert (cycle is not None) == any(node in reachable(graph, node) for node in graph)
    if cycle:
        assert cycle[0] == cycle[-1]
        assert len(set(cycle)) == len(cycle) - 1
        for upstream, downstream in pairwise(cycle):
            assert upstream in graph[downstream]


@given(graphs(acyclic=True))
def test_the_order_puts_upstreams_first_and_keeps_the_file_otherwise(graph: dict[str, tuple[str, ...]]) -> None:
    order = topological_order(graph)
    expected: list[str] = []
    while len(expected) < len(graph):
        expected.append(next(node for node in graph if node not in expected and set(graph[node]) <= set(expected)))
    assert order == expected


@given(graphs())
def test_ancestors_and_descendants_mirror_each_other(graph: dict[str, tuple[str, ...]]) -> None:
    for node in graph:
        assert ancestors(graph, [node]) == reachable(graph, node)
        assert descendants(graph, [node]) == {other for other in graph if node in reachable(graph, other)}


@given(graphs())
def test_downstream_is_upstream_turned_round(graph: dict[str, tuple[str, ...]]) -> None:
    children = downstream_of(graph)
    assert list(children) == list(graph)
    for node, found in children.items():
        assert found == [other for other in graph if node in graph[other]]


def test_a_cycle_is_named_along_its_edges() -> None:
    with pytest.raises(GraphInvalidError) as caught:
        topological_order({"load": ("clean",), "clean": ("load",), "other": ()})
    assert str(caught.value) in {
        "ordering blocks: they form a cycle: load -> clean -> load",
        "ordering blocks: they form a cycle: clean -> load -> clean",
    }
    assert caught.value.hint


def test_a_block_that_feeds_itself_is_a_cycle() -> None:
    assert find_cycle({"a": ("a",)}) == ["a", "a"]


def test_a_long_chain_needs_no_recursion() -> None:
    chain = {f"b{index}": (f"b{index - 1}",) if index else () for index in range(20_000)}
    assert topological_order(chain) == list(chain)
    assert len(descendants(chain, ["b0"])) == 19_999


@given(graphs())
def test_each_set_of_blocks_that_depend_on_each_other_has_one_cycle(graph: dict[str, tuple[str, ...]]) -> None:
    above = {node: reachable(graph, node) for node in graph}
    sets = {frozenset(other for other in above[node] if node in above[other]) for node in graph if node in above[node]}
    found = find_cycles(graph)
    assert len(found) == len(sets)
    for cycle in found:
        assert cycle[0] == cycle[-1]
        assert all(before in graph[after] for before, after in pairwise(cycle))
        assert sum(set(cycle) <= members for members in sets) == 1
    assert len({next(members for members in sets if cycle[0] in members) for cycle in found}) == len(sets)


def test_cycles_come_in_the_order_of_the_file() -> None:
    graph = {"z": ("y",), "y": ("z",), "lone": ("lone",), "free": ("z",), "a": ("free", "b"), "b": ("a",)}
    assert [set(cycle) for cycle in find_cycles(graph)] == [{"z", "y"}, {"lone"}, {"a", "b"}]
