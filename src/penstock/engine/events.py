"""What a supervisor tells about an attempt, beside the worker's own messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from penstock.model.messages import Failure, FromWorker


@dataclass(frozen=True, slots=True)
class Captured:
    """Complete lines that the attempt (or a library, or a child process of it) wrote to `stdout` or `stderr`."""

    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The last fact about an attempt: nothing of it runs any more, and no event follows.

    `failure` is None when it succeeded. `output` holds the last lines that it wrote, at most `capture.TAIL_LINES`.
    """

    failure: Failure | None
    output: str = ""


AttemptEvent = FromWorker | Captured | Ended
OnEvent = Callable[[AttemptEvent], None]
"""Receives the events of one attempt, in order, inside `Supervisor.poll`; must not raise."""
