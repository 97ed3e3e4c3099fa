"""Places at which a test may kill the process: one at every point where something is or is not committed yet.

`PENSTOCK_FAILPOINTS` names them, separated by commas; `name:3` kills at the third time that it is reached. Nothing is
done, and nothing is looked up, when it is not set.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from penstock.config import environment

POINTS = (
    "create.before_commit",
    "create.after_commit",
    "tick.before_commit",
    "tick.after_commit",
    "claim.before_commit",
    "claim.after_commit",
    "begin.before_commit",
    "start.before_launch",
    "start.after_launch",
    "turn.before_commit",
    "turn.after_commit",
    "end.before_commit",
    "end.after_commit",
    "renew.before_commit",
    "renew.after_commit",
    "recover.before_commit",
    "recover.after_commit",
    "hand_over.before_commit",
    "hand_over.after_commit",
    "cancel.before_commit",
    "cancel.after_commit",
    "children.before_commit",
    "children.after_commit",
    "answer.before_commit",
    "answer.after_commit",
)
"""All of them."""


def _kill(name: str) -> None:
    del name
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def armed(text: str, die: Callable[[str], None] = _kill) -> Callable[[str], None]:
    """What is done at each point: kills, by `die`, at those that the text names."""
    left: dict[str, int] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, count = entry.partition(":")
        left[name] = int(count) if count.isdigit() else 1

    def reached(name: str) -> None:
        if name in left:
            left[name] -= 1
            if left[name] <= 0:
                die(name)

    return reached


def _nothing(name: str) -> None:
    del name


_reached = armed(text) if (text := environment.text("PENSTOCK_FAILPOINTS")) else _nothing


def reach(name: str) -> None:
    """The process has come to that point."""
    _reached(name)


def on_reach(reached: Callable[[str], None] | None) -> None:
    """Have that called at every point from now on; None is what the environment says. For simulations."""
    global _reached  # noqa: PLW0603 - one process is one experiment
    _reached = reached or (armed(text) if (text := environment.text("PENSTOCK_FAILPOINTS")) else _nothing)
