"""Reads back what runs have recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penstock.data.naming import quote, unquote
from penstock.model.run import RunState
from penstock.observe.record import RUN_RECORD, own_variables, read_record


@dataclass(slots=True)
class PastRun:
    """A recorded run: `state` is "running" when its record ends before it did; `blocks` maps uuid -> state.

    `variables` are those that it was given itself, `given` what else makes a run see the same (`engine.restoring`).
    Records of earlier versions have none of that, and the pipeline's variables among the others.
    """

    run: str
    pipeline: str
    started: float
    state: str = RunState.RUNNING.value
    partition: str = ""
    variables: dict[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    blocks: dict[str, str] = field(default_factory=dict)


def past_run(logs_root: Path, pipeline: str, run: str) -> PastRun | None:
    """That run, or None when it has no record."""
    try:
        entries = read_record(logs_root, pipeline, run)
    except FileNotFoundError:
        return None
    found: PastRun | None = None
    for entry in entries:
        match entry["event"]:
            case "RunStarted":
                found = PastRun(
                    run,
                    pipeline,
                    entry["at"],
                    partition=entry["partition"],
                    variables=own_variables(entry),
                    given=entry.get("given") or {},
                )
            case "BlockEnded" if found:
                found.blocks[entry["block"]] = entry["state"]
            case "RunEnded" if found:
                found.state = entry["state"]
    return found


def latest_run(logs_root: Path, pipeline: str, earliest: float, latest: float) -> PastRun | None:
    """The last run of a pipeline that began between two moments, seconds since the epoch, both included."""
    folder = logs_root / "pipelines" / quote(pipeline) / ".logs"
    # What was written last before then has begun before then: most records need not be read.
    names = [entry.parent.name for entry in folder.glob(f"*/{RUN_RECORD}") if _written(entry) >= earliest]
    for name in sorted(names, reverse=True):
        found = past_run(logs_root, pipeline, name)
        if found is not None and earliest <= found.started <= latest:
            return found
    return None


def _written(record: Path) -> float:
    try:
        return record.stat().st_mtime
    except OSError:  # removed meanwhile
        return 0.0


def find_run(logs_root: Path, run: str) -> PastRun | None:
    """The run of that id, whatever its pipeline."""
    for record in logs_root.glob(f"pipelines/*/.logs/{quote(run)}/{RUN_RECORD}"):
        pipeline = unquote(record.parents[2].name)
        return past_run(logs_root, pipeline, run) if pipeline else None
    return None
