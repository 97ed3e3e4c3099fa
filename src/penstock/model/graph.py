"""Graph algebra on block uuids: order, cycles, selection. Edges point from upstream to downstream."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

from penstock.model.errors import GraphInvalidError

Graph = Mapping[str, tuple[str, ...]]
"""Block uuid -> its upstream uuids, in argument order. Iteration order is the order of the file."""


def find_cycle(graph: Graph) -> list[str] | None:
    """One cycle as the list of uuids on it (first and last the same), or None. Costs blocks + edges."""
    done: set[str] = set()
    for start in graph:
        if start in done:
            continue
        path: list[str] = []
        on_path: set[str] = set()
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                path.pop()
                on_path.discard(node)
                done.add(node)
                continue
            if node in done:
                continue
            if node in on_path:
                return [*path[path.index(node) :], node][::-1]
            path.append(node)
            on_path.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent in graph.get(node, ()) if parent in graph)
    return None


def find_cycles(graph: Graph) -> list[list[str]]:
    """A cycle, as of `find_cycle`, for each set of blocks that all depend on each other, in the order of the file.

    Costs blocks + edges.
    """
    found = []
    for group in _entwined(graph):
        members = set(group)
        cycle = find_cycle({node: tuple(parent for parent in graph[node] if parent in members) for node in group})
        if cycle:
            found.append(cycle)
    return found


def _entwined(graph: Graph) -> list[list[str]]:
    """The groups of blocks of which each depends on every other; a block alone is one. All in the order of the file."""
    finished: list[str] = []
    seen: set[str] = set()
    for start in graph:
        stack = [(start, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                finished.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((parent, False) for parent in graph[node] if parent in graph)
    children = downstream_of(graph)
    position = {node: index for index, node in enumerate(graph)}
    groups: list[list[str]] = []
    taken: set[str] = set()
    for start in reversed(finished):  # what is left of the blocks below one are those that it depends on as well
        group: list[str] = []
        pending = [] if start in taken else [start]
        while pending:
            node = pending.pop()
            if node not in taken:
                taken.add(node)
                group.append(node)
                pending.extend(children[node])
        if group:
            groups.append(sorted(group, key=position.__getitem__))
    return sorted(groups, key=lambda group: position[group[0]])


def topological_order(graph: Graph) -> list[str]:
    """Uuids so that each comes after its upstreams; among the ready ones in the order of the file.

    Raises:
        GraphInvalidError: there is a cycle; the message names it.
    """
    cycle = find_cycle(graph)
    if cycle:
        raise GraphInvalidError(
            f"ordering blocks: they form a cycle: {' -> '.join(cycle)}",
            hint="Remove one of these edges from upstream_blocks.",
        )
    position = {node: index for index, node in enumerate(graph)}
    children = downstream_of(graph)
    waiting = {node: len({parent for parent in graph[node] if parent in graph}) for node in graph}
    ready = [position[node] for node in graph if not waiting[node]]
    names = list(graph)
    order: list[str] = []
    while ready:
        node = names[heapq.heappop(ready)]
        order.append(node)
        for child in children[node]:
            waiting[child] -= 1
            if not waiting[child]:
                heapq.heappush(ready, position[child])
    return order


def downstream_of(graph: Graph) -> dict[str, list[str]]:
    """Block uuid -> the blocks that take its output, in the order of the file."""
    children: dict[str, list[str]] = {node: [] for node in graph}
    for node, parents in graph.items():
        for parent in dict.fromkeys(parents):
            if parent in children:
                children[parent].append(node)
    return children


def ancestors(graph: Graph, nodes: Iterable[str]) -> set[str]:
    """All blocks that the given ones depend on, the given ones not included unless they depend on each other."""
    found: set[str] = set()
    pending = [parent for node in nodes for parent in graph.get(node, ())]
    while pending:
        node = pending.pop()
        if node in graph and node not in found:
            found.add(node)
            pending.extend(graph[node])
    return found


def descendants(graph: Graph, nodes: Iterable[str]) -> set[str]:
    """All blocks that depend on the given ones."""
    children = downstream_of(graph)
    found: set[str] = set()
    pending = [child for node in nodes for child in children.get(node, ())]
    while pending:
        node = pending.pop()
        if node not in found:
            found.add(node)
            pending.extend(children[node])
    return found
