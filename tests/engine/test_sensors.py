"""How long a sensor rests between two questions."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.engine.sensors import INTERVAL, interval_of

YEAR = 366 * 86_400.0


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (30, 30.0),
        (0.25, 0.25),
        (1e-9, 0.05),
        (1e300, YEAR),
        (10**400, YEAR),
        (float("inf"), INTERVAL),
        (float("nan"), INTERVAL),
        (-1, INTERVAL),
        (True, INTERVAL),
        ("10", INTERVAL),
        (None, INTERVAL),
    ],
)
def test_a_sensor_rests_as_long_as_its_configuration_says(given: Any, seconds: float) -> None:
    assert interval_of({"poll_interval": given}) == seconds
