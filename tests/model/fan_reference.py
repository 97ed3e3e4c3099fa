"""A small second opinion on how a run with dynamic blocks ends, written apart from the state machine.

It knows nothing of events: it walks the graph once and says the last state of every block and child.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field

from penstock.model.expand import DynamicSettings, Fans, Mode, axes_of, streams_of

BAD = {"failed", "upstream_failed"}
CHANCES = {"completed": 12, "skipped": 1, "failed": 1, "condition_failed": 1}


@dataclass
class Case:
    """A pipeline, and what happens to each of its blocks and children when it is run."""

    graph: dict[str, tuple[str, ...]]
    settings: dict[str, DynamicSettings]
    most: int
    cut: bool
    at_once: int | None
    seed: int
    fate: dict[str, tuple[str, int, int]] = field(default_factory=dict)

    def outcome(self, key: str) -> tuple[str, int, int]:
        """How that block or child ends, after how many failures, and how many items it returns; the same each time."""
        if key not in self.fate:
            choose = random.Random(f"{self.seed}/{key}")
            state = choose.choices(list(CHANCES), list(CHANCES.values()))[0]
            failures = choose.choice([0, 0, 0, 1, 2]) if state == "completed" else 0
            self.fate[key] = (state, failures, choose.choice([0, 1, 2, 2, 3]))
        return self.fate[key]

    def fans(self) -> Fans:
        """What the state machine is told of it."""
        order = list(self.graph)
        axes = axes_of(self.graph, order, self.settings)
        streams = streams_of(axes, order, {name for name in order if self.settings[name].stream})
        return Fans(axes, {}, self.most, self.cut, self.at_once, streams)

    def cut_short(self, wanted: dict[str, str]) -> set[str]:
        """The blocks that may have had some children when what they grew from failed: these are bad, and no more is said."""
        found: set[str] = set()
        for block, axis in self.fans().streams.items():
            items = axis.mode is Mode.ITEM
            too_many = items and not self.cut and self.outcome(axis.parent)[2] > self.most
            if axis.parent in found or too_many or (items and wanted[axis.parent] in BAD):
                found.add(block)
        return found


def expected(case: Case) -> dict[str, str]:
    """The last state of every block and child."""
    state: dict[str, str] = {}
    labels: dict[str, list[str] | None] = {}  # of a block that fans out: its children, None when it never did
    for block, listed in case.graph.items():
        needed: list[str] = []
        spread: list[list[tuple[str, str]]] = []  # along each direction: what a child is called after, what it needs
        many = False
        for parent in dict.fromkeys(listed):
            theirs = case.settings.get(parent, DynamicSettings())
            mine = case.settings.get(block, DynamicSettings())
            dynamic = theirs.parent is True or (theirs.parent and block in theirs.parent)
            reduced = theirs.reduce is True or (theirs.reduce and block in theirs.reduce)
            reduced = (
                reduced or mine.reduce_upstream is True or (mine.reduce_upstream and parent in mine.reduce_upstream)
            )
            children = labels.get(parent, "one run")
            if children == "one run" or children is None or (reduced and not dynamic):
                needed.append(parent)
                many = many or bool(dynamic) or (children is None and not reduced)
                spread += [[(str(at), "") for at in range(case.outcome(parent)[2])]] if dynamic else []
            else:
                many = True
                spread.append([])
                for label in children:
                    key = f"{parent}:{label}"
                    if dynamic and state[key] in {"completed", "skipped"}:
                        spread[-1] += [(f"{label}:{at}", "") for at in range(case.outcome(key)[2])]
                    else:
                        spread[-1].append((label, key))
        labels.update({block: None} if many else {})
        state[block] = judged([state[parent] for parent in needed]) or case.outcome(block)[0]
        if many and not judged([state[parent] for parent in needed]):
            state[block] = spread_out(case, block, list(itertools.product(*spread)), state, labels)
    return state


def spread_out(
    case: Case, block: str, chosen: list[tuple[tuple[str, str], ...]], state: dict[str, str], labels: dict
) -> str:
    """How a block ends that runs once for each of these."""
    if len(chosen) > case.most and not case.cut:
        return "failed"
    labels[block] = []
    ends = []
    for parts in chosen[: case.most]:
        label = ":".join(name for name, _ in parts)
        labels[block].append(label)
        needs = judged([state[key] for _, key in parts if key])
        state[f"{block}:{label}"] = needs or case.outcome(f"{block}:{label}")[0]
        ends.append(state[f"{block}:{label}"])
    for one in ("failed", "upstream_failed"):
        if one in ends:
            return one
    return ends[0] if ends and set(ends) in ({"condition_failed"}, {"skipped"}) else "completed"


def judged(states: list[str]) -> str:
    """What becomes of a block for the ends of those above it; empty when it runs."""
    if BAD & set(states):
        return "upstream_failed"
    return "condition_failed" if "condition_failed" in states else ""


def make_case(choose: random.Random) -> Case:
    """A random pipeline; upstreams come first."""
    names = [chr(ord("a") + at) for at in range(choose.randint(1, 7))]
    graph = {
        name: tuple(choose.sample(names[:at], min(at, choose.choice([0, 1, 1, 2, 3])))) for at, name in enumerate(names)
    }
    settings = {}
    for name in names:
        below = [other for other in names if name in graph[other]]
        some = frozenset(choose.sample(below, choose.randint(0, len(below)))) or False
        settings[name] = DynamicSettings(
            choose.choice([False, False, True, some]),
            choose.choice([False, False, True, some]),
            choose.choice([False, False, False, frozenset(graph[name][:1]) or False]),
            choose.random() < 0.6,
        )
    most, at_once = choose.choice([200, 200, 3]), choose.choice([None, None, 1, 2])
    return Case(graph, settings, most, choose.random() < 0.5, at_once, choose.randint(0, 2**32))
