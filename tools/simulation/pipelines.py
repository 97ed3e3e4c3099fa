# ruff: noqa: PLR2004 - chances
"""The pipelines of a simulation, and the limits that hold for them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from penstock.model.block import Block, BlockType, Language
from penstock.model.pipeline import Pipeline
from penstock.schedule.limit_rules import Rules


def _pipeline(
    name: str,
    edges: Mapping[str, tuple[str, ...]],
    retries: int = 0,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    limit: int | None = None,
) -> Pipeline:
    blocks = tuple(
        Block(
            block,
            block,
            BlockType.CUSTOM,
            Language.PYTHON,
            upstream=parents,
            content="",
            retry_config={"retries": retries, "delay": 3 if settings is None else 0.2},
            configuration=dict((settings or {}).get(block, {})),
        )
        for block, parents in edges.items()
    )
    return Pipeline(name, name, blocks=blocks, concurrency_config={"block_run_limit": limit} if limit else {})


FAMILY, ASKS = "family", "ask"
"""The pipeline of which a block asks for runs of others, and that block."""
STREAMS = ("river", "delta")
"""Pipelines of which a block yields parts, and the children of others begin meanwhile."""
_YIELDS = {"dynamic": {"parent": True, "modes": [{"type": "stream"}]}}
_REDUCES = {"reduce_output": True}
RETRIES = {"one": 0, "chain": 2, "wide": 1, "follower": 0, "probe": 0, FAMILY: 1, "river": 2, "delta": 1}
"""How often a block of each pipeline is tried again."""
PIPELINES = {
    "one": _pipeline("one", {"a": ()}),
    "chain": _pipeline("chain", {"a": (), "b": ("a",), "c": ("b",)}, retries=2),
    "wide": _pipeline("wide", {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}, retries=1),
    "follower": _pipeline("follower", {"a": ()}),
    "probe": _pipeline("probe", {"p": ()}),
    FAMILY: _pipeline(FAMILY, {"b": (), ASKS: ("b",), "z": (ASKS,)}, retries=1),
    # Children of what `y` yields, one more below each of these, and what takes all of them.
    "river": _pipeline(
        "river",
        {"y": (), "e": ("y",), "f": ("e",), "g": ("f",), "h": ()},
        retries=2,
        settings={"y": _YIELDS, "f": _REDUCES},
    ),
    # `s` waits for another block besides, `m` fans out over two that yield, `n` over what the children of one return.
    "delta": _pipeline(
        "delta",
        {"w": (), "y": (), "x": ("w",), "s": ("w", "y"), "m": ("y", "x"), "n": ("s",), "g": ("s", "m", "n")},
        retries=1,
        settings={
            "y": _YIELDS,
            "x": _YIELDS,
            "s": {"dynamic": {"parent": ["n"]}, **_REDUCES},
            "m": _REDUCES,
            "n": _REDUCES,
        },
        limit=3,
    ),
}
ASKED_FOR = ("one", "chain", "wide")
"""Those that people, triggers and backfills run. `follower` follows another one, `probe` tells whether all is well."""


def draw_rules(rng: random.Random) -> Callable[[str], Rules]:
    """The limits of a world: of runs of a pipeline, and of a resource that its blocks take."""
    pipelines = {name: rng.choice((None, None, 1, 2)) for name in ASKED_FOR}
    capacity = rng.choice((0, 0, 1, 2))
    takes = {"a": {"database": 1}} if capacity else {}
    made = {
        name: Rules(pipeline=most, takes=takes, capacity={"database": capacity}) for name, most in pipelines.items()
    }
    held = {ASKS: {"database": 1}} if capacity else {}
    made[FAMILY] = Rules(takes=held, capacity={"database": capacity})
    made["river"] = Rules(takes={"e": {"database": 1}} if capacity else {}, capacity={"database": capacity})
    return lambda pipeline: made.get(pipeline, Rules())


def fan_of(run: str) -> dict[str, Any]:
    """How far the blocks of a run fan out: how many children, and how many of them at once. It follows from its name."""
    rng = random.Random(f"fan of {run}")
    return {
        "children_at_once": rng.choice((None, None, 1, 2)),
        "most_children": rng.choice((None, None, None, 3)),
        "cut_children": rng.random() < 0.6,
    }
