from __future__ import annotations

import re
from pathlib import Path

import penstock.schedule
from penstock.schedule.failpoints import POINTS, armed

SOURCE = Path(penstock.schedule.__file__).parent


def test_a_point_that_is_named_kills_at_its_turn() -> None:
    killed: list[str] = []
    reached = armed("tick.before_commit:2, claim.after_commit", killed.append)
    for point in ("tick.before_commit", "turn.after_commit", "claim.after_commit", "tick.before_commit"):
        reached(point)
    assert killed == ["claim.after_commit", "tick.before_commit"]


def test_every_point_is_reached_somewhere_and_none_is_unknown() -> None:
    found = {
        name
        for file in SOURCE.glob("*.py")
        for name in re.findall(r'"([a-z_]+\.[a-z_]+_(?:commit|launch))"', file.read_text())
        if file.name != "failpoints.py"
    }
    assert found == set(POINTS)
