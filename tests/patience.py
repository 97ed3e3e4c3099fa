"""How tests wait for what other threads and processes do: for the thing itself, and as long as the busiest machine needs.

No test says how quickly something must come. Where quickness is what a test is about, it takes away whatever else would
bring the thing about later, and waits the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 120.0
"""Seconds after which what a test waits for is taken not to come any more. Far more than anything here takes: a machine
may be busy, or stand still for a while. Less than the time limit of a test, so that it is said what did not come."""

T = TypeVar("T")


def until(what: str, found: Callable[[], T], patience: float = PATIENCE) -> T:
    """The first answer that is not empty, of something that cannot tell by itself when it has one."""
    stop = time.monotonic() + patience
    while not (answer := found()):
        assert time.monotonic() < stop, f"{what}: it did not come"
        time.sleep(0.02)
    return answer
