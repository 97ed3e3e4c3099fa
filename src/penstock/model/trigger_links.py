"""Whether pipelines wait for one another in a circle, by what their dependency triggers wait for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from penstock.model.graph import find_cycle
from penstock.model.trigger import Trigger, TriggerKind


def circles(triggers: Iterable[Trigger]) -> Mapping[tuple[str, str], str]:
    """The triggers on a circle, by pipeline and name, each with the circle in words: "a -> b -> a"."""
    waiting = [each for each in triggers if each.kind is TriggerKind.DEPENDENCY]
    graph: dict[str, set[str]] = {}
    for each in waiting:
        graph.setdefault(each.pipeline, set()).update(upstream.pipeline for upstream in each.settings.after)
    found: dict[tuple[str, str], str] = {}
    while circle := find_cycle({pipeline: tuple(sorted(above)) for pipeline, above in sorted(graph.items())}):
        edges = set(zip(circle[1:], circle, strict=False))  # who waits, and for whom
        for each in waiting:
            if any((each.pipeline, upstream.pipeline) in edges for upstream in each.settings.after):
                found.setdefault((each.pipeline, each.name), " -> ".join(circle))
        for pipeline, above in edges:
            graph[pipeline].discard(above)
    return found
