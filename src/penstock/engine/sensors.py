"""How long a sensor rests between two questions; it holds no process meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

INTERVAL = 60.0
"""Seconds between two evaluations of a sensor that said "not yet", where its configuration names none."""
_LEAST = 0.05


def interval_of(configuration: Mapping[str, Any]) -> float:
    """Seconds until a sensor is asked again: `poll_interval` of its configuration, if it is a number above 0."""
    given = configuration.get("poll_interval")
    if isinstance(given, bool) or not isinstance(given, int | float) or not isfinite(given) or given <= 0:
        return INTERVAL
    return max(_LEAST, float(given))
