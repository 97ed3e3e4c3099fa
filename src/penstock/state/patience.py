"""How long one waits for the state database; light to import."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

LAST = 5.0
"""Seconds that a database may keep a process that is ending waiting."""


@dataclass(slots=True)
class Patience:
    """How long everybody who shares it waits; who waits already follows a change, too."""

    seconds: float
    """After which a lock that others hold, or a server that says nothing, counts as such for good."""

    def hurry(self) -> None:
        """The process is to end."""
        self.seconds = min(self.seconds, LAST)

    @contextmanager
    def endless(self) -> Iterator[None]:
        """Wait for as long as it takes; for who is alone with it."""
        kept, self.seconds = self.seconds, math.inf
        try:
            yield
        finally:
            self.seconds = kept
