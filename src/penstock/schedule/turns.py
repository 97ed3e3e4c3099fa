"""What a turn of the scheduler works on: what was heard before it, and what its commit has held."""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.schedule.drive import DrivenRun
from penstock.state.rows import RunRow


@dataclass(slots=True)
class Heard:
    """What was heard since the last turn."""

    any: bool = True
    everything: bool = True
    runs: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Written:
    """What a commit has held: runs whose lease was lost, that have ended, that were made because of those.

    `left` are those that the ended ones waited for, and that end with them.
    """

    lost: list[DrivenRun] = field(default_factory=list)
    ended: list[RunRow] = field(default_factory=list)
    made: list[RunRow] = field(default_factory=list)
    left: list[RunRow] = field(default_factory=list)
