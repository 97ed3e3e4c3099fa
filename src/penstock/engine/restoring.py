"""What makes another run see what a run saw: written into its record when it begins, and read back from there.

A run sees the variables of its pipeline's file under its own. Only its own are part of this: the others are read from
the file by each run, with the types that they have there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from penstock.engine.plan import Occasion, RunOptions, RunPlan, partition_name
from penstock.model.product import UNPARTITIONED


def given_of(plan: RunPlan) -> dict[str, Any]:
    """What a run was given, beside the values of its variables: `own` names those that are not the pipeline's.

    Moments are text in ISO 8601. What is empty is left out: most runs have no event, no trigger and no interval.
    """
    options = plan.options
    occasion = options.occasion or Occasion(plan.started)
    found = {
        "own": [str(name) for name in options.variables],
        "environment": options.environment,
        "execution_date": occasion.execution_date.isoformat(),
        "execution_partition": partition_name(plan),
    }
    rest = {
        "interval_start": occasion.interval_start.isoformat() if occasion.interval_start else "",
        "interval_end": occasion.interval_end.isoformat() if occasion.interval_end else "",
        "event": dict(occasion.event),
        "trigger": occasion.trigger,
        "remote_blocks": [dict(each) for each in options.remote_blocks],
    }
    return found | {name: value for name, value in rest.items() if value}


def options_given(given: Mapping[str, Any], variables: Mapping[str, Any], partition: str) -> RunOptions:
    """The options under which a run sees what a recorded one saw.

    Args:
        given: as `given_of` has it.
        variables: that the recorded run was given itself.
        partition: in which its outputs are stored.
    """
    occasion = Occasion(
        datetime.fromisoformat(given["execution_date"]),
        interval_start=_moment(given.get("interval_start")),
        interval_end=_moment(given.get("interval_end")),
        partition=str(given.get("execution_partition") or ""),
        event=dict(given.get("event") or {}),
        trigger=str(given.get("trigger") or ""),
    )
    return RunOptions(
        variables=variables,
        partition=partition or UNPARTITIONED,
        environment=str(given.get("environment") or "dev"),
        occasion=occasion,
        remote_blocks=tuple(dict(each) for each in given.get("remote_blocks") or ()),
    )


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None
