"""How long a sensor rests between two questions; it holds no process meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

INTERVAL = 60.0
"""Seconds between two evaluations of a sensor that said "not yet", where its configuration names none."""
_LEAST = 0.05
_LONGEST = 366 * 86_400.0
"""More would be a moment that no calendar has."""


def interval_of(configuration: Mapping[str, Any]) -> float:
    """Seconds until a sensor is asked again: `poll_interval` of its configuration, if that is a number above 0."""
    given = configuration.get("poll_interval")
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given < inf:
        return INTERVAL
    return max(_LEAST, float(min(given, _LONGEST)))
